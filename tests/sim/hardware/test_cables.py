"""Both ends of a cable, plugged and pulled."""

from __future__ import annotations

import asyncio
import os
import pty
from contextlib import suppress
from pathlib import Path

import pytest

from bayward.core.errors import Misconfigured
from bayward.sim.hardware.cables import PtyEnd, TcpEnd
from bayward.ui.i18n import catalogues
from bayward.ui.problems import sentence
from hardware_bench import eventually


async def test_a_terminal_has_a_name_that_stays(tmp_path: Path) -> None:
    heard: list[bytes] = []
    end = PtyEnd(tmp_path / "adapter", heard.append)
    await end.plug()
    descriptor = os.open(end.url, os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, bytes(range(32)))
    await eventually(lambda: b"".join(heard) == bytes(range(32)))
    end.send(b"\x00\x11\x13\xff")
    assert os.read(descriptor, 64) == b"\x00\x11\x13\xff"
    await end.pull()
    assert not is_there(end.url)
    assert os.read(descriptor, 64) == b""
    os.close(descriptor)
    await end.plug()
    assert is_there(end.url)
    await end.pull()
    await end.pull()


def open_files() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def is_there(url: str) -> bool:
    return Path(url).exists()


@pytest.mark.parametrize("broken", ["openpty", "ttyname"])
async def test_a_machine_without_terminals_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("out of pty devices")

    before = open_files()
    monkeypatch.setattr(pty if broken == "openpty" else os, broken, fail)
    end = PtyEnd(tmp_path / "adapter", lambda _: None)
    with pytest.raises(Misconfigured, match="out of pty devices") as caught:
        await end.plug()
    assert caught.value.code == "terminal.none"
    assert "mount -t devpts" in sentence(catalogues()["en"], caught.value.code, {})
    assert open_files() == before
    await end.pull()


async def test_what_nobody_reads_is_lost_and_stops_nobody(tmp_path: Path) -> None:
    end = PtyEnd(tmp_path / "adapter", lambda _: None)
    end.send(b"nobody there")
    await end.plug()
    for _ in range(100):
        end.send(bytes(4_096))
    await end.pull()


async def test_a_gateway_serves_one_client_and_comes_back_on_the_same_port() -> None:
    heard: list[bytes] = []
    end = TcpEnd(heard.append)
    await end.plug()
    url = end.url
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"ask")
    await eventually(lambda: heard == [b"ask"])
    end.send(b"answer")
    assert await reader.readexactly(6) == b"answer"
    await end.pull()
    with suppress(ConnectionResetError):
        assert await reader.read(1) == b""
    writer.close()
    end.send(b"to nobody")
    await end.plug()
    assert end.url == url
    await end.pull()
