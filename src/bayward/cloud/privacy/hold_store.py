"""SQL of legal holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import Id, PersonId, Subject, TenantId


class HoldId(Id):
    """One legal hold."""

    __slots__ = ()
    prefix = "hld"


class HoldKind(StrEnum):
    """What a hold is on."""

    PERSON = "person"
    PARTY = "party"
    PARCEL = "parcel"
    INCIDENT = "incident"
    BANK = "bank"
    PERIOD = "period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What must not be erased: whoever appears in what is about `subject`.

    `begins_at` and `ends_at` limit it to what happened between them. `not_after` is when somebody
    has to look at it again; it holds until it is lifted, not until then.
    """

    id: HoldId
    kind: HoldKind
    subject: str | None
    authority: str
    placed_by: str
    placed_at: Instant
    begins_at: Instant | None = None
    ends_at: Instant | None = None
    not_after: Instant | None = None
    lifted_by: str | None = None
    lifted_at: Instant | None = None


_SUBJECTS = (HoldKind.PERSON, HoldKind.PARTY)


def insert(tx: sa.Connection, tenant: TenantId, hold: Hold) -> None:
    """Add a hold."""
    row = {
        "tenant": tenant,
        "hold": hold.id,
        "kind": hold.kind.value,
        "subject": hold.subject,
        "begins_at": hold.begins_at,
        "ends_at": hold.ends_at,
        "authority": hold.authority,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at,
        "not_after": hold.not_after,
    }
    tx.execute(s.hold.insert().values(cells.sealed(tx, s.hold, row)))


def lift(tx: sa.Connection, tenant: TenantId, hold: HoldId, by: PersonId, now: Instant) -> bool:
    """End a hold; False when it is none of this tenant's, or over."""
    mine = (s.hold.c.tenant == tenant) & (s.hold.c.hold == hold) & s.hold.c.lifted_at.is_(None)
    return tx.execute(s.hold.update().where(mine).values(lifted_by=by, lifted_at=now)).rowcount == 1


def holds(tx: sa.Connection, tenant: TenantId, *, is_lifted: bool = False) -> list[Hold]:
    """Holds that are on, or those that were; newest first."""
    over = s.hold.c.lifted_at.is_not(None) if is_lifted else s.hold.c.lifted_at.is_(None)
    query = sa.select(s.hold).where(s.hold.c.tenant == tenant, over)
    rows = tx.execute(query.order_by(s.hold.c.placed_at.desc(), s.hold.c.hold)).mappings()
    return [_hold(tx, row) for row in rows]


def find(tx: sa.Connection, tenant: TenantId, hold: HoldId) -> Hold | None:
    """One hold."""
    mine = (s.hold.c.tenant == tenant) & (s.hold.c.hold == hold)
    row = tx.execute(sa.select(s.hold).where(mine)).mappings().one_or_none()
    return None if row is None else _hold(tx, row)


def touches(tx: sa.Connection, tenant: TenantId, hold: Hold, person: Subject) -> bool:
    """Whether somebody appears in what is held."""
    if hold.kind in _SUBJECTS and hold.begins_at is None and hold.ends_at is None:
        return hold.subject == person
    line, parcel = s.happening.c, s.parcel.c
    his_parcels = sa.select(parcel.parcel).where(
        parcel.tenant == tenant, (parcel.recipient == person) | (parcel.courier == person)
    )
    appears = (line.actor == person) | (line.subject == person) | line.parcel.in_(his_parcels)
    appears |= line.party_id == person
    which = [line.tenant == tenant, appears]
    match hold.kind:
        case HoldKind.PERSON | HoldKind.PARTY:
            if hold.subject != person:
                return False
        case HoldKind.PARCEL | HoldKind.INCIDENT | HoldKind.BANK:
            which.append(line[hold.kind.value] == hold.subject)
        case HoldKind.PERIOD:
            pass
    if hold.begins_at is not None:
        which.append(line.time >= hold.begins_at)
    if hold.ends_at is not None:
        which.append(line.time <= hold.ends_at)
    return tx.execute(sa.select(line.seq).where(*which).limit(1)).first() is not None


def _hold(tx: sa.Connection, row: sa.RowMapping) -> Hold:
    told = cells.opened(tx, s.hold, row)
    del told["tenant"]
    hold, kind = HoldId(told.pop("hold")), HoldKind(told.pop("kind"))
    return Hold(id=hold, kind=kind, **told)
