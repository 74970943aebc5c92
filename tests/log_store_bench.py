"""Both stores behind one face, faults at each step of a commit, and a check of all that is kept."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bayward.cloud.storage.log_store import postgres, sqlite
from bayward.cloud.storage.log_store.committer import Placed
from bayward.cloud.storage.log_store.logs import Commit, Logs, OneLog, SegmentLogs
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier, inclusion_proof
from bayward.ledger.log import Append, Log, Store
from bayward.ledger.merkle import leaf_hash, verify_inclusion
from bayward.ledger.proof import Proof
from bench.postgres import OWNER, WRITER, Server
from ledger_bench import LOG, ORIGIN

STEPS = {"sqlite": ("begin", "head", "entries", "hashes", "commit"), "postgres": ("commit",)}
"""The statements of a commit. In PostgreSQL it is one, and what is within it is the server's."""


FAULTS = [(step, persisted) for step in STEPS["sqlite"] for persisted in (False, True)]


class Broken(Exception):
    """What the disk or the wire says."""


@dataclass
class Faults:
    """Breaks the step `at` (counted from 0), before or after it took effect, once."""

    at: int | None = None
    persisted: bool = False
    unreachable: int = 0  # how often connecting fails from then on
    step: int = 0

    def arm(self, at: int, *, persisted: bool) -> None:
        self.at, self.persisted, self.step = at, persisted, 0

    @contextmanager
    def around(self) -> Iterator[None]:
        mine, self.step = self.step == self.at, self.step + 1
        if mine and not self.persisted:
            self.at = None
            raise Broken
        yield
        if mine:
            self.at = None
            raise Broken

    def connecting(self) -> None:
        if self.at is None and self.unreachable:
            self.unreachable -= 1
            raise Broken


class FaultyConnection:
    """A connection of either kind that breaks where it is told to."""

    def __init__(self, real: Any, faults: Faults) -> None:
        self.__dict__.update(real=real, faults=faults)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.real, name, value)

    def execute(self, *arguments: Any, **options: Any) -> Any:
        with self.faults.around():
            return self.real.execute(*arguments, **options)

    @property
    def pgconn(self) -> Any:
        return FaultySession(self.real.pgconn, self.faults)


class FaultySession(FaultyConnection):
    """What is below a connection to PostgreSQL; it breaks in the same way."""

    def exec_prepared(self, *arguments: Any) -> Any:
        with self.faults.around():
            return self.real.exec_prepared(*arguments)


@dataclass
class Kind:
    """One kind of store, empty; every `store()` has a connection of its own."""

    name: str
    connect: Callable[[], Any]
    raw: Callable[[], Any]  # past our own code: as somebody with a shell would
    make: Callable[[Callable[[], Any]], SegmentLogs]
    address: tuple[str, ...]  # for `log_store_writer`
    prefix: str = ""  # of the names of its logs, where the database is shared
    faults: Faults = field(default_factory=Faults)
    opened: list[SegmentLogs] = field(default_factory=list)

    def store(self, origin: str = ORIGIN, *, faulty: bool = False) -> OneLog:
        return OneLog(self.logs(faulty=faulty), self.prefix + origin)

    def logs(self, *, faulty: bool = False) -> SegmentLogs:
        def broken() -> Any:
            self.faults.connecting()
            return FaultyConnection(self.connect(), self.faults)

        logs = self.make(broken if faulty else self.connect)
        self.opened.append(logs)
        return logs

    def close(self) -> None:
        for logs in self.opened:
            logs.close()


def arm(kind: Kind, step: str, *, persisted: bool) -> None:
    """Break a step; of those PostgreSQL has within one statement, the statement."""
    steps = STEPS[kind.name]
    at = steps.index(step if step in steps else "commit")
    kind.faults.arm(at, persisted=persisted and step in steps)


def sqlite_kind(folder: Path) -> Kind:
    path = folder / "log.sqlite"
    connection = sqlite.connect(path)
    sqlite.create(connection)
    connection.close()
    return Kind(
        "sqlite",
        lambda: sqlite.connect(path),
        lambda: sqlite3.connect(path, isolation_level=None),
        sqlite.SqliteLogs,
        ("sqlite", str(path), ORIGIN),
    )


def postgres_kind(server: Server, database: str, prefix: str = "") -> Kind:
    """Logs in a database that `postgres_database` has made."""
    return Kind(
        "postgres",
        lambda: server.connect(WRITER, database),
        lambda: server.connect(OWNER, database),
        postgres.PostgresLogs,
        ("postgres", str(server.folder), prefix + ORIGIN, database),
        prefix,
    )


def postgres_database(server: Server, database: str) -> str:
    with server.connect(OWNER) as owner:
        owner.execute(f"CREATE DATABASE {database}".encode())
    with server.connect(OWNER, database) as owner:
        postgres.create(owner, WRITER)
    return database


