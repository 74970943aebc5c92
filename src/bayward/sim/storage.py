"""The disk of a simulated bank: real SQLite, unreal reliability.

The journal runs on it unchanged. What is committed stays when the power goes; what is not, is
gone. On demand the disk fails: at any statement with an I/O error (a COMMIT that fails may have
been kept or not, as on real disks), for a while with no room, or by the plug being pulled at the
n-th touch. An `image` is what somebody copies off the card and puts back later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bayward.core.errors import Misconfigured
from bayward.edge.journal_check import compare
from bayward.edge.journal_reader import LogReader
from bayward.ledger.merkle import EMPTY_ROOT

JOURNAL = Path("journal.db")  # a name for messages; nothing of it is on any real disk
_READS = ("SELECT", "PRAGMA")


class PowerCut(BaseException):
    """The plug was pulled; no handler of the program under test may catch this."""


@dataclass(slots=True)
class Mark:
    """The journal's second place (`edge.journal_mark`), in memory."""

    told: tuple[int, bytes] | None = None

    def write(self, journal: Path, size: int, root: bytes) -> None:
        """Replace the mark."""
        del journal
        self.told = size, root

    def begun(self, journal: Path) -> None:
        """Note that there is a journal."""
        del journal
        self.told = self.told or (0, EMPTY_ROOT)

    def check(self, journal: Path, reader: LogReader) -> None:
        """Raise `Misconfigured` when the journal is not what its mark remembers."""
        del journal
        verdict = None if self.told is None else compare(reader, *self.told)
        if self.told is not None and verdict is not None:
            raise Misconfigured(verdict, theirs=self.told[0], ours=reader.size)

    def check_absent(self, journal: Path) -> None:
        """Raise `Misconfigured` when there was a journal here before."""
        del journal
        if self.told is not None:
            code = "journal.rolled_back" if self.told[0] else "journal.lost"
            raise Misconfigured(code, theirs=self.told[0], ours=0)


@dataclass(slots=True)
class Image:
    """A copy of everything on a disk."""

    journal: bytes
    mark: tuple[int, bytes] | None
    notes: dict[str, Any]


@dataclass(slots=True)
class Disk:
    """One card; `notes` are the small files beside the journal."""

    mark: Mark = field(default_factory=Mark)
    notes: dict[str, Any] = field(default_factory=dict)
    is_full: bool = False
    touches: int = 0
    cut_in: int | None = None  # the plug is pulled at this touch from now
    fail_in: int | None = None  # an I/O error at this touch from now
    is_kept_when_failed: bool = False  # whether a COMMIT that fails has been kept
    _platter: _Platter | None = None
    _is_beside: bool = False

    def connect(self, path: Path) -> sqlite3.Connection:
        """A connection for the journal (`JournalSetup.connect`)."""
        del path
        if self._platter is None:
            self._platter = _platter(self)
        return self._platter

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Look at the card without being part of the world: nothing fails, nothing counts."""
        self._is_beside = True
        try:
            yield
        finally:
            self._is_beside = False

    def touch(self) -> None:
        """Something is done here; the plug may be pulled at this very moment."""
        if self._is_beside:
            return
        self.touches += 1
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in <= 0:
                self.cut_in = None
                raise PowerCut
        if self.fail_in is not None:
            self.fail_in -= 1

    def lose_power(self) -> None:
        """What was not committed is gone."""
        self.cut_in = self.fail_in = None
        if self._platter is not None:
            self._platter.close()

    def image(self) -> Image:
        """Copy the card."""
        assert self._platter is not None, "copied while in use"
        return Image(bytes(self._platter.serialize()), self.mark.told, dict(self.notes))

    def restore(self, image: Image, *, with_mark: bool) -> None:
        """Put an old copy back; `with_mark` also the mark beside it."""
        self._platter = _platter(self)
        self._platter.deserialize(image.journal)
        self.notes = dict(image.notes)
        if with_mark:
            self.mark.told = image.mark

    def refuse(self, sql: str) -> sqlite3.OperationalError | None:
        """How a statement fails now, if it does."""
        if self._is_beside:
            return None
        if self.fail_in is not None and self.fail_in <= 0:
            self.fail_in = None
            return sqlite3.OperationalError("disk I/O error")
        if self.is_full and not sql.lstrip().startswith(_READS):
            return sqlite3.OperationalError("database or disk is full")
        return None


class _Platter(sqlite3.Connection):
    """A connection that outlives its closing, as a disk outlives a program."""

    disk: Disk

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Run one statement, or fail as disks do."""
        self.disk.touch()
        error = self.disk.refuse(sql)
        if error is not None:
            if sql == "COMMIT" and self.disk.is_kept_when_failed:
                super().execute(sql)
            raise error
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """Run one statement for many rows."""
        self.disk.touch()
        error = self.disk.refuse(sql)
        if error is not None:
            raise error
        return super().executemany(sql, parameters)

    def close(self) -> None:
        """End a transaction that is open; keep the rest."""
        if self.in_transaction:
            super().execute("ROLLBACK")


def _platter(disk: Disk) -> _Platter:
    platter = sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, factory=_Platter
    )
    platter.disk = disk
    return platter
