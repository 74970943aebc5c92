"""The scheduler against a paced line that loses, damages, fragments and echoes."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import structlog
from structlog.testing import capture_logs

from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy
from bayward.core.ids import CompartmentId
from bayward.edge.drivers.bus import PULSES_WAITING_MAX, BusScheduler, PulseResult
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.wiring import HardwareSettings
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.settings import Cable, TwinPort, TwinSettings, one_line
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import JUMPY_TIMING, QUICK_TIMING, SEED, RealClock, doors, eventually

PACED = TwinPort("main", baud=19_200)
FAST = TwinPort("main", baud=115_200)  # where the pace is not the point


@dataclass
class Bus:
    """One scheduler on a twin, without governor and unlock machine."""

    twin: BankTwin
    settings: HardwareSettings
    scheduler: BusScheduler
    changes: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def door(self, place: int) -> CompartmentId:
        return self.settings.locks[place].compartment

    def is_closed(self, place: int) -> bool | None:
        lock = self.settings.locks[place]
        reading = self.scheduler.reading(lock.board, lock.lock)
        return reading.is_closed if isinstance(reading, KnownDoor) else None

    def why(self, place: int) -> UnknownWhy | None:
        lock = self.settings.locks[place]
        reading = self.scheduler.reading(lock.board, lock.lock)
        return reading.why if isinstance(reading, UnknownDoor) else None

    async def until_known(self) -> None:
        places = range(len(self.settings.locks))
        await eventually(lambda: all(self.is_closed(place) is not None for place in places))


@asynccontextmanager
async def running(
    built: TwinSettings, timing: BusTiming = QUICK_TIMING, *, says_echo: bool | None = None
) -> AsyncIterator[Bus]:
    clock = RealClock()
    twin = BankTwin(built, random.Random(SEED), clock)
    await twin.start()
    settings = commissioned(twin)
    port = replace(settings.ports[0], gap_ms=2)
    if says_echo is not None:
        port = replace(port, has_echo=says_echo)
    changes: list[tuple[str, tuple[int, ...]]] = []

    def on_change(board: str, locks: tuple[int, ...]) -> None:
        changes.append((board, locks))

    scheduler = BusScheduler(port, settings.boards, timing, clock, on_change)
    scheduler.start()
    try:
        yield Bus(twin, settings, scheduler, changes)
    finally:
        await scheduler.stop()
        await twin.stop()


def line(count: int = 4, port: TwinPort = FAST, *, closed_level: int = 1) -> TwinSettings:
    built = one_line(doors(count), closed_level=closed_level, port=port, pulse_ms=50)
    boards = tuple(replace(board, latency_ms=2) for board in built.boards)
    return replace(built, boards=boards, pop_ms=10, bounce_ms=5)


def always() -> bool:
    return True


async def opens(bus: Bus, place: int) -> None:
    """Pulse a lock and see its door open."""
    lock = bus.settings.locks[place]
    assert await bus.scheduler.pulse(lock.board, lock.lock, always) is PulseResult.SENT
    await eventually(lambda: bus.is_closed(place) is False)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8])
async def test_replies_in_pieces_are_put_together(length: int) -> None:
    async with running(line(port=PACED)) as bus:
        bus.twin.faults("main").fragment_bytes = length
        await bus.until_known()
        await opens(bus, 2)
        assert bus.scheduler.health.garbage_bytes == 0


@pytest.mark.parametrize("closed_level", [0, 1])
async def test_a_bad_line_delays_the_truth_and_does_not_bend_it(closed_level: int) -> None:
    """A tenth of everything lost, a tenth damaged, noise in between: no door is ever misread."""
    async with running(line(closed_level=closed_level), JUMPY_TIMING) as bus:
        faults = bus.twin.faults("main")
        faults.lose_reply, faults.corrupt_reply, faults.lose_request = 0.1, 0.1, 0.1
        faults.noise, faults.fragment_bytes = 0.3, 3
        await bus.until_known()
        assert [bus.is_closed(place) for place in range(4)] == [True] * 4
        bus.twin.force(bus.door(1))
        await eventually(lambda: bus.is_closed(1) is False)
        exchanges = bus.scheduler.health.exchanges
        await eventually(lambda: bus.scheduler.health.exchanges > exchanges + 8)
        closed = {bus.is_closed(place) for place in (0, 2, 3)}
        assert False not in closed
        assert bus.scheduler.health.garbage_bytes > 0


@pytest.mark.parametrize("says_echo", [True, False])
async def test_hardware_01_an_echo_is_no_answer(*, says_echo: bool) -> None:
    """Commissioned as echoing it is taken off; unexpected, it is garbage to this family."""
    async with running(line(port=replace(FAST, has_echo=True)), says_echo=says_echo) as bus:
        await bus.until_known()
        await opens(bus, 0)
        health = bus.scheduler.health
        assert (health.garbage_bytes == 0) is says_echo
        assert health.echo_faults == 0


async def test_an_echo_that_does_not_come_costs_nothing() -> None:
    async with running(line(), says_echo=True) as bus:
        await bus.until_known()
        await opens(bus, 0)
        assert bus.scheduler.health.echo_faults > 0


async def test_a_dead_board_costs_its_neighbours_next_to_nothing() -> None:
    async with running(line(40), replace(JUMPY_TIMING, board_latency_ms=40)) as bus:
        bus.twin.faults("main").deaf_boards.add("board1")
        await eventually(lambda: bus.why(16) is UnknownWhy.BUS_SILENT)
        assert bus.is_closed(0) is True
        await opens(bus, 33)
        before = bus.scheduler.health
        exchanges, silences = before.exchanges, before.silences
        await eventually(lambda: bus.scheduler.health.exchanges > exchanges + 20)
        assert bus.scheduler.health.silences - silences <= 6
        assert bus.why(16) is UnknownWhy.BUS_SILENT
        bus.twin.faults("main").deaf_boards.clear()
        await eventually(lambda: bus.is_closed(16) is True)


async def test_a_door_that_bounces_is_believed_when_it_rests() -> None:
    async with running(replace(line(), bounce_ms=100)) as bus:
        await bus.until_known()
        seen = len(bus.changes)
        bus.twin.force(bus.door(3))
        await eventually(lambda: bus.is_closed(3) is False)
        await asyncio.sleep(0.12)
        assert bus.is_closed(3) is False
        assert {locks for _, locks in bus.changes[seen:]} == {(3,)}


async def test_a_port_that_is_pulled_and_comes_back() -> None:
    async with running(line()) as bus:
        await bus.until_known()
        await bus.twin.pull_port("main")
        await eventually(lambda: bus.why(0) is UnknownWhy.PORT_GONE)
        assert await bus.scheduler.pulse("board0", 0, always) is PulseResult.NOT_SENT
        await bus.twin.plug_port("main")
        await bus.until_known()
        await opens(bus, 0)
        assert bus.scheduler.health.openings == 2
        assert len(bus.twin.pulses) == 1


async def test_a_port_that_does_not_open_is_told_once_and_tried_on() -> None:
    with capture_logs() as logs:
        async with running(line()) as bus:
            await bus.until_known()
            await bus.twin.pull_port("main")
            await eventually(lambda: is_gone(bus.scheduler))
            await asyncio.sleep(5 * QUICK_TIMING.reopen_max_ms / 1000)
            await bus.twin.plug_port("main")
            await bus.until_known()
    told = [one["event"] for one in logs]
    opened, gone = "serial port is open", "serial port does not open"
    assert told[0] == told[-1] == opened
    assert set(told[1:-1]) == {gone}
    assert len(told) <= 4, "gone, then why it cannot be opened again: not each try"
    last = logs[-2]
    assert (last["log_level"], last["port"]) == ("error", "main")
    assert last["url"].endswith("/main")
    assert "No such file" in last["reason"]
    assert "trying again" in last["what"]


async def test_a_log_that_cannot_be_written_blinds_no_door() -> None:
    before = structlog.get_config()
    with tempfile.TemporaryFile("w") as closed:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(closed))
    try:
        async with running(line()) as bus:
            await bus.until_known()
            await bus.twin.pull_port("main")
            await eventually(lambda: is_gone(bus.scheduler))
            await bus.twin.plug_port("main")
            await bus.until_known()
            assert bus.scheduler.health.openings == 2
    finally:
        structlog.configure(**before)


async def test_a_tcp_gateway_is_a_port_like_any_other() -> None:
    async with running(line(port=TwinPort("main", cable=Cable.TCP))) as bus:
        await bus.until_known()
        await opens(bus, 1)
        await bus.twin.pull_port("main")
        await eventually(lambda: bus.why(0) is UnknownWhy.PORT_GONE)
        await bus.twin.plug_port("main")
        await bus.until_known()


async def test_hardware_11_a_second_master_gets_no_port() -> None:
    """Two masters on one pair read each other's answers; the second is told that it is busy."""
    async with running(line()) as bus:
        await bus.until_known()
        port = bus.settings.ports[0]
        rival = BusScheduler(port, bus.settings.boards, QUICK_TIMING, RealClock(), ignore)
        rival.start()
        await eventually(
            lambda: is_gone(rival) and rival.health.openings == 0,
        )
        assert await rival.pulse("board0", 0, always) is PulseResult.NOT_SENT
        await rival.stop()
        await opens(bus, 0)
        assert len(bus.twin.pulses) == 1


