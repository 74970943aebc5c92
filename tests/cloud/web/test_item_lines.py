from __future__ import annotations

import pytest

from bayward.cloud.unit import Work
from bayward.cloud.web import item_lines
from bayward.cloud.web.words import Words
from bayward.core.events import ERASED, EventType
from bayward.core.ids import ItemId, ParcelId
from bayward.core.items import Holder, HolderKind
from cloud_bench import named
from cloud_house import Browser, House, World
from item_desk import INTACT, Desk, furnished


@pytest.fixture
async def desk(house: House, anne: Browser, world: World) -> Desk:
    return await furnished(house, anne)


async def test_what_a_bank_reports_names_its_door_its_log_and_what_is_wrong(
    house: House, desk: Desk, world: World
) -> None:
    item = ItemId(desk.item)
    space = {"compartment": world.bank.door(3), "parcel": named(ParcelId, 3)}
    hands = {"actor": world.carl, "recipient": world.rosa, "size": "M", "tracking": item.label}
    world.bank.record(EventType.COMPARTMENT_RESERVED, **space, **hands)
    world.bank.record(EventType.PARCEL_DEPOSITED, **space, **hands, method="kiosk")
    await world.bank.upload(house.cloud.ingest)

    def read(work: Work) -> None:
        words = Words(work, house.tenant)
        story = item_lines.story(words, house.tenant, item)
        first, broken, stored = item_lines.lines(words, story)
        assert (first.after, first.is_broken, first.bank_log) == ("Anne", False, "")
        assert broken.is_broken
        assert broken.note.startswith("put it in without being its holder · not released by Anne")
        assert (stored.before, stored.after, stored.who) == ("", "door 03, Lobby 1", "Carl1")
        assert (stored.bank, stored.bank_log) == ("Lobby 1", world.bank.log.signer.key.name)
        assert item_lines.anchor_origins(story) == (first.log, stored.bank_log)

    await house.cloud.unit.read(read)


async def test_a_long_story_is_read_to_its_beginning(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await desk.by_anne("check", **INTACT)
    monkeypatch.setattr(item_lines, "_PAGE", 2)
    found = await house.cloud.unit.read(
        lambda work: item_lines.story(Words(work, house.tenant), house.tenant, ItemId(desk.item))
    )
    assert [row.number for row in found.rows] == [1, 2, 3, 4]
    assert found.beginning.type is EventType.ITEM_REGISTERED


async def test_whoever_was_erased_is_said_to_be(house: House) -> None:
    def read(work: Work) -> str:
        return item_lines.holder(Words(work, house.tenant), Holder(HolderKind.PERSON, ERASED))

    assert await house.cloud.unit.read(read) == "(erased)"
