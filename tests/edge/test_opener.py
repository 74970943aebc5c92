"""Unlocks among jams, crowbars, bad lines, power cuts, pulled ports and restarts.

Whatever happens: at most one pulse for a command, never two coils at once, no pulse at a door that
was read open, and no outcome that the steel contradicts.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from bayward.core.door import UnlockOutcome
from bayward.core.ids import CompartmentId
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.pulses import overlapping
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import RealClock, Rig, doors, driven, jumpy, rigged, steel

DOORS = doors(3)
STEPS = 5
REST_S = 0.015  # contacts have stopped to bounce by then
NO_PULSE = (UnlockOutcome.ALREADY_OPEN, UnlockOutcome.REFUSED, UnlockOutcome.EXPIRED)


class World:
    """A twin, the driver that happens to run on it, and what the commands were told."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.clock = RealClock()
        self.twin = BankTwin(steel(3), random.Random(seed), self.clock)
        self.governor: dict[str, object] | None = None
        self.commands = 0
        self.wrong: list[str] = []
        self.outcomes: set[UnlockOutcome] = set()

    async def live(self) -> None:
        """A few days in the life of a bank, in two runs of the program."""
        await self.twin.start()
        try:
            for _ in range(2):
                settings = jumpy(commissioned(self.twin))
                async with driven(self.twin, self.clock, settings, self.governor) as rig:
                    await rig.until_known()
                    for _ in range(STEPS):
                        await self.step(rig)
                    await self.repair(rig)
                self.governor = rig.governor or self.governor
        finally:
            await self.twin.stop()

    async def step(self, rig: Rig) -> None:
        door = self.rng.choice(DOORS)
        self.twin.restore_power()
        for each in DOORS:
            self.twin.push(each)
        self.happen(door)
        await asyncio.sleep(REST_S)
        await self.unlock(rig, door if self.rng.random() < 0.7 else self.rng.choice(DOORS))

    def happen(self, door: CompartmentId) -> None:
        faults = self.twin.faults("main")
        match self.rng.randrange(8):
            case 0:
                self.twin.force(door)
            case 1:
                self.twin.jam(door, is_jammed=self.rng.random() < 0.5)
            case 2:
                faults.lose_reply = self.rng.choice([0.0, 0.3])
            case 3:
                faults.lose_request = self.rng.choice([0.0, 0.3])
            case 4:
                cut = self.twin.cut_power
                asyncio.get_running_loop().call_later(self.rng.random() / 5, cut)
            case _:
                pass

    async def unlock(self, rig: Rig, door: CompartmentId) -> None:
        self.commands += 1
        before = len(self.twin.pulses)
        was_open = self.twin.compartment(door).is_open
        request = rig.request(door, self.commands, life_ms=300)
        first, again = await asyncio.gather(
            rig.hardware.unlock(request), rig.hardware.unlock(request)
        )
        pulses = self.twin.pulses[before:]
        is_open = self.twin.compartment(door).is_open
        self.outcomes.add(first)
        self.expect(first is again, "one command, two outcomes")
        self.expect(len(pulses) <= 1, f"{len(pulses)} pulses for one command")
        self.expect(all(pulse.compartment == door for pulse in pulses), "a pulse at another door")
        self.expect(first not in NO_PULSE or not pulses, f"{first} and yet a pulse")
        self.expect(first is not UnlockOutcome.OPENED or is_open, "told open, is shut")
        self.expect(first is not UnlockOutcome.OPENED or not was_open, "was open before")
        self.expect(first is not UnlockOutcome.NO_EDGE or not is_open, "told shut, is open")

    async def repair(self, rig: Rig) -> None:
        """With everything mended, what is known is what is."""
        faults = self.twin.faults("main")
        faults.lose_reply = faults.lose_request = 0.0
        await asyncio.sleep(0.2)  # a power cut may still be on its way
        self.twin.restore_power()
        await rig.until(
            lambda: (
                all(
                    rig.is_closed(door) is not self.twin.compartment(door).is_open for door in DOORS
                )
                and None not in map(rig.is_closed, DOORS)
            )
        )

    def expect(self, is_true: bool, otherwise: str) -> None:
        if not is_true:
            self.wrong.append(f"command {self.commands}: {otherwise}")


async def lived(seed: int) -> World:
    world = World(seed)
    await world.live()
    assert world.wrong == []
    assert overlapping(world.twin.pulses) == []
    return world


async def test_whatever_happens_a_command_pulses_once_and_tells_the_truth() -> None:
    world = await lived(seed=12)
    assert len(world.twin.pulses) >= STEPS
    assert len(world.outcomes) >= 3


@pytest.mark.world
async def test_whatever_happens_in_many_lives() -> None:
    outcomes: set[UnlockOutcome] = set()
    for seed in range(100, 140):
        outcomes |= (await lived(seed)).outcomes
    assert outcomes >= set(UnlockOutcome) - {UnlockOutcome.EXPIRED}


async def test_unlocks_at_two_supplies_do_not_wait_for_each_other() -> None:
    built = steel(17)
    first, second = (
        replace(board, supply=f"psu {board.name}", pulse_ms=2_000) for board in built.boards
    )
    async with rigged(replace(built, boards=(first, second))) as rig:
        await rig.until_known()
        doors_of_both = (first.compartments[0], second.compartments[0])
        outcomes = await asyncio.gather(
            *(
                rig.hardware.unlock(rig.request(name, number))
                for number, name in enumerate(doors_of_both)
            )
        )
        assert set(outcomes) == {UnlockOutcome.OPENED}
        one, other = rig.twin.pulses
        assert one.start_ms <= other.start_ms < one.end_ms