KEPT = [b"a", b"b", b"c"]
REWRITES = (
    "UPDATE {0}segment SET entries = entries",
    "UPDATE {0}segment SET first = first + 100",
    "DELETE FROM {0}segment WHERE first = 2",
    "UPDATE {0}hash_run SET run = run",
    "DELETE FROM {0}hash_run",
    "DELETE FROM {0}head",
    "UPDATE {0}head SET size = 2",
    "UPDATE {0}head SET note = NULL",
    "UPDATE {0}head SET origin = 'another'",
    (
        "INSERT INTO {0}segment SELECT log, 3, 1, note, leaves, entries, opened FROM {0}segment"
        " WHERE first = 2"
    ),  # at the end, but the head says nothing of it
    (
        "INSERT INTO {0}segment SELECT log, 1, 1, note, leaves, entries, opened FROM {0}segment"
        " WHERE first = 2"
    ),
    (
        "INSERT INTO {0}segment SELECT log, 3, 0, note, leaves, entries, opened FROM {0}segment"
        " WHERE first = 2"
    ),
    "INSERT INTO {0}hash_run SELECT log, 1, run FROM {0}hash_run WHERE place = 0",
    "INSERT INTO {0}hash_run SELECT log, 40, run FROM {0}hash_run WHERE place = 0",
)


def keep(kind: Kind) -> None:
    log = Log(kind.store(), lambda: [LOG])
    log.append(KEPT[:2])
    log.append(KEPT[2:])


def entry(n: int) -> bytes:
    return f"entry {n}".encode() * (n % 5)


def entries(store: OneLog) -> list[bytes]:
    return [one for segment in store.segments() for one in segment.entries]


def recheck(store: OneLog) -> list[bytes]:
    """Verify everything a store holds against the checkpoints in it; gives the entries."""
    edge, every = Frontier(), list(store.segments())
    note = store.read_head()
    for segment in every:
        assert segment.first == edge.size
        assert segment.leaf_hashes == tuple(leaf_hash(one) for one in segment.entries)
        begin = 2 * edge.size - edge.size.bit_count()
        edge, stored = edge.extend(segment.leaf_hashes)
        assert list(store.read_hashes(range(begin, begin + len(stored)))) == stored
        signed = open_checkpoint(segment.note, LOG.key).checkpoint
        assert (signed.size, signed.root) == (edge.size, edge.root)
    found = [one for segment in every for one in segment.entries]
    if note is None:
        assert not found
        return found
    head = open_checkpoint(note, LOG.key).checkpoint
    assert (head.size, head.root) == (edge.size, edge.root)
    for index, one in enumerate(found):
        proof = inclusion_proof(index, head.size, store)
        verify_inclusion(index, head.size, leaf_hash(one), proof, head.root)
    return found


@dataclass
class Slow:
    """A store whose commit waits to be let through, and that counts how much came at once."""

    real: Store
    gate: Any  # threading.Event
    batches: list[int] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)

    def read_head(self) -> str | None:
        return self.real.read_head()

    def read_hashes(self, indexes: Sequence[int]) -> Sequence[bytes]:
        return self.real.read_hashes(indexes)

    def commit(self, append: Append, note: str) -> None:
        self.batches.append(len(append.entries))
        self.started.set()
        assert self.gate.wait(30)
        self.real.commit(append, note)


@dataclass
class Single:
    """A store of one log, for who wants many."""

    store: Store

    def read_head(self, origin: str) -> str | None:
        del origin
        return self.store.read_head()

    def read_hashes(self, origin: str, indexes: Sequence[int]) -> Sequence[bytes]:
        del origin
        return self.store.read_hashes(indexes)

    def commit(self, commits: Sequence[Commit]) -> None:
        [one] = commits
        self.store.commit(one.append, one.note)


STOPWATCHES: dict[str, Callable[[], float] | None] = {"thread": None, "loop": lambda: 0.0}
"""Where entries are committed that come at once: always in the thread, or in the loop, too."""


class Only:
    """A sequencer of which only one log is used."""

    def __init__(self, store: Store, stopwatch: Callable[[], float] | None = None) -> None:
        logs: Logs = store.logs if isinstance(store, OneLog) else Single(store)
        self.origin = store.origin if isinstance(store, OneLog) else ORIGIN
        self.real = Sequencer(logs, lambda _: [LOG], stopwatch)

    async def __aenter__(self) -> Self:
        await self.real.__aenter__()
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.real.__aexit__(*why)

    async def append(self, entry: bytes, opened: bytes = b"") -> Placed:
        return await self.real.append(self.origin, entry, opened)

    async def prove(self, index: int) -> Proof:
        return await self.real.prove(self.origin, index)
