from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant, after
from bayward.core.errors import Invalid, Misconfigured
from bayward.core.throttle import (
    BANK,
    DELAY_MAX_MS,
    KIOSK,
    OFF_MS,
    Allowed,
    Throttle,
    ThrottleSettings,
    Wait,
    WaitWhy,
    attempt,
    failed,
    fresh,
    from_dict,
    is_off,
    succeeded,
    weekly_guesses,
)

NOON = Instant(1_800_000_000_000)
WEEK_MS = 7 * DAY_MS


def spend(state: Throttle, now: Instant, failures: int) -> tuple[Throttle, Instant]:
    """Fail as fast as the throttle lets one."""
    done = 0
    while done < failures:
        match attempt(state, now):
            case Allowed():
                state, done = failed(state, now), done + 1
            case Wait(ms=ms):
                now = after(now, ms)
    return state, now


def test_the_ladder_is_0_0_0_2_4_8() -> None:
    state, now, delays = fresh(NOON), NOON, []
    for _ in range(9):
        verdict = attempt(state, now)
        delay = verdict.ms if isinstance(verdict, Wait) else 0
        delays.append(delay // SECOND_MS)
        now = after(now, delay)
        state = failed(state, now)
    assert delays == [0, 0, 0, 2, 4, 8, 16, 32, 64]


def test_a_delay_is_capped_and_counts_down() -> None:
    big = ThrottleSettings(burst=100, off_after=200)
    state = fresh(NOON, big)
    for _ in range(60):
        state = failed(state, NOON)
    assert attempt(state, NOON) == Wait(DELAY_MAX_MS, WaitWhy.DELAY)
    assert attempt(state, after(NOON, SECOND_MS)) == Wait(DELAY_MAX_MS - SECOND_MS, WaitWhy.DELAY)
    assert attempt(state, after(NOON, DELAY_MAX_MS)) == Allowed()


def test_identity_07_the_keypad_goes_off_and_alerts_after_ten() -> None:
    state, now = spend(fresh(NOON), NOON, 9)
    assert not is_off(state, now)
    state, now = spend(state, now, 1)
    assert now - NOON < HOUR_MS
    assert is_off(state, now)
    assert attempt(state, now) == Wait(OFF_MS, WaitWhy.OFF)
    assert not is_off(state, after(now, OFF_MS))


def test_an_empty_bucket_grows_one_guess_in_thirty_minutes() -> None:
    state = replace(fresh(NOON), spent_ms=KIOSK.capacity_ms)
    assert attempt(state, NOON) == Wait(KIOSK.refill_ms, WaitWhy.EMPTY)
    later = after(NOON, KIOSK.refill_ms)
    assert attempt(state, later) == Allowed()
    again = failed(state, later)
    assert isinstance(attempt(again, later), Wait)


@pytest.mark.parametrize(("budget", "most"), [(KIOSK, 346), (BANK, 3 * 346)])
def test_identity_07_a_week_of_blind_guesses_stays_in_budget(
    budget: ThrottleSettings, most: int
) -> None:
    assert weekly_guesses(budget) == most
    state, now, accepted, tried = fresh(NOON, budget), NOON, 0, 0
    while now < after(NOON, WEEK_MS):
        tried += 1
        if isinstance(attempt(state, now), Allowed):
            accepted += 1
            state = failed(state, now)
        now = after(now, 20 * SECOND_MS)
    assert tried > 10_000
    assert 0.9 * most <= accepted <= most


def test_identity_07_measured_success_stays_below_the_bound() -> None:
    """150 weeks against 20 live codes of 5 digits; the bound is P = 1-(1-N/10^L)^G."""
    space, live, weeks = 100_000, 20, 150
    chance = 1 - (1 - live / space) ** weekly_guesses(KIOSK)
    random, hit = Random(7), 0
    for _ in range(weeks):
        codes = set(random.sample(range(space), live))
        state, now, opened = fresh(NOON), NOON, False
        while now < after(NOON, WEEK_MS) and not opened:
            match attempt(state, now):
                case Wait(ms=ms):
                    now = after(now, ms)
                case Allowed():
                    opened = random.randrange(space) in codes
                    state = failed(state, now)
        hit += opened
    deviation = (weeks * chance * (1 - chance)) ** 0.5
    assert hit <= weeks * chance + 3.1 * deviation  # 99.9 %
    assert hit > 0, "an attack that never succeeds measures nothing"


def test_identity_08_power_cycles_and_clock_games_refill_nothing() -> None:
    state, now = spend(fresh(NOON), NOON, 5)
    for cycle in range(50):
        stored = json.dumps(state.to_dict())
        clock = after(now, -DAY_MS * cycle)
        state = from_dict(json.loads(stored))
        attempt(state, clock)
        state = succeeded(replace(state, spent_ms=state.spent_ms + KIOSK.refill_ms), clock)
        assert state.spent_ms == from_dict(json.loads(stored)).spent_ms
        assert state.watermark == now
    accepted = 0
    while isinstance(attempt(state, now), Allowed) or accepted == 0:
        state, now = spend(state, now, 1)
        accepted += 1
    assert accepted <= KIOSK.burst - 5


def test_identity_09_a_right_code_gives_back_at_most_one() -> None:
    state, now = spend(fresh(NOON), NOON, 6)
    assert failed(state, now).spent_ms - succeeded(failed(state, now), now).spent_ms == (
        KIOSK.refill_ms
    )
    assert succeeded(fresh(NOON), NOON) == fresh(NOON)
    off, now = spend(state, now, 4)
    assert is_off(succeeded(off, now), now)
    assert succeeded(off, now).failures == off.failures
    assert succeeded(off, now).next_at == off.next_at


def test_it_slows_and_never_locks_for_ever() -> None:
    state, now = fresh(NOON), NOON
    for _ in range(400):
        state = failed(state, now)  # even a caller that ignores the wait
        verdict = attempt(state, now)
        waited = 0
        while isinstance(verdict, Wait):
            waited += verdict.ms
            verdict = attempt(state, after(now, waited))
        assert waited <= max(OFF_MS, KIOSK.refill_ms)


def test_failures_older_than_an_hour_do_not_switch_the_keypad_off() -> None:
    state, now = fresh(NOON), NOON
    for _ in range(30):
        state, now = failed(state, now), after(now, 7 * MINUTE_MS)
        assert not is_off(state, now)


def test_the_state_survives_as_json() -> None:
    state, _ = spend(fresh(NOON), NOON, 10)
    assert from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_a_stored_state_cannot_lock_for_ever() -> None:
    far = {"watermark": NOON, "spent_ms": 10**15, "next_at": 10**15, "off_until": 10**15}
    state = from_dict({**far, "failures": [NOON] * 1000})
    assert attempt(state, NOON) == Wait(OFF_MS, WaitWhy.OFF)
    assert attempt(state, after(NOON, HOUR_MS)) == Allowed()
    assert len(state.failures) == KIOSK.off_after


@pytest.mark.parametrize("field", ["watermark", "spent_ms", "next_at", "off_until", "failures"])
@pytest.mark.parametrize("value", [None, -1, "7", True, 1.5, [-1], ["x"]])
def test_a_damaged_state_is_refused(field: str, value: object) -> None:
    stored = {**fresh(NOON).to_dict(), field: value}
    with pytest.raises(Invalid, match=r"throttle\.malformed"):
        from_dict(stored)


@pytest.mark.parametrize(
    "wrong", [{"burst": 0}, {"refill_ms": 0}, {"off_after": 0}, {"free_failures": -1}]
)
def test_settings_without_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Misconfigured, match=r"throttle\.settings"):
        ThrottleSettings(**wrong)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(["try", "succeed"]), st.integers(-HOUR_MS, 2 * HOUR_MS)),
        max_size=60,
    )
)
def test_no_sequence_of_clock_moves_and_successes_beats_the_budget(
    steps: list[tuple[str, int]],
) -> None:
    state, now, accepted, refunds = fresh(NOON), NOON, 0, 0
    latest = NOON
    for what, ms in steps:
        now = after(now, ms)
        latest = max(latest, now)
        if what == "succeed":
            state, refunds = succeeded(state, now), refunds + 1
        elif isinstance(attempt(state, now), Allowed):
            state, accepted = failed(state, now), accepted + 1
    assert accepted <= KIOSK.burst + (latest - NOON) // KIOSK.refill_ms + refunds


