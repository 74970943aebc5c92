"""The second place: that there is a log, and how far it was when it was last confirmed.

A few bytes in a file of their own, made when the journal is first opened and replaced atomically
after each acknowledgement. A journal that is gone, or shorter than its mark, lost something that
others have seen (a lost WAL, an SD card that lied about flushing, a deleted file) and must not
quietly begin anew. Before the first acknowledgement nobody knows what was lost, and a receipt may
be out already; a second log under the same name would contradict it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from bayward.core.errors import Misconfigured, Unavailable
from bayward.edge.journal_check import compare
from bayward.edge.journal_reader import LogReader
from bayward.ledger.merkle import EMPTY_ROOT, HASH_BYTES

SUFFIX = ".mark"


class Marks(Protocol):
    """What this module is to the journal; simulated worlds keep marks in memory."""

    def write(self, journal: Path, size: int, root: bytes) -> None:
        """Replace the mark; raises `Unavailable` when that fails."""
        ...

    def begun(self, journal: Path) -> None:
        """Note that there is a journal, if that is not known; raises `Unavailable`."""
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


def begun(journal: Path) -> None:
    """Note that there is a journal, if that is not known; raises `Unavailable`."""
    if not _path(journal).exists():
        write(journal, 0, EMPTY_ROOT)


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
        code = "journal.rolled_back" if found[0] else "journal.lost"
        raise Misconfigured(code, theirs=found[0], ours=0)


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
