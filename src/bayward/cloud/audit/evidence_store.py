"""SQL of the evidence packs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.ids import ItemId, PersonId, TenantId

LIST_MAX = 50  # of one page
RECORDS_MAX = 200  # a bank uploads every few seconds; what is older is not looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One pack, as far as it has come; `name` is that of its folder."""

    tenant: TenantId
    name: str
    person: PersonId
    asked_at: Instant
    origin: str
    first: int
    until: int
    size: int
    note: str
    asked_index: int
    hidden: frozenset[str]
    state: str = "working"  # working | ready | failed
    done: int = 0
    problem: str | None = None
    chain: str | None = None
    anchor_note: str | None = None
    anchor_stamp: bytes | None = None
    tsa_list: bytes | None = None
    tsa_issuer: bytes | None = None
    digest: str | None = None
    stamp: bytes | None = None
    exported_index: int | None = None
    fetch_until: Instant | None = None
    item: ItemId | None = None  # of no other are fields shown


def insert(tx: sa.Connection, asked: Evidence) -> None:
    """Keep what was asked for."""
    tx.execute(
        s.evidence.insert().values(
            tenant=asked.tenant,
            evidence=asked.name,
            person=asked.person,
            asked_at=asked.asked_at,
            origin=asked.origin,
            first=asked.first,
            until=asked.until,
            size=asked.size,
            note=asked.note,
            asked_index=asked.asked_index,
            hidden=json.dumps(sorted(asked.hidden)),
            item=asked.item,
            state=asked.state,
            done=0,
        )
    )


def get(tx: sa.Connection, tenant: TenantId, name: str) -> Evidence:
    """One pack; raises `NotFound`."""
    row = tx.execute(sa.select(s.evidence).where(_this(tenant, name))).one_or_none()
    if row is None:
        raise NotFound("evidence")
    return _evidence(row)


def listed(tx: sa.Connection, tenant: TenantId) -> list[Evidence]:
    """The newest packs of a tenant."""
    table = s.evidence.c
    rows = tx.execute(
        sa.select(s.evidence)
        .where(table.tenant == tenant)
        .order_by(table.asked_at.desc(), table.evidence)
        .limit(LIST_MAX)
    )
    return [_evidence(row) for row in rows]


def update(tx: sa.Connection, tenant: TenantId, name: str, **values: object) -> None:
    """Note how far a pack has come."""
    tx.execute(s.evidence.update().where(_this(tenant, name)).values(values))


def bounds(
    tx: sa.Connection, tenant: TenantId, origin: str, since: Instant, before: Instant
) -> tuple[int, int] | None:
    """The range of entries that holds every event a log's own clock puts into this time."""
    table = s.happening.c
    first, last = tx.execute(
        sa.select(sa.func.min(table.idx), sa.func.max(table.idx)).where(
            table.tenant == tenant,
            table.origin == origin,
            table.time >= since,
            table.time < before,
        )
    ).one()
    return None if first is None else (first, last + 1)


def records_of_checkpoints(
    tx: sa.Connection, tenant: TenantId, parent: str, bank: str, newest: int = RECORDS_MAX
) -> list[int]:
    """Where the parent log recorded a bank's newest checkpoints, newest first."""
    table = s.happening.c
    rows = tx.execute(
        sa.select(table.idx)
        .where(
            table.tenant == tenant,
            table.origin == parent,
            table.bank == bank,
            table.type == "bank_log.accepted",
        )
        .order_by(table.seq.desc())
        .limit(newest)
    )
    return list(rows.scalars())


def _this(tenant: TenantId, name: str) -> sa.ColumnElement[bool]:
    return (s.evidence.c.tenant == tenant) & (s.evidence.c.evidence == name)


def _evidence(row: sa.Row[tuple[object, ...]]) -> Evidence:
    return Evidence(
        tenant=TenantId(row.tenant),
        name=row.evidence,
        person=PersonId(row.person),
        asked_at=row.asked_at,
        origin=row.origin,
        first=row.first,
        until=row.until,
        size=row.size,
        note=row.note,
        asked_index=row.asked_index,
        hidden=frozenset(json.loads(row.hidden)),
        state=row.state,
        done=row.done,
        problem=row.problem,
        chain=row.chain,
        anchor_note=row.anchor_note,
        anchor_stamp=row.anchor_stamp,
        tsa_list=row.tsa_list,
        tsa_issuer=row.tsa_issuer,
        digest=row.digest,
        stamp=row.stamp,
        exported_index=row.exported_index,
        fetch_until=row.fetch_until,
        item=None if row.item is None else ItemId(row.item),
    )
