"""The paper of a pack: words, not codes; names over ids; nothing of the log becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace

from bayward.cloud.audit import custody_paper
from bayward.cloud.audit.pack_custody import Line
from bayward.cloud.custody import pack_form
from bayward.cloud.custody.form import Names
from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId

ITEM = ItemId.of(b"i" * 16)
_T = EventType
STORY = [
    Event(type=_T.ITEM_REGISTERED, time=Instant(1_000), item=ITEM, actor="prs_a", seal="S1",
          purpose="evidence", detail="A <b>knife</b>", case="26-1187", exhibit="A1",
          party="patrol 14", reason="search"),
    Event(type=_T.SEAL_CHECKED, time=Instant(2_000), item=ITEM, actor="prs_a", seal="S1",
          result="intact"),
    Event(type=_T.CUSTODY_OFFERED, time=Instant(3_000), item=ITEM, actor="prs_a", party="Court",
          party_id="pty_c", purpose="release", not_after=9_000, authority="order 7"),
    Event(type=_T.CUSTODY_RELEASED, time=Instant(4_000), item=ITEM, actor="prs_a", party="Court",
          party_id="pty_c", witness="prs_b", authority="order 7", seal="S1", result="intact"),
    Event(type=_T.CUSTODY_TAKEN, time=Instant(5_000), item=ITEM, actor="prs_b", reason="lost"),
]  # fmt: skip
NAMES = {"prs_a": "Anne", "prs_b": "Ben"}


def test_a_line_says_who_entered_it_what_was_shown_and_where_it_stands() -> None:
    lines = [Line(Place("log", index), one, one, True) for index, one in enumerate(STORY)]
    rows = pack_form.rows(lines, Names(holder=lambda one: NAMES[one.ref]))
    page = custody_paper.paper(rows, "evidence-1", "2026-11-30 10:00:00 UTC").decode()
    head, _, lines_of_it = page.partition("</thead><tbody>")
    head = _plain(head)
    for words in ("Case number 26-1187", "Exhibit number A1", "Received from patrol 14",
                  "Where and why search", "was asked for, 2026-11-30"):  # fmt: skip
        assert words in head
    assert "A &lt;b&gt;knife&lt;/b&gt;" in page
    told = re.findall(r"<tr.*?>(.*?)</tr>", lines_of_it.partition("</table>")[0])
    first, checked, offered, released, taken = map(_plain, told)
    assert "Taken into custody" in first
    assert "Anne prs_a fresh code" in first
    assert "Seal S1 checked seal.checked Anne prs_a signed in, no code S1, intact 1" in checked
    assert "Offered to: Court pty_c Authority: order 7" in offered
    assert "code at the offer witness: Ben prs_b fresh code Anne prs_a Court pty_c" in released
    assert "Interrupted: Taken over without a hand-over" in taken


def test_a_seal_that_was_changed_outside_is_marked_unless_that_is_kept_back() -> None:
    back = Event(type=_T.CUSTODY_RETURNED, time=Instant(5_000), item=ITEM, actor="prs_b",
                 party="Court", party_id="pty_c", seal="L7", result="replaced",
                 seal_before="S1")  # fmt: skip
    story = [*STORY[:4], back]
    lines = [Line(Place("log", index), one, one, True) for index, one in enumerate(story)]
    names = Names(holder=lambda one: NAMES[one.ref], gone=pack_form.NOT_HERE)
    rows = pack_form.rows(lines, names)
    assert [row["is_seal_broken"] for row in rows] == ["no", "no", "no", "no", "yes"]
    page = custody_paper.paper(rows, "evidence-1", "2026-11-30 10:00:00 UTC").decode()
    assert page.count('<tr class="broken">') == 1
    assert "L7, replaced, where S1 was" in _plain(page)
    kept_back = replace(back, result=ERASED, seal=ERASED, seal_before=ERASED)
    [*_, row] = pack_form.rows([*lines[:4], Line(Place("log", 4), back, kept_back, True)], names)
    told = (row["seal"], row["seal_before"], row["seal_state"], row["is_seal_broken"])
    assert set(told) == {pack_form.NOT_HERE}


def _plain(markup: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", markup).split())
