"""How long to wait before dialling again: exponential, with full jitter.

After an outage a whole fleet dials at once. Waiting a random part of a growing time spreads it
evenly, whatever made it start together.
"""

from __future__ import annotations

from collections.abc import Callable

from bayward.core.clock import SECOND_MS

WAIT_MS_MIN = SECOND_MS
WAIT_MS_MAX = 120 * SECOND_MS
STEADY_MS = 30 * SECOND_MS  # a connection that lived this long was no failure


class Backoff:
    """Counts failures in a row; `random` is in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def worked(self) -> None:
        """A connection was good."""
        self._failures = 0

    def wait_ms(self) -> int:
        """How long to wait now; up to twice as long the next time."""
        ceiling_ms = min(WAIT_MS_MAX, WAIT_MS_MIN << min(self._failures, 10))
        self._failures += 1
        return int(self._random() * ceiling_ms)
