"""An event loop whose time jumps to whatever is due next: minutes of waiting in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bayward.core.clock import Instant

T = TypeVar("T")
START_MS = 1_800_000_000_000


class VirtualLoop(asyncio.SelectorEventLoop):
    """For coroutines that wait for each other and for time, not for sockets or threads."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual_s = 0.0

    def time(self) -> float:
        return self._virtual_s

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]  # BaseEventLoop's own
        if not ready:
            due = [handle.when() for handle in scheduled if not handle.cancelled()]
            if not due:
                waiting = sorted(task.get_name() for task in asyncio.all_tasks(self))
                raise RuntimeError(f"nothing will ever happen; these wait: {waiting}")
            self._virtual_s = max(self._virtual_s, min(due))
        super()._run_once()  # type: ignore[misc]  # likewise


class LoopClock:
    """The clock of the running loop."""

    def now(self) -> Instant:
        return Instant(START_MS + self.monotonic_ms())

    def monotonic_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