def ignore(_board: str, _locks: tuple[int, ...]) -> None:
    return


def is_gone(bus: BusScheduler) -> bool:
    reading = bus.reading("board0", 0)
    return isinstance(reading, UnknownDoor) and reading.why is UnknownWhy.PORT_GONE


async def test_hardware_16_a_pulse_can_be_withdrawn_in_the_last_moment() -> None:
    async with running(line()) as bus:
        await bus.until_known()
        result = await bus.scheduler.pulse("board0", 0, lambda: False)
        assert result is PulseResult.LATE
        abandoned = asyncio.create_task(bus.scheduler.pulse("board0", 1, always))
        await asyncio.sleep(0)
        abandoned.cancel()
        await opens(bus, 2)
        assert [pulse.compartment for pulse in bus.twin.pulses] == [bus.door(2)]


async def test_hardware_10_an_unlock_that_is_lost_is_not_sent_again() -> None:
    async with running(line()) as bus:
        await bus.until_known()
        bus.twin.faults("main").lose_request = 1.0
        assert await bus.scheduler.pulse("board0", 0, always) is PulseResult.SENT
        bus.twin.faults("main").lose_request = 0.0
        await bus.until_known()
        assert bus.twin.pulses == []


async def test_an_unlock_goes_before_every_reading() -> None:
    """Ten busy boards: the frame leaves after the exchange that is under way."""
    async with running(line(160)) as bus:
        await bus.until_known()
        for board in bus.settings.boards:
            bus.scheduler.watch(board.name)
        for place in (5, 50, 150):
            exchanges = bus.scheduler.health.exchanges
            lock = bus.settings.locks[place]
            await bus.scheduler.pulse(lock.board, lock.lock, always)
            assert bus.scheduler.health.exchanges - exchanges <= 2


