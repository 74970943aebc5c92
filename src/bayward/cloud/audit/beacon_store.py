"""SQL of cosignatures and beacons."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as insert_or

from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place
from bayward.core.ids import TenantId
from bayward.ledger.sandwich import Beacon, Cosigned, Cover

LOOKED_BACK = 2_000  # a log is cosigned each minute for years; who was silent since is not shown


@dataclass(frozen=True, slots=True)
class Kept:
    """One cosigned checkpoint; `time` in POSIX seconds."""

    size: int
    witness: str
    time: int
    note: str

    @property
    def cover(self) -> Cover:
        """What it says of the entries below."""
        return Cover(self.size, self.time)

    @property
    def digest(self) -> str:
        """What a beacon holds of it."""
        return hashlib.sha256(self.note.encode()).hexdigest()


def insert(tx: sa.Connection, tenant: TenantId, cosigned: Cosigned) -> None:
    """Keep a cosignature; the first one over a size is the upper bound of what it covers."""
    point = cosigned.checkpoint
    kept = Kept(point.size, cosigned.witness, cosigned.time, cosigned.note)
    insert_kept(tx, tenant, point.origin, kept)


def insert_kept(tx: sa.Connection, tenant: TenantId, origin: str, kept: Kept) -> None:
    """The same for a log whose checkpoint a cosigned log above it holds: `note` is that one's."""
    row = insert_or(s.cosignature).values(
        tenant=tenant,
        origin=origin,
        size=kept.size,
        witness=kept.witness,
        time=kept.time,
        note=kept.note,
    )
    tx.execute(row.on_conflict_do_nothing())


def find(tx: sa.Connection, tenant: TenantId, origin: str, size: int) -> list[Kept]:
    """Cosignatures over exactly this size."""
    mine = (s.cosignature.c.tenant == tenant) & (s.cosignature.c.origin == origin)
    rows = tx.execute(sa.select(s.cosignature).where(mine, s.cosignature.c.size == size))
    return [Kept(row.size, row.witness, row.time, row.note) for row in rows]


def all_of(tx: sa.Connection, tenant: TenantId, origin: str) -> list[Kept]:
    """All cosignatures of a log, by size."""
    mine = (s.cosignature.c.tenant == tenant) & (s.cosignature.c.origin == origin)
    by_size = (s.cosignature.c.size, s.cosignature.c.time, s.cosignature.c.witness)
    rows = tx.execute(sa.select(s.cosignature).where(mine).order_by(*by_size))
    return [Kept(row.size, row.witness, row.time, row.note) for row in rows]


def beacons(tx: sa.Connection, tenant: TenantId, origin: str) -> list[Beacon]:
    """All beacons of a log, by index."""
    mine = (s.beacon.c.tenant == tenant) & (s.beacon.c.origin == origin)
    rows = tx.execute(sa.select(s.beacon).where(mine).order_by(s.beacon.c.idx))
    return [Beacon(row.idx, row.time) for row in rows]


def notes_over(tx: sa.Connection, tenant: TenantId, origin: str, index: int) -> list[list[str]]:
    """Cosigned checkpoints that cover an entry: of each size the first note of each witness.

    The first sizes come first.
    """
    table = s.cosignature.c
    mine = (table.tenant == tenant) & (table.origin == origin) & (table.size > index)
    by_age = (table.size, table.time, table.witness)
    query = sa.select(table.size, table.witness, table.note).where(mine).order_by(*by_age)
    found: dict[int, dict[str, str]] = {}
    for row in tx.execute(query.limit(LOOKED_BACK)):
        found.setdefault(row.size, {}).setdefault(row.witness, row.note)
    return [list(notes.values()) for notes in found.values()]


def newest(tx: sa.Connection, tenant: TenantId, origin: str) -> str | None:
    """The note of the newest cosignature."""
    kept = newest_kept(tx, tenant, origin)
    return None if kept is None else kept.note


def newest_kept(tx: sa.Connection, tenant: TenantId, origin: str) -> Kept | None:
    """The newest cosignature."""
    table = s.cosignature.c
    mine = (table.tenant == tenant) & (table.origin == origin)
    query = sa.select(s.cosignature).where(mine).order_by(table.size.desc(), table.time.desc())
    row = tx.execute(query.limit(1)).one_or_none()
    return None if row is None else Kept(row.size, row.witness, row.time, row.note)


def prune(tx: sa.Connection, tenant: TenantId, newest: Cosigned, *, spare: int) -> None:
    """Of the cosignatures over one size keep the first, those that are beacons, and some."""
    point, table = newest.checkpoint, s.cosignature.c
    mine = (table.tenant == tenant) & (table.origin == point.origin) & (table.size == point.size)
    mine &= table.witness == newest.witness
    times = list(tx.execute(sa.select(table.time).where(mine).order_by(table.time)).scalars())
    logged = {one.time for one in beacons(tx, tenant, point.origin)} if len(times) > spare else ()
    for time in times[1:-spare]:
        if time not in logged:
            tx.execute(s.cosignature.delete().where(mine, table.time == time))


def newest_of(tx: sa.Connection, tenant: TenantId, origin: str, witness: str) -> Kept | None:
    """The newest cosignature of one witness."""
    table = s.cosignature.c
    mine = (table.tenant == tenant) & (table.origin == origin) & (table.witness == witness)
    by_age = (table.size.desc(), table.time.desc())
    row = tx.execute(sa.select(s.cosignature).where(mine).order_by(*by_age).limit(1)).one_or_none()
    return None if row is None else Kept(row.size, row.witness, row.time, row.note)


def newest_by_witness(tx: sa.Connection, tenant: TenantId, origin: str) -> list[Kept]:
    """The newest cosignature of each witness among the last `LOOKED_BACK`, by its name."""
    table = s.cosignature.c
    mine = (table.tenant == tenant) & (table.origin == origin)
    recent = sa.select(table.witness).where(mine).order_by(table.size.desc()).limit(LOOKED_BACK)
    names = tx.execute(sa.select(recent.subquery().c.witness).distinct()).scalars()
    found = [newest_of(tx, tenant, origin, name) for name in sorted(names)]
    return [one for one in found if one is not None]


def insert_beacon(tx: sa.Connection, tenant: TenantId, place: Place, time: int) -> None:
    """Remember where a beacon stands."""
    row = s.beacon.insert().values(tenant=tenant, origin=place.origin, idx=place.index, time=time)
    tx.execute(row)


def time_above(origin: sa.ColumnElement[str], idx: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    """For a query over entries: the time of the last beacon above (or at) each.

    The tenant is that of the query (`happening.tenant`).
    """
    table = s.beacon.c
    mine = (table.tenant == s.happening.c.tenant) & (table.origin == origin) & (table.idx <= idx)
    query = sa.select(table.time).where(mine).order_by(table.idx.desc()).limit(1)
    return query.scalar_subquery()


def time_covering(
    origin: sa.ColumnElement[str], idx: sa.ColumnElement[int]
) -> sa.ScalarSelect[int]:
    """For a query over entries: the time of the first cosignature that covers each."""
    table = s.cosignature.c
    mine = (table.tenant == s.happening.c.tenant) & (table.origin == origin) & (table.size > idx)
    query = sa.select(table.time).where(mine).order_by(table.size, table.time).limit(1)
    return query.scalar_subquery()
