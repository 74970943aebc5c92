from hypothesis import given
from hypothesis import strategies as st

from bayward.core.custody import TRANSITIONS, ParcelMove, ParcelState, moved
from bayward.core.errors import Conflict


@given(st.lists(st.sampled_from(ParcelMove), max_size=8))
def test_no_order_of_moves_collects_what_was_never_deposited(moves: list[ParcelMove]) -> None:
    state, was_inside = ParcelState.EXPECTED, False
    for move in moves:
        try:
            state = moved(state, move)
        except Conflict:
            continue
        was_inside |= state in (ParcelState.DEPOSITED, ParcelState.HELD)
    assert state is not ParcelState.COLLECTED or was_inside


def test_the_end_is_the_end() -> None:
    for state in (ParcelState.COLLECTED, ParcelState.CANCELLED):
        assert not [key for key in TRANSITIONS if key[0] is state]
