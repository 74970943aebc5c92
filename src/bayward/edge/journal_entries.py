"""Events as rows of the journal: leaves, what may leave the bank, and what may not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bayward.core.events import LOCAL, Event
from bayward.edge.journal_reader import join
from bayward.ledger.leaf import SALT_BYTES, seal


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """A leaf, what opens its public fields, and what opens those that never leave this computer."""

    leaf: bytes
    disclosures: tuple[str, ...]
    local: tuple[str, ...]


def seal_all(events: Sequence[Event], random_bytes: Callable[[int], bytes]) -> list[SealedEvent]:
    """Seal each event with fresh salts."""
    result: list[SealedEvent] = []
    for event in events:
        fields = event.to_fields()
        whole = seal(fields, random_bytes(SALT_BYTES * len(fields)))
        pairs = list(zip(fields, whole.disclosures, strict=True))
        public = tuple(text for name, text in pairs if name not in LOCAL)
        local = tuple(text for name, text in pairs if name in LOCAL)
        result.append(SealedEvent(whole.leaf, public, local))
    return result


def insert(connection: sqlite3.Connection, first: int, sealed: Sequence[SealedEvent]) -> None:
    """Add entries from place `first` on, in a transaction of the caller's."""
    connection.executemany(
        "INSERT INTO entry VALUES (?, ?, ?)",
        [(place, one.leaf, join(one.disclosures)) for place, one in enumerate(sealed, start=first)],
    )
    connection.executemany(
        "INSERT INTO local_field VALUES (?, ?)",
        [(place, join(one.local)) for place, one in enumerate(sealed, start=first) if one.local],
    )
