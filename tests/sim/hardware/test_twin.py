"""People and power at a bank that is not there; the driver is tested in tests/edge."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest

from bayward.core.ids import CompartmentId
from bayward.sim.hardware.pulses import Cause
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import PULSE_MS, SEED, RealClock, doors, eventually, steel

DOOR, OTHER = doors(4)[:2]
UNLOCK_FIRST = bytes.fromhex("0200310336")


class Bench:
    """A twin with a bare terminal on it, no driver."""

    def __init__(self) -> None:
        self.moved: list[CompartmentId] = []
        self.twin = BankTwin(steel(), random.Random(SEED), RealClock(), self.moved.append)
        self.descriptor = -1

    async def start(self) -> None:
        await self.twin.start()
        self.descriptor = os.open(self.twin.port_url("main"), os.O_RDWR | os.O_NOCTTY)

    async def stop(self) -> None:
        os.close(self.descriptor)
        await self.twin.stop()

    def say(self, data: bytes) -> None:
        os.write(self.descriptor, data)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    it = Bench()
    await it.start()
    yield it
    await it.stop()


async def test_a_frame_opens_a_door_and_is_noted(bench: Bench) -> None:
    bench.say(UNLOCK_FIRST)
    await eventually(lambda: bench.twin.compartment(DOOR).is_open)
    (pulse,) = bench.twin.pulses
    assert (pulse.compartment, pulse.supply, pulse.cause) == (DOOR, "psu", Cause.FRAME)
    assert pulse.end_ms - pulse.start_ms == PULSE_MS
    assert bench.moved == [DOOR]


async def test_people_move_what_can_be_moved_and_are_told(bench: Bench) -> None:
    twin = bench.twin
    assert not twin.pull(DOOR)
    assert not twin.put_parcel(DOOR)
    assert twin.force(DOOR)
    assert twin.put_parcel(DOOR)
    assert twin.push(DOOR)
    assert not twin.take_parcel(DOOR)
    assert twin.compartment(DOOR).is_occupied
    assert not twin.compartment(OTHER).is_open
    assert bench.moved == [DOOR] * 3


async def test_a_jam_is_seen_by_whoever_looks(bench: Bench) -> None:
    bench.twin.jam(DOOR, is_jammed=True)
    assert bench.moved == [DOOR]
    bench.say(UNLOCK_FIRST)
    await eventually(lambda: len(bench.twin.pulses) == 1)
    assert not bench.twin.compartment(DOOR).is_open


async def test_a_power_cut_ends_pulses_and_silences_boards(bench: Bench) -> None:
    bench.twin.compartment(DOOR).auto_pop = False
    bench.twin.board("board0").pulse_ms = 60_000
    bench.say(UNLOCK_FIRST)
    await eventually(lambda: len(bench.twin.pulses) == 1)
    bench.twin.cut_power()
    assert not bench.twin.pull(DOOR)
    (pulse,) = bench.twin.pulses
    assert pulse.end_ms - pulse.start_ms < 60_000
    bench.twin.restore_power()
    bench.say(UNLOCK_FIRST)
    await eventually(lambda: len(bench.twin.pulses) == 2)


async def test_a_power_cut_ends_what_the_test_button_began(bench: Bench) -> None:
    bench.twin.press_test_button("board0")
    await eventually(lambda: len(bench.twin.pulses) == 1)
    bench.twin.cut_power()
    bench.twin.restore_power()
    await asyncio.sleep(0.1)
    assert len(bench.twin.pulses) == 1


async def test_hardware_17_the_test_button_fires_every_lock_in_turn(bench: Bench) -> None:
    bench.twin.press_test_button("board0")
    await eventually(lambda: len(bench.moved) == 4)
    assert [pulse.compartment for pulse in bench.twin.pulses] == doors(4)
    assert {pulse.cause for pulse in bench.twin.pulses} == {Cause.TEST_BUTTON}


async def test_the_same_seed_is_the_same_world() -> None:
    """What chance does to a door depends on the seed and on nothing else."""
    worlds = []
    for _ in range(2):
        twin = BankTwin(steel(), random.Random(7), RealClock())
        space = twin.compartment(DOOR)
        space.force(1_000)
        worlds.append([space.contact_is_closed(1_000 + ms) for ms in range(15)])
    assert worlds[0] == worlds[1]


async def test_a_siren_is_only_a_light_here(bench: Bench) -> None:
    bench.twin.sound_siren(True)
    assert bench.twin.siren_is_on
