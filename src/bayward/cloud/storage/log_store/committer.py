"""One batch of entries for several logs: plan, sign, commit, and find out what became of it.

A transaction carries what all logs got. When it fails, what the store holds is unknown: each log is
read again, what turns out to be kept is confirmed like any other, and the rest is tried once more,
each log by itself. Only an entry of which nothing was kept is refused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bayward.cloud.storage.log_store.logs import Commit, InLogs, Logs
from bayward.core.errors import Conflict, Unavailable
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import Signer
from bayward.ledger.log import Append, Log
from bayward.ledger.proof import Proof

LOGS_MAX = 4_096  # logs whose edge is kept in memory: two kilobytes each


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands, and the first signed checkpoint that covers it."""

    index: int
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An entry for a log, and what opens it."""

    origin: str
    entry: bytes
    opened: bytes

    @property
    def size(self) -> int:
        """Bytes of it in memory."""
        return len(self.entry) + len(self.opened)


Outcome = Placed | Exception


@dataclass(frozen=True, slots=True)
class _Part:
    """What one log gets of a batch."""

    log: Log
    planned: Append
    note: str
    entries: Sequence[Entry]


class Committer:
    """Commits batches; for one thread. `signers` are those of the log with this origin."""

    def __init__(self, logs: Logs, signers: Callable[[str], Sequence[Signer]]) -> None:
        self._logs = logs
        self._signers = signers
        self._open: OrderedDict[str, Log] = OrderedDict()

    def commit(self, batch: Sequence[Entry]) -> list[tuple[Entry, Outcome]]:
        """Commit entries; gives what became of each: in the log, not in it, or not to be known."""
        by_log: dict[str, list[Entry]] = {}
        for one in batch:
            by_log.setdefault(one.origin, []).append(one)
        parts: list[_Part] = []
        outcomes: list[tuple[Entry, Outcome]] = []
        for origin, entries in by_log.items():
            try:
                parts.append(self._part(origin, entries))
            except Exception as error:  # noqa: BLE001 - told to everybody it concerns
                outcomes += [(one, _not_kept(error)) for one in entries]
        if not parts:
            return outcomes
        try:
            self._logs.commit([_commit_of(part) for part in parts])
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            for part in parts:
                outcomes += self._after_failure(part, error, is_alone=len(parts) == 1)
        else:
            for part in parts:
                part.log.kept(part.planned, part.note)
                outcomes += _placed(part)
        return outcomes

    def prove(self, origin: str, index: int) -> Proof:
        """A proof of the entry at `index` of a log under its latest checkpoint."""
        return self.log(origin).prove(index)

    def _part(self, origin: str, entries: Sequence[Entry]) -> _Part:
        log = self.log(origin)
        planned, note = log.prepare([one.entry for one in entries], [one.opened for one in entries])
        return _Part(log, planned, note, entries)

    def _after_failure(
        self, part: _Part, error: Exception, *, is_alone: bool
    ) -> list[tuple[Entry, Outcome]]:
        """Ask the store what became of a part whose transaction failed; it may be tried again."""
        try:
            if self._has(part):
                return _placed(part)
        except Unavailable as unknown:
            return [(one, unknown) for one in part.entries]
        if is_alone:
            return [(one, _not_kept(error)) for one in part.entries]
        return self.commit(part.entries)

    def _has(self, part: _Part) -> bool:
        """Whether the store holds what a commit that failed was to keep, by now maybe more."""
        try:
            if part.log.resume().size < part.planned.new_size:
                return False
            origin = part.entries[0].origin
            return tree_hash(part.planned.new_size, InLogs(self._logs, origin)) == (
                part.planned.new_root
            )
        except Exception as error:
            raise Unavailable("log.unknown", cause=type(error).__name__) from error

    def log(self, origin: str) -> Log:
        """The log with its edge, if that is still in memory."""
        log = self._open.get(origin)
        if log is None:
            log = Log(InLogs(self._logs, origin), lambda: self._signers(origin))
            self._open[origin] = log
            if len(self._open) > LOGS_MAX:
                self._open.popitem(last=False)
        self._open.move_to_end(origin)
        return log


def _commit_of(part: _Part) -> Commit:
    return Commit(part.entries[0].origin, part.planned, part.note)


def _placed(part: _Part) -> list[tuple[Entry, Outcome]]:
    """What clients are told; if it was found after a failure, under what was signed then."""
    first = part.planned.first
    return [(one, Placed(first + at, part.note)) for at, one in enumerate(part.entries)]


def _not_kept(error: Exception) -> Unavailable:
    cause = error.code if isinstance(error, Conflict) else type(error).__name__
    return Unavailable("storage.not_kept", cause=cause)
