from __future__ import annotations

from dataclasses import replace
from typing import Any

from bayward.core.events import ERASED, EventType
from bayward.core.item_chain import Link, chain
from bayward.core.items import OfferKind
from item_story import ANNE, BEN, CARA, FROM_BANK, accept, new, offer, person, told

_T = EventType


def test_a_report_against_the_record_says_that_its_holder_did_not_give_it_away() -> None:
    stored = told(_T.CUSTODY_STORED, actor=BEN, **FROM_BANK)
    fetched = told(_T.CUSTODY_FETCHED, actor=BEN, **FROM_BANK)
    assert [one.doubt for one in chain([new(), stored, fetched])] == [None, "not_the_holder", None]
    assert [one.doubt for one in chain([new(), fetched])] == [None, "not_in_there"]
    # Who was erased could be anybody; what was said of him then is not undone by that.
    broken = told(_T.CUSTODY_BROKEN, reason="not_the_holder")
    lines = chain([new(), broken, replace(stored, actor=ERASED)])
    assert [one.doubt for one in lines] == [None, None, "not_the_holder"]
    assert [one.is_broken for one in lines] == [False, True, True]
    assert chain([new(), replace(stored, actor=ERASED)])[1].doubt is None
    forced = told(_T.CUSTODY_BROKEN, reason="door_forced_open")
    assert chain([new(), forced, replace(stored, actor=ANNE)])[2].doubt is None


def test_the_line_shows_what_is_not_unbroken() -> None:
    taken = told(_T.CUSTODY_TAKEN, actor=BEN, reason="holder is ill")
    foreign = accept(actor=CARA)
    lines = chain([new(), taken, foreign, offer(actor=BEN, recipient=CARA)])
    assert [line.is_broken for line in lines] == [False, True, True, False]
    assert (lines[2].before, lines[2].after) == (person(BEN), person(BEN))
    assert [line.is_broken for line in chain([accept(), new()])] == [True, False]


def test_whoever_was_erased_breaks_no_line() -> None:
    events = [
        replace(new(), actor=ERASED),
        replace(offer(recipient=BEN), actor=ERASED, recipient=ERASED),
        accept(actor=BEN),
    ]
    assert [line.is_broken for line in chain(events)] == [False, False, False]


def test_a_party_is_known_by_its_id_where_there_is_one() -> None:
    def line(**party: Any) -> tuple[Link, ...]:
        return chain([
            new(),
            offer(OfferKind.RELEASE, **party),
            told(_T.CUSTODY_RELEASED, actor=ANNE, witness=BEN, **party),
            told(_T.CUSTODY_RETURNED, actor=BEN, **party),
        ])  # fmt: skip

    for party, ref, called in (
        ({"party": "Court", "party_id": "pty_x"}, "pty_x", "Court"),
        ({"party": "Court"}, "Court", "Court"),  # from before there were ids
        ({"party": ERASED, "party_id": ERASED}, ERASED, ERASED),
        ({"party": ERASED}, ERASED, ERASED),
    ):
        lines = line(**party)
        assert not any(one.is_broken for one in lines)
        assert (lines[2].after.ref, lines[2].after.called) == (ref, called)
        assert (lines[3].before, lines[3].after) == (lines[2].after, person(BEN))


def test_the_line_on_which_a_seal_was_found_broken_is_marked_and_no_later_one() -> None:
    lines = chain([
        new(seal="S1"),
        told(_T.SEAL_CHECKED, actor=ANNE, seal="S1", result="broken"),
        told(_T.SEAL_APPLIED, actor=ANNE, seal="S2", reason="was broken"),
        told(_T.SEAL_CHECKED, actor=ANNE, seal="S2", result="intact"),
    ])  # fmt: skip
    assert [one.is_seal_broken for one in lines] == [False, True, False, False]
    assert not any(one.is_broken for one in lines)
    unsealed = chain([new(), offer(recipient=BEN), accept(result="broken")])
    assert not any(one.is_seal_broken for one in unsealed)
