"""The keyring's own SQLite file: wrapped keys, and the names of those that were destroyed.

It is not part of the database, so that it can have another rule for backups: an old database
with the keyring of today shows everybody but who was erased since. Each change is durable when
it returns, before anything is encrypted under a new key.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bayward.core.clock import Instant

PRAGMAS = (
    "journal_mode=DELETE",  # no write-ahead log in which a key that was deleted lives on
    "synchronous=FULL",
    "secure_delete=ON",
    "trusted_schema=OFF",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (
    tenant TEXT NOT NULL, epoch INTEGER NOT NULL, begun_at INTEGER NOT NULL,
    PRIMARY KEY (tenant)) STRICT;
CREATE TABLE IF NOT EXISTS key (
    tenant TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    epoch INTEGER NOT NULL, wrapped BLOB NOT NULL,
    PRIMARY KEY (tenant, key), UNIQUE (tenant, kind, name)) STRICT;
CREATE TABLE IF NOT EXISTS destroyed (
    tenant TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)) STRICT;
"""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is kept: `kind` subject, period or index; `name` says of whom, of when."""

    id: str
    kind: str
    name: str
    epoch: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """A tenant's present epoch."""

    number: int
    begun_at: Instant


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Somebody whose key is gone."""

    tenant: str
    name: str
    key: str
    at: Instant


class KeyringFile:
    """The file, or a database in memory without a path; one connection, behind a lock."""

    def __init__(self, path: Path | None, image: bytes | None = None) -> None:
        self._lock = threading.RLock()
        self._tx = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        try:
            if image is not None:
                self._tx.deserialize(image)
            for pragma in PRAGMAS:
                self._tx.execute(f"PRAGMA {pragma}")
            self._tx.executescript(_SCHEMA)
        except BaseException:
            self._tx.close()
            raise

    def serialize(self) -> bytes:
        """The whole file, as `__init__` takes it."""
        with self._lock:
            return bytes(self._tx.serialize())

    def close(self) -> None:
        """Let it go."""
        with self._lock:
            self._tx.close()

    def epoch(self, tenant: str) -> Epoch | None:
        """The tenant's present epoch; None before its first key."""
        with self._lock:
            row = self._tx.execute(
                "SELECT epoch, begun_at FROM epoch WHERE tenant = ?", (tenant,)
            ).fetchone()
        return None if row is None else Epoch(row[0], Instant(row[1]))

    def tenants(self) -> list[str]:
        """Whoever has an epoch."""
        with self._lock:
            rows = self._tx.execute("SELECT tenant FROM epoch ORDER BY tenant").fetchall()
        return [row[0] for row in rows]

    def by_name(self, tenant: str, kind: str, name: str) -> WrappedKey | None:
        """The key of somebody, or of a month."""
        return self._one("tenant = ? AND kind = ? AND name = ?", (tenant, kind, name))

    def by_id(self, tenant: str, key: str) -> WrappedKey | None:
        """The key of this id."""
        return self._one("tenant = ? AND key = ?", (tenant, key))

    def keys(self, tenant: str, kind: str | None = None) -> list[WrappedKey]:
        """All keys of a tenant, or those of one kind."""
        with self._lock:
            rows = self._tx.execute(
                "SELECT key, kind, name, epoch, wrapped FROM key"
                " WHERE tenant = ? AND (? IS NULL OR kind = ?) ORDER BY key",
                (tenant, kind, kind),
            ).fetchall()
        return [WrappedKey(*row) for row in rows]

    def add(self, tenant: str, key: WrappedKey) -> None:
        """Keep a new key."""
        with self._lock:
            self._tx.execute(
                "INSERT INTO key VALUES (?, ?, ?, ?, ?, ?)",
                (tenant, key.id, key.kind, key.name, key.epoch, key.wrapped),
            )

    def remove(self, tenant: str, key: str) -> None:
        """Take a key out that nobody has to remember."""
        with self._lock:
            self._tx.execute("DELETE FROM key WHERE tenant = ? AND key = ?", (tenant, key))

    def begin(self, tenant: str, epoch: int, now: Instant, keys: Iterable[WrappedKey] = ()) -> None:
        """Begin an epoch, with all keys of the tenant wrapped anew: all of it, or nothing."""
        rows = [(one.epoch, one.wrapped, tenant, one.id) for one in keys]
        with self._lock:
            self._tx.execute("BEGIN IMMEDIATE")
            try:
                self._tx.executemany(
                    "UPDATE key SET epoch = ?, wrapped = ? WHERE tenant = ? AND key = ?", rows
                )
                self._tx.execute(
                    "INSERT OR REPLACE INTO epoch VALUES (?, ?, ?)", (tenant, epoch, now)
                )
            except BaseException:
                self._tx.execute("ROLLBACK")
                raise
            self._tx.execute("COMMIT")

    def destroy(self, tenant: str, name: str, key: str, now: Instant) -> None:
        """Take a subject's key out and remember that it was destroyed."""
        with self._lock:
            self._tx.execute("BEGIN IMMEDIATE")
            self._tx.execute("DELETE FROM key WHERE tenant = ? AND key = ?", (tenant, key))
            self._tx.execute(
                "INSERT OR IGNORE INTO destroyed VALUES (?, ?, ?, ?)", (tenant, name, key, now)
            )
            self._tx.execute("COMMIT")

    def destroyed(self) -> list[Destroyed]:
        """Everybody whose key was destroyed."""
        with self._lock:
            rows = self._tx.execute("SELECT * FROM destroyed ORDER BY tenant, name").fetchall()
        return [Destroyed(row[0], row[1], row[2], Instant(row[3])) for row in rows]

    def is_destroyed(self, tenant: str, name: str) -> bool:
        """Whether somebody's key was destroyed."""
        with self._lock:
            found = self._tx.execute(
                "SELECT 1 FROM destroyed WHERE tenant = ? AND name = ?", (tenant, name)
            ).fetchone()
        return found is not None

    def _one(self, where: str, values: tuple[str, ...]) -> WrappedKey | None:
        query = f"SELECT key, kind, name, epoch, wrapped FROM key WHERE {where}"  # noqa: S608 - ours
        with self._lock:
            row = self._tx.execute(query, values).fetchone()
        return None if row is None else WrappedKey(*row)
