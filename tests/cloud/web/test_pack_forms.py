from __future__ import annotations

from dataclasses import replace

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.pack_custody import Line
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody.pack_form import NOT_HERE
from bayward.cloud.unit import Work
from bayward.cloud.web import pack_forms
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId, ParcelId
from cloud_bench import named
from cloud_house import Browser, House, World
from item_desk import furnished


async def test_names_are_the_directorys_and_what_is_kept_back_has_none(
    house: House, anne: Browser, world: World
) -> None:
    item = ItemId((await furnished(house, anne)).item)
    space = {"compartment": world.bank.door(3), "parcel": named(ParcelId, 3)}
    hands = {"actor": world.carl, "recipient": world.rosa, "size": "M", "tracking": item.label}
    world.bank.record(EventType.COMPARTMENT_RESERVED, **space, **hands)
    world.bank.record(EventType.PARCEL_DEPOSITED, **space, **hands, method="kiosk")
    await world.bank.upload(house.cloud.ingest)

    def read(work: Work) -> None:
        found = audit.happenings(work, house.tenant, Wanted(item=item), before=None, count=9)
        story = [one.event for one in reversed(found)]
        lines = [Line(one.place, one.event, one.event, True) for one in reversed(found)]
        first, broken, stored = pack_forms.rows(work, house.tenant, lines)
        assert (first["received_by"], first["received_by_id"]) == ("Anne", story[0].actor)
        assert broken["comments"] == "put it in without being its holder"
        assert (stored["by"], stored["by_id"]) == ("Carl1", world.carl)
        door = "door 03, Lobby 1"
        assert (stored["received_by"], stored["received_by_id"]) == (door, world.bank.door(3))
        assert (stored["not_released_by"], stored["not_released_by_id"]) == (
            "Anne",
            story[0].actor,
        )
        assert stored["in_words"] == "Put into door 03"
        kept = [Line(one.place, one.event, _without(one.told), True) for one in lines]
        first, _, stored = pack_forms.rows(work, house.tenant, kept)
        assert (first["by"], first["by_id"], stored["by"]) == (NOT_HERE,) * 3
        assert stored["in_words"] == f"Put into door {NOT_HERE}"

    await house.cloud.unit.read(read)


def _without(event: Event) -> Event:
    door = None if event.compartment is None else ERASED
    return replace(event, actor=None if event.actor is None else ERASED, compartment=door)
