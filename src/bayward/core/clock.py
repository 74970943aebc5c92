"""Time comes in from outside.

`Instant` is milliseconds since 1970-01-01 UTC. `monotonic_ms` never goes back and has no epoch;
durations are measured with it. Nothing in `core`, `wire`, `ledger` or the edge controller reads
a clock: they are handed an `Instant`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType, Protocol

Instant = NewType("Instant", int)

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """What a program asks for the time."""

    def now(self) -> Instant:
        """Wall-clock time, UTC."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        ...


def after(instant: Instant, ms: int) -> Instant:
    """The instant `ms` milliseconds later (earlier when negative)."""
    return Instant(instant + ms)


def iso(instant: Instant) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. `2026-11-20T13:12:00.000Z`."""
    moment = datetime.fromtimestamp(instant / 1000, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"
