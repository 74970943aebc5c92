"""The tables of a log in SQLite, read and written in whoever's transaction it is.

Here are the statements and nothing that begins or commits. `sqlite` brings a connection to a file
that holds logs and nothing else; the control plane brings the transaction of a request, because
there an event, its entry, its checkpoint and all that it causes are one.

Rows are only ever added, and only at the end; the guards are with who makes the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from bayward.cloud.storage.log_store.segment import Packed, hash_in, pack, runs
from bayward.ledger.errors import Unverified
from bayward.ledger.log import Append

NO_LIMIT = -1
OPTIONAL = ("leaves", "opened", "note")
"""Columns that a layout may do without, see `segment`: hashes that stand in the runs as well, what
opens the entries where that is kept elsewhere, and the checkpoint of each commit."""


class Rows(Protocol):
    """What a statement gives, with `sqlite3` as with SQLAlchemy."""

    def fetchall(self) -> Sequence[Any]:
        """All of it, as tuples."""
        ...  # pragma: no cover - a protocol has no body


Execute = Callable[[str, tuple[Any, ...]], Rows]
"""Runs one statement with its values, in the transaction of the caller."""


@dataclass(frozen=True)
class Layout:
    """What the two tables are called, and which columns say whose a row is.

    `keeps` are the optional columns of a segment (`OPTIONAL`) that there are; `run_hashes` is how
    many hashes go into one row at most.
    """

    segment: str
    run: str
    key: tuple[str, ...]
    keeps: tuple[str, ...]
    run_hashes: int

    @cached_property
    def find_hashes(self) -> str:
        """Parameters: places as JSON, key, key; rows: place, first place of its run, run."""
        # CROSS JOIN is SQLite's word for "in this order": left to itself it goes through all runs.
        return (
            "SELECT wanted.value, found.place, found.run FROM json_each(?) AS wanted"  # noqa: S608 - names of our own
            f" CROSS JOIN {self.run} AS found ON {self._mine('found.')} AND found.place ="
            f" (SELECT max(place) FROM {self.run} WHERE {self._mine()} AND place <= wanted.value)"
        )

    @cached_property
    def find_segments(self) -> str:
        """Parameters: key, key, first entry, end, limit."""
        return (
            f"SELECT first, count, entries, {self._optional()} FROM {self.segment}"  # noqa: S608 - names of our own
            f" WHERE {self._mine()} AND first >= coalesce((SELECT max(first) FROM {self.segment}"
            f" WHERE {self._mine()} AND first <= ?), 0) AND first < ? ORDER BY first LIMIT ?"
        )

    @cached_property
    def add_segment(self) -> str:
        """Parameters: key, first, count, entries, then the columns of `keeps`."""
        return _insert(self.segment, (*self.key, "first", "count", "entries", *self.keeps))

    @cached_property
    def add_run(self) -> str:
        """Parameters: key, place, run."""
        return _insert(self.run, (*self.key, "place", "run"))

    def _optional(self) -> str:
        return ", ".join(one if one in self.keeps else "x''" for one in OPTIONAL)

    def _mine(self, of: str = "") -> str:
        return " AND ".join(f"{of}{name} = ?" for name in self.key)


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of one log (`ledger.dense.HashReader`), for as long as the transaction lasts."""

    layout: Layout
    key: tuple[str | int, ...]
    execute: Execute

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places of the dense array, in this order, in one statement."""
        wanted = (json.dumps(list(indexes)), *self.key, *self.key)
        rows = self.execute(self.layout.find_hashes, wanted).fetchall()
        found = {place: hash_in(run, place, first) for place, first, run in rows}
        for index in indexes:
            if not found.get(index):
                raise Unverified("log.hash", f"the hash at place {index} is gone")
        return [found[index] for index in indexes]

    def segments(self, first: int, end: int, limit: int = NO_LIMIT) -> Iterator[tuple[Packed, str]]:
        """The rows that hold entries `first` … `end` - 1, each with its checkpoint if kept."""
        wanted = (*self.key, *self.key, first, end, limit)
        for *columns, note in self.execute(self.layout.find_segments, wanted).fetchall():
            packed = Packed(*columns)
            if packed.first + packed.count > first:
                yield packed, note or ""

    def add(self, append: Append, note: str) -> None:
        """One row for the entries, a few for their hashes; the head has been moved before."""
        row = pack(append)
        optional = {"leaves": row.leaves, "opened": row.opened, "note": note}
        kept = (optional[name] for name in self.layout.keeps)
        values = (*self.key, row.first, row.count, row.entries, *kept)
        self.execute(self.layout.add_segment, values)
        for place, run in runs(append, self.layout.run_hashes):
            self.execute(self.layout.add_run, (*self.key, place, run))


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own
