"""The product's driver against steel, through real terminals, byte by byte."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.errors import Conflict, NotFound, Unavailable
from bayward.edge.wiring import HardwareSettings
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.pulses import Cause, overlapping
from hardware_bench import (
    PULSE_MS,
    QUICK_LIMITS,
    Rig,
    doors,
    driven,
    eventually,
    hasty,
    jumpy,
    quick,
    rigged,
    steel,
)

DOORS = doors(4)
DOOR = DOORS[1]
STRANGER = doors(99)[-1]


@pytest.mark.parametrize("closed_level", [0, 1])
async def test_a_door_opens_is_emptied_and_shuts(closed_level: int) -> None:
    async with rigged(steel(closed_level=closed_level)) as rig:
        rig.twin.compartment(DOOR).is_occupied = True
        await rig.until_known()
        assert rig.is_closed(DOOR) is True
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.OPENED
        assert rig.is_closed(DOOR) is False
        assert rig.twin.take_parcel(DOOR)
        assert rig.twin.push(DOOR)
        await rig.until(lambda: rig.is_closed(DOOR) is True)
        reading = rig.hardware.reading(DOOR)
        assert isinstance(reading, KnownDoor)
        assert reading.is_occupied is False
        assert [pulse.compartment for pulse in rig.twin.pulses] == [DOOR]


async def test_no_other_door_moves() -> None:
    async with rigged() as rig:
        await rig.until_known()
        seen = len(rig.readings)
        await rig.hardware.unlock(rig.request(DOOR, 1))
        assert {compartment for compartment, _ in rig.readings[seen:]} == {DOOR}
        assert [space.is_open for space in rig.twin.compartments().values()] == [
            name == DOOR for name in DOORS
        ]


async def test_a_door_is_unknown_until_it_was_read() -> None:
    async with rigged() as rig:
        reading = rig.hardware.reading(DOOR)
        assert isinstance(reading, UnknownDoor)
        assert reading.why is UnknownWhy.NEVER_READ


@pytest.mark.parametrize("closed_level", [0, 1])
async def test_hardware_02_latch_polarity_written_down_wrong_pulses_nothing(
    closed_level: int,
) -> None:
    """Every shut door then reads open, and an open door is not pulsed. It is seen on day one."""

    def wrong(settings: HardwareSettings) -> HardwareSettings:
        boards = (replace(board, closed_when=1 - closed_level) for board in settings.boards)
        return replace(quick(settings), boards=tuple(boards))

    async with rigged(steel(closed_level=closed_level), adjust=wrong) as rig:
        await rig.until_known()
        assert all(rig.is_closed(name) is False for name in DOORS)
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.ALREADY_OPEN
        assert rig.twin.pulses == []


async def test_hardware_04_the_first_and_the_last_lock_are_the_ones_on_the_sticker() -> None:
    everything = doors(32)
    async with rigged(steel(32)) as rig:
        await rig.until_known()
        for number, place in enumerate((0, 15, 16, 31)):
            request = rig.request(everything[place], number)
            assert await rig.hardware.unlock(request) is UnlockOutcome.OPENED
        opened = [name for name, space in rig.twin.compartments().items() if space.is_open]
        assert opened == [everything[place] for place in (0, 15, 16, 31)]
        assert overlapping(rig.twin.pulses) == []


@pytest.mark.parametrize("acks_unlock", [False, True])
async def test_hardware_05_an_unlock_without_reply_is_confirmed_by_reading(
    *, acks_unlock: bool
) -> None:
    async with rigged(adjust=hasty) as rig:
        rig.twin.faults("main").acks_unlock = acks_unlock
        await rig.until_known()
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.OPENED
        rig.twin.jam(DOORS[2], is_jammed=True)
        assert await rig.hardware.unlock(rig.request(DOORS[2], 2)) is UnlockOutcome.NO_EDGE
        assert len(rig.twin.pulses) == 2
        assert rig.twin.collisions("main") == 0


async def test_hardware_10_the_same_command_is_pulsed_once_and_answered_alike() -> None:
    async with rigged() as rig:
        await rig.until_known()
        request = rig.request(DOOR, 1)
        outcomes = await asyncio.gather(*(rig.hardware.unlock(request) for _ in range(3)))
        rig.twin.push(DOOR)
        await rig.until(lambda: rig.is_closed(DOOR) is True)
        assert [*outcomes, await rig.hardware.unlock(request)] == [UnlockOutcome.OPENED] * 4
        assert len(rig.twin.pulses) == 1


async def test_hardware_10_a_command_is_not_pulsed_again_after_a_restart() -> None:
    async with rigged() as rig:
        await rig.until_known()
        request = rig.request(DOOR, 1)
        assert await rig.hardware.unlock(request) is UnlockOutcome.OPENED
        rig.twin.push(DOOR)
        await rig.hardware.stop()
        stored = json.loads(json.dumps(rig.governor))
        settings = hasty(commissioned(rig.twin))
        async with driven(rig.twin, rig.clock, settings, stored) as again:
            await again.until_known()
            assert await again.hardware.unlock(request) is UnlockOutcome.NO_EDGE
        assert len(rig.twin.pulses) == 1


async def test_hardware_16_a_command_that_came_late_opens_nothing() -> None:
    async with rigged() as rig:
        await rig.until_known()
        late = rig.request(DOOR, 1, life_ms=-1)
        assert await rig.hardware.unlock(late) is UnlockOutcome.EXPIRED
        assert rig.twin.pulses == []


async def test_hardware_16_a_command_that_would_have_to_wait_too_long_is_refused() -> None:
    """The coil must rest for longer than the command lives; nobody stands there by then."""

    def slow(settings: HardwareSettings) -> HardwareSettings:
        return replace(quick(settings), limits=replace(QUICK_LIMITS, coil_gap_ms=30_000))

    async with rigged(adjust=slow) as rig:
        await rig.until_known()
        await rig.hardware.unlock(rig.request(DOOR, 1))
        rig.twin.push(DOOR)
        await rig.until(lambda: rig.is_closed(DOOR) is True)
        assert await rig.hardware.unlock(rig.request(DOOR, 2)) is UnlockOutcome.REFUSED
        assert len(rig.twin.pulses) == 1


async def test_hardware_16_a_command_expires_while_its_supply_is_busy() -> None:
    """It waits its turn, and looks at the clock again when the turn comes."""
    async with rigged(steel(pulse_ms=1_000)) as rig:
        await rig.until_known()
        first = asyncio.create_task(rig.hardware.unlock(rig.request(DOORS[0], 1)))
        second = rig.request(DOORS[1], 2)
        waiting = asyncio.create_task(rig.hardware.unlock(second))
        await rig.until(lambda: rig.is_closed(DOORS[0]) is False)
        rig.clock.skew_ms = 60_000
        assert await first is UnlockOutcome.OPENED
        assert await waiting is UnlockOutcome.EXPIRED
        assert [pulse.compartment for pulse in rig.twin.pulses] == [DOORS[0]]


async def test_hardware_17_the_test_button_shows_as_doors_that_open_without_a_command() -> None:
    async with rigged(replace(steel(), pop_ms=10)) as rig:
        await rig.until_known()
        rig.twin.press_test_button("board0")
        await rig.until(lambda: all(rig.is_closed(name) is False for name in DOORS))
        opened = [name for name, reading in rig.readings if reading_is_open(reading)]
        assert opened == DOORS
        assert {pulse.cause for pulse in rig.twin.pulses} == {Cause.TEST_BUTTON}


def reading_is_open(reading: object) -> bool:
    return isinstance(reading, KnownDoor) and not reading.is_closed


async def test_an_open_door_is_not_pulsed() -> None:
    async with rigged() as rig:
        await rig.until_known()
        rig.twin.force(DOOR)
        await rig.until(lambda: rig.is_closed(DOOR) is False)
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.ALREADY_OPEN
        assert rig.twin.pulses == []


async def test_a_jammed_door_is_pulsed_once_and_told() -> None:
    async with rigged(adjust=hasty) as rig:
        await rig.until_known()
        rig.twin.jam(DOOR, is_jammed=True)
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.NO_EDGE
        assert len(rig.twin.pulses) == 1
        rig.twin.jam(DOOR, is_jammed=False)
        assert await rig.hardware.unlock(rig.request(DOOR, 2)) is UnlockOutcome.OPENED


async def test_a_door_without_a_spring_opens_when_somebody_pulls() -> None:
    async with rigged(steel(pulse_ms=2_000)) as rig:
        await rig.until_known()
        rig.twin.compartment(DOOR).auto_pop = False
        unlock = asyncio.create_task(rig.hardware.unlock(rig.request(DOOR, 1)))
        await eventually(lambda: rig.twin.pull(DOOR))
        assert await unlock is UnlockOutcome.OPENED


async def test_a_lock_that_cannot_be_read_is_not_pulsed() -> None:
    async with rigged(adjust=jumpy) as rig:
        await rig.until_known()
        rig.twin.cut_power()
        await rig.until(lambda: rig.is_closed(DOOR) is None)
        reading = rig.hardware.reading(DOOR)
        assert isinstance(reading, UnknownDoor)
        assert reading.why is UnknownWhy.BUS_SILENT
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.REFUSED
        rig.twin.restore_power()
        await rig.until(lambda: rig.is_closed(DOOR) is True)
        assert rig.twin.pulses == []


async def test_a_power_cut_after_the_pulse_is_doubt_and_not_another_pulse() -> None:
    async with rigged(adjust=jumpy) as rig:
        await rig.until_known()
        rig.twin.on_change = lambda _: rig.twin.cut_power()
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.DOUBTFUL
        rig.twin.restore_power()
        await rig.until(lambda: rig.is_closed(DOOR) is False)
        assert len(rig.twin.pulses) == 1


async def test_a_port_that_breaks_during_the_pulse_is_resolved_by_reading() -> None:
    async with rigged() as rig:
        await rig.until_known()
        unlock = asyncio.create_task(rig.hardware.unlock(rig.request(DOOR, 1)))
        await eventually(lambda: rig.twin.compartment(DOOR).is_open)
        await rig.twin.pull_port("main")
        await rig.until(lambda: rig.is_closed(DOOR) is None)
        await rig.twin.plug_port("main")
        assert await unlock in (UnlockOutcome.OPENED, UnlockOutcome.DOUBTFUL)
        await rig.until(lambda: rig.is_closed(DOOR) is False)
        assert len(rig.twin.pulses) == 1


async def test_after_a_restart_a_command_is_resolved_by_reading_only() -> None:
    async with rigged(adjust=jumpy) as rig:
        rig.twin.force(DOORS[0])
        opened, shut = rig.request(DOORS[0], 1), rig.request(DOORS[1], 2)
        resolve = rig.hardware.resolve
        assert await resolve(opened.command, opened.compartment) is UnlockOutcome.OPENED
        assert await resolve(shut.command, shut.compartment) is UnlockOutcome.NO_EDGE
        assert await rig.hardware.unlock(opened) is UnlockOutcome.OPENED
        rig.twin.cut_power()
        await rig.until(lambda: rig.is_closed(DOORS[2]) is None)
        lost = rig.request(DOORS[2], 3)
        assert await rig.hardware.resolve(lost.command, lost.compartment) is UnlockOutcome.DOUBTFUL
        assert rig.twin.pulses == []


async def test_stopping_ends_an_unlock_with_what_is_true_then() -> None:
    async with rigged() as rig:
        await rig.until_known()
        rig.twin.jam(DOOR, is_jammed=True)
        unlock = asyncio.create_task(rig.hardware.unlock(rig.request(DOOR, 1)))
        queued = asyncio.create_task(rig.hardware.unlock(rig.request(DOORS[2], 2)))
        await pulses(rig, 1)
        await rig.hardware.stop()
        assert await unlock is UnlockOutcome.DOUBTFUL
        assert await queued is UnlockOutcome.REFUSED
        assert len(rig.twin.pulses) == 1


async def pulses(rig: Rig, count: int) -> None:
    await eventually(lambda: len(rig.twin.pulses) >= count)


async def test_what_the_governor_cannot_store_is_not_pulsed() -> None:
    async with rigged() as rig:
        await rig.until_known()

        async def full(_: dict[str, object]) -> None:
            raise Unavailable("journal.full")

        rig.hardware._governor._store = full
        assert await rig.hardware.unlock(rig.request(DOOR, 1)) is UnlockOutcome.REFUSED
        assert rig.twin.pulses == []


async def test_many_at_once_go_one_after_another() -> None:
    """Whoever asks for a wall of doors gets them one coil at a time, staggered."""
    everything = doors(6)
    async with rigged(steel(6)) as rig:
        await rig.until_known()
        outcomes = await asyncio.gather(
            *(
                rig.hardware.unlock(rig.request(name, number))
                for number, name in enumerate(everything)
            )
        )
        assert set(outcomes) == {UnlockOutcome.OPENED}
        starts = sorted(pulse.start_ms for pulse in rig.twin.pulses)
        gaps = [later - start for start, later in pairwise(starts)]
        assert min(gaps) >= PULSE_MS + QUICK_LIMITS.stagger_ms // 2
        assert overlapping(rig.twin.pulses) == []


async def test_nobody_there_means_two_doors_and_then_no_more() -> None:
    async with rigged() as rig:
        await rig.until_known()
        outcomes = [
            await rig.hardware.unlock(rig.request(name, number, has_presence=False))
            for number, name in enumerate(DOORS)
        ]
        assert outcomes == [UnlockOutcome.OPENED] * 2 + [UnlockOutcome.REFUSED] * 2
        assert await rig.hardware.unlock(rig.request(DOORS[3], 9)) is UnlockOutcome.OPENED


async def test_a_board_that_holds_its_coils_too_long_is_set_right() -> None:
    async with rigged() as rig:
        rig.twin.board("board0").pulse_ms = 2_000
        await eventually(lambda: rig.twin.board("board0").pulse_ms == PULSE_MS)


async def test_a_caller_that_goes_away_does_not_end_the_unlock() -> None:
    async with rigged() as rig:
        await rig.until_known()
        request = rig.request(DOOR, 1)
        caller = asyncio.create_task(rig.hardware.unlock(request))
        await pulses(rig, 1)
        caller.cancel()
        assert await rig.hardware.unlock(request) is UnlockOutcome.OPENED
        assert len(rig.twin.pulses) == 1


async def test_what_is_not_here_and_what_was_meant_otherwise_is_refused() -> None:
    async with rigged() as rig:
        with pytest.raises(NotFound):
            rig.hardware.reading(STRANGER)
        with pytest.raises(NotFound):
            await rig.hardware.unlock(rig.request(STRANGER, 1))
        await rig.until_known()
        await rig.hardware.unlock(rig.request(DOOR, 1))
        with pytest.raises(Conflict):
            await rig.hardware.unlock(rig.request(DOORS[2], 1))


async def test_freshness_is_the_age_of_the_oldest_reading() -> None:
    async with rigged(adjust=jumpy) as rig:
        await rig.until_known()
        assert rig.hardware.freshness_ms() < 1_000
        rig.twin.cut_power()
        await rig.until(lambda: rig.is_closed(DOOR) is None)
        before = rig.hardware.freshness_ms()
        await asyncio.sleep(0.03)
        assert rig.hardware.freshness_ms() >= before + 20


async def test_the_siren_sounds_until_it_is_ended() -> None:
    async with rigged() as rig:
        for is_on in (True, True, False):
            rig.hardware.siren(on=is_on)
            assert rig.hardware.siren_is_on is is_on
            assert rig.twin.siren_is_on is is_on


async def test_a_reading_is_told_when_it_changes_and_only_then() -> None:
    async with rigged() as rig:
        await rig.until_known()
        assert len(rig.readings) == len(DOORS)
        rig.twin.force(DOOR)
        await rig.until(lambda: rig.is_closed(DOOR) is False)
        rig.twin.put_parcel(DOOR)
        await rig.until(lambda: reading_is_full(rig))
        assert [name for name, _ in rig.readings[len(DOORS) :]] == [DOOR, DOOR]


def reading_is_full(rig: Rig) -> bool:
    reading = rig.hardware.reading(DOOR)
    return isinstance(reading, KnownDoor) and bool(reading.is_occupied)
