"""The log a bank kept before the present one: what is left of it, for the first entries of the new.

A new log epoch begins when an administrator lets a bank begin anew: its storage was lost or set
back, or its log contradicts what others remember. What the old file still says is written into
the new log, so that the break is on record on both sides.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bayward.core.clock import Instant
from bayward.core.events import Event, EventType

NEW_EPOCH = "new_epoch"  # nothing was wrong with it, as far as its file knows
LOST = "journal.lost"  # there is no file, or none that can be read


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The log of the epoch before: `size` entries are on this disk; `reason` is a stable code."""

    origin: str
    size: int
    reason: str

    def recovered(self, time: Instant) -> Event:
        """What the new log says of it."""
        return Event(
            type=EventType.STORAGE_RECOVERED,
            time=time,
            origin=self.origin,
            log_size=self.size,
            reason=self.reason,
        )


def read(path: Path, origin: str) -> Predecessor:
    """Look into the old file without changing it; a file that says nothing is a lost one."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            size, quarantine = connection.execute("SELECT size, quarantine FROM head").fetchone()
    except (sqlite3.Error, TypeError):
        return Predecessor(origin, 0, LOST)
    return Predecessor(origin, int(size), quarantine or NEW_EPOCH)
