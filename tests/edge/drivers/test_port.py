"""The port itself: exclusive, pulled out under our hands, and echoing."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.core.errors import Unavailable
from bayward.edge.drivers.port import Port
from bayward.edge.wiring import PortSettings
from bayward.sim.hardware.cables import PtyEnd
from hardware_bench import eventually


class Bench:
    """The far end of a terminal, and what either side heard."""

    def __init__(self, path: Path) -> None:
        self.end = PtyEnd(path, self._hear)
        self.sent = b""
        self.heard = b""

    def port(self, *, has_echo: bool = False) -> Port:
        return Port(PortSettings("main", self.end.url, has_echo=has_echo), self._receive)

    def _hear(self, data: bytes) -> None:
        self.sent += data

    def _receive(self, data: bytes) -> None:
        self.heard += data


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    it = Bench(tmp_path / "adapter")
    await it.end.plug()
    yield it
    await it.end.pull()


async def test_bytes_go_out_and_come_in_unchanged(bench: Bench) -> None:
    port = bench.port()
    await port.open()
    every = bytes(range(256))
    port.write(every)
    bench.end.send(every)
    await eventually(lambda: bench.sent == every and bench.heard == every)
    await port.close()
    assert not port.is_open


async def test_hardware_11_a_second_opener_is_told_the_port_is_busy(bench: Bench) -> None:
    port, rival = bench.port(), bench.port()
    await port.open()
    with pytest.raises(Unavailable) as caught:
        await rival.open()
    cause = caught.value.__cause__
    assert isinstance(cause, OSError)
    assert cause.errno in (errno.EBUSY, errno.EAGAIN)
    assert port.is_open
    await port.close()
    await rival.open()
    await rival.close()


async def test_hardware_15_a_port_is_known_by_a_name_that_stays(bench: Bench) -> None:
    """The terminal behind it has another number after it was plugged in again."""
    port = bench.port()
    for _ in range(2):
        await port.open()
        lost = port.lost
        await bench.end.pull()
        await asyncio.wait_for(lost, 5)
        assert not port.is_open
        with pytest.raises(Unavailable):
            port.write(b"anybody?")
        await port.close()
        await bench.end.plug()
    await port.open()
    await port.close()


@pytest.mark.parametrize("url", ["/dev/no-such-adapter", "nonsense://x", "socket://127.0.0.1:1"])
async def test_a_port_that_is_not_there_is_unavailable(url: str) -> None:
    port = Port(PortSettings("main", url), lambda _: None)
    with pytest.raises(Unavailable) as caught:
        await port.open()
    assert caught.value.code == "port.gone"
    assert not port.is_open
    with pytest.raises(Unavailable):
        port.write(b"?")


@pytest.mark.parametrize(
    "pieces", [[b"ask!reply"], [b"a", b"sk", b"!re", b"ply"], [b"ask!", b"reply"]]
)
async def test_hardware_01_an_echo_is_taken_off_once(bench: Bench, pieces: list[bytes]) -> None:
    port = bench.port(has_echo=True)
    await port.open()
    port.write(b"ask!")
    await eventually(lambda: bench.sent == b"ask!")
    for number, piece in enumerate(pieces):
        bench.end.send(piece)
        await asyncio.sleep(0.005 * (number < len(pieces) - 1))
    await eventually(lambda: bench.heard == b"reply")
    assert port.echo_faults == 0
    bench.end.send(b"ask!")
    await eventually(lambda: bench.heard == b"replyask!")
    await port.close()


async def test_an_echo_that_comes_after_the_next_frame_is_still_an_echo(bench: Bench) -> None:
    port = bench.port(has_echo=True)
    await port.open()
    port.write(b"ask!")
    port.write(b"next?")
    bench.end.send(b"ask!next?reply")
    await eventually(lambda: bench.heard == b"reply")
    assert port.echo_faults == 0
    await port.close()


async def test_echoes_that_never_come_are_given_up(bench: Bench) -> None:
    port = bench.port(has_echo=True)
    await port.open()
    for _ in range(20):
        port.write(b"a question of some length")
    bench.end.send(b"reply")
    await eventually(lambda: bench.heard == b"reply")
    await port.close()


async def test_what_is_no_echo_is_handed_on(bench: Bench) -> None:
    port = bench.port(has_echo=True)
    await port.open()
    port.write(b"ask!")
    bench.end.send(b"noise")
    await eventually(lambda: bench.heard == b"noise")
    assert port.echo_faults == 1
    await port.close()
