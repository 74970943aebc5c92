"""`bayward sim wall` as a process, and the product's own driver at its other end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bayward.cli import main
from bayward.core.door import KnownDoor
from bayward.edge.hardware import Hardware
from bayward.edge.settings import load
from hardware_bench import RealClock, eventually, keep_nothing


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def wall(folder: Path, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A wall that stands."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bayward.cli", "sim", "wall", "bank.toml", *more),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    while b"Ctrl-C" not in (line := await running.stdout.readline()):
        assert line, (await running.stderr.read() if running.stderr else b"").decode()
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def typed(running: asyncio.subprocess.Process, text: str) -> None:
    assert running.stdin is not None
    running.stdin.write(text.encode())


@pytest.mark.system
@pytest.mark.parametrize("cable", ["tcp", "path"])
async def test_our_own_driver_reads_its_doors(tmp_path: Path, cable: str) -> None:
    at = f"socket://127.0.0.1:{free_port()}" if cable == "tcp" else str(tmp_path / "line")
    async with wall(tmp_path, "--new", "--at", at, "--trace") as running:
        settings = load(tmp_path / "bank.toml")
        hardware = Hardware(
            settings.hardware,
            clock=RealClock(),
            on_reading=lambda *_: None,
            on_governor=keep_nothing,
        )
        await hardware.start()
        door = settings.layout[1].id

        def is_closed() -> bool | None:
            reading = hardware.reading(door)
            return reading.is_closed if isinstance(reading, KnownDoor) else None

        try:
            await eventually(lambda: is_closed() is True)
            typed(running, "force 2\n")
            await eventually(lambda: is_closed() is False)
            typed(running, "shut 2\n")
            await eventually(lambda: is_closed() is True)
            typed(running, "cut\n")
            await eventually(lambda: is_closed() is None)
            typed(running, "mend\n")
            await eventually(lambda: is_closed() is True)
        finally:
            await hardware.stop()
        typed(running, "quit\n")
        said, frames = await asyncio.wait_for(running.communicate(), 20)
        assert running.returncode == 0
        assert "door 2  open" in said.decode()
        told = frames.decode()
        assert " main → 02 00 30 03 35" in told, "the driver asks board 0 how its locks stand"
        assert " main ← 02 00 35 " in told, "and is told"
        assert "Traceback" not in told


@pytest.mark.system
async def test_without_a_terminal_it_stands_until_it_is_told_to_end(tmp_path: Path) -> None:
    async with wall(tmp_path, "--new", "--at", f"socket://127.0.0.1:{free_port()}") as running:
        assert running.stdin is not None
        running.stdin.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.wait(), 0.5)
        running.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(running.wait(), 20) == 0


def test_what_cannot_stand_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bank.toml"
    for told, code in (
        ([str(file)], "settings.unreadable"),
        ([str(file), "--new", "--columns", "4Z"], "wall.columns"),
        ([str(file), "--new", "--web", "http://localhost:8000"], "wall.half"),
        ([str(file), "--new", "--at", "/dev/ttyUSB0"], "wall.place"),
        ([str(file), "--new"], "wall.exists"),
    ):
        assert main(["sim", "wall", *told]) == 2, told
        assert code in capsys.readouterr().err
