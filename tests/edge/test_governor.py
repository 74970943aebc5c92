"""The governor against its rules, whatever is asked in whatever order, across restarts."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bayward.core.clock import MINUTE_MS
from bayward.core.errors import Invalid, Misconfigured
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.governor import (
    Brake,
    Decision,
    GovernorLimits,
    GovernorState,
    Granted,
    PulsedBefore,
    PulseRequest,
    Wait,
    decide,
    from_dict,
    sent,
    to_dict,
)

LIMITS = GovernorLimits()
PULSE_MS = 500


def command(number: int) -> CommandId:
    return CommandId.of(number.to_bytes(16, "big"))


def coil(number: int) -> CompartmentId:
    return CompartmentId.of(number.to_bytes(16, "big"))


def ask(
    number: int, door: int = 0, *, supply: str = "a", has_presence: bool = True
) -> PulseRequest:
    return PulseRequest(command(number), coil(door), supply, PULSE_MS, has_presence)


class Bench:
    """A governor and its own time."""

    def __init__(self) -> None:
        self.state = GovernorState()
        self.now_ms = 0

    def ask(self, request: PulseRequest) -> Decision:
        self.state, decision = decide(self.state, request, self.now_ms, LIMITS)
        return decision

    def pulse(self, request: PulseRequest) -> None:
        assert self.ask(request) == Granted()
        self.state = sent(self.state, request.command, self.now_ms)

    def wait(self, ms: int) -> None:
        self.now_ms += ms

    def restart(self) -> None:
        self.state = from_dict(json.loads(json.dumps(to_dict(self.state))))
        self.now_ms = self.state.time_ms


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_coil_at_a_time_on_a_supply(bench: Bench) -> None:
    bench.pulse(ask(1, door=1))
    assert bench.ask(ask(2, door=2)) == Wait(PULSE_MS + LIMITS.stagger_ms, Brake.SUPPLY)
    assert bench.ask(ask(3, door=3, supply="b")) == Granted()
    bench.wait(PULSE_MS + LIMITS.stagger_ms)
    assert bench.ask(ask(2, door=2)) == Granted()


def test_a_frame_on_its_way_holds_the_supply_however_long_it_takes(bench: Bench) -> None:
    assert bench.ask(ask(1, door=1)) == Granted()
    bench.wait(10_000)
    decision = bench.ask(ask(2, door=2))
    assert isinstance(decision, Wait)
    bench.state = sent(bench.state, command(1), bench.now_ms)
    assert bench.ask(ask(2, door=2)) == Wait(PULSE_MS + LIMITS.stagger_ms, Brake.SUPPLY)


def test_a_coil_rests_five_seconds_and_a_minute_after_three(bench: Bench) -> None:
    for number in range(3):
        bench.pulse(ask(number))
        assert bench.ask(ask(99)) != Granted()
        bench.wait(LIMITS.coil_gap_ms)
    decision = bench.ask(ask(99))
    assert decision == Wait(LIMITS.coil_rest_ms - LIMITS.coil_gap_ms, Brake.COIL)
    bench.wait(LIMITS.coil_rest_ms - LIMITS.coil_gap_ms)
    assert bench.ask(ask(99)) == Granted()


def test_a_coil_that_is_asked_slowly_need_not_rest(bench: Bench) -> None:
    for number in range(10):
        bench.pulse(ask(number))
        bench.wait(LIMITS.coil_burst_window_ms // 2 + 1)


def test_without_presence_two_a_minute_and_six_in_ten(bench: Bench) -> None:
    granted = 0
    for second in range(600):
        bench.now_ms = second * 1000
        request = ask(second, door=second, has_presence=False)
        if bench.ask(request) == Granted():
            granted += 1
            bench.state = sent(bench.state, request.command, bench.now_ms)
            assert granted <= 2 * (second // 60 + 1)
    assert granted == LIMITS.unattended_per_ten_minutes


def test_unattended_doors_do_not_lock_out_who_stands_there(bench: Bench) -> None:
    for number in range(LIMITS.unattended_per_minute):
        bench.pulse(ask(number, door=number, has_presence=False))
        bench.wait(1_000)
    far = bench.ask(ask(50, door=50, has_presence=False))
    assert isinstance(far, Wait)
    assert far.brake is Brake.UNATTENDED
    assert bench.ask(ask(51, door=51)) == Granted()


def test_even_with_presence_a_minute_has_an_end(bench: Bench) -> None:
    for number in range(LIMITS.attended_per_minute):
        bench.pulse(ask(number, door=number))
        bench.wait(PULSE_MS + LIMITS.stagger_ms)
    decision = bench.ask(ask(99, door=99))
    assert isinstance(decision, Wait)
    assert decision.brake is Brake.ATTENDED


def test_a_command_is_pulsed_once_even_after_a_restart(bench: Bench) -> None:
    bench.pulse(ask(1))
    bench.wait(MINUTE_MS)
    assert bench.ask(ask(1)) == PulsedBefore()
    bench.restart()
    assert bench.ask(ask(1)) == PulsedBefore()


def test_a_restart_refills_nothing(bench: Bench) -> None:
    for number in range(LIMITS.unattended_per_minute):
        bench.pulse(ask(number, door=number, has_presence=False))
        bench.wait(1_000)
    asked = ask(9, door=9, has_presence=False)
    before = bench.ask(asked)
    bench.restart()
    assert bench.ask(asked) == before


def test_a_frame_on_its_way_at_a_restart_counts_as_sent(bench: Bench) -> None:
    assert bench.ask(ask(1)) == Granted()
    bench.restart()
    assert bench.ask(ask(2, door=2)) == Wait(PULSE_MS + LIMITS.stagger_ms, Brake.SUPPLY)
    assert bench.ask(ask(1)) == PulsedBefore()


def test_time_that_runs_back_stands_still(bench: Bench) -> None:
    bench.wait(MINUTE_MS)
    bench.pulse(ask(1))
    bench.now_ms = 0
    assert bench.ask(ask(2)) == Wait(LIMITS.coil_gap_ms, Brake.COIL)


def test_a_refusal_costs_nothing(bench: Bench) -> None:
    bench.pulse(ask(1))
    before = bench.state
    for number in range(2, 50):
        assert isinstance(bench.ask(ask(number)), Wait)
    assert bench.state == before


GOOD = to_dict(decide(GovernorState(), ask(1), 5, LIMITS)[0])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it.pop("pulses"),
        lambda it: it.update(time_ms=-1),
        lambda it: it.update(time_ms="5"),
        lambda it: it.update(pulses=[[1, 2]]),
        lambda it: it.update(pulses=it["pulses"] * 2_000),
        lambda it: it["pulses"][0].__setitem__(0, "cmp_nonsense"),
        lambda it: it["pulses"][0].__setitem__(5, 6),
        lambda it: it["pulses"][0].__setitem__(3, -500),
        lambda it: it["pulses"][0].__setitem__(4, "yes"),
    ],
)
def test_a_stored_state_of_another_shape_is_refused(spoil: Callable[[object], object]) -> None:
    stored = json.loads(json.dumps(GOOD))
    from_dict(stored)
    spoil(stored)
    with pytest.raises(Invalid):
        from_dict(stored)


@pytest.mark.parametrize(
    "changes",
    [{"coil_burst": 0}, {"attended_per_minute": 101}, {"coil_rest_ms": 11 * MINUTE_MS}],
)
def test_limits_that_do_not_limit_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(Misconfigured):
        GovernorLimits(**changes)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20_000)), max_size=40))
def test_a_wait_ends_when_it_says(steps: list[tuple[int, int]]) -> None:
    """Nobody is told to come back too early, and nobody waits for ever."""
    bench = Bench()
    for number, (door, ms) in enumerate(steps):
        bench.wait(ms)
        decision = bench.ask(ask(number, door=door))
        while isinstance(decision, Wait):
            assert decision.ms > 0
            bench.wait(decision.ms)
            decision = bench.ask(ask(number, door=door))
        assert decision == Granted()
        bench.state = sent(bench.state, command(number), bench.now_ms)


class GovernorMachine(RuleBasedStateMachine):
    """Any order of requests, late frames and restarts; judged by what reached the coils."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.real_ms = 0  # time goes on while the program is down; the governor must not notice
        self.down_ms = 0
        self.in_flight: list[PulseRequest] = []
        self.pulses: list[tuple[int, PulseRequest]] = []
        self.asked = 0

    @rule(ms=st.sampled_from([1, 150, 700, 5_000, 20_000, 60_000]))
    def wait(self, ms: int) -> None:
        self.bench.wait(ms)
        self.real_ms += ms

    @rule(
        number=st.integers(0, 30),
        door=st.integers(0, 3),
        supply=st.sampled_from("ab"),
        has_presence=st.booleans(),
    )
    def request(self, number: int, door: int, supply: str, has_presence: bool) -> None:
        asked = ask(number, door, supply=supply, has_presence=has_presence)
        if self.bench.ask(asked) == Granted():
            self.in_flight.append(asked)

    @precondition(lambda self: self.in_flight)
    @rule()
    def frame_leaves(self) -> None:
        request = self.in_flight.pop()
        self.pulses.append((self.real_ms, request))
        self.bench.state = sent(self.bench.state, request.command, self.bench.now_ms)

    @rule(ms=st.sampled_from([0, 200, 30_000]), frames_leave=st.booleans())
    def restart(self, ms: int, frames_leave: bool) -> None:
        if frames_leave:  # the process died between the frame and the note about it
            self.pulses += [(self.real_ms, request) for request in self.in_flight]
        self.in_flight.clear()
        self.bench.restart()
        self.real_ms += ms

    @invariant()
    def no_two_coils_on_one_supply(self) -> None:
        for supply in "ab":
            times = [at for at, request in self.pulses if request.supply == supply]
            gaps = [later - at for at, later in pairwise(times)]
            assert all(gap >= PULSE_MS + LIMITS.stagger_ms for gap in gaps)

    @invariant()
    def one_pulse_per_command(self) -> None:
        commands = [request.command for _, request in self.pulses]
        assert len(commands) == len(set(commands))

    @invariant()
    def coils_stay_cool(self) -> None:
        for door in range(4):
            times = sorted(at for at, request in self.pulses if request.coil == coil(door))
            for at, later in pairwise(times):
                assert later - at >= LIMITS.coil_gap_ms
            for first, third, fourth in zip(times, times[2:], times[3:], strict=False):
                is_burst = third - first <= LIMITS.coil_burst_window_ms
                assert not is_burst or fourth - third >= LIMITS.coil_rest_ms

    @invariant()
    def no_wall_of_doors(self) -> None:
        for has_presence, most, window_ms in (
            (False, LIMITS.unattended_per_minute, MINUTE_MS),
            (False, LIMITS.unattended_per_ten_minutes, 10 * MINUTE_MS),
            (True, LIMITS.attended_per_minute, MINUTE_MS),
        ):
            times = [at for at, request in self.pulses if request.has_presence is has_presence]
            for first, beyond in zip(times, times[most:], strict=False):
                assert beyond - first >= window_ms


GovernorMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60)
TestGovernor = GovernorMachine.TestCase
