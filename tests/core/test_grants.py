import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import Instant, after
from bayward.core.errors import Conflict, Denied
from bayward.core.grants import RETRY_WINDOW_MS, Grant, GrantMove, GrantState, check, moved
from table_top import ANNA, START, ChanceIds, layout

IDS = ChanceIds(1)


def grant(state: GrantState = GrantState.ACTIVE, opened_at: Instant | None = None) -> Grant:
    end = after(START, 1_000)
    return Grant(IDS.grant(), IDS.parcel(), layout(1)[0].id, ANNA, end, "tag", state, opened_at)


@given(st.lists(st.sampled_from(GrantMove), max_size=10))
def test_consumed_is_for_ever(moves: list[GrantMove]) -> None:
    state, was_consumed = GrantState.ACTIVE, False
    for move in moves:
        try:
            state = moved(state, move)
        except Conflict:
            continue
        assert not was_consumed
        was_consumed = state is GrantState.CONSUMED


def test_identity_04_a_grant_ends_exactly_at_its_boundary() -> None:
    check(grant(), after(START, 999), is_expiry_on_hold=False)
    for late in (1_000, 1_001):
        with pytest.raises(Denied, match=r"grant\.expired"):
            check(grant(), after(START, late), is_expiry_on_hold=False)


def test_identity_42_a_clock_that_is_not_believed_expires_nothing_and_revives_nothing() -> None:
    check(grant(), after(START, 10**12), is_expiry_on_hold=True)
    for dead in (GrantState.EXPIRED, GrantState.REVOKED, GrantState.CONSUMED):
        with pytest.raises(Denied):
            check(grant(dead), START, is_expiry_on_hold=True)


def test_identity_03_a_retry_is_for_a_minute() -> None:
    opening = grant(GrantState.OPENING, START)
    check(opening, after(START, RETRY_WINDOW_MS), is_expiry_on_hold=False)
    with pytest.raises(Denied, match=r"grant\.used"):
        check(opening, after(START, RETRY_WINDOW_MS + 1), is_expiry_on_hold=False)
