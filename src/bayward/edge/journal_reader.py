"""Reading the journal: events for a replay, entries and proofs for the upload.

Everything here raises `Unavailable("journal.not_readable")` when storage does not answer, and
`Misconfigured("journal.damaged")` when what it answers cannot be.

Every reader is bound to one size of the log, which never changes again, so what it returns
belongs together however much is appended meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bayward.core.errors import Invalid, Misconfigured, Unavailable
from bayward.core.events import Event, Scalar
from bayward.ledger import dense
from bayward.ledger.errors import OutOfRange
from bayward.ledger.leaf import open_leaf

DISCLOSURE_SEPARATOR = "~"  # as RFC 9901 strings disclosures together; not in base64url
PAGE_ENTRIES = 500  # read at a time while replaying; about a megabyte


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it may leave this computer: the leaf and what opens its public fields."""

    leaf: bytes
    disclosures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A sealed code waiting to go up; it belongs to the log of at least `size` entries."""

    id: int
    size: int
    kind: str
    subject: str
    sealed: bytes


class LogReader:
    """The first `size` entries of a journal; a `ledger.dense.HashReader`."""

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self._connection = connection
        self.size = size

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """Hashes at these places of the dense array, in one query."""
        marks = ",".join("?" * len(indexes))
        query = f"SELECT place, hash FROM hash WHERE place IN ({marks})"  # noqa: S608 - only question marks are put in
        found: dict[int, bytes] = dict(self._query(query, tuple(indexes)))
        try:
            return [found[index] for index in indexes]
        except KeyError as error:
            raise OutOfRange("journal.hash_missing", f"place {error.args[0]}") from None

    def root(self, size: int | None = None) -> bytes:
        """Root of the log when it had `size` entries (now, when None)."""
        return dense.tree_hash(self._checked(self.size if size is None else size), self)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Proof that the log of `old` entries is the beginning of the one of `new`.

        Empty when there is nothing to prove: from an empty log, or between equal sizes.
        """
        self._checked(new)
        return dense.consistency_proof(old, new, self) if 0 < old < new else []

    def entries(self, first: int, end: int) -> list[Entry]:
        """Entries `first` … `end` - 1 without their local fields."""
        self._checked(end)
        rows = self._query(
            "SELECT leaf, disclosures FROM entry WHERE place >= ? AND place < ? ORDER BY place",
            (first, end),
        )
        return [Entry(leaf, split(disclosures)) for leaf, disclosures in rows]

    def events(self, first: int = 0) -> Iterator[Event]:
        """Every event from `first` on, local fields included, each proven against its leaf."""
        for page in range(first, self.size, PAGE_ENTRIES):
            rows = self._query(
                "SELECT entry.leaf, entry.disclosures, coalesce(local_field.disclosures, '') "
                "FROM entry LEFT JOIN local_field USING (place) "
                "WHERE place >= ? AND place < ? ORDER BY place",
                (page, min(page + PAGE_ENTRIES, self.size)),
            )
            for leaf, public, local in rows:
                yield event_of(leaf, split(public) + split(local))

    def letters(self, limit: int) -> list[Letter]:
        """Up to `limit` letters that this size covers, oldest first."""
        rows = self._query(
            "SELECT id, size, kind, subject, sealed FROM letter WHERE size <= ? "
            "ORDER BY id LIMIT ?",
            (self.size, limit),
        )
        return [Letter(*row) for row in rows]

    def _query(self, query: str, parameters: tuple[int, ...]) -> list[tuple[Any, ...]]:
        """Rows; what storage does wrong is told as one of our errors."""
        try:
            return self._connection.execute(query, parameters).fetchall()
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            why = getattr(error, "sqlite_errorname", None) or type(error).__name__
            raise Unavailable("journal.not_readable", why=str(why)) from error
        except sqlite3.DatabaseError as error:
            raise Misconfigured("journal.damaged", why=str(error)) from error

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise OutOfRange("journal.size", f"{size} of {self.size} entries")
        return size


def join(disclosures: Sequence[str]) -> str:
    """Disclosures as one column."""
    return DISCLOSURE_SEPARATOR.join(disclosures)


def split(column: str) -> tuple[str, ...]:
    """The column as disclosures."""
    return tuple(column.split(DISCLOSURE_SEPARATOR)) if column else ()


def event_of(leaf: bytes, disclosures: Sequence[str]) -> Event:
    """The event behind a leaf; raises `LedgerError` or `Invalid` when it is not one.

    Where the leaf commits to more fields than are told, somebody in it was erased.
    """
    told: dict[str, Scalar] = {}
    for name, value in open_leaf(leaf, disclosures).items():
        if isinstance(value, list | dict):
            raise Invalid("event.field_kind", field=name)
        told[name] = value
    is_whole = leaf.count(b'","') + 1 == len(told)
    return Event.from_fields(told) if is_whole else Event.from_rest(told)
