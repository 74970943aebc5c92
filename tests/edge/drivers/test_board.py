"""A board that appears, forgets its settings, and is waited for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bayward.edge.drivers.board import SETTLE_TRIES, Board
from bayward.edge.drivers.boards.families import codec_of
from bayward.edge.drivers.line import Line
from bayward.edge.drivers.timing import BusTiming
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import JUMPY_TIMING, PATIENCE_S, PULSE_MS, QUICK_TIMING, SEED, RealClock, steel


@asynccontextmanager
async def board_on_line(
    timing: BusTiming = QUICK_TIMING,
) -> AsyncIterator[tuple[Board, Line, BankTwin]]:
    clock = RealClock()
    twin = BankTwin(steel(), random.Random(SEED), clock)
    await twin.start()
    settings = commissioned(twin)
    board = Board(settings.boards[0], timing, clock)
    parser = codec_of(settings.boards[0].family).parser()
    line = Line(settings.ports[0], parser, timing)
    await line.open()
    try:
        yield board, line, twin
    finally:
        await line.close()
        await twin.stop()


async def test_two_readings_make_its_doors_known() -> None:
    async with board_on_line() as (board, line, _):
        assert await board.read(line) == ()
        assert await board.read(line) == tuple(range(16))
        assert board.is_settling


@pytest.mark.parametrize("fitted_ms", [PULSE_MS, 20, 5_000])
async def test_the_pulse_time_is_asked_and_set_right(fitted_ms: int) -> None:
    async with board_on_line() as (board, line, twin):
        twin.board("board0").pulse_ms = fitted_ms
        await board.read(line)
        await board.settle(line)
        assert board.pulse_ms == max(fitted_ms, PULSE_MS)
        while board.is_settling:
            await board.settle(line)
        assert board.pulse_ms == twin.board("board0").pulse_ms == PULSE_MS


async def test_a_board_that_does_not_tell_its_pulse_time_is_not_asked_for_ever() -> None:
    async with board_on_line(JUMPY_TIMING) as (board, line, twin):
        await until_read(board, line)
        twin.cut_power()
        for _ in range(SETTLE_TRIES):
            assert board.is_settling
            await board.settle(line)
        assert not board.is_settling
        assert board.pulse_ms == PULSE_MS


async def test_a_board_that_comes_back_is_asked_again() -> None:
    async with board_on_line(JUMPY_TIMING) as (board, line, twin):
        await until_read(board, line)
        while board.is_settling:
            await board.settle(line)
        twin.cut_power()
        for _ in range(JUMPY_TIMING.tries_max):
            await board.read(line)
        assert board.watch.read_ms is None
        twin.restore_power()
        await until_read(board, line)
        assert board.is_settling


async def until_read(board: Board, line: Line) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while board.watch.read_ms is None:
            await board.read(line)


async def test_who_waits_for_a_turn_is_woken_by_it() -> None:
    async with board_on_line() as (board, _, _):
        waiters = [asyncio.create_task(board.next_turn()) for _ in range(2)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        await asyncio.sleep(0)
        board.end_turn()
        await asyncio.wait_for(waiters[1], 5)
        assert waiters[0].cancelled()
