"""What a store of many logs promises, and one log of it by itself.

One transaction carries what several logs got, so that all of them share one flush of the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bayward.cloud.storage.log_store.segment import Segment
from bayward.ledger.log import Append


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction adds to one log, and the checkpoint signed for it."""

    origin: str
    append: Append
    note: str


class Logs(Protocol):
    """Many logs in one database; a log begins when it is first named."""

    def read_head(self, origin: str) -> str | None:
        """The latest signed checkpoint of a log, or None."""
        ...  # pragma: no cover - a protocol has no body

    def read_hashes(self, origin: str, indexes: Sequence[int]) -> Sequence[bytes]:
        """The hashes at these places of its dense array, in this order, in one go."""
        ...  # pragma: no cover - a protocol has no body

    def commit(self, commits: Sequence[Commit]) -> None:
        """Keep all of it or nothing, durable on return; each log once.

        Raises `Conflict("log.moved")` when a log does not have the size its append begins at.
        """
        ...  # pragma: no cover - a protocol has no body


class SegmentLogs(Logs, Protocol):
    """The same with what was kept."""

    def segments(self, origin: str, first: int = 0) -> Iterator[Segment]:
        """The segments from the one that holds entry `first` on, one in memory at a time."""
        ...  # pragma: no cover - a protocol has no body

    def close(self) -> None:
        """Let go of the database; the next use opens it again."""
        ...  # pragma: no cover - a protocol has no body


@dataclass
class InLogs:
    """One of the logs, as `ledger.log` wants it."""

    logs: Logs
    origin: str

    def read_head(self) -> str | None:
        """The latest signed checkpoint, or None."""
        return self.logs.read_head(self.origin)

    def read_hashes(self, indexes: Sequence[int]) -> Sequence[bytes]:
        """The hashes at these places, in this order."""
        return self.logs.read_hashes(self.origin, indexes)

    def commit(self, append: Append, note: str) -> None:
        """Keep it all or nothing."""
        self.logs.commit([Commit(self.origin, append, note)])


@dataclass
class OneLog(InLogs):
    """The same with what was kept, for who has a database to himself."""

    logs: SegmentLogs

    def segments(self, first: int = 0) -> Iterator[Segment]:
        """The segments from the one that holds entry `first` on."""
        return self.logs.segments(self.origin, first)

    def close(self) -> None:
        """Let go of the database."""
        self.logs.close()
