"""Group commit: entries of many clients for many logs, one flush of the disk.

Nobody waits for a timer. While one commit is on its way to the disk, entries gather; what has
gathered is the next batch. A single client so gets a commit of its own, and under load a
flush is shared by as many as came during the last one.

A client hears of its entry when it is durable, and not before. If a commit fails, what the
store holds is unknown: the sequencer reads the head again, and a batch that turns out to have
been kept is confirmed like any other. Only a batch of which nothing was kept is refused.

One transaction carries what all logs got. When it fails, each log is tried again by itself, so that
one whose head another program has moved does not take the others along.

What waits is bounded, by number and by bytes; who comes when it is full waits outside.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

from bayward.cloud.storage.log_store.logs import Commit, Logs
from bayward.core.errors import Conflict, Unavailable
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import Signer
from bayward.ledger.log import Append, Log
from bayward.ledger.proof import Proof
from bayward.ledger.tiles import check_entry

T = TypeVar("T")

BATCH_MAX = 2_048
WAITING_MAX = 2 * BATCH_MAX
WAITING_BYTES_MAX = 32 * 1024 * 1024
LOGS_MAX = 4_096  # logs whose edge is kept in memory: two kilobytes each


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands, and the first signed checkpoint that covers it."""

    index: int
    note: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    origin: str
    entry: bytes
    opened: bytes
    placed: asyncio.Future[Placed]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one log gets of a batch."""

    log: Log
    planned: Append
    note: str
    waiting: Sequence[_Waiting]


Outcome = Placed | Exception


class Sequencer:
    """Many logs, many clients; an asynchronous context manager.

    Only its thread touches the store. Any number of sequencers may work on the same logs: the
    store's fence lets one of two through, and the other reads what happened. `signers` are those
    of the log with this origin.
    """

    def __init__(self, logs: Logs, signers: Callable[[str], Sequence[Signer]]) -> None:
        self._logs = logs
        self._signers = signers
        self._open_logs: OrderedDict[str, Log] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "sequencer")
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._room = asyncio.Condition()
        self._outside = 0
        self._open = False
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to work."""
        self._open = True
        self._worker = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what waits, take nothing more."""
        self._open = False
        self._some.set()
        if self._worker is not None:
            await self._worker
        async with self._room:
            self._room.notify_all()
        self._thread.shutdown()

    async def append(self, origin: str, entry: bytes, opened: bytes = b"") -> Placed:
        """Give an entry to a log; returns when it is durable under a signed checkpoint.

        Raises `OutOfRange` for an entry that is too long, `Unavailable("storage.not_kept")` when
        it is not in the log, `Unavailable("log.unknown")` when that cannot be known yet.
        """
        check_entry(entry)
        size = len(entry) + len(opened)
        if not self._has_room(size):
            await self._until_room(size)
        if not self._open:
            raise Unavailable("storage.not_kept", cause="closed")
        placed: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(origin, entry, opened, placed))
        self._bytes += size
        self._some.set()
        return await placed

    async def prove(self, origin: str, index: int) -> Proof:
        """A proof of the entry at `index` of a log under its latest checkpoint.

        Raises what `Log.resume` raises.
        """
        return await self._in_thread(lambda: self._log(origin).prove(index))

    def _has_room(self, size: int) -> bool:
        few = len(self._waiting) < WAITING_MAX
        return few and (not self._waiting or self._bytes + size <= WAITING_BYTES_MAX)

    async def _until_room(self, size: int) -> None:
        self._outside += 1
        try:
            async with self._room:
                await self._room.wait_for(lambda: self._has_room(size) or not self._open)
        finally:
            self._outside -= 1

    async def _work(self) -> None:
        while self._open or self._waiting:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                batch = self._take()
                if self._outside:
                    async with self._room:
                        self._room.notify_all()
                await self._commit(batch)

    def _take(self) -> list[_Waiting]:
        count = min(BATCH_MAX, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        self._bytes -= sum(len(one.entry) + len(one.opened) for one in batch)
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._in_thread(lambda: self._append(batch))
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            outcomes = [(one, error) for one in batch]
        for one, outcome in outcomes:
            if one.placed.done():  # its client may have gone
                continue
            if isinstance(outcome, Exception):
                one.placed.set_exception(outcome)
            else:
                one.placed.set_result(outcome)

    def _append(self, batch: list[_Waiting]) -> list[tuple[_Waiting, Outcome]]:
        """In the thread: commit a batch; gives what became of each entry."""
        by_log: dict[str, list[_Waiting]] = {}
        for one in batch:
            by_log.setdefault(one.origin, []).append(one)
        parts: list[_Part] = []
        outcomes: list[tuple[_Waiting, Outcome]] = []
        for origin, waiting in by_log.items():
            try:
                parts.append(self._part(origin, waiting))
            except Exception as error:  # noqa: BLE001 - told to everybody it concerns
                outcomes += [(one, _not_kept(error)) for one in waiting]
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

    def _part(self, origin: str, waiting: Sequence[_Waiting]) -> _Part:
        entries, opened = [one.entry for one in waiting], [one.opened for one in waiting]
        log = self._log(origin)
        planned, note = log.prepare(entries, opened)
        return _Part(log, planned, note, waiting)

    def _after_failure(
        self, part: _Part, error: Exception, *, is_alone: bool
    ) -> list[tuple[_Waiting, Outcome]]:
        """Ask the store what became of a part whose transaction failed; it may be tried again."""
        try:
            if self._has(part):
                return _placed(part)
        except Unavailable as unknown:
            return [(one, unknown) for one in part.waiting]
        if is_alone:
            return [(one, _not_kept(error)) for one in part.waiting]
        return self._append(list(part.waiting))

    def _has(self, part: _Part) -> bool:
        """Whether the store holds what a commit that failed was to keep, by now maybe more."""
        try:
            if part.log.resume().size < part.planned.new_size:
                return False
            origin = part.waiting[0].origin
            return tree_hash(part.planned.new_size, _Reader(self._logs, origin)) == (
                part.planned.new_root
            )
        except Exception as error:
            raise Unavailable("log.unknown", cause=type(error).__name__) from error

    def _log(self, origin: str) -> Log:
        """The log with its edge, if that is still in memory."""
        log = self._open_logs.get(origin)
        if log is None:
            log = Log(_Reader(self._logs, origin), lambda: self._signers(origin))
            self._open_logs[origin] = log
            if len(self._open_logs) > LOGS_MAX:
                self._open_logs.popitem(last=False)
        self._open_logs.move_to_end(origin)
        return log

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One of the logs, for reading; it is committed with others."""

    logs: Logs
    origin: str

    def read_head(self) -> str | None:
        return self.logs.read_head(self.origin)

    def read_hashes(self, indexes: Sequence[int]) -> Sequence[bytes]:
        return self.logs.read_hashes(self.origin, indexes)

    def commit(self, append: Append, note: str) -> None:
        self.logs.commit([Commit(self.origin, append, note)])


def _commit_of(part: _Part) -> Commit:
    return Commit(part.waiting[0].origin, part.planned, part.note)


def _placed(part: _Part) -> list[tuple[_Waiting, Outcome]]:
    """What clients are told; if it was found after a failure, under what was signed then."""
    first = part.planned.first
    return [(one, Placed(first + at, part.note)) for at, one in enumerate(part.waiting)]


def _not_kept(error: Exception) -> Unavailable:
    cause = error.code if isinstance(error, Conflict) else type(error).__name__
    return Unavailable("storage.not_kept", cause=cause)
