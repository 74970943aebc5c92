from __future__ import annotations

import random
from typing import Any

import pytest

from bayward.core.clock import Instant, after
from bayward.core.door import UnlockOutcome
from bayward.core.ids import CommandId
from bayward.edge.unlock import UnlockRequest, requested, resolving
from bayward.sim.locks import Steel
from bayward.sim.opening import Governed, Opening
from bayward.sim.world import World
from table_top import layout

FIRST = layout()[0].id
O = UnlockOutcome  # noqa: E741 - as in the table of `edge.unlock`


class Rig:
    """One bank's steel and what its openings came to."""

    def __init__(self) -> None:
        self.world = World(1)
        self.steel = Steel(self.world, "north", layout(), random.Random(1))
        self.notes: dict[str, Any] = {}
        self.ended: list[UnlockOutcome] = []
        self.made = 0
        self.power_on()

    def power_on(self) -> None:
        self.governed = Governed(self.notes, self.world.monotonic_ms)

    def open(self, *, life_ms: int = 10_000, is_resolving: bool = False) -> None:
        self.made += 1
        command = CommandId.of(self.made.to_bytes(16, "big"))
        not_after = after(self.world.now(), life_ms)
        request = UnlockRequest(command, FIRST, not_after, has_presence=True)
        opening = Opening(
            resolving(command, FIRST) if is_resolving else requested(request),
            None if is_resolving else request,
            steel=self.steel,
            governed=self.governed,
            now=self.world.now,
            after=lambda ms, act: self.world.after(ms, "north", act),
            ended=lambda _, outcome: self.ended.append(outcome),
        )
        opening.go_on()
        self.world.run(self.world.now_ms + 15_000)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_door_opens(rig: Rig) -> None:
    rig.open()
    assert rig.ended == [O.OPENED]
    assert len(rig.steel.pulses) == 1


def test_a_jam_is_pulsed_once_and_given_up(rig: Rig) -> None:
    rig.steel.doors[FIRST].is_jammed = True
    rig.open()
    assert rig.ended == [O.NO_EDGE]
    assert len(rig.steel.pulses) == 1


def test_an_open_door_needs_no_pulse(rig: Rig) -> None:
    rig.steel.doors[FIRST].is_open = True
    rig.open()
    assert rig.ended == [O.ALREADY_OPEN]
    assert not rig.steel.pulses


def test_a_door_nobody_can_read_is_not_pulsed(rig: Rig) -> None:
    rig.steel.is_silent = True
    rig.open()
    assert rig.ended == [O.REFUSED]
    assert not rig.steel.pulses


def test_a_door_that_falls_silent_is_doubtful(rig: Rig) -> None:
    def fall_silent(*_: object) -> None:
        rig.steel.is_silent = True

    rig.steel.on_pulse.append(fall_silent)
    rig.open()
    assert rig.ended == [O.DOUBTFUL]


def test_too_late_is_expired(rig: Rig) -> None:
    rig.open(life_ms=-1)
    assert rig.ended == [O.EXPIRED]
    assert not rig.steel.pulses


@pytest.mark.parametrize(("is_open", "outcome"), [(True, O.OPENED), (False, O.NO_EDGE)])
def test_resolving_only_reads(rig: Rig, is_open: bool, outcome: UnlockOutcome) -> None:
    rig.steel.doors[FIRST].is_open = is_open
    rig.open(is_resolving=True)
    assert rig.ended == [outcome]
    assert not rig.steel.pulses


def test_the_governor_remembers_through_a_power_cut(rig: Rig) -> None:
    """Three pulses in half a minute and the coil rests, plug pulled or not."""
    rig.steel.doors[FIRST].is_jammed = True
    for _ in range(3):
        rig.open(life_ms=60_000)
    rig.power_on()
    rig.open(life_ms=5_000)
    assert rig.ended[-1] is O.REFUSED
    assert len(rig.steel.pulses) == 3
    assert Instant(0) < rig.world.now()
