"""A clock that can be told to be later, for every process of a simulated world at once.

The offset is one 64-bit number in a small file that all processes map; `skip` in one of them is
seen by the others at their next look. Both readings move, so that a week that is skipped has
passed for durations too.
"""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

from bayward.core.clock import Instant

_OFFSET = struct.Struct(">q")


class SharedClock:
    """Real time plus an offset in a file; the first process to open it creates it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_OFFSET.pack(0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _OFFSET.size)

    @property
    def offset_ms(self) -> int:
        """How far ahead of real time this world is, in milliseconds."""
        return int(_OFFSET.unpack(self._map[: _OFFSET.size])[0])

    def skip(self, ms: int) -> None:
        """Let `ms` milliseconds have passed; time never runs back."""
        if ms < 0:
            raise ValueError("time does not run back")
        self._map[: _OFFSET.size] = _OFFSET.pack(self.offset_ms + ms)

    def now(self) -> Instant:
        """Wall-clock time in this world."""
        return Instant(time.time_ns() // 1_000_000 + self.offset_ms)

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        return time.monotonic_ns() // 1_000_000 + self.offset_ms

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
