from __future__ import annotations

import pytest

from bayward.core.errors import Conflict
from bayward.core.items import ENDS, TRANSITIONS, ItemMove, ItemState, OfferKind, moved


def test_a_move_that_is_not_in_the_table_is_a_conflict() -> None:
    with pytest.raises(Conflict, match=r"item\.move"):
        moved(ItemState.DISPOSED, ItemMove.OFFER)


def test_the_end_is_the_end() -> None:
    assert not [key for key in TRANSITIONS if key[0] is ItemState.DISPOSED]


def test_nothing_changes_hands_between_people_without_an_offer() -> None:
    """Only what a bank has seen, and what was taken without a hand-over, goes another way."""
    for end in ENDS.values():
        before = [state for state, move in TRANSITIONS if move is end]
        if end is ItemMove.DRAW:  # of a stock that is not controlled; the holder stays the same
            assert set(before) == {ItemState.OFFERED, ItemState.HELD}
            assert {TRANSITIONS[state, end] for state in before} == {ItemState.HELD}
        else:
            assert before == [ItemState.OFFERED]
    assert set(ENDS) == set(OfferKind)


@pytest.mark.parametrize("state", [one for one in ItemState if one is not ItemState.DISPOSED])
def test_what_a_bank_reports_is_never_refused(state: ItemState) -> None:
    assert moved(state, ItemMove.STORE) is ItemState.STORED
    assert moved(state, ItemMove.FETCH) is ItemState.HELD