class Keypad(RuleBasedStateMachine):
    """People, thieves, clocks and plugs; also a caller that tries although it should wait."""

    def __init__(self) -> None:
        super().__init__()
        self.state = fresh(NOON)
        self.now = NOON
        self.latest = NOON
        self.accepted = 0
        self.refunds = 0

    def is_allowed(self) -> bool:
        return isinstance(attempt(self.state, self.now), Allowed)

    @rule(count=st.integers(1, 12))
    def guess(self, count: int) -> None:
        for _ in range(count):
            if self.is_allowed():
                self.state = failed(self.state, self.now)
                self.accepted += 1

    @rule(count=st.integers(1, 3))
    def be_wrong_although_told_to_wait(self, count: int) -> None:
        for _ in range(count):
            if self.is_allowed():
                return
            self.state = failed(self.state, self.now)

    @rule()
    def be_right(self) -> None:
        if self.is_allowed():
            before = self.state
            self.state = succeeded(self.state, self.now)
            self.refunds += 1
            assert self.state.off_until == before.off_until
            assert self.state.next_at == before.next_at

    @rule(ms=st.sampled_from([500, SECOND_MS, 20 * SECOND_MS, 5 * MINUTE_MS, HOUR_MS, 8 * DAY_MS]))
    def time_passes(self, ms: int) -> None:
        self.now = after(self.now, ms)
        self.latest = max(self.latest, self.now)

    @rule(ms=st.sampled_from([SECOND_MS, HOUR_MS, 8 * DAY_MS]))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.now = after(self.now, -ms)
        before = attempt(self.state, self.state.watermark)
        assert attempt(self.state, min(self.now, self.state.watermark)) == before

    @rule()
    def wait_as_told(self) -> None:
        verdict = attempt(self.state, self.now)
        if isinstance(verdict, Wait):
            self.now = after(max(self.now, self.state.watermark), verdict.ms)
            self.latest = max(self.latest, self.now)

    @rule()
    def the_power_is_cut(self) -> None:
        before = self.state
        self.state = from_dict(json.loads(json.dumps(before.to_dict())))
        assert self.state == before

    @invariant()
    def nobody_guesses_beyond_the_budget(self) -> None:
        grown = (self.latest - NOON) // KIOSK.refill_ms
        assert self.accepted <= KIOSK.burst + grown + self.refunds

    @invariant()
    def nobody_waits_longer_than_the_longest_wait(self) -> None:
        verdict = attempt(self.state, self.now)
        if isinstance(verdict, Wait):
            assert 0 < verdict.ms <= max(OFF_MS, KIOSK.refill_ms, DELAY_MAX_MS)

    @invariant()
    def the_books_are_in_order(self) -> None:
        assert 0 <= self.state.spent_ms <= KIOSK.capacity_ms
        assert len(self.state.failures) < KIOSK.off_after
        assert self.state.watermark <= self.latest


TestKeypad = Keypad.TestCase
TestKeypad.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
