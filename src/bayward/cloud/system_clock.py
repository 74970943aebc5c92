"""The clock of the machine; everything else is handed one."""

from __future__ import annotations

import time

from bayward.core.clock import Instant


class SystemClock:
    """The clock of this machine."""

    def now(self) -> Instant:
        """Wall-clock time."""
        return Instant(time.time_ns() // 1_000_000)

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        return time.monotonic_ns() // 1_000_000
