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
from pathlib import Path
from typing import Any

from bayward.cli.audit.told import Unusable
from bayward.ledger.dense import stored_hash_index
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import parse_vkey

CLOUD, EDGE = "bayward.db", "journal-*.db"
PAGE = 1_000  # entries read at a time: about a megabyte
_SEPARATOR = "~"  # between disclosures in a journal


@dataclass(frozen=True, slots=True)
class StoredLog:
    """One log: its header, what the row of its head says, and where its rows are."""

    header: LogHeader
    size: int
    root: bytes
    database: sqlite3.Connection
    entry_rows: str
    hash_rows: str
    owner: tuple[str, ...]

    @property
    def origin(self) -> str:
        """Which log."""
        return self.header.key.name

    def entries(self) -> Iterator[LogEntry]:
        """Every entry with the leaf hash that is stored for it, in order."""
        rows = self.database.execute(self.entry_rows, self.owner)
        while page := rows.fetchmany(PAGE):
            places = [stored_hash_index(0, row[0]) for row in page]
            hashes = self._hashes(places)
            for (index, leaf, disclosures), place in zip(page, places, strict=True):
                stored = hashes.get(place, b"")
                yield LogEntry(index, stored, leaf, _disclosures(disclosures))

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """`ledger.dense.HashReader`; raises `Unverified` when one is gone."""
        found = self._hashes(indexes)
        missing = [one for one in indexes if one not in found]
        if missing:
            raise Unverified("log.hash", f"the hash at place {missing[0]} is gone")
        return [found[one] for one in indexes]

    def read_entries(self, first: int, end: int) -> list[bytes]:
        """Leaves `first` … `end` - 1, as far as they are there."""
        query = f"SELECT leaf FROM ({self.entry_rows}) WHERE place >= ? AND place < ?"  # noqa: S608 - our own query
        return [row[0] for row in self.database.execute(query, (*self.owner, first, end))]

    def _hashes(self, places: Sequence[int]) -> dict[int, bytes]:
        marks = ",".join("?" * len(places))
        query = f"{self.hash_rows} AND place IN ({marks})"
        return dict(self.database.execute(query, (*self.owner, *places)))


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
    if {"log", "log_entry", "log_hash"} <= tables:
        rows = database.execute(
            "SELECT tenant, origin, vkey, note, size, root FROM log ORDER BY origin, tenant"
        ).fetchall()
        for tenant, origin, vkey, note, size, root in rows:
            mine = "tenant = ? AND origin = ?"
            shown = "disclosures" if _has_disclosures(database, "log_entry") else "''"
            yield StoredLog(
                _header(origin, vkey, note),
                size,
                root,
                database,
                f"SELECT idx AS place, leaf, {shown} FROM log_entry WHERE {mine} ORDER BY idx",  # noqa: S608 - names of columns
                f"SELECT place, hash FROM log_hash WHERE {mine}",  # noqa: S608 - names of columns
                (tenant, origin),
            )
    elif {"identity", "head", "entry", "hash"} <= tables:
        origin, vkey = database.execute("SELECT origin, vkey FROM identity").fetchone()
        note, size, root = database.execute("SELECT note, size, root FROM head").fetchone()
        yield StoredLog(
            _header(origin, vkey, note),
            size,
            root,
            database,
            "SELECT place, leaf, disclosures FROM entry ORDER BY place",
            "SELECT place, hash FROM hash WHERE true",
            (),
        )
    else:
        raise Unusable(f"{file}: not a database of Bayward")


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
