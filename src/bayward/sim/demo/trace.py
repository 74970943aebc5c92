"""Which modules a thing that happened went through: the strip below the wall.

The bank's journal is read from outside, read-only, while the bank writes it. What lights up is
what `ARCHITECTURE.md` says a datum passes, in that order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bayward.core.events import Event, EventType
from bayward.edge.journal_reader import event_of, split
from bayward.ledger.dense import stored_hash_index
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import parse_vkey
from bayward.ui.views.demo import Module

MODULES = (
    Module(name="kiosk", does="asks", place="edge"),
    Module(name="controller", does="decides", place="edge"),
    Module(name="journal", does="makes it durable", place="edge"),
    Module(name="governor", does="caps", place="edge"),
    Module(name="hardware", does="pulses, reads", place="edge"),
    Module(name="link", does="carries up", place="link"),
    Module(name="ingest", does="checks the root", place="cloud"),
    Module(name="reactions", does="what follows", place="cloud"),
    Module(name="audit", does="tenant log", place="cloud"),
    Module(name="notify", does="tells people", place="cloud"),
)
AT_THE_BANK = ("controller", "journal")
AT_THE_KIOSK = ("kiosk", *AT_THE_BANK)
AT_THE_DOOR = ("hardware", *AT_THE_BANK)
UP = ("link", "ingest", "reactions", "audit")
TOLD = {
    EventType.GRANT_ISSUED,
    EventType.CODE_ROTATED,
    EventType.PARCEL_COLLECTED,
    EventType.DOOR_FORCED_OPEN,
    EventType.DOOR_OPEN_TOO_LONG,
}
BY_DOORS = {
    EventType.DOOR_OPENED,
    EventType.DOOR_CLOSED,
    EventType.DOOR_FORCED_OPEN,
    EventType.DOOR_LOST,
    EventType.DOOR_FOUND,
    EventType.UNLOCK_ENDED,
}


def path_of(kind: EventType, *, is_cable_up: bool) -> tuple[str, ...]:
    """The modules one event passes."""
    if kind is EventType.UNLOCK_REQUESTED:
        here: tuple[str, ...] = (*AT_THE_KIOSK, "governor", "hardware")
    else:
        here = AT_THE_DOOR if kind in BY_DOORS else AT_THE_KIOSK
    if not is_cable_up:
        return here
    return (*here, *UP, *(("notify",) if kind in TOLD else ()))


class JournalWindow:
    """Looks at a bank's journal over its shoulder: read-only, while the bank writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self) -> int:
        """How many entries there are; 0 while there is no journal."""
        rows = self._rows("SELECT size FROM head")
        return int(rows[0][0]) if rows else 0

    def root(self) -> str:
        """Root of the log, hex; empty while there is none."""
        rows = self._rows("SELECT root FROM head")
        return bytes(rows[0][0]).hex() if rows else ""

    def origin(self) -> str:
        """Name of the log."""
        return str(self._rows("SELECT origin FROM identity")[0][0])

    def kinds(self, first: int) -> list[EventType]:
        """Types of the entries from `first` on."""
        return [event.type for event in self.events(first)]

    def events(self, first: int) -> list[Event]:
        """The entries from `first` on."""
        rows = self._rows("SELECT leaf, disclosures FROM entry WHERE place >= ?", first)
        return [event_of(leaf, split(disclosures)) for leaf, disclosures in rows]

    def export(self) -> Iterator[bytes]:
        """The whole log in the form that `bayward verify` reads."""
        identity = self._rows("SELECT vkey FROM identity")
        head = self._rows("SELECT note FROM head")
        if not identity or not head:
            return
        yield LogHeader(parse_vkey(identity[0][0]), head[0][0]).line
        rows = self._rows("SELECT place, leaf, disclosures FROM entry ORDER BY place")
        for place, leaf, disclosures in rows:
            yield LogEntry(place, self._hash(place), leaf, split(disclosures)).line

    def _hash(self, place: int) -> bytes:
        rows = self._rows("SELECT hash FROM hash WHERE place = ?", stored_hash_index(0, place))
        return bytes(rows[0][0])

    def _rows(self, query: str, *values: int) -> list[Any]:
        if not self._path.exists():
            return []
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # not created yet, or being created just now
            return []
        finally:
            connection.close()
