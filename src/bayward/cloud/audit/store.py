"""SQL of the logs: what is kept of each, and the index of what is in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.audit import beacon_store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType, Scalar
from bayward.core.ids import BankId, TenantId
from bayward.ledger.dense import stored_hash_count
from bayward.ledger.errors import Unverified
from bayward.ledger.merkle import EMPTY_ROOT
from bayward.ledger.sandwich import Bounds, bounds_of

TENANT_LOG = "tenant"
BANK_LOG = "bank"
ANCHOR_LOG = "anchor"
OURS = frozenset({TENANT_LOG, ANCHOR_LOG})  # signed by us


# Statements of the busy path are built once; building one costs more than running it.
_FIND_LOG = sa.select(s.log).where(
    s.log.c.tenant == sa.bindparam("tenant"), s.log.c.origin == sa.bindparam("origin")
)
_GROW_LOG = (
    s.log.update()
    .where(
        s.log.c.tenant == sa.bindparam("of_tenant"),
        s.log.c.origin == sa.bindparam("of_origin"),
        s.log.c.size == sa.bindparam("first"),
    )
    .values({name: sa.bindparam(name) for name in ("size", "root", "note", "changed_at")})
)
_PLACES = sa.func.json_each(sa.bindparam("places")).table_valued("value")
_FIND_HASHES = sa.select(s.log_hash.c.place, s.log_hash.c.hash).where(
    s.log_hash.c.tenant == sa.bindparam("tenant"),
    s.log_hash.c.origin == sa.bindparam("origin"),
    s.log_hash.c.place.in_(sa.select(_PLACES.c.value)),  # one statement for any number
)
_ADD_ENTRY = s.log_entry.insert()
_ADD_HASH = s.log_hash.insert()
_ADD_HAPPENING = s.happening.insert().inline()
_NOT_BEFORE = beacon_store.time_above(s.happening.c.origin, s.happening.c.idx).label("beacon_time")
_NOT_AFTER = beacon_store.time_covering(s.happening.c.origin, s.happening.c.idx).label("cover_time")
_FOUND_BY = (
    "type", "time", "bank", "compartment", "parcel", "incident", "command", "actor", "subject",
    "item",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogHead:
    """One log as we hold it; `note` is "" before its first entry."""

    origin: str
    kind: str
    bank: BankId | None
    vkey: str
    state: str  # live | forked | closed
    size: int
    root: bytes
    note: str
    changed_at: Instant
    verified_at: Instant | None
    verify_problem: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log; what opens its fields is in `vault_store`."""

    index: int
    leaf: bytes


