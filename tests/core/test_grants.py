from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

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


class Permission(RuleBasedStateMachine):
    """One grant; somebody asks for every move at any time, in and out of turn.

    The model knows no states, only what happened: pulses, a door seen open, an order, a deadline.
    """

    def __init__(self) -> None:
        super().__init__()
        self.grant = grant()
        self.now = START
        self.pulsed_at: Instant | None = None  # since the door was last known to be shut
        self.has_opened = False
        self.is_taken_back = False
        self.is_over = False
        self.doors_opened = 0

    def move(self, what: GrantMove) -> bool:
        before = self.grant
        try:
            self.grant = replace(before, state=moved(before.state, what))
        except Conflict:
            return False
        return True

    @property
    def is_dead(self) -> bool:
        return self.has_opened or self.is_taken_back or self.is_over

    @rule(ms=st.sampled_from([1, 59_999, RETRY_WINDOW_MS, RETRY_WINDOW_MS + 1]))
    def time_passes(self, ms: int) -> None:
        self.now = after(self.now, ms)

    @rule(is_on_hold=st.booleans())
    def present(self, is_on_hold: bool) -> None:
        """What `pickup` does: ask, and only then write down that it opens."""
        try:
            check(self.grant, self.now, is_expiry_on_hold=is_on_hold)
        except Denied:
            is_stale = self.pulsed_at is not None and self.now > self.pulsed_at + RETRY_WINDOW_MS
            is_late = self.pulsed_at is None and self.now >= self.grant.not_after
            assert self.is_dead or is_stale or (is_late and not is_on_hold)
            return
        assert not self.is_dead
        if not is_on_hold and self.pulsed_at is None:
            assert self.now < self.grant.not_after
        assert self.move(GrantMove.OPEN)
        if self.pulsed_at is None:
            self.pulsed_at = self.now
            self.grant = replace(self.grant, opened_at=self.now)
        assert self.now <= self.pulsed_at + RETRY_WINDOW_MS

    @rule()
    def the_door_is_seen_open(self) -> None:
        if self.move(GrantMove.CONSUME):
            assert not self.is_dead
            self.has_opened, self.pulsed_at = True, None
            self.doors_opened += 1
        else:
            assert self.is_dead

    @rule()
    def the_door_stayed_shut(self) -> None:
        was_pulsed = self.pulsed_at is not None
        assert self.move(GrantMove.STAY_SHUT) == (was_pulsed and not self.is_dead)
        self.pulsed_at = None if not self.is_dead else self.pulsed_at
        if self.grant.state is GrantState.ACTIVE:
            self.grant = replace(self.grant, opened_at=None)

    @rule()
    def its_time_is_over(self) -> None:
        """Nobody loses a parcel whose door is about to open."""
        is_waiting = self.pulsed_at is None and not self.is_dead
        assert self.move(GrantMove.EXPIRE) == is_waiting
        self.is_over |= is_waiting

    @rule()
    def staff_takes_it_back(self) -> None:
        was_dead = self.is_dead
        assert self.move(GrantMove.REVOKE) == (not was_dead)
        self.is_taken_back |= not was_dead

    @rule(what=st.sampled_from(GrantMove))
    def the_dead_stay_dead(self, what: GrantMove) -> None:
        if self.is_dead:
            assert not self.move(what)

    @invariant()
    def one_door_at_most_and_none_after_the_end(self) -> None:
        assert self.doors_opened <= 1
        assert self.grant.is_live == (not self.is_dead)
        assert (self.grant.state is GrantState.CONSUMED) == self.has_opened


TestPermission = Permission.TestCase
TestPermission.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