async def test_ten_boards_are_read_in_turn_and_none_starves() -> None:
    """160 doors, paced bytes; one board is watched closely all the while."""
    async with running(line(160, PACED)) as bus:
        await bus.until_known()
        bus.scheduler.watch("board3")
        for name in ("board0", "board9"):
            await bus.scheduler.next_turn(name)
            exchanges = bus.scheduler.health.exchanges
            await bus.scheduler.next_turn(name)
            assert bus.scheduler.health.exchanges - exchanges <= 25
        bus.twin.force(bus.door(159))
        await eventually(lambda: bus.is_closed(159) is False)
        assert bus.twin.collisions("main") == 0


async def test_too_many_pulses_at_once_are_turned_away() -> None:
    async with running(line(16)) as bus:
        await bus.until_known()
        results = await asyncio.gather(
            *(bus.scheduler.pulse("board0", 0, lambda: False) for _ in range(20))
        )
        assert results.count(PulseResult.LATE) == PULSES_WAITING_MAX
        assert results.count(PulseResult.NOT_SENT) == 20 - PULSES_WAITING_MAX


async def test_stopping_answers_who_waits() -> None:
    async with running(line()) as bus:
        await bus.until_known()
        pulse = asyncio.create_task(bus.scheduler.pulse("board0", 0, always))
        await asyncio.sleep(0)
        await bus.scheduler.stop()
        assert await pulse in (PulseResult.NOT_SENT, PulseResult.UNSURE)


async def test_a_bug_in_the_scheduler_leaves_no_door_looking_known_and_is_told() -> None:
    async with running(line()) as bus:
        await bus.until_known()
        told: list[object] = []
        unknown: list[bool] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))

        def explode(_board: str, _locks: tuple[int, ...]) -> None:
            bus.scheduler._on_change = note
            raise ZeroDivisionError

        def note(_board: str, _locks: tuple[int, ...]) -> None:
            unknown.append(bus.is_closed(0) is None)

        bus.scheduler._on_change = explode
        bus.twin.force(bus.door(0))
        await eventually(lambda: bool(unknown))
        assert unknown[0]
        assert isinstance(told[0], ZeroDivisionError)
        await bus.until_known()
        assert bus.is_closed(0) is False