UNBOUND = Bounds()


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the index: `told` are the fields it can be found by, `seq` orders arrivals.

    `bounds` are what is proven of its time from outside (`ledger.sandwich`).
    """

    seq: int
    place: Place
    told: dict[str, Scalar]
    received_at: Instant
    bounds: Bounds = UNBOUND


def create_log(
    tx: sa.Connection,
    tenant: TenantId,
    origin: str,
    *,
    kind: str,
    bank: BankId | None,
    vkey: str,
    now: Instant,
) -> None:
    """Begin an empty log; `Conflict` when there is one of this origin."""
    row = insert(s.log).values(
        tenant=tenant,
        origin=origin,
        kind=kind,
        bank=bank,
        vkey=vkey,
        state="live",
        size=0,
        root=EMPTY_ROOT,
        note="",
        changed_at=now,
    )
    if tx.execute(row.on_conflict_do_nothing()).rowcount != 1:
        raise Conflict("log.exists", origin=origin)


def find_log(tx: sa.Connection, tenant: TenantId, origin: str) -> LogHead | None:
    """The log of this origin; None when it is another tenant's or nobody's."""
    row = tx.execute(_FIND_LOG, {"tenant": tenant, "origin": origin}).one_or_none()
    return None if row is None else _head(row)


def get_log(tx: sa.Connection, tenant: TenantId, origin: str) -> LogHead:
    """The log of this origin; raises `NotFound`."""
    found = find_log(tx, tenant, origin)
    if found is None:
        raise NotFound("log")
    return found


def logs(tx: sa.Connection, tenant: TenantId) -> list[LogHead]:
    """All logs of a tenant: its own first, then those of its banks."""
    rows = tx.execute(
        sa.select(s.log)
        .where(s.log.c.tenant == tenant)
        .order_by(s.log.c.kind.desc(), s.log.c.origin)
    )
    return [_head(row) for row in rows]


class Hashes:
    """The dense array of hashes of one log (`ledger.dense.HashReader`)."""

    def __init__(self, tx: sa.Connection, tenant: TenantId, origin: str) -> None:
        self._tx = tx
        self._mine: dict[str, object] = {"tenant": tenant, "origin": origin}

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places, in this order."""
        rows = self._tx.execute(_FIND_HASHES, self._mine | {"places": json.dumps(list(indexes))})
        found: dict[int, bytes] = {row.place: row.hash for row in rows}
        missing = [index for index in indexes if index not in found]
        if missing:
            raise Unverified("log.hash", f"the hash at place {missing[0]} is gone")
        return [found[index] for index in indexes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What new entries and the checkpoint that covers them mean for the database.

    `first` is the size the log must have; `hashes` go to the end of its dense array.
    """

    first: int
    leaves: Sequence[bytes]
    hashes: Sequence[bytes]
    size: int
    root: bytes
    note: str


def grow(tx: sa.Connection, tenant: TenantId, origin: str, growth: Growth, now: Instant) -> None:
    """Keep new entries, their hashes and the checkpoint.

    Raises `Conflict("log.moved")` when the log is not of the size the growth was made for: the
    fence against two writers.
    """
    moved = tx.execute(
        _GROW_LOG,
        {
            "of_tenant": tenant,
            "of_origin": origin,
            "first": growth.first,
            "size": growth.size,
            "root": growth.root,
            "note": growth.note,
            "changed_at": now,
        },
    )
    if moved.rowcount != 1:
        raise Conflict("log.moved", origin=origin)
    if not growth.leaves:
        return
    key = {"tenant": tenant, "origin": origin}
    tx.execute(
        _ADD_ENTRY,
        [
            key | {"idx": index, "leaf": leaf}
            for index, leaf in enumerate(growth.leaves, start=growth.first)
        ],
    )
    tx.execute(
        _ADD_HASH,
        [
            key | {"place": place, "hash": one}
            for place, one in enumerate(growth.hashes, start=stored_hash_count(growth.first))
        ],
    )


def insert_evidence(
    tx: sa.Connection, tenant: TenantId, head: LogHead, *, reason: str, offered: str, now: Instant
) -> None:
    """Keep what a bank showed us that contradicts what we had accepted."""
    tx.execute(
        s.fork_evidence.insert().values(
            tenant=tenant,
            origin=head.origin,
            bank=head.bank or "",
            reason=reason,
            at=now,
            known_note=head.note,
            offered_note=offered,
        )
    )


def evidence(tx: sa.Connection, tenant: TenantId, origin: str) -> list[str]:
    """The notes that were offered and refused."""
    table = s.fork_evidence.c
    mine = (table.tenant == tenant) & (table.origin == origin)
    return list(tx.execute(sa.select(table.offered_note).where(mine)).scalars())


def set_state(tx: sa.Connection, tenant: TenantId, origin: str, state: str) -> None:
    """A log is `live`, `forked` (nothing more is taken) or `closed` (another one follows it)."""
    mine = (s.log.c.tenant == tenant) & (s.log.c.origin == origin)
    tx.execute(s.log.update().where(mine).values(state=state))


def entries(
    tx: sa.Connection, tenant: TenantId, origin: str, first: int, count: int
) -> list[Entry]:
    """Entries `first` up to `first + count`, as far as there are any."""
    mine = (s.log_entry.c.tenant == tenant) & (s.log_entry.c.origin == origin)
    wanted = s.log_entry.c.idx.between(first, first + count - 1)
    rows = tx.execute(sa.select(s.log_entry).where(mine, wanted).order_by(s.log_entry.c.idx))
    return [Entry(row.idx, row.leaf) for row in rows]


def note_check(
    tx: sa.Connection, tenant: TenantId, origin: str, *, now: Instant, problem: str | None
) -> None:
    """Remember how a full verification ended."""
    mine = (s.log.c.tenant == tenant) & (s.log.c.origin == origin)
    tx.execute(s.log.update().where(mine).values(verified_at=now, verify_problem=problem))


def insert_happening(
    tx: sa.Connection, tenant: TenantId, event: Event, place: Place, *, now: Instant
) -> None:
    """Make an event findable."""
    told = event.to_fields()
    row: dict[str, object] = dict.fromkeys(_FOUND_BY)
    row |= {name: told[name] for name in _FOUND_BY if name in told}
    row |= {
        "tenant": tenant,
        "origin": place.origin,
        "idx": place.index,
        "received_at": now,
    }
    tx.execute(_ADD_HAPPENING, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which happenings to list; None: any."""

    bank: str | None = None
    parcel: str | None = None
    incident: str | None = None
    item: str | None = None
    actor: str | None = None
    about: str | None = None  # a person: what he did, and what was done to him
    origin: str | None = None
    index: int | None = None
    types: tuple[EventType, ...] = ()


def happenings(
    tx: sa.Connection, tenant: TenantId, wanted: Wanted, *, before: int | None, count: int
) -> list[Found]:
    """Newest first, from below the cursor `before`."""
    table = s.happening.c
    query = sa.select(s.happening, _NOT_BEFORE, _NOT_AFTER).where(table.tenant == tenant)
    for name in ("bank", "parcel", "incident", "item", "actor", "origin"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(table[name] == value)
    if wanted.index is not None:
        query = query.where(table.idx == wanted.index)
    if wanted.about is not None:
        query = query.where(sa.or_(table.actor == wanted.about, table.subject == wanted.about))
    if wanted.types:
        query = query.where(table.type.in_([one.value for one in wanted.types]))
    if before is not None:
        query = query.where(table.seq < before)
    rows = tx.execute(query.order_by(table.seq.desc()).limit(count))
    return [_found(row) for row in rows]


def _head(row: sa.Row[tuple[object, ...]]) -> LogHead:
    return LogHead(
        origin=row.origin,
        kind=row.kind,
        bank=None if row.bank is None else BankId(row.bank),
        vkey=row.vkey,
        state=row.state,
        size=row.size,
        root=row.root,
        note=row.note,
        changed_at=row.changed_at,
        verified_at=row.verified_at,
        verify_problem=row.verify_problem,
    )


def _found(row: sa.Row[tuple[object, ...]]) -> Found:
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    told = {name: columns[name] for name in _FOUND_BY if columns[name] is not None}
    bounds = bounds_of(row.beacon_time, row.cover_time)
    return Found(row.seq, Place(row.origin, row.idx), told, row.received_at, bounds)
