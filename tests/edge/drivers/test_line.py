"""One exchange: the right answer, in time, and nothing that was left over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bayward.core.errors import Unavailable
from bayward.edge.drivers.boards.codec import BoardState
from bayward.edge.drivers.boards.kerong_cu16 import KerongCu16
from bayward.edge.drivers.line import Line
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.wiring import PortSettings
from bayward.sim.hardware.cables import PtyEnd
from hardware_bench import JUMPY_TIMING, QUICK_TIMING, eventually

CODEC = KerongCu16()
ASK = CODEC.read(0)
ANSWER = bytes.fromhex("020035FFFF00000338")
OLD_ANSWER = bytes.fromhex("02003500000000033A")
NEIGHBOUR = bytes.fromhex("021035FFFF00000348")


class Bench:
    """A line whose far end answers each request with the next script."""

    def __init__(self, path: Path, timing: BusTiming) -> None:
        self.end = PtyEnd(path, self._asked)
        self.line = Line(PortSettings("main", str(path), gap_ms=2), CODEC.parser(), timing)
        self.script: list[bytes] = []
        self.asked: list[bytes] = []

    def _asked(self, data: bytes) -> None:
        self.asked.append(data)
        if self.script:
            self.end.send(self.script.pop(0))


@asynccontextmanager
async def plugged(path: Path, timing: BusTiming) -> AsyncIterator[Bench]:
    it = Bench(path, timing)
    await it.end.plug()
    await it.line.open()
    try:
        yield it
    finally:
        await it.line.close()
        await it.end.pull()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Waits long enough for every answer."""
    async with plugged(tmp_path / "adapter", QUICK_TIMING) as it:
        yield it


@pytest.fixture
async def hurried(tmp_path: Path) -> AsyncIterator[Bench]:
    """Does not wait long for answers that will not come."""
    async with plugged(tmp_path / "adapter", JUMPY_TIMING) as it:
        yield it


async def test_the_answer_is_returned(bench: Bench) -> None:
    bench.script = [ANSWER]
    assert await bench.line.exchange(ASK) == BoardState(0, 0xFFFF, 0)
    assert bench.line.health.exchanges == 1
    assert bench.line.health.silences == 0


async def test_silence_ends_and_is_counted(hurried: Bench) -> None:
    assert await hurried.line.exchange(ASK) is None
    assert hurried.line.health.silences == 1
    assert hurried.asked == [ASK.data]


async def test_an_answer_of_another_board_is_not_ours(hurried: Bench) -> None:
    hurried.script = [NEIGHBOUR]
    assert await hurried.line.exchange(ASK) is None
    assert hurried.line.health.strays == 1


async def test_garbage_before_an_answer_is_counted_and_skipped(bench: Bench) -> None:
    bench.script = [b"\xff\x02\x07" + ANSWER]
    assert await bench.line.exchange(ASK) == BoardState(0, 0xFFFF, 0)
    assert bench.line.health.garbage_bytes == 3


async def test_stale_bytes_are_forgotten_before_the_next_request(bench: Bench) -> None:
    """Half an answer that came too late must not be glued to the next one."""
    bench.end.send(ANSWER[:6])
    await asyncio.sleep(0.02)
    bench.script = [ANSWER]
    assert await bench.line.exchange(ASK) == BoardState(0, 0xFFFF, 0)
    assert bench.line.health.garbage_bytes == 6


async def test_an_answer_that_came_too_late_is_not_the_next_one(hurried: Bench) -> None:
    assert await hurried.line.exchange(ASK) is None
    hurried.end.send(OLD_ANSWER)
    await eventually(lambda: hurried.line.health.strays == 1)
    hurried.script = [ANSWER] * 20
    answer = None
    while answer is None and hurried.script:
        answer = await hurried.line.exchange(ASK)
    assert answer == BoardState(0, 0xFFFF, 0)


async def test_an_unlock_waits_for_nothing(bench: Bench) -> None:
    assert await bench.line.exchange(CODEC.unlock(0, 0, 500)) is None
    assert bench.line.health.silences == 0


async def test_a_line_that_breaks_ends_the_exchange_at_once(bench: Bench) -> None:
    patient = replace(QUICK_TIMING, board_latency_ms=60_000)
    line = Line(PortSettings("main", bench.end.url), CODEC.parser(), patient)
    await bench.line.close()
    await line.open()
    exchange = asyncio.create_task(line.exchange(ASK))
    await eventually(lambda: bool(bench.asked))
    await bench.end.pull()
    assert await asyncio.wait_for(exchange, 5) is None
    assert not line.is_open
    assert line.health.silences == 0
    with pytest.raises(Unavailable):
        await line.exchange(ASK)
    await line.close()


async def test_resting_ends_early_for_something_to_do(bench: Bench) -> None:
    work = asyncio.Event()
    rest = asyncio.create_task(bench.line.rest(work, 60_000))
    await asyncio.sleep(0)
    work.set()
    await asyncio.wait_for(rest, 5)
