from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud.custody import form, pack_form
from bayward.cloud.custody.pack_form import NOT_HERE
from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId

ITEM = ItemId.of(b"i" * 16)
_T = EventType


@dataclass(frozen=True)
class Line:
    place: Place
    event: Event
    is_shown: bool = True

    @property
    def told(self) -> Event:
        return self.event


def line(index: int, kind: EventType, *, is_shown: bool = True, **more: str | int) -> Line:
    event = Event(type=kind, time=Instant(1_000 * index), item=ITEM, **more)  # type: ignore[arg-type]  # per-type fields
    return Line(Place("log", index), event, is_shown)


def test_rows_are_those_of_the_page_and_names_from_before_are_left_out() -> None:
    story = [
        line(3, _T.ITEM_REGISTERED, is_shown=False, actor=ERASED, purpose="evidence", detail=ERASED,
             seal="S1"),
        line(5, _T.CUSTODY_OFFERED, actor="anne", purpose="hand_over", recipient="ben",
             not_after=9_000),
        line(8, _T.CUSTODY_ACCEPTED, actor="ben", subject="anne", seal="S1", result="intact"),
        line(9, _T.CUSTODY_STORED, actor="ben", compartment="cmp_1", parcel="p", origin="bank log",
             detail="77"),
    ]  # fmt: skip
    offered, accepted, stored = pack_form.rows(story)
    assert accepted["item"] == ITEM.label
    assert (accepted["released_by"], accepted["received_by"]) == (NOT_HERE, "ben")
    assert (accepted["seal"], accepted["seal_state"]) == ("S1", "intact")
    assert (stored["released_by"], stored["received_by"]) == ("ben", "cmp_1")
    assert (stored["bank_log"], stored["bank_entry"]) == ("bank log", "77")
    assert (offered["time_utc"], offered["number"]) == ("1970-01-01 00:00:05 UTC", "2")
    assert (offered["by"], offered["offered_to"]) == ("anne", "ben")
    assert (offered["description"], offered["kind"]) == (NOT_HERE, NOT_HERE), "it stands before"
    assert {row["is_broken"] for row in (offered, accepted, stored)} == {"no"}
    every = {*form.Facts.__dataclass_fields__, *form.Row.__dataclass_fields__}
    assert set(stored) == every


def test_a_pack_says_who_moved_it_and_that_its_holder_did_not() -> None:
    story = [
        line(3, _T.ITEM_REGISTERED, actor="anne", purpose="evidence", detail="x"),
        line(9, _T.CUSTODY_STORED, actor="sam", compartment="cmp_1", parcel="p", origin="bank log",
             detail="77"),
    ]  # fmt: skip
    _, stored = pack_form.rows(story)
    assert (stored["released_by"], stored["received_by"]) == ("", "cmp_1")
    assert (stored["comments"], stored["not_released_by"]) == ("not_the_holder", "anne")
    assert stored["by"] == "sam"
