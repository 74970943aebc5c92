"""What a witness and a mirror remember, in a SQLite file of its own.

Not in the control plane's database, on purpose: a database is restored from a backup now and
then, and a witness that is set back has forgotten what it has signed. The file must never be
restored from an older copy, and its triggers refuse a size that shrinks. Whoever changes it
on purpose can do so; that is why logs ask several witnesses.

`step`, `add` and `publish` are one transaction each, durable on return (`synchronous=FULL`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bayward.core.errors import Misconfigured, Unavailable
from bayward.ledger.dense import Frontier, stored_hash_count
from bayward.ledger.errors import Unverified
from bayward.ledger.log import Append
from bayward.ledger.mirror import Mirrored
from bayward.ledger.tiles import encode_bundle
from bayward.ledger.witness import Step, origin_hash, parse_kept

APPLICATION_ID = 0x42575731  # "BWW1"
SCHEMA_VERSION = 1
BUSY_MS = 5_000  # another process with the same file: a witness that pulls beside one that serves
SUSPECTS_MAX = 100  # of one log: whoever has its key fills no disk with contradictions

_SCHEMA = """
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL
) STRICT;

CREATE TABLE log (
  origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL DEFAULT 0, pending TEXT NOT NULL DEFAULT '',
  published_size INTEGER NOT NULL DEFAULT 0, published TEXT NOT NULL DEFAULT '',
  following INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE entry (
  origin TEXT NOT NULL, place INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (origin, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE hash (
  origin TEXT NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (origin, place)
) STRICT, WITHOUT ROWID;

-- Signed by the log, and not a continuation of what was kept: possibly proof of a fork.
CREATE TABLE suspect (
  id INTEGER PRIMARY KEY, origin TEXT NOT NULL, known TEXT NOT NULL, offered TEXT NOT NULL,
  UNIQUE (origin, known, offered)
) STRICT;

CREATE TRIGGER log_forward BEFORE UPDATE ON log
WHEN NEW.size < OLD.size OR NEW.published_size < OLD.published_size
  OR NEW.following < OLD.following OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER log_stay BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
CREATE TRIGGER log_once BEFORE INSERT ON log
WHEN EXISTS (SELECT 1 FROM log WHERE origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""
_MARKS = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"


class WitnessFile:
    """A `ledger.witness.Store`, and a `ledger.mirror.Store` for each origin; any thread."""

    def __init__(self, path: Path, name: str) -> None:
        """Open or make the file of the witness `name`; raises `Misconfigured` or `Unavailable`."""
        self._lock = threading.Lock()
        try:
            self.db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
            )
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON"):
                self.db.execute(f"PRAGMA {pragma}")
            self._prepare(path, name)
        except sqlite3.Error as error:
            self.close()
            raise _unavailable(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def step(self, origin: str, step: Step) -> str:
        """See `ledger.witness.Store`."""
        with self.transaction():
            note = step(self._one("SELECT pending FROM log WHERE origin = ?", origin) or None)
            self.write(origin, "size = ?, pending = ?", parse_kept(note).size, note)
        return note

    def suspect(self, origin: str, offered: str) -> None:
        """Keep a note that contradicts what is kept."""
        with self.transaction():
            count = self._one("SELECT count(*) FROM suspect WHERE origin = ?", origin)
            if count < SUSPECTS_MAX:
                known = self._one("SELECT pending FROM log WHERE origin = ?", origin) or ""
                self.db.execute(
                    "INSERT OR IGNORE INTO suspect (origin, known, offered) VALUES (?, ?, ?)",
                    (origin, known, offered),
                )

    def suspects(self, origin: str) -> list[tuple[str, str]]:
        """What was kept when a contradicting note came, and that note."""
        with self.reading():
            query = "SELECT known, offered FROM suspect WHERE origin = ? ORDER BY id"
            return list(self.db.execute(query, (origin,)))

    def newest(self, origin: str) -> str | None:
        """The newest checkpoint this witness has cosigned."""
        with self.reading():
            return self._one("SELECT pending FROM log WHERE origin = ?", origin) or None

    def newest_by_hash(self, hashed: str, *, is_mirror: bool = False) -> tuple[str, str] | None:
        """Origin and newest cosigned checkpoint of a log by the SHA-256 of its origin."""
        column = "published" if is_mirror else "pending"
        with self.reading():
            query = f"SELECT origin, {column} FROM log WHERE hash = ?"  # noqa: S608 - one of two names
            row: tuple[str, str] | None = self.db.execute(query, (hashed,)).fetchone()
        return row if row is not None and row[1] else None

    def mirror_of(self, origin: str) -> MirrorFile:
        """The mirror of one log."""
        return MirrorFile(self, origin)

    def _prepare(self, path: Path, name: str) -> None:
        application = self._one("PRAGMA application_id")
        if application == 0 and self._one("SELECT count(*) FROM sqlite_master") == 0:
            self.db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {_MARKS} COMMIT;")
        elif application != APPLICATION_ID:
            raise Misconfigured("witness.foreign_file", file=path.name)
        elif self._one("PRAGMA user_version") > SCHEMA_VERSION:
            raise Misconfigured("witness.newer_file", file=path.name)
        self.db.execute("INSERT OR IGNORE INTO identity (id, name) VALUES (1, ?)", (name,))
        found = self._one("SELECT name FROM identity")
        if found != name:
            raise Misconfigured("witness.other_name", found=found, expected=name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes durable together, or nothing of it; one thread at a time."""
        with self.reading():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take the connection for one thread, and tell what storage does wrong in our words."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise _unavailable(error) from error

    def write(self, origin: str, changes: str, *values: object) -> None:
        """Change the row of a log, which is made when this is its first checkpoint."""
        if self._one("SELECT 1 FROM log WHERE origin = ?", origin) is None:
            row = (origin, origin_hash(origin))
            self.db.execute("INSERT INTO log (origin, hash) VALUES (?, ?)", row)
        query = f"UPDATE log SET {changes} WHERE origin = ?"  # noqa: S608 - names of columns
        self.db.execute(query, (*values, origin))

    def _one(self, query: str, *values: object) -> Any:
        row = self.db.execute(query, values).fetchone()
        return None if row is None else row[0]


class MirrorFile:
    """A `ledger.mirror.Store` over a witness's file, for one origin."""

    def __init__(self, file: WitnessFile, origin: str) -> None:
        self._file = file
        self._origin = origin

    def read(self) -> Mirrored:
        """See `ledger.mirror.Store`; `ledger.errors.Unverified` when hashes are gone."""
        with self._file.reading():
            pending, published, following = self._row()
        return Mirrored(pending, published, Frontier.load(following, self))

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """Hashes at these places of the dense array, in one query."""
        marks = ",".join("?" * len(indexes))
        query = f"SELECT place, hash FROM hash WHERE origin = ? AND place IN ({marks})"  # noqa: S608 - only question marks are put in
        with self._file.reading():
            found = dict(self._file.db.execute(query, (self._origin, *indexes)))
        missing = [index for index in indexes if index not in found]
        if missing:
            raise Unverified("mirror.hash", f"the hash at place {missing[0]} is gone")
        return [found[index] for index in indexes]

    def read_entries(self, first: int, end: int) -> list[bytes]:
        """Entries `first` … `end` - 1, as far as they are there."""
        query = (
            "SELECT entry FROM entry WHERE origin = ? AND place >= ? AND place < ? ORDER BY place"
        )
        with self._file.reading():
            return [row[0] for row in self._file.db.execute(query, (self._origin, first, end))]

    def read_bundle(self, first: int, end: int) -> bytes:
        """The same as an entry bundle; empty when they are not all there."""
        found = self.read_entries(first, end)
        return encode_bundle(found) if len(found) == end - first else b""

    def add(self, append: Append) -> Frontier:
        """See `ledger.mirror.Store`."""
        with self._file.transaction():
            *_, following = self._row()
            if following == append.first:
                self._insert("entry", append.first, append.entries)
                self._insert("hash", stored_hash_count(append.first), append.stored_hashes)
                self._file.write(self._origin, "following = ?", append.new_size)
        return append.frontier if following == append.first else self.read().frontier

    def publish(self, step: Step) -> str:
        """See `ledger.mirror.Store`."""
        with self._file.transaction():
            note = step(self._row()[1] or None)
            changes = "published_size = ?, published = ?"
            self._file.write(self._origin, changes, parse_kept(note).size, note)
        return note

    def _row(self) -> tuple[str, str, int]:
        query = "SELECT pending, published, following FROM log WHERE origin = ?"
        row: tuple[str, str, int] | None = self._file.db.execute(query, (self._origin,)).fetchone()
        return row or ("", "", 0)

    def _insert(self, table: str, first: int, rows: Sequence[bytes]) -> None:
        self._file.db.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?)",  # noqa: S608 - one of two names
            ((self._origin, place, one) for place, one in enumerate(rows, start=first)),
        )


def _unavailable(error: sqlite3.Error) -> Unavailable:
    why = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return Unavailable("witness.not_writable", why=str(why))
