"""Logs as they lie in our databases, read without writing and without trusting anything.

    <state>/bayward.db    the control plane: the tenants' logs, and the mirrors of the banks'
    <state>/journal-1.db  the computer in the wall: the bank's own, one file for each epoch

Reads go through SQLite's read-only mode, on one snapshot, so a program that runs meanwhile does
not disturb it. Copy a live file only with SQLite's backup; the file without its `-wal` is an
older state.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from bayward.cli.audit.told import Unusable
from bayward.cloud.audit.store import LAYOUT
from bayward.cloud.storage.log_store.segment import hash_in, split_loosely
from bayward.ledger.dense import stored_hash_index
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import parse_vkey

CLOUD, EDGE = "bayward.db", "journal-*.db"
PAGE = 1_000  # entries read at a time: about a megabyte
DENSE = 4  # times as many hashes are read for those wanted, rather than each by itself
EVERY = 2**63 - 1
_SEPARATOR = "~"  # between disclosures in a journal
_SEGMENTS = {"log_segment", "log_hash_run"}
_ROWS = {"log_entry", "log_hash"}


class Rows(Protocol):
    """Where the rows of one log are, whatever their form."""

    def entries(self, first: int, end: int) -> Iterator[tuple[int, bytes, Any]]:
        """Index, leaf and disclosures of what is stored as entries `first` … `end` - 1."""
        ...  # pragma: no cover - a protocol has no body

    def hashes(self, places: Sequence[int]) -> dict[int, bytes]:
        """The hashes of the tree at these places, as far as they are there."""
        ...  # pragma: no cover - a protocol has no body


@dataclass(frozen=True, slots=True)
class StoredLog:
    """One log: its header, what the row of its head says, and where its rows are."""

    header: LogHeader
    size: int
    root: bytes
    rows: Rows

    @property
    def origin(self) -> str:
        """Which log."""
        return self.header.key.name

    def entries(self) -> Iterator[LogEntry]:
        """Every entry with the leaf hash that is stored for it, in order."""
        rows = self.rows.entries(0, EVERY)
        while page := list(islice(rows, PAGE)):
            places = [stored_hash_index(0, row[0]) for row in page]
            hashes = self.rows.hashes(places)
            for (index, leaf, disclosures), place in zip(page, places, strict=True):
                stored = hashes.get(place, b"")
                yield LogEntry(index, stored, leaf, _disclosures(disclosures))

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """`ledger.dense.HashReader`; raises `Unverified` when one is gone."""
        found = self.rows.hashes(indexes)
        missing = [one for one in indexes if one not in found]
        if missing:
            raise Unverified("log.hash", f"the hash at place {missing[0]} is gone")
        return [found[one] for one in indexes]

    def read_entries(self, first: int, end: int) -> list[bytes]:
        """Leaves `first` … `end` - 1, as far as they are there."""
        return [leaf for _, leaf, _ in self.rows.entries(first, end)]


@dataclass(frozen=True, slots=True)
class _EntryRows:
    """A row for each entry and each hash: a bank's journal, a control plane before revision 16."""

    database: sqlite3.Connection
    entry_rows: str
    hash_rows: str
    owner: tuple[str, ...] = ()

    def entries(self, first: int, end: int) -> Iterator[tuple[int, bytes, Any]]:
        query = f"{self.entry_rows} AND place >= ? AND place < ? ORDER BY place"
        return self.database.execute(query, (*self.owner, first, end))

    def hashes(self, places: Sequence[int]) -> dict[int, bytes]:
        marks = ",".join("?" * len(places))
        query = f"{self.hash_rows} AND place IN ({marks})"
        return dict(self.database.execute(query, (*self.owner, *places)))


@dataclass(frozen=True, slots=True)
class _SegmentRows:
    """A row for each commit, and its hashes in runs. What opens the entries is sealed elsewhere."""

    database: sqlite3.Connection
    owner: tuple[str, str]

    def entries(self, first: int, end: int) -> Iterator[tuple[int, bytes, Any]]:
        """In order, whatever order and however often they stand in the table.

        A row that was cut short, or made longer, gives as many entries as can be read in it.
        """
        query = (
            "SELECT rowid, first, entries FROM log_segment"
            " WHERE tenant = ? AND origin = ? AND first < ? AND first + count > ? ORDER BY first"
        )
        waiting: list[tuple[int, int, bytes]] = []  # all but the newest row, unless rows overlap
        for row, begin, packed in self.database.execute(query, (*self.owner, end, first)):
            yield from ((at, leaf, "") for at, _, leaf in waiting if first <= at < min(begin, end))
            waiting = [one for one in waiting if one[0] >= begin]
            found = enumerate(split_loosely(packed), start=begin)
            waiting = sorted(waiting + [(at, row, leaf) for at, leaf in found], key=_place)
        yield from ((at, leaf, "") for at, _, leaf in waiting if first <= at < end)

    def hashes(self, places: Sequence[int]) -> dict[int, bytes]:
        if places and max(places) - min(places) < DENSE * len(places):
            return self._hashes_between(min(places), max(places))
        wanted = (json.dumps(list(places)), *self.owner, *self.owner)
        rows = self.database.execute(LAYOUT.find_hashes, wanted)
        found = {place: hash_in(run, place, first) for place, first, run in rows}
        return {place: one for place, one in found.items() if one}

    def _hashes_between(self, low: int, high: int) -> dict[int, bytes]:
        """The same for a whole stretch, run by run; a run ends where the next one begins."""
        mine = "FROM log_hash_run WHERE tenant = ? AND origin = ? AND place <= ?"
        query = (
            f"SELECT place, run {mine} AND place >="
            f" coalesce((SELECT max(place) {mine}), 0) ORDER BY place DESC"
        )
        found: dict[int, bytes] = {}
        end = high + 1
        for first, run in self.database.execute(query, (*self.owner, high, *self.owner, low)):
            for place in range(max(low, first), end):
                if one := hash_in(run, place, first):
                    found[place] = one
            end = first
        return found


@contextmanager
def stored_logs(path: Path) -> Iterator[list[StoredLog]]:
    """The logs of a state directory or a database file; raises `Unusable`."""
    files = _database_files(path)
    if not files:
        raise Unusable(f"{path}: neither {CLOUD} nor {EDGE} is in it")
    found: list[StoredLog] = []
    try:
        with ExitStack() as opened:
            for file in files:
                address = f"{file.resolve().as_uri()}?mode=ro"
                database = opened.enter_context(closing(sqlite3.connect(address, uri=True)))
                database.execute("BEGIN")
                found += _logs(database, file)
            yield found
    except sqlite3.Error as error:
        raise Unusable(f"{path}: {error}") from error


def is_database(path: Path) -> bool:
    """Does this look like one of ours?"""
    if path.is_dir():
        return bool(_database_files(path))
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def _database_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [one for name in (CLOUD, EDGE) for one in sorted(path.glob(name))]


def _logs(database: sqlite3.Connection, file: Path) -> Iterator[StoredLog]:
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if "log" in tables and any(them <= tables for them in (_SEGMENTS, _ROWS)):
        rows = database.execute(
            "SELECT tenant, origin, vkey, note, size, root FROM log ORDER BY origin, tenant"
        ).fetchall()
        for tenant, origin, vkey, note, size, root in rows:
            owner = (tenant, origin)
            is_newer = tables >= _SEGMENTS
            kept = _SegmentRows(database, owner) if is_newer else _older_rows(database, owner)
            yield StoredLog(_header(origin, vkey, note), size, root, kept)
    elif {"identity", "head", "entry", "hash"} <= tables:
        origin, vkey = database.execute("SELECT origin, vkey FROM identity").fetchone()
        note, size, root = database.execute("SELECT note, size, root FROM head").fetchone()
        journal = _EntryRows(
            database,
            "SELECT place, leaf, disclosures FROM entry WHERE true",
            "SELECT place, hash FROM hash WHERE true",
        )
        yield StoredLog(_header(origin, vkey, note), size, root, journal)
    else:
        raise Unusable(f"{file}: not a database of Bayward")


def _place(entry: tuple[int, int, bytes]) -> tuple[int, int]:
    return entry[:2]


def _older_rows(database: sqlite3.Connection, owner: tuple[str, str]) -> _EntryRows:
    mine = "tenant = ? AND origin = ?"
    shown = "disclosures" if _has_disclosures(database, "log_entry") else "''"
    return _EntryRows(
        database,
        f"SELECT place, leaf, shown FROM (SELECT idx AS place, leaf, {shown} AS shown"  # noqa: S608 - names of columns
        f" FROM log_entry WHERE {mine}) WHERE true",
        f"SELECT place, hash FROM log_hash WHERE {mine}",  # noqa: S608 - names of columns
        owner,
    )


def _header(origin: str, vkey: str, note: str) -> LogHeader:
    try:
        return LogHeader(parse_vkey(vkey), note)
    except LedgerError as error:
        raise Unusable(f"{origin}: its key cannot be read: {error}") from error


def _has_disclosures(database: sqlite3.Connection, table: str) -> bool:
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    return any(column[1] == "disclosures" for column in columns)


def _disclosures(column: Any) -> tuple[str, ...]:
    """Both spellings of a column of disclosures; what is neither is one bad disclosure."""
    if not isinstance(column, str) or not column:
        return ()
    if not column.startswith("["):
        return tuple(column.split(_SEPARATOR))
    try:
        found = json.loads(column)
    except ValueError:
        return (column,)
    return tuple(one if isinstance(one, str) else "" for one in found)
