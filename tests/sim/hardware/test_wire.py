"""Copper: bytes take their time, faults are what they say, and two talkers spoil each other."""

from __future__ import annotations

import asyncio
import random

import pytest

from bayward.sim.hardware.board_cu16 import Cu16Board
from bayward.sim.hardware.settings import TwinPort
from bayward.sim.hardware.wire import Wire
from hardware_bench import SEED, RealClock, eventually

ASK = bytes.fromhex("0200300335")
ANSWER = bytes.fromhex("02003500000000033a")


class Bench:
    """Two boards without doors on one line."""

    def __init__(self, baud: int = 19_200, *, has_echo: bool = False) -> None:
        self.heard: list[bytes] = []
        self.times: list[float] = []
        self.fired: list[int] = []
        boards = {
            f"board{address}": (
                Cu16Board(address, 1, [], 500, lambda lock, _: self.fired.append(lock)),
                2,
            )
            for address in (0, 1)
        }
        port = TwinPort("main", baud, has_echo)
        self.wire = Wire(port, boards, random.Random(SEED), RealClock(), self._hear)

    def _hear(self, data: bytes) -> None:
        self.heard.append(data)
        self.times.append(asyncio.get_running_loop().time())

    @property
    def text(self) -> bytes:
        return b"".join(self.heard)

    async def ask(self, times: int = 1) -> None:
        for _ in range(times):
            self.wire.from_host(ASK)
            await asyncio.sleep(0.03)


@pytest.mark.parametrize(("baud", "least_s"), [(9_600, 0.0145), (19_200, 0.0073)])
async def test_bytes_take_the_time_they_take(baud: int, least_s: float) -> None:
    bench = Bench(baud)
    begin = asyncio.get_running_loop().time()
    bench.wire.from_host(ASK)
    await eventually(lambda: bench.text == ANSWER)
    assert bench.times[-1] - begin >= least_s


async def test_a_reply_in_pieces_is_the_same_reply() -> None:
    bench = Bench()
    bench.wire.faults.fragment_bytes = 2
    bench.wire.from_host(ASK)
    await eventually(lambda: bench.text == ANSWER)
    assert [len(piece) for piece in bench.heard] == [2, 2, 2, 2, 1]


async def test_an_adapter_that_echoes_returns_the_request_first() -> None:
    bench = Bench(has_echo=True)
    bench.wire.from_host(ASK)
    await eventually(lambda: bench.text == ASK + ANSWER)


async def test_lost_replies_and_requests_are_lost() -> None:
    bench = Bench(115_200)
    bench.wire.faults.lose_reply = 1.0
    await bench.ask()
    bench.wire.faults.lose_reply, bench.wire.faults.lose_request = 0.0, 1.0
    await bench.ask()
    assert bench.heard == []


async def test_a_damaged_reply_differs_in_one_bit() -> None:
    bench = Bench(115_200)
    bench.wire.faults.corrupt_reply = 1.0
    bench.wire.from_host(ASK)
    await eventually(lambda: len(bench.text) == len(ANSWER))
    flipped = int.from_bytes(bench.text, "big") ^ int.from_bytes(ANSWER, "big")
    assert flipped.bit_count() == 1


async def test_noise_comes_before_the_reply() -> None:
    bench = Bench(115_200)
    bench.wire.faults.noise = 1.0
    bench.wire.from_host(ASK)
    await eventually(lambda: bench.text.endswith(ANSWER))
    assert len(bench.text) > len(ANSWER)


async def test_boards_that_are_deaf_or_without_power_say_nothing() -> None:
    bench = Bench(115_200)
    bench.wire.faults.deaf_boards.add("board0")
    await bench.ask()
    bench.wire.faults.deaf_boards.clear()
    bench.wire.is_powered = False
    await bench.ask()
    assert bench.heard == []


async def test_a_late_board_answers_late() -> None:
    bench = Bench(115_200)
    bench.wire.faults.extra_latency_ms = 40
    begin = asyncio.get_running_loop().time()
    bench.wire.from_host(ASK)
    await eventually(lambda: bench.text == ANSWER)
    assert bench.times[0] - begin >= 0.04


async def test_who_interrupts_spoils_both() -> None:
    """On a line so slow that even a busy machine interrupts in time."""
    bench = Bench(300)
    bench.wire.faults.fragment_bytes = 1
    bench.wire.from_host(ASK)
    await eventually(lambda: bool(bench.heard))
    bench.wire.from_host(ASK)
    await eventually(lambda: len(bench.text) >= len(ANSWER))
    assert bench.wire.collisions == 1
    assert ANSWER not in bench.text
    bench.wire.close()


async def test_a_closed_line_delivers_nothing_more() -> None:
    bench = Bench()
    bench.wire.from_host(ASK)
    bench.wire.close()
    await asyncio.sleep(0.03)
    assert bench.heard == []
