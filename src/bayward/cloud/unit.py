"""The unit of work: one request or message is one transaction, and nobody else commits.

    await unit.write(lambda work: custody.service.hold(work, tenant, parcel))

Inside, services are plain functions of a `Work`. What happened is told with `work.emit`, which
writes it to the log and carries out its consequences (`reactions`) in the same transaction; what
is to be done once it is committed goes through `work.enqueue`. A function may run twice when the
transactions of several callers fail together, so it touches nothing but its `Work`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import sqlalchemy as sa
import structlog

from bayward.cloud.keyring import cells
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import Keys
from bayward.cloud.storage import outbox
from bayward.cloud.storage.outbox import Payload
from bayward.core.clock import Clock, Instant
from bayward.core.events import Event
from bayward.core.ids import ID_BYTES, Id, TenantId

T = TypeVar("T")
AnyId = TypeVar("AnyId", bound=Id)

_log = structlog.get_logger()

OPERATOR = TenantId.of(bytes(16))
"""The platform's own tenant: whose staff are super-admins, and whose log is the anchor."""

JOBS = "jobs"  # the topic that wakes the worker


class Store(Protocol):
    """A database."""

    async def write(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` in a transaction; returns when it is durable."""
        ...

    async def read(self, function: Callable[[sa.Connection], T]) -> T:
        """Run `function` on a snapshot."""
        ...

    async def scrub(self, *, is_whole: bool = False) -> None:
        """Leave no copy of what was deleted: empty the write-ahead log.

        With `is_whole` the whole file is written anew, which takes a while.
        """
        ...


class Ids:
    """Where new ids, salts and tokens come from; `random(n)` gives n random bytes."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self.random = random

    def new(self, kind: type[AnyId]) -> AnyId:
        """A new id of this kind."""
        return kind.of(self.random(ID_BYTES))


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every request of one deployment.

    `name` opens the origin of each log (`audit.example.com`), `base_url` every link in a message
    (`https://lockers.example.com`, no slash behind it).
    """

    name: str
    base_url: str
    keys: Keys
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands already: entry `index` of the log `origin`."""

    origin: str
    index: int


class Pending(Protocol):
    """Something gathered during a unit of work, to be written as one."""

    def settle(self) -> None:
        """Write it."""
        ...  # pragma: no cover - a protocol has no body


React = Callable[["Work", TenantId, Event, Place | None], None]


@dataclass(slots=True)
class Work:
    """One transaction in progress; good until the function that was given it returns."""

    tx: sa.Connection
    now: Instant
    ids: Ids
    house: House
    react: React
    topics: set[str] = field(default_factory=set)
    pending: dict[object, Pending] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells.bind(self.tx, cells.Safe(self.house.keyring, self.now, self.ids.random))

    def emit(self, event: Event, *, tenant: TenantId, place: Place | None = None) -> None:
        """Say what happened: into the log first, then everything that follows from it.

        `place` is given for an event that a bank has logged; without it the event becomes an
        entry of the tenant's own log.
        """
        self.react(self, tenant, event, place)

    def enqueue(
        self, kind: str, key: str | None, payload: Payload, due: Instant | None = None
    ) -> None:
        """Have something done after the commit, at `due` or at once; once per kind and key."""
        due = self.now if due is None else due
        outbox.enqueue(self.tx, self.now, kind=kind, key=key, payload=payload, due=due)
        self.topics.add(JOBS)

    def settle(self) -> None:
        """Write what is pending, in this transaction: entries of logs, under their checkpoints.

        `Unit` does so when the function returns; whoever reads a log in between does it before.
        """
        while self.pending:
            self.pending.pop(next(iter(self.pending))).settle()

    def wake(self, topic: str) -> None:
        """Tell whoever waits for `topic` (see `Unit.on_commit`), once this is committed."""
        self.topics.add(topic)


class Unit:
    """Opens every transaction of the control plane."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, house: House, react: React) -> None:
        self._store = store
        self._react = react
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self.clock = clock
        self.ids = ids
        self.house = house

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Call `listener` in the event loop with the topics of each commit; gives its off switch.

        Topics: `jobs`, `bank/{id}` (something to send to it), `tenant/{id}` (pages changed).
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def write(self, function: Callable[[Work], T]) -> T:
        """Run `function` in one transaction; returns when it is durable."""

        def run(tx: sa.Connection) -> tuple[T, frozenset[str]]:
            work = self._work(tx)
            result = function(work)
            work.settle()
            return result, frozenset(work.topics)

        result, topics = await self._store.write(run)
        if topics:
            self._tell(topics)
        return result

    async def scrub(self, *, is_whole: bool = False) -> None:
        """See `Store.scrub`."""
        await self._store.scrub(is_whole=is_whole)

    async def read(self, function: Callable[[Work], T]) -> T:
        """Run `function` on a snapshot of what is committed; it cannot write."""
        return await self._store.read(lambda tx: function(self._work(tx)))

    def _tell(self, topics: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(topics)
            except Exception:  # noqa: BLE001 - it is committed, and the caller must learn just that
                _log.exception("unit.listener")

    def _work(self, tx: sa.Connection) -> Work:
        return Work(tx, self.clock.now(), self.ids, self.house, self._react)
