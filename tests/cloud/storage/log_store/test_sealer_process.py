"""Sealing processes that lie, do not start, or are left alone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from bayward.cloud.storage.log_store import sealer_process
from bayward.cloud.storage.log_store.sealers import Sealers
from bayward.core.errors import Unavailable
from sealers_bench import are_right, open_files, seal_many

LIAR = """
import socket, sys
from bayward.cloud.storage.log_store import sealer
channel = socket.socket(fileno=0)
asked = channel.makefile("rb")
def answer():
    return sealer.answer(asked.read(int.from_bytes(asked.read(4), "big")))
channel.sendall(answer())
told = answer()
channel.sendall({
    "nonsense": sealer.framed(b"nonsense"),
    "form": sealer.framed(sealer._write((1, [b"no pair"]))),
    "number": sealer.framed(sealer._write((7, [None] * 32))),
    "count": sealer.framed(sealer._write((1, [None] * 3))),
    "unasked": told + told,
    "endless": b"\\xff" * 10_000,
    "gone": told[:100],
}[sys.argv[1]])
if sys.argv[1] == "gone":
    sys.exit()
asked.read()
"""


@pytest.mark.parametrize(
    "lie", ["nonsense", "form", "number", "count", "unasked", "endless", "gone"]
)
async def test_a_process_that_answers_nonsense_is_given_up(
    lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_process, "_COMMAND", (sys.executable, "-I", "-c", LIAR, lie))
    async with Sealers(1, os.urandom) as pool:
        with capture_logs() as logs:
            assert are_right(await seal_many(pool))
        assert [one["why"] for one in logs] == ["died" if lie == "gone" else "nonsense"]
        assert pool.at_work == ()


@pytest.mark.parametrize("command", [("/bin/false",), ("/bin/cat",)])
async def test_a_process_that_does_not_start_is_told(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_process, "_COMMAND", command)
    monkeypatch.setattr(sealer_process, "START_S", 0.3)
    before = open_files()
    with pytest.raises(Unavailable, match=r"storage\.no_sealer"):
        async with Sealers(2, os.urandom):
            raise AssertionError("it cannot")
    assert open_files() == before


async def test_a_program_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer_process, "_COMMAND", ("/nowhere/python",))
    before = open_files()
    with pytest.raises(FileNotFoundError):
        async with Sealers(1, os.urandom):
            raise AssertionError("it cannot")
    assert open_files() == before


PARENT = """
import asyncio, os
from bayward.cloud.storage.log_store.sealers import Sealers

async def main():
    async with Sealers(2, os.urandom) as pool:
        print(*pool.at_work, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_who_started_it(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pids = [int(one) for one in parent.stdout.readline().split()]
        assert len(pids) == 2
        files = [os.pidfd_open(pid) for pid in pids]
        parent.send_signal(how)
        parent.wait(30)
        for file in files:
            found = poll_end(file)
            os.close(file)
            assert found


def poll_end(pidfd: int) -> bool:
    """Whether a process has ended, which may take a moment."""
    watch = select.poll()
    watch.register(pidfd, select.POLLIN)
    return bool(watch.poll(30_000))
