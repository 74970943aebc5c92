"""The second place: how far the log was when the control plane last confirmed it.

A few bytes in a file of their own, replaced atomically after each acknowledgement. A journal
that is gone, or shorter than its mark, lost something that others have seen (a lost WAL, an SD
card that lied about flushing, a deleted file) and must not quietly begin anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from bayward.core.errors import Misconfigured, Unavailable
from bayward.edge.journal_check import compare
from bayward.edge.journal_reader import LogReader
from bayward.ledger.merkle import HASH_BYTES

SUFFIX = ".mark"


class Marks(Protocol):
    """What this module is to the journal; simulated worlds keep marks in memory."""

    def write(self, journal: Path, size: int, root: bytes) -> None:
        """Replace the mark; raises `Unavailable` when that fails."""
        ...

    def check(self, journal: Path, reader: LogReader) -> None:
        """Raise `Misconfigured` when the journal is not what its mark remembers."""
        ...

    def check_absent(self, journal: Path) -> None:
        """Raise `Misconfigured` when there was a journal here before."""
        ...


def write(journal: Path, size: int, root: bytes) -> None:
    """Replace the mark; raises `Unavailable` when that fails."""
    target, temporary = _path(journal), _path(journal).with_suffix(".mark-new")
    try:
        with temporary.open("w", encoding="ascii") as file:
            file.write(f"{size} {root.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise Unavailable("journal.not_writable", why=type(error).__name__) from error


def check(journal: Path, reader: LogReader) -> None:
    """Raise `Misconfigured` when the journal is not what its mark remembers."""
    found = _read(journal)
    if found is not None:
        verdict = compare(reader, *found)
        if verdict is not None:
            raise Misconfigured(verdict, theirs=found[0], ours=reader.size)


def check_absent(journal: Path) -> None:
    """Raise `Misconfigured` when there was a journal here before."""
    found = _read(journal)
    if found is not None:
        raise Misconfigured("journal.rolled_back", theirs=found[0], ours=0)


def _path(journal: Path) -> Path:
    return journal.with_name(journal.name + SUFFIX)


def _read(journal: Path) -> tuple[int, bytes] | None:
    try:
        text = _path(journal).read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable("journal.not_writable", why=type(error).__name__) from error
    try:
        size, root = text.split()
        found = int(size), bytes.fromhex(root)
    except ValueError:
        return None  # torn: the mark is a second opinion, and no opinion is no objection
    return found if len(found[1]) == HASH_BYTES else None
