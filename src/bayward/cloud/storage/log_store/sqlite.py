"""Logs in a file of SQLite.

Each commit is one transaction. For each log in it the head moves from the size it must have to the
new one, one row takes the entries, a few take the hashes. `BEGIN IMMEDIATE` lets one writer in at a
time, and the head is the fence: the second finds another size and keeps nothing.

The triggers refuse an `INSERT` anywhere but at the end, so `INSERT OR REPLACE` cannot rewrite
a row either, whatever `recursive_triggers` is set to in the program that tries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bayward.cloud.storage.log_store.logs import Commit
from bayward.cloud.storage.log_store.segment import RUN_HASHES, Segment, unpack
from bayward.cloud.storage.log_store.tables import OPTIONAL, Layout, LogRows
from bayward.core.errors import Conflict

BUSY_S = 5.0

_TABLES = """
CREATE TABLE IF NOT EXISTS head (
  log INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, note TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS segment (
  log INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  note TEXT NOT NULL, leaves BLOB NOT NULL, entries BLOB NOT NULL, opened BLOB NOT NULL,
  PRIMARY KEY (log, first)
) STRICT;
CREATE TABLE IF NOT EXISTS hash_run (
  log INTEGER NOT NULL, place INTEGER NOT NULL, run BLOB NOT NULL, PRIMARY KEY (log, place)
) STRICT;
"""

_GUARDS = """
CREATE TRIGGER IF NOT EXISTS {table}_keep BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS {table}_stay BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""

_ORDER = """
CREATE TRIGGER IF NOT EXISTS segment_order BEFORE INSERT ON segment
WHEN NEW.count < 1
  OR NEW.first <> coalesce((SELECT first + count FROM segment
    WHERE log = NEW.log ORDER BY first DESC LIMIT 1), 0)
  OR NEW.first + NEW.count IS NOT (SELECT size FROM head WHERE log = NEW.log)
BEGIN SELECT RAISE(ABORT, 'append-only: not at the end'); END;
CREATE TRIGGER IF NOT EXISTS hash_run_order BEFORE INSERT ON hash_run
WHEN length(NEW.run) < 32
  OR NEW.place <> coalesce((SELECT place + length(run) / 32 FROM hash_run
    WHERE log = NEW.log ORDER BY place DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'append-only: not at the end'); END;

CREATE TRIGGER IF NOT EXISTS head_once BEFORE INSERT ON head
WHEN NEW.size <> 0 OR EXISTS (SELECT 1 FROM head WHERE log = NEW.log OR origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_stay BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_forward BEFORE UPDATE ON head
WHEN NEW.size < OLD.size OR NEW.note IS NULL OR NEW.log <> OLD.log OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'append-only: the head never goes back'); END;
"""

LAYOUT = Layout("segment", "hash_run", ("log",), keeps=OPTIONAL, run_hashes=RUN_HASHES)
END = 2**63 - 1


CHECKPOINT_PAGES = 8_000
"""32 MB of write-ahead log. SQLite's own 4 MB put a pause of several flushes into every fortieth
commit at full load, so it was what one client in a hundred waited for; now it is one in many."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection with what SQLite does not keep in the file: durability and guards.

    Raises what SQLite says; no half-open connection is left then. One that waited for the garbage
    collector would hold the file open, and its write-ahead log with it.
    """
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_S
    )
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            "recursive_triggers = ON",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def create(connection: sqlite3.Connection) -> None:
    """Make the tables and their guards, unless they are there."""
    guards = "".join(_GUARDS.format(table=table) for table in ("segment", "hash_run"))
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}{guards}{_ORDER} COMMIT;")


class SqliteLogs:
    """The logs of a file that `create` has prepared (`log_store.logs.SegmentLogs`).

    `connect` is called at first use, and again after a failed commit: a connection of which
    nobody knows what it did is not used any further. For one thread at a time.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._numbers: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def read_head(self, origin: str) -> str | None:
        """The latest signed checkpoint of a log, or None."""
        log = self._number(origin)
        row = self._ready().execute("SELECT note FROM head WHERE log = ?", (log,)).fetchone()
        return None if row[0] is None else str(row[0])

    def read_hashes(self, origin: str, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places, in this order, in one statement."""
        return self._rows(origin).read_hashes(indexes)

    def commit(self, commits: Sequence[Commit]) -> None:
        """Keep it all or nothing; raises `Conflict("log.moved")` when another was faster."""
        for one in commits:
            self._number(one.origin)  # begins it
        connection = self._ready()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for one in commits:
                self._add(connection, one)
            connection.execute("COMMIT")
        except BaseException:
            self.close()  # which rolls back whatever was not committed
            raise

    def segments(self, origin: str, first: int = 0) -> Iterator[Segment]:
        """The segments from the one that holds entry `first` on, one in memory at a time."""
        entry = first
        while found := list(self._rows(origin).segments(entry, END, limit=1)):
            [(packed, note)] = found
            yield unpack(packed, note)
            entry = packed.first + packed.count

    def _add(self, connection: sqlite3.Connection, one: Commit) -> None:
        append = one.append
        moved = connection.execute(
            "UPDATE head SET size = ?, note = ? WHERE log = ? AND size = ?",
            (append.new_size, one.note, self._number(one.origin), append.first),
        )
        if moved.rowcount != 1:
            raise Conflict("log.moved", origin=one.origin)
        if append.entries:
            self._rows(one.origin).add(append, one.note)

    def _rows(self, origin: str) -> LogRows:
        log = self._number(origin)
        return LogRows(LAYOUT, (log,), self._ready().execute)

    def _number(self, origin: str) -> int:
        """The key of a log, which begins here when nobody has named it before."""
        if origin not in self._numbers:
            connection = self._ready()
            connection.execute("BEGIN IMMEDIATE")
            find = "SELECT log FROM head WHERE origin = ?"
            row = connection.execute(find, (origin,)).fetchone()
            if row is None:
                connection.execute("INSERT INTO head (origin, size) VALUES (?, 0)", (origin,))
                row = connection.execute(find, (origin,)).fetchone()
            connection.execute("COMMIT")
            self._numbers[origin] = int(row[0])
        return self._numbers[origin]

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection
