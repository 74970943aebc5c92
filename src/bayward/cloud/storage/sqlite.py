"""One SQLite file: one thread that writes, two that read, and the event loop never waits.

Whoever wants to write hands in a plain function of a connection. The writer runs all functions
that have gathered while it was busy in *one* transaction, so that a hundred of them cost one
fsync. It does so optimistically, without savepoints: when any of them raises, the transaction
is rolled back and each is run again by itself. A function may therefore run twice, and must
have no effect but on its connection.

A single writer means that nothing ever finds the database busy; `synchronous=FULL` means that
what was answered survives the power. When the disk is full or has become read-only, the
function's caller gets `Unavailable("storage.full")` and the file is as it was.
"""

from __future__ import annotations

import asyncio
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bayward.cloud.storage import migrations
from bayward.core.errors import LimitExceeded, Misconfigured, Unavailable

T = TypeVar("T")

GROUP_MAX = 256  # functions in one transaction; more would only make the first ones wait
QUEUE_MAX = 4096  # functions waiting to write: a second's worth; beyond it, say so at once
READERS = 2
BUSY_MS = 5_000  # only a backup tool can hold the file; wait for it
STATEMENTS_MAX = 2_000  # compiled SQL in memory; all tests together need 1,240
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={BUSY_MS}",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the guards of the logs
    "trusted_schema=OFF",
    "secure_delete=ON",  # a deleted letter is overwritten
)
_NO_ROOM = {sqlite3.SQLITE_FULL: "full", sqlite3.SQLITE_READONLY: "read_only"}


@dataclass(slots=True)
class _Order:
    """One function to be run by the writer, and who waits for it."""

    function: Callable[[sa.Connection], object]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]


Outcome = tuple[object, Exception | None]


class Dialect(SQLiteDialect_pysqlite):
    """SQLite as SQLAlchemy knows it; all instances are one.

    What was compiled for one engine so serves every other: a store has three, and a process may
    have many stores. Compiling a statement costs half a millisecond.
    """

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.bayward", __name__, "Dialect")
_compiled: sa.util.LRUCache[Any, Any] = sa.util.LRUCache(STATEMENTS_MAX)


class SqliteStore:
    """A database file; `open` it, `close` it."""

    def __init__(self, path: Path, lock: BinaryIO) -> None:
        self._lock = lock  # held until `close`
        self._engine = make_engine(path)
        self._queue: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._is_open = True
        self._writer = threading.Thread(target=self._write_all, name="storage-writer")
        self._writer.start()
        self._reader_engine = make_engine(path, is_reader=True)
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="storage-reader")

    @classmethod
    def open(cls, path: Path) -> SqliteStore:
        """Open or create the database and bring it up to date.

        Raises `Misconfigured` when it cannot be opened, belongs to a newer program
        (`database.newer`) or is in use by another process (`database.in_use`).
        """
        lock = _lock(path)
        engine = make_engine(path)
        try:
            with engine.begin() as connection:
                migrations.upgrade(connection)
        except sa.exc.DatabaseError as error:
            lock.close()
            raise Misconfigured(
                "database.unreadable", path=str(path), why=str(error.orig)
            ) from error
        except BaseException:
            lock.close()
            raise
        finally:
            engine.dispose()
        return cls(path, lock)

    async def write(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` in a transaction; returns when it is durable.

        Raises what `function` raises, or `Unavailable` when nothing could be written.
        """
        if not self._is_open:
            raise Unavailable("storage.closed")
        if self._queue.qsize() >= QUEUE_MAX:
            raise LimitExceeded("storage.queue", limit=QUEUE_MAX)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._queue.put(_Order(function, loop, future))
        return cast("T", await future)

    async def read(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` on a snapshot; it cannot write."""
        if not self._is_open:
            raise Unavailable("storage.closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, function)

    async def scrub(self, *, is_whole: bool = False) -> None:
        """Leave no copy of what was deleted, see `cloud.unit.Store`.

        `secure_delete` has overwritten it in the file; older pages are left in the write-ahead
        log until that is emptied. Raises `Unavailable` while somebody reads an old snapshot.
        """
        if not self._is_open:
            raise Unavailable("storage.closed")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._readers, self._scrub, is_whole)

    def close(self) -> None:
        """Write what is waiting, then close; may block for that long."""
        if not self._is_open:
            return
        self._is_open = False
        self._queue.put(None)
        self._writer.join()
        self._readers.shutdown()
        self._engine.dispose()
        self._reader_engine.dispose()
        self._lock.close()

    def _read(self, function: Callable[[sa.Connection], T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._reader_engine.connect()
        try:
            with connection.begin():
                return function(connection)
        except sa.exc.OperationalError as error:
            raise unavailable(error) from error

    def _scrub(self, is_whole: bool) -> None:  # noqa: FBT001 - handed over by an executor
        raw = self._engine.raw_connection()
        try:
            if is_whole:
                raw.cursor().execute("VACUUM")
            [is_busy, *_] = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            raise Unavailable("storage.failed", cause=error.sqlite_errorname) from error
        finally:
            raw.close()
        if is_busy:
            raise Unavailable("storage.failed", cause="a reader holds an old snapshot")

    def _write_all(self) -> None:
        with self._engine.connect() as connection:
            while (first := self._queue.get()) is not None:
                group = [first]
                is_last = False
                while len(group) < GROUP_MAX and not self._queue.empty():
                    order = self._queue.get()
                    if order is None:
                        is_last = True
                        break
                    group.append(order)
                _deliver(group, run_group(connection, [one.function for one in group]))
                if is_last:
                    return


def make_engine(path: Path | None, *, is_reader: bool = False) -> sa.Engine:
    """An engine with our settings; with `path` None each connection is a database in memory.

    A writer takes the write lock when its transaction begins, so that what it has read stays
    true until it commits.
    """
    url = sa.URL.create("sqlite+bayward", database=str(path) if path else None)
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.NullPool,
        # Transactions are begun by us (see below), hence no isolation level of the driver's own.
        connect_args={"isolation_level": None, "check_same_thread": False},
        execution_options={"compiled_cache": _compiled},
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, record: object) -> None:
        del record
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if is_reader:
            connection.execute("PRAGMA query_only=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")

    return engine


def run_group(
    connection: sa.Connection, functions: Sequence[Callable[[sa.Connection], object]]
) -> list[Outcome]:
    """Run functions in one transaction, or each in its own when one of them fails."""
    if len(functions) > 1:
        try:
            with connection.begin():
                results = [function(connection) for function in functions]
            return [(result, None) for result in results]
        except Exception:  # noqa: BLE001 - whose fault it is shows when each runs by itself
            _roll_back(connection)
    return [_run_alone(connection, function) for function in functions]


def unavailable(error: sa.exc.OperationalError) -> Exception:
    """What callers are told of a failure of the database itself."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return error
    primary = code & 0xFF  # the rest are SQLite's finer distinctions
    if primary in _NO_ROOM:
        return Unavailable("storage.full", cause=_NO_ROOM[primary])
    return Unavailable("storage.failed", cause=str(getattr(error.orig, "sqlite_errorname", "")))


def _run_alone(connection: sa.Connection, function: Callable[[sa.Connection], object]) -> Outcome:
    try:
        with connection.begin():
            result = function(connection)
    except sa.exc.OperationalError as error:
        _roll_back(connection)
        return None, unavailable(error)
    except Exception as error:  # noqa: BLE001 - it is handed to the caller, who raises it
        _roll_back(connection)
        return None, error
    return result, None


def _roll_back(connection: sa.Connection) -> None:
    """End a transaction that a failed COMMIT may have left open."""
    raw = connection.connection.driver_connection
    if raw is not None and raw.in_transaction:
        raw.rollback()


def _deliver(group: Sequence[_Order], outcomes: Sequence[Outcome]) -> None:
    """Tell everybody who waits, with one wake-up per event loop."""
    answers: dict[asyncio.AbstractEventLoop, list[tuple[_Order, Outcome]]] = {}
    for order, outcome in zip(group, outcomes, strict=True):
        answers.setdefault(order.loop, []).append((order, outcome))
    for loop, told in answers.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, told)


def _tell(told: Sequence[tuple[_Order, Outcome]]) -> None:
    for order, (result, error) in told:
        if order.future.done():  # its waiter has gone; the write stands
            continue
        if error is not None:
            order.future.set_exception(error)
        else:
            order.future.set_result(result)


def _lock(path: Path) -> BinaryIO:
    """Hold `<path>.lock` for this process: two writers' memories would contradict each other."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise Misconfigured("database.unreachable", path=str(path)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Misconfigured("database.in_use", path=str(path)) from error
    return lock
