"""The computer in the wall: a real process that can lose its power at any instruction."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

START_S_MAX = 30.0
STOP_S_MAX = 10.0


class Computer:
    """Runs `bayward.sim.demo.edge_process`; its first line of output says where the kiosk is."""

    def __init__(self, *, settings: Path, state: Path, clock: Path, embedder: str) -> None:
        self._arguments = [str(settings), str(state), str(clock), embedder]
        self._log = state.with_suffix(".log")
        self._process: asyncio.subprocess.Process | None = None
        self.facts: Mapping[str, str] = {}

    @property
    def is_on(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process; ask only while it is on."""
        assert self._process is not None, "it is on"
        return self._process.pid

    async def start(self) -> None:
        """Switch on; returns when the kiosk answers. Raises `RuntimeError` with what it said."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bayward.sim.demo.edge_process", *self._arguments),
                stdin=asyncio.subprocess.PIPE,  # its end tells the computer that we are gone
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_S_MAX):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self.cut_power()
            said = self._log.read_text()[-2_000:]
            raise RuntimeError(f"the bank's computer did not start:\n{said}")
        self.facts = json.loads(line)

    async def cut_power(self) -> None:
        """Gone between two instructions: nothing is flushed, nothing is said."""
        if self._process is not None and self.is_on:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> None:
        """Shut down properly."""
        if self._process is None or not self.is_on:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await self._process.wait()
        except TimeoutError:
            await self.cut_power()
