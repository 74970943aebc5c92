"""SQL of the logs: what is kept of each, and the index of what is in them.

A commit of a log is a segment (`storage.log_store`), written in the transaction of the request.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.audit import beacon_store
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.log_store import segment
from bayward.cloud.storage.log_store.tables import Layout, LogRows
from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType, Scalar
from bayward.core.ids import BankId, TenantId
from bayward.ledger.log import Append
from bayward.ledger.merkle import EMPTY_ROOT
from bayward.ledger.sandwich import Bounds, bounds_of

TENANT_LOG = "tenant"
BANK_LOG = "bank"
ANCHOR_LOG = "anchor"
OURS = frozenset({TENANT_LOG, ANCHOR_LOG})  # signed by us
RUN_HASHES = 24  # with its key a run fits into a quarter of a page; more would spill to another
LAYOUT = Layout(
    s.log_segment.name,
    s.log_hash_run.name,
    ("tenant", "origin"),
    keeps=(),  # the vault has what opens entries, the head the checkpoint, the runs the hashes
    run_hashes=RUN_HASHES,
)


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
_ADD_HAPPENING = s.happening.insert().inline()
_NOT_BEFORE = beacon_store.time_above(s.happening.c.origin, s.happening.c.idx).label("beacon_time")
_NOT_AFTER = beacon_store.time_covering(s.happening.c.origin, s.happening.c.idx).label("cover_time")
_FOUND_BY = (
    "type", "time", "bank", "compartment", "parcel", "incident", "command", "actor", "subject",
    "item", "party_id",
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
    verified_size: int
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
    if find_log(tx, tenant, origin) is not None:
        raise Conflict("log.exists", origin=origin)
    row = s.log.insert().values(
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
    tx.execute(row)


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


def rows(tx: sa.Connection, tenant: TenantId, origin: str) -> LogRows:
    """Entries and hashes of a log, in this transaction (`ledger.dense.HashReader`)."""
    return LogRows(LAYOUT, (tenant, origin), tx.exec_driver_sql)


def grow(
    tx: sa.Connection, tenant: TenantId, origin: str, append: Append, *, note: str, now: Instant
) -> None:
    """Keep new entries, their hashes and the checkpoint: the head, then one segment.

    Raises `Conflict("log.moved")` when the log is not of the size the append was planned for: the
    fence against two writers.
    """
    moved = tx.execute(
        _GROW_LOG,
        {
            "of_tenant": tenant,
            "of_origin": origin,
            "first": append.first,
            "size": append.new_size,
            "root": append.new_root,
            "note": note,
            "changed_at": now,
        },
    )
    if moved.rowcount != 1:
        raise Conflict("log.moved", origin=origin)
    if append.entries:
        rows(tx, tenant, origin).add(append, note)


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
    """Entries `first` up to `first + count`, as far as there are any.

    Of a row that somebody has touched, what can be read: a check is to name what is wrong.
    """
    return [
        Entry(index, entry)
        for packed, _ in rows(tx, tenant, origin).segments(first, first + count)
        for index, entry in enumerate(segment.split_loosely(packed.entries), start=packed.first)
        if first <= index < first + count
    ]


def bundle(tx: sa.Connection, tenant: TenantId, origin: str, first: int, end: int) -> bytes:
    """Entries `first` … `end` - 1 as an entry bundle; empty when they are not all there."""
    found = rows(tx, tenant, origin).segments(first, end)
    return segment.bundle((packed for packed, _ in found), first, end)


def note_check(
    tx: sa.Connection,
    tenant: TenantId,
    origin: str,
    *,
    now: Instant,
    size: int,
    problem: str | None,
) -> None:
    """Remember how a full verification ended, and how many entries it read."""
    mine = (s.log.c.tenant == tenant) & (s.log.c.origin == origin)
    told = {"verified_at": now, "verified_size": size, "verify_problem": problem}
    tx.execute(s.log.update().where(mine).values(told))


def unchecked(tx: sa.Connection, since: Instant, now: Instant) -> list[tuple[TenantId, str]]:
    """Logs of all tenants that have entries and were not fully verified between these times."""
    table = s.log.c
    is_fresh = table.verified_at.between(since, now)
    rows = tx.execute(
        sa.select(table.tenant, table.origin)
        .where(table.note != "", table.verified_at.is_(None) | ~is_fresh)
        .order_by(table.verified_at.nulls_first(), table.tenant, table.origin)
    )
    return [(TenantId(row.tenant), row.origin) for row in rows]


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
    parcels: tuple[str, ...] = ()  # any of these
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
    if wanted.parcels:
        query = query.where(table.parcel.in_(wanted.parcels))
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
        verified_size=row.verified_size or 0,
        verify_problem=row.verify_problem,
    )


def _found(row: sa.Row[tuple[object, ...]]) -> Found:
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    told = {name: columns[name] for name in _FOUND_BY if columns[name] is not None}
    bounds = bounds_of(row.beacon_time, row.cover_time)
    return Found(row.seq, Place(row.origin, row.idx), told, row.received_at, bounds)
