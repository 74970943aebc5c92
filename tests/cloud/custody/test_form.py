from __future__ import annotations

import csv
import io
from dataclasses import replace

from bayward.cloud.custody import form
from bayward.cloud.custody.form import Names, Told
from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import ItemId

ITEM = ItemId.of(b"i" * 16)
_T = EventType


def told(index: int, kind: EventType, **more: str | int) -> Told:
    event = Event(type=kind, time=Instant(1_000 + index), item=ITEM, **more)  # type: ignore[arg-type]  # per-type fields
    return Told(Place("log", index), event)


TIME = "1970-01-01 00:00:01 UTC"
STORY = [
    told(3, _T.ITEM_REGISTERED, actor="anne", purpose="evidence", detail="=1+1", seal="S1"),
    told(5, _T.CUSTODY_OFFERED, actor="anne", purpose="hand_over", recipient="ben",
         not_after=9_000),
    told(8, _T.CUSTODY_ACCEPTED, actor="ben", subject="anne", seal="S1", result="broken"),
    told(9, _T.CUSTODY_STORED, actor="ben", compartment="cmp_1", parcel="p", origin="bank log",
         detail="77"),
    told(12, _T.CUSTODY_TAKEN, actor="cara", reason="door jammed"),
]  # fmt: skip
HEAD = form.facts(ITEM, STORY[0].event)


def test_each_line_says_who_gave_and_who_took_and_where_it_stands() -> None:
    rows = form.rows(STORY)
    assert [(row.released_by, row.received_by) for row in rows] == [
        ("", "anne"),
        ("", ""),
        ("anne", "ben"),
        ("ben", "cmp_1"),
        ("cmp_1", "cara"),
    ]
    assert [row.entry for row in rows] == [3, 5, 8, 9, 12]
    assert (rows[2].seal, rows[2].seal_state) == ("S1", "broken")
    assert (rows[3].bank_log, rows[3].bank_entry, rows[3].comments) == ("bank log", "77", "")
    assert [row.is_broken for row in rows] == [False, False, False, False, True]
    names = Names(holder=lambda one: one.ref.upper(), door=lambda ref: f"no. {ref}")
    _, offered, accepted, stored, _ = form.rows(STORY, names)
    assert (accepted.received_by, accepted.received_by_id) == ("BEN", "ben")
    assert (offered.by, offered.by_id, offered.offered_to_id) == ("ANNE", "anne", "ben")
    assert (stored.in_words, stored.time_utc) == ("Put into door no. cmp_1", TIME)
    assert [row.signed for row in rows] == ["code", "code", "code", "bank", "code"]


def test_the_table_reads_back_and_no_cell_is_a_formula() -> None:
    lines = list(csv.DictReader(io.StringIO(form.csv_text(HEAD, form.rows(STORY)))))
    assert [line["what"] for line in lines] == [one.event.type.value for one in STORY]
    assert lines[0]["comments"] == "'=1+1"
    assert lines[4]["comments"] == "door jammed"
    assert {line["description"] for line in lines} == {"'=1+1"}
    assert {line["item_id"] for line in lines} == {ITEM}


def test_where_it_came_from_and_who_is_outside_have_names_and_ids() -> None:
    party = {"party": "Court", "party_id": "pty_1"}
    first = told(3, _T.ITEM_REGISTERED, actor="anne", purpose="evidence", detail="knife",
                 case="26-1", exhibit="A1", reason="search", **party)  # fmt: skip
    head = form.facts(ITEM, first.event)
    assert (head.case, head.exhibit, head.kind) == ("26-1", "A1", "evidence")
    assert (head.received_from, head.received_from_id) == ("Court", "pty_1")
    out = told(4, _T.CUSTODY_OFFERED, actor="anne", purpose="release", not_after=9_000, **party)
    [_, row] = form.rows([first, out])
    assert (row.offered_to, row.offered_to_id) == ("Court", "pty_1")
    [_, row] = form.rows([first, replace(out, event=replace(out.event, party_id=None))])
    assert (row.offered_to, row.offered_to_id) == ("Court", ""), "from before parties had ids"
    nowhere = form.facts(ITEM, None, Names(gone="?"))
    assert (nowhere.item, nowhere.case, nowhere.received_from) == (ITEM.label, "?", "?")


def test_who_gave_nothing_away_has_released_nothing() -> None:
    where = {"compartment": "cmp_1", "parcel": "p", "origin": "bank log", "detail": "77"}
    story = [
        STORY[0],
        told(4, _T.CUSTODY_BROKEN, reason="not_the_holder", compartment="cmp_1"),
        told(4, _T.CUSTODY_STORED, actor="sam", **where),
    ]
    _, broken, stored = form.rows(story)
    # The entry of an older program does not name him, and the report after it does.
    assert (broken.by, broken.comments, broken.not_released_by) == ("sam", "not_the_holder", "anne")
    assert (stored.released_by, stored.received_by) == ("", "cmp_1")
    assert (stored.by, stored.comments, stored.not_released_by) == ("sam", "not_the_holder", "anne")
    assert (broken.is_broken, stored.is_broken) == (True, True)
    by_its_holder = form.rows([*story[:1], told(4, _T.CUSTODY_STORED, actor="anne", **where)])
    assert (by_its_holder[1].released_by, by_its_holder[1].not_released_by) == ("anne", "")
