"""How long a tenant keeps what: the schema's periods, or its own within bounds.

The bounds are ours because both ends can do harm: too short, and nobody can answer where a parcel
went; too long, and storage has no ground any more (GDPR article 5(1)(e)). What is shortened goes
for good with the next daily run, so who changes it is told before how many rows that is today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.privacy import retention_store
from bayward.cloud.privacy.plan import TABLES, period_of
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX, Event, EventType
from bayward.core.ids import PersonId, TenantId

PREFIX = "keep."  # of the names of these settings
YEAR = 365


@dataclass(frozen=True, slots=True)
class Bounds:
    """Days between which a tenant may choose."""

    least: int
    most: int


BOUNDS: Mapping[str, Bounds] = {
    "session": Bounds(1, 30),  # to see where somebody was signed in last week
    "link": Bounds(1, 30),  # a link that is over opens nothing
    "message": Bounds(7, YEAR),  # whether and when somebody was written to
    "parcel": Bounds(14, 3 * YEAR),  # from a week's complaint to the limitation of claims
    "courier": Bounds(14, 3 * YEAR),  # as long as a parcel he brought may be asked for
    "order": Bounds(30, YEAR),  # staff ask about last month
    "role": Bounds(90, 10 * YEAR),  # an audit of access looks back a quarter at least
    "incident": Bounds(90, 10 * YEAR),  # insurers and the police are slow
    "evidence": Bounds(YEAR, 10 * YEAR),  # who had the log handed out
    "hold": Bounds(YEAR, 10 * YEAR),  # why something was not erased
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long one kind of thing is kept, by default and by choice."""

    kind: str
    days: int
    default: int
    bounds: Bounds


def of(tx: sa.Connection, tenant: TenantId) -> dict[str, Kept]:
    """Every kind, the shortest first."""
    setting = s.setting.c
    mine = (setting.tenant == tenant) & setting.name.startswith(PREFIX, autoescape=True)
    chosen = {row.name: int(row.value) for row in tx.execute(sa.select(s.setting).where(mine))}
    found = [
        Kept(kind=kind, days=chosen.get(PREFIX + kind, days), default=days, bounds=BOUNDS[kind])
        for kind, days in defaults().items()
    ]
    return {one.kind: one for one in sorted(found, key=lambda one: (one.days, one.kind))}


def defaults() -> dict[str, int]:
    """Days by kind, as the schema declares them."""
    declared = (period_of(table) for table in TABLES.values())
    return {one.kind: one.days for one in declared if one is not None}


def count(work: Work, tenant: TenantId, kind: str, days: int) -> int:
    """How many rows would go today, but for holds; raises `NotFound` or `Invalid`."""
    _check(kind, days)
    return sum(
        retention_store.count(work.tx, tenant, table, work.now, days=days)
        for table in TABLES.values()
        if (period := period_of(table)) is not None and period.kind == kind
    )


def choose(
    work: Work, tenant: TenantId, kind: str, days: int, *, reason: str, actor: PersonId
) -> None:
    """Keep something so long from now on; raises `NotFound` or `Invalid`."""
    _check(kind, days)
    told = " ".join(reason.split())
    if not told:
        raise Invalid("field.empty", field="reason")
    if len(told) > TEXT_CHARS_MAX:
        raise Invalid("field.too_long", field="reason", limit=TEXT_CHARS_MAX)
    before = of(work.tx, tenant)[kind].days
    name = PREFIX + kind
    mine = (s.setting.c.tenant == tenant) & (s.setting.c.name == name)
    row = {"value": str(days), "changed_by": actor, "changed_at": work.now}
    if work.tx.execute(s.setting.update().where(mine).values(row)).rowcount == 0:
        work.tx.execute(s.setting.insert().values(tenant=tenant, name=name, **row))
    event = Event(
        type=EventType.SETTING_CHANGED,
        time=work.now,
        actor=actor,
        subject=name,
        detail=f"{before} → {days}",
        reason=told,
    )
    work.emit(event, tenant=tenant)


def _check(kind: str, days: int) -> None:
    bounds = BOUNDS.get(kind)
    if bounds is None:
        raise NotFound("period")
    if not bounds.least <= days <= bounds.most:
        raise Invalid("period.bounds", field="days", least=bounds.least, most=bounds.most)
