"""Group commit: entries of many clients, one signed checkpoint, one flush of the disk.

Nobody waits for a timer. While one commit is on its way to the disk, entries gather; what has
gathered is the next batch. A single client so gets a commit of its own, and under load a
flush is shared by as many as came during the last one.

A client hears of its entry when it is durable, and not before. If a commit fails, what the
store holds is unknown: the sequencer reads the head again, and a batch that turns out to have
been kept is confirmed like any other. Only a batch of which nothing was kept is refused.

What waits is bounded, by number and by bytes; who comes when it is full waits outside.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

from bayward.core.errors import Unavailable
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import Signer
from bayward.ledger.log import Append, Log, Store, plan_append
from bayward.ledger.proof import Proof
from bayward.ledger.tiles import check_entry

T = TypeVar("T")

BATCH_MAX = 2_048
WAITING_MAX = 2 * BATCH_MAX
WAITING_BYTES_MAX = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands, and the first signed checkpoint that covers it."""

    index: int
    note: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: bytes
    opened: bytes
    placed: asyncio.Future[Placed]


class Sequencer:
    """One log, many clients; an asynchronous context manager.

    Only its thread touches the store. Any number of sequencers may work on one log: the store's
    fence lets one of two through, and the other reads what happened.
    """

    def __init__(self, store: Store, signers: Callable[[], Sequence[Signer]]) -> None:
        self._store = store
        self._log = Log(store, signers)
        self._thread = ThreadPoolExecutor(1, "sequencer")
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._room = asyncio.Condition()
        self._outside = 0
        self._open = False
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Take up the log; raises what `Log.resume` raises."""
        await self._in_thread(self._log.resume)
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

    async def append(self, entry: bytes, opened: bytes = b"") -> Placed:
        """Give an entry to the log; returns when it is durable under a signed checkpoint.

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
        self._waiting.append(_Waiting(entry, opened, placed))
        self._bytes += size
        self._some.set()
        return await placed

    async def prove(self, index: int) -> Proof:
        """A proof of the entry at `index` under the latest checkpoint."""
        return await self._in_thread(lambda: self._log.prove(index))

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
            first, note = await self._in_thread(lambda: self._append(batch))
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            for one in batch:
                if not one.placed.done():
                    one.placed.set_exception(error)
            return
        for index, one in enumerate(batch, start=first):
            if not one.placed.done():  # its client may have gone
                one.placed.set_result(Placed(index, note))

    def _append(self, batch: list[_Waiting]) -> tuple[int, str]:
        """In the thread: commit a batch; gives its first index and its checkpoint."""
        entries = [one.entry for one in batch]
        opened = [one.opened for one in batch]
        try:
            before = self._log.resume()
        except Exception as error:
            raise Unavailable("storage.not_kept", cause=type(error).__name__) from error
        try:
            return self._log.append(entries, opened).first, self._log.note
        except Exception as error:
            planned = plan_append(before, entries)
            if self._has(planned):
                return planned.first, self._log.note
            raise Unavailable("storage.not_kept", cause=type(error).__name__) from error

    def _has(self, planned: Append) -> bool:
        """Whether the store holds what a commit that failed was to keep, by now maybe more."""
        try:
            if self._log.resume().size < planned.new_size:
                return False
            return tree_hash(planned.new_size, self._store) == planned.new_root
        except Exception as error:
            raise Unavailable("log.unknown", cause=type(error).__name__) from error

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)
