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

Waking a thread that sleeps, and the loop again, takes longer than a flush of a quick disk. So when
all who wait have come in one turn of the loop, they may have their commit done where they wait, in
the loop, as long as it will be quick: how many entries that can be, the last commit tells. A commit
that is not quick sends all to the thread until one is quick again. That is for a program whose
loop may stand still for one commit, and has to be asked for.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from bayward.cloud.storage.log_store.committer import Committer, Entry, Outcome, Placed
from bayward.cloud.storage.log_store.logs import Logs
from bayward.core.errors import Unavailable
from bayward.ledger.keys import Signer
from bayward.ledger.proof import Proof
from bayward.ledger.tiles import check_entry

T = TypeVar("T")

BATCH_MAX = 2_048
WAITING_MAX = 2 * BATCH_MAX
WAITING_BYTES_MAX = 32 * 1024 * 1024
QUICK_S = 0.002
"""A commit that a loop can stand still for: about what one handler of a request takes."""
QUICK_BYTES_MAX = 512 * 1024
"""More is not quick, however few entries that are."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Entry):
    placed: asyncio.Future[Placed]


@dataclass(frozen=True, slots=True)
class _Question:
    """Something to be read in the thread that may touch the store."""

    read: Callable[[], Any]
    answer: asyncio.Future[Any]


class Sequencer:
    """Many logs, many clients; an asynchronous context manager.

    Only one thread at a time touches the store: its own, or with `stopwatch` (seconds that never
    run backwards) the loop's, while nobody waits for its own. Any number of sequencers may work on
    the same logs: the store's fence lets one of two through, and the other reads what happened.
    `signers` are those of the log with this origin.
    """

    def __init__(
        self,
        logs: Logs,
        signers: Callable[[str], Sequence[Signer]],
        stopwatch: Callable[[], float] | None = None,
    ) -> None:
        self._committer = Committer(logs, signers)
        self._stopwatch = stopwatch
        self._quickly = 0  # entries that a quick commit can have
        self._asked = 0  # questions that the thread has not answered
        self._gathered: list[_Waiting] = []  # in this turn of the loop
        self._queue: queue.SimpleQueue[list[_Waiting] | _Question | None] = queue.SimpleQueue()
        self._waiting = 0  # in the queue or in the commit that is under way
        self._bytes = 0
        self._outside = 0
        self._room = asyncio.Event()
        self._open = False
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        """Begin to work."""
        loop = asyncio.get_running_loop()
        self._open = True
        self._thread = threading.Thread(target=self._work, args=(loop,), name="sequencer")
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what waits, take nothing more."""
        self._open = False
        self._room.set()
        self._hand_over()
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

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
        loop = asyncio.get_running_loop()
        placed: asyncio.Future[Placed] = loop.create_future()
        self._waiting += 1
        self._bytes += size
        if not self._gathered:
            loop.call_soon(self._hand_over)  # behind everybody who is woken in the same turn
        self._gathered.append(_Waiting(origin, entry, opened, placed))
        return await placed

    async def prove(self, origin: str, index: int) -> Proof:
        """A proof of the entry at `index` of a log under its latest checkpoint.

        Raises what `Log.resume` raises, and `Unavailable` when nothing is taken any more.
        """
        if not self._open:
            raise Unavailable("storage.closed")
        answer: asyncio.Future[Proof] = asyncio.get_running_loop().create_future()
        self._asked += 1
        self._queue.put(_Question(lambda: self._committer.prove(origin, index), answer))
        return await answer

    def _answered(self, answer: asyncio.Future[Any], outcome: object) -> None:
        self._asked -= 1  # also of a question whose client has gone
        _answer(answer, outcome)
        self._hand_over()

    def _hand_over(self) -> None:
        count = len(self._gathered)
        is_quick = count <= self._quickly and self._bytes <= QUICK_BYTES_MAX and self._open
        in_thread = self._asked or self._waiting > count
        if not count or (is_quick and in_thread):
            return  # what the thread is at is soon told, and then they are committed here
        gathered, self._gathered = self._gathered, []
        if is_quick:
            self._tell(self._commit(gathered))
        else:
            self._queue.put(gathered)

    def _has_room(self, size: int) -> bool:
        few = self._waiting < WAITING_MAX
        return few and (not self._waiting or self._bytes + size <= WAITING_BYTES_MAX)

    async def _until_room(self, size: int) -> None:
        self._outside += 1
        try:
            while self._open and not self._has_room(size):
                self._room.clear()
                await self._room.wait()
        finally:
            self._outside -= 1

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread. One wake-up of the loop for each batch, however many wait for it."""
        ready: deque[_Waiting] = deque()
        is_open = True
        while is_open or ready:
            is_open = is_open and self._take(ready, loop)
            if ready:
                batch = [ready.popleft() for _ in range(min(BATCH_MAX, len(ready)))]
                loop.call_soon_threadsafe(self._tell, self._commit(batch))

    def _take(self, ready: deque[_Waiting], loop: asyncio.AbstractEventLoop) -> bool:
        """Everything that has come; waits while nothing is ready. False: nothing more will come."""
        while True:
            try:
                one = self._queue.get(block=not ready)
            except queue.Empty:
                return True
            if one is None:
                return False
            if isinstance(one, _Question):
                loop.call_soon_threadsafe(self._answered, one.answer, *_read(one.read))
            else:
                ready.extend(one)

    def _commit(self, batch: list[_Waiting]) -> list[tuple[Entry, Outcome]]:
        start = None if self._stopwatch is None else self._stopwatch()
        try:
            return self._committer.commit(batch)
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            return [(one, error) for one in batch]
        finally:
            if self._stopwatch is not None and start is not None:
                self._quickly = _quickly(len(batch), self._stopwatch() - start)

    def _tell(self, outcomes: Sequence[tuple[Entry, Outcome]]) -> None:
        for one, outcome in outcomes:
            assert isinstance(one, _Waiting), "given by `append`"
            self._bytes -= one.size
            _answer(one.placed, outcome)
        self._waiting -= len(outcomes)
        if self._outside:
            self._room.set()
        self._hand_over()


def _quickly(count: int, taken_s: float) -> int:
    """Entries of the next commit that will be quick, if one of `count` entries took so long.

    Twice as many take twice as long at most, since part of it is the same for all.
    """
    if taken_s >= QUICK_S:
        return 0
    return min(BATCH_MAX, 2 * count if taken_s < QUICK_S / 2 else count)


def _read(read: Callable[[], T]) -> tuple[T | Exception]:
    try:
        return (read(),)
    except Exception as error:  # noqa: BLE001 - it is for who asked
        return (error,)


def _answer(future: asyncio.Future[Any], outcome: object) -> None:
    if future.done():  # its client may have gone
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
