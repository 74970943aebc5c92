"""The bank's log as the uplink needs it.

The journal is synchronous and belongs to one thread, the uplink lives in the event loop; so each
question is one errand to that thread, and `Outbox` is what the answers are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bayward.edge.journal import Journal
from bayward.edge.journal_reader import LogReader
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.keys import Signer
from bayward.wire import batch, limits
from bayward.wire.messages import Entry, Letter, LetterKind, Upload

LETTERS_READ_MAX = (limits.UPLOADS_IN_FLIGHT_MAX + 1) * limits.UPLOAD_LETTERS_MAX
"""Those that are on their way already, oldest first, and those of one more upload."""

Errand = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function on the journal's thread."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where the log stands; `checkpoint` is the signed note of `size` entries."""

    origin: str
    size: int
    checkpoint: str
    boot: int


class Outbox(Protocol):
    """What there is to upload. All raise `Unavailable` when the journal cannot be read."""

    async def head(self) -> LogHead:
        """Where the log stands."""
        ...

    async def check(self, size: int, root: bytes) -> None:
        """Compare with what the control plane remembers.

        Raises `Unavailable("journal.rolled_back" | "journal.forked")`, and the log is in
        quarantine: nothing opens any more until somebody has looked.
        """
        ...

    async def at(self, size: int) -> Checkpoint | None:
        """Our log when it had `size` entries; None when it never had."""
        ...

    async def upload(self, first: int) -> Upload | None:
        """Entries from `first` on, with their letters; None when there are none."""
        ...

    async def acknowledge(self, size: int) -> None:
        """The first `size` entries and their letters are durable in the control plane."""
        ...


class JournalOutbox:
    """The `Outbox` of a journal; `signer` is the one the journal signs with.

    `on_acknowledged` is called when more of it has arrived.
    """

    def __init__(
        self,
        journal: Journal,
        signer: Signer,
        errand: Errand,
        on_acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_acknowledged = on_acknowledged
        self._journal = journal
        self._signer = signer
        self._errand = errand

    async def head(self) -> LogHead:
        """Where the log stands."""
        return LogHead(*await self._errand(self._head))

    async def check(self, size: int, root: bytes) -> None:
        """Compare with what the control plane remembers."""
        await self._errand(lambda: self._journal.check_cursor(size, root))

    async def at(self, size: int) -> Checkpoint | None:
        """Our log when it had `size` entries; None when it never had."""
        found: Checkpoint | None = await self._errand(lambda: self._at(size))
        return found

    async def upload(self, first: int) -> Upload | None:
        """Entries from `first` on."""
        found: Upload | None = await self._errand(lambda: self._upload(first))
        return found

    async def acknowledge(self, size: int) -> None:
        """Tell the journal; letters that arrived are deleted."""
        await self._errand(lambda: self._journal.acknowledge(size))
        self._on_acknowledged()

    def _head(self) -> tuple[str, int, str, int]:
        head = self._journal.head
        return self._journal.origin, head.size, head.note, head.boot

    def _at(self, size: int) -> Checkpoint | None:
        reader = self._journal.reader()
        if not 0 < size <= reader.size:
            return None
        return Checkpoint(self._journal.origin, size, reader.root(size))

    def _upload(self, first: int) -> Upload | None:
        reader = self._journal.reader()
        found = reader.entries(first, min(first + limits.UPLOAD_ENTRIES_MAX, reader.size))
        if not found:
            return None
        entries = [
            Entry(leaf=one.leaf.decode("ascii"), disclosures=list(one.disclosures)) for one in found
        ]
        taken, letters = batch.cut(first, entries, _letters(reader))
        size = first + len(taken)
        return Upload(
            old_size=first,
            checkpoint=self._checkpoint(reader, size),
            proof=reader.consistency_proof(first, size),
            entries=taken,
            letters=letters,
        )

    def _checkpoint(self, reader: LogReader, size: int) -> str:
        """The head's own note where it is the head, otherwise one for the part that goes up."""
        head = self._journal.head
        if size == head.size:
            return head.note
        root = reader.root(size)
        return sign_checkpoint(Checkpoint(self._journal.origin, size, root), [self._signer])


def _letters(reader: LogReader) -> list[batch.DueLetter]:
    return [
        batch.DueLetter(
            one.size,
            Letter(id=one.id, kind=LetterKind(one.kind), subject=one.subject, sealed=one.sealed),
        )
        for one in reader.letters(LETTERS_READ_MAX)
    ]
