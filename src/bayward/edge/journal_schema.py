"""The journal's file: tables, guards, and how it is opened.

The triggers make the tables append-only for every program that means well; without
`recursive_triggers` an `INSERT OR REPLACE` would walk past them. Against somebody who means ill
only the signed checkpoint and an outside memory (the control plane) help, and both exist.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from bayward.core.errors import Misconfigured, Unavailable

APPLICATION_ID = 0x42574A31  # "BWJ1": a file of another program is refused, not "migrated"
SCHEMA_VERSION = 2  # since somebody was taken out of it; 1 is a journal that tells everything
BUSY_MS = 2_000  # only a backup or an inspecting shell can be in the way
WAL_PAGES_MAX = 256  # 1 MiB, then a checkpoint: an SD card must not hold a long WAL

Connect = Callable[[Path], sqlite3.Connection]

_TABLES = """
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL, vkey TEXT NOT NULL, bank TEXT NOT NULL
) STRICT;

-- The fence: each commit must find the size, root and boot it expects.
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
  boot INTEGER NOT NULL, watermark INTEGER NOT NULL, unconfirmed_ms INTEGER NOT NULL,
  acked INTEGER NOT NULL, quarantine TEXT
) STRICT;

CREATE TABLE entry (
  place INTEGER PRIMARY KEY, leaf BLOB NOT NULL, disclosures TEXT NOT NULL
) STRICT;

-- Fields that never leave this computer, in a table no upload reads.
CREATE TABLE local_field (
  place INTEGER PRIMARY KEY, disclosures TEXT NOT NULL
) STRICT;

-- The tree as one dense array (bayward.ledger.dense).
CREATE TABLE hash (place INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;

-- Sealed codes on their way up; deleted when the control plane has them.
CREATE TABLE letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER NOT NULL,
  kind TEXT NOT NULL, subject TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;

CREATE TABLE snapshot (size INTEGER PRIMARY KEY, note TEXT NOT NULL, state BLOB NOT NULL) STRICT;
"""

_KEEP = """
CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""

_STAY = """
CREATE TRIGGER {table}_stay BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""

_ORDER = """
CREATE TRIGGER {table}_order BEFORE INSERT ON {table}
WHEN NEW.place <> (SELECT coalesce(max(place) + 1, 0) FROM {table})
BEGIN SELECT RAISE(ABORT, 'append-only: not the next place'); END;
"""

_MORE_GUARDS = """
CREATE TRIGGER local_field_order BEFORE INSERT ON local_field
WHEN NEW.place <= (SELECT coalesce(max(place), -1) FROM local_field)
BEGIN SELECT RAISE(ABORT, 'append-only: not behind the last place'); END;

CREATE TRIGGER identity_once BEFORE INSERT ON identity
WHEN EXISTS (SELECT 1 FROM identity)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TRIGGER head_once BEFORE INSERT ON head
WHEN EXISTS (SELECT 1 FROM head)
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER head_stay BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER head_forward BEFORE UPDATE ON head
WHEN NEW.size < OLD.size OR NEW.boot < OLD.boot OR NEW.acked < OLD.acked
  OR NEW.watermark < OLD.watermark
BEGIN SELECT RAISE(ABORT, 'append-only: the head never goes back'); END;
"""


def schema() -> str:
    """The whole schema, one statement after the other."""
    guarded = ("identity", "entry", "local_field", "hash")
    guards = "".join((_KEEP + _STAY).format(table=table) for table in guarded)
    order = "".join(_ORDER.format(table=table) for table in ("entry", "hash"))
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
    return _TABLES + guards + order + _MORE_GUARDS + marks


def let_go(connection: sqlite3.Connection, rest: Mapping[int, str]) -> None:
    """Leave of these entries only these disclosures; in a transaction of the caller's.

    Their leaves stay, and so does every proof. It is the one change that is ever made to an entry,
    so the guard is lifted for it and stands again before the transaction ends. A program from
    before could not replay such a journal, and refuses it by its version.
    """
    connection.execute("DROP TRIGGER entry_keep")
    connection.executemany(
        "UPDATE entry SET disclosures = ?2 WHERE place = ?1", sorted(rest.items())
    )
    connection.execute(_KEEP.format(table="entry"))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def scrub(connection: sqlite3.Connection) -> None:
    """Write everything back into the file and empty the write-ahead log.

    Raises `Unavailable("journal.busy")` while somebody still reads an older state.
    """
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Unavailable("journal.busy")


def connect(path: Path) -> sqlite3.Connection:
    """A connection as the journal needs it; used by one thread at a time."""
    return sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
    )


def prepare(connection: sqlite3.Connection) -> None:
    """Set what SQLite does not keep in the file: durability and guards."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # a receipt that a power cut takes back is a lie
        "recursive_triggers = ON",
        "secure_delete = ON",  # a delivered letter must not linger in free pages
        "trusted_schema = OFF",
        f"wal_autocheckpoint = {WAL_PAGES_MAX}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def check_version(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a journal already; raises `Misconfigured` on any other content."""
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    if application == 0 and version == 0 and not _has_tables(connection):
        return False
    if application != APPLICATION_ID:
        raise Misconfigured("journal.foreign_file", file=path.name)
    if version > SCHEMA_VERSION:
        raise Misconfigured("journal.newer", found=version, known=SCHEMA_VERSION)
    return True


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    return int(row[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(row[0]) > 0


def not_writable(error: sqlite3.Error) -> Unavailable:
    """What everybody else sees of a storage error."""
    why = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return Unavailable("journal.not_writable", why=str(why))
