"""The edge as its own process: settings file in, kiosk out, and kill -9 in between."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bayward.core.compartment import Compartment
from bayward.edge.cli import main
from bayward.edge.wiring import HardwareSettings
from bayward.sim.hardware.commissioning import commissioned
from edge_bench import BANK
from edge_rig import enrolled, layout, running_edge, running_twin

DOORS = layout(4)


def toml_of(hardware: HardwareSettings, doors: list[Compartment], port: int) -> str:
    """What a technician would have written."""
    locks = {lock.compartment: lock for lock in hardware.locks}
    (line,), (board,) = hardware.ports, hardware.boards
    compartments = "".join(
        f'[[compartment]]\nid = "{door.id}"\nnumber = {door.number}\ncolumn = {door.column}\n'
        f'row = {door.row}\nsize = "{door.size}"\ninner_mm = [400, 200, 500]\n'
        f'floor_height_mm = {door.floor_height_mm}\nboard = "{board.name}"\n'
        f"lock = {locks[door.id].lock}\nhas_occupancy_sensor = true\n"
        for door in doors
    )
    return (
        f'supplies = ["psu"]\n[bank]\nid = "{BANK}"\nname = "North lobby"\nsite = "Elm Street"\n'
        f'deployment = "bayward.test"\n[kiosk]\nport = {port}\n'
        f'[[port]]\nname = "main"\nurl = "{line.url}"\nbaud = {line.baud}\n'
        f'[[board]]\nname = "{board.name}"\nport = "main"\nfamily = "kerong_cu16"\naddress = 0\n'
        f'closed_when = 1\nsupply = "psu"\npulse_ms = {board.pulse_ms}\n{compartments}'
    )


@asynccontextmanager
async def process(settings: Path, state: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`bayward edge run` in a process of its own."""
    arguments = ["-m", "bayward.edge", "run", str(settings), "--state", str(state)]
    running = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def until_logged(running: asyncio.subprocess.Process, what: str) -> str:
    """Read the log until `what` is in it; everything read so far."""
    assert running.stderr is not None
    told = ""
    async with asyncio.timeout(60):
        while what not in told:
            line = await running.stderr.readline()
            assert line, told
            told += line.decode()
    return told


async def health_when(browser: httpx.AsyncClient, port: int, status: str) -> dict[str, object]:
    """Ask for the health until it is `status`."""
    async with asyncio.timeout(60):
        while True:
            told: dict[str, object] = (
                await browser.get(f"http://127.0.0.1:{port}/kiosk/health")
            ).json()
            if told["status"] == status:
                return told
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.system
async def test_identity_73_kill_9_and_start_again(tmp_path: Path) -> None:
    state, settings, port = tmp_path / "state", tmp_path / "bank.toml", free_port()
    enrolled(state)
    async with running_twin(DOORS) as twin, httpx.AsyncClient(trust_env=False) as browser:
        settings.write_text(toml_of(commissioned(twin), DOORS, port))
        async with process(settings, state) as running:
            log = await until_logged(running, "edge started")
            await health_when(browser, port, "ok")
            assert twin.force(DOORS[0].id)
            told = await health_when(browser, port, "degraded")
            assert told["is_locked_down"]
            running.send_signal(signal.SIGKILL)
        async with process(settings, state) as running:
            log += await until_logged(running, "edge started")
            told = await health_when(browser, port, "degraded")
            assert told["is_locked_down"]
            url = (state / "kiosk-url").read_text()
            page = await browser.get(url, follow_redirects=True)
            assert "This wall is locked" in page.text
            running.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(running.wait(), 20) == 0
            assert running.stderr is not None
            log += (await running.stderr.read()).decode()
        assert "edge stopped" in log
        assert url.partition("key=")[2] not in log  # identity 101
    assert main(["check", str(settings), "--state", str(state)]) == 0


@pytest.mark.system
def test_settings_that_are_not_there_end_it_with_a_reason(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "bayward.edge", "run", str(tmp_path / "none.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "settings.unreadable" in answer.stderr
    assert "Traceback" not in answer.stderr


async def test_check_reads_the_whole_log_and_finds_a_changed_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, settings = tmp_path / "state", tmp_path / "bank.toml"
    enrolled(state)
    async with running_twin(DOORS) as twin:
        settings.write_text(toml_of(commissioned(twin), DOORS, 8080))
        async with running_edge(twin, DOORS, state) as rig:
            await rig.until_read()
    assert main(["check", str(settings), "--state", str(state)]) == 0
    assert "log entries are whole" in capsys.readouterr().out
    with sqlite3.connect(state / "journal-1.db") as connection:
        connection.execute("DROP TRIGGER entry_keep")
        connection.execute("UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE place = 1)")
    connection.close()
    assert main(["check", str(settings), "--state", str(state)]) == 1
    assert "the log is damaged: disclosure.foreign" in capsys.readouterr().err


def test_a_bad_ticket_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol", "BW1NONSENSE", "--state", str(tmp_path / "state")]) == 2
    assert "bayward edge: ticket." in capsys.readouterr().err


@pytest.mark.system
def test_nothing_starts_without_asserts(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-O", "-m", "bayward.edge", "run", str(tmp_path / "bank.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "edge.optimised" in answer.stderr


async def test_checking_where_no_bank_ever_was_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "bank.toml"
    async with running_twin(DOORS) as twin:
        settings.write_text(toml_of(commissioned(twin), DOORS, 8080))
    assert main(["check", str(settings), "--state", str(tmp_path / "none")]) == 2
    assert "keys.incomplete (missing=bank.key" in capsys.readouterr().err
