"""SQL of what a message has to know: whom it goes to, and the place it is about.

The one read that crosses the slices' tables: a message names a person, a parcel and a door in
one breath, and the sending worker reads them in one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.compartment import Compartment
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, CompartmentId, PersonId, SiteId, TenantId
from bayward.core.roles import Node, Role

_REACHED = [s.person.c[name] for name in ("tenant", "person", "name", "email", "language", "state")]
_BUILT = [s.compartment.c[field.name] for field in fields(Compartment) if field.name != "id"]


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach somebody."""

    person: PersonId
    name: str
    email: str | None
    language: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class BankPlace:
    """Where a bank is, in words."""

    site: str
    bank: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel, its grant and its door, as a message tells of them."""

    bank: BankId
    place: BankPlace
    number: int
    reach: str  # core.compartment.Compartment.reach
    recipient: PersonId
    parcel: str
    carrier: str
    tracking: str
    grant_state: GrantState
    not_after: Instant
    ended_at: Instant | None


def contact(tx: sa.Connection, tenant: TenantId, person: str) -> Contact | None:
    """Somebody's address."""
    table = s.person.c
    mine = (table.tenant == tenant) & (table.person == person)
    row = tx.execute(sa.select(*_REACHED).where(mine)).mappings().one_or_none()
    return None if row is None else _contact(tx, row)


def tenant_name(tx: sa.Connection, tenant: TenantId) -> str:
    """What an organisation is called."""
    name: str = tx.execute(
        sa.select(s.tenant.c.name).where(s.tenant.c.tenant == tenant)
    ).scalar_one()
    return name


def place_of(tx: sa.Connection, tenant: TenantId, bank: str) -> BankPlace | None:
    """Where a bank is."""
    row = tx.execute(
        sa.select(s.site.c.name, s.bank.c.name.label("bank"), s.site.c.time_zone)
        .join_from(s.bank, s.site)
        .where(s.bank.c.tenant == tenant, s.bank.c.bank == bank)
    ).one_or_none()
    return None if row is None else BankPlace(row.name, row.bank, row.time_zone)


def place_without_bank(tx: sa.Connection, tenant: TenantId) -> BankPlace:
    """An organisation as the place, for what is about none of its banks; the time of its sites."""
    name = tenant_name(tx, tenant)
    zone = sa.select(s.site.c.time_zone).where(s.site.c.tenant == tenant).order_by(s.site.c.site)
    return BankPlace(name, name, tx.execute(zone.limit(1)).scalar_one_or_none() or "UTC")


def waiting(tx: sa.Connection, tenant: TenantId, grant: str) -> Waiting | None:
    """Everything about the parcel of a grant."""
    door = (
        (s.compartment.c.tenant == s.grant.c.tenant)
        & (s.compartment.c.bank == s.grant.c.bank)
        & (s.compartment.c.compartment == s.grant.c.compartment)
    )
    same_parcel = (s.parcel.c.tenant == s.grant.c.tenant) & (s.parcel.c.parcel == s.grant.c.parcel)
    row = tx.execute(
        sa.select(
            s.grant,
            *_BUILT,
            s.parcel.c.carrier,
            s.parcel.c.tracking,
            s.parcel.c.recipient.label("whose"),
            s.parcel.c.ended_at.label("parcel_ended_at"),
        )
        .join_from(s.grant, s.compartment, door)
        .outerjoin(s.parcel, same_parcel)
        .where(s.grant.c.tenant == tenant, s.grant.c.grant == grant)
    ).one_or_none()
    place = None if row is None else place_of(tx, tenant, row.bank)
    if row is None or place is None:
        return None
    return Waiting(
        bank=BankId(row.bank),
        place=place,
        number=row.number,
        reach=_reach(row),
        recipient=PersonId(row.recipient),
        parcel=row.parcel,
        carrier=row.carrier or "",
        tracking=_tracking(tx, row),
        grant_state=GrantState(row.state),
        not_after=row.not_after,
        ended_at=row.parcel_ended_at,
    )


def grant_inside(tx: sa.Connection, tenant: TenantId, parcel: str) -> str | None:
    """The newest grant of a parcel that lies in a compartment; None when it does not."""
    inside = (s.parcel.c.tenant == tenant) & (s.parcel.c.parcel == parcel)
    inside &= s.parcel.c.deposited_at.is_not(None) & s.parcel.c.ended_at.is_(None)
    same = (s.parcel.c.tenant == s.grant.c.tenant) & (s.parcel.c.parcel == s.grant.c.parcel)
    newest = sa.select(s.grant.c.grant).join_from(s.grant, s.parcel, same).where(inside)
    found: str | None = tx.execute(
        newest.order_by(s.grant.c.issued_at.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def forced_at(tx: sa.Connection, tenant: TenantId, parcel: str) -> Instant | None:
    """When the door of a parcel was forced open last, while it was behind it."""
    told = s.happening.c
    mine = (told.tenant == tenant) & (told.parcel == parcel)
    mine &= told.type == EventType.DOOR_FORCED_OPEN.value
    found: Instant | None = tx.execute(
        sa.select(told.time).where(mine).order_by(told.seq.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def door_number(tx: sa.Connection, tenant: TenantId, bank: str, compartment: str) -> int | None:
    """The number on a door."""
    table = s.compartment.c
    this = (table.tenant == tenant) & (table.bank == bank) & (table.compartment == compartment)
    return tx.execute(sa.select(table.number).where(this)).scalar_one_or_none()


class Admitted(NamedTuple):
    """For whom, until when and for which doors (`core.compartment.modes_text`)."""

    carrier: str
    until: Instant
    modes: str


def admission(tx: sa.Connection, tenant: TenantId, bank: str, person: str) -> Admitted | None:
    """Somebody's permission at a bank, while he is admitted."""
    table = s.admission.c
    this = (table.tenant == tenant) & (table.bank == bank) & (table.person == person)
    row = tx.execute(
        sa.select(table.carrier, table.until, table.modes).where(this, table.state == "admitted")
    ).one_or_none()
    return None if row is None else Admitted(row.carrier, row.until, row.modes or "")


def staff(tx: sa.Connection, tenant: TenantId, bank: str, now: Instant) -> list[Contact]:
    """The administrators of a bank, of its site and of its tenant, who can be written to."""
    site = sa.select(s.bank.c.site).where(s.bank.c.tenant == tenant, s.bank.c.bank == bank)
    found = tx.execute(site).scalar_one_or_none()
    nodes = [Node(tenant)]
    if found is not None:
        nodes += [Node(tenant, SiteId(found)), Node(tenant, SiteId(found), BankId(bank))]
    held = s.role_binding.c
    admins = sa.select(held.person).where(
        held.tenant == tenant,
        held.role == Role.ADMIN.value,
        held.scope.in_([node.path for node in nodes]),
        held.not_before <= now,
        held.not_after.is_(None) | (held.not_after > now),
    )
    person = s.person.c
    rows = tx.execute(
        sa.select(*_REACHED)
        .where(
            person.tenant == tenant,
            person.state != "disabled",
            person.email.is_not(None),
            person.person.in_(admins),
        )
        .order_by(person.person)
    ).mappings()
    return [_contact(tx, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was asked for; `due` where nobody has to confirm it."""

    due: Instant | None


def erasure(tx: sa.Connection, tenant: TenantId, subject: str) -> Erasure | None:
    """Whether it still waits."""
    mine = (s.erasure.c.tenant == tenant) & (s.erasure.c.subject == subject)
    row = tx.execute(sa.select(s.erasure.c.due).where(mine)).one_or_none()
    return None if row is None else Erasure(row.due)


def lockdowns_of(tx: sa.Connection, tenant: TenantId, incident: str) -> int:
    """How many lockdowns an incident holds."""
    mine = (s.lockdown.c.tenant == tenant) & (s.lockdown.c.incident == incident)
    found: int = tx.execute(
        sa.select(sa.func.count()).select_from(s.lockdown).where(mine)
    ).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class Alarm:
    """An incident, as an alert tells of it."""

    bank: BankId  # "" when it is about no bank
    kind: str
    compartment: str | None
    severity: str
    opened_at: Instant
    is_closed: bool


def alarm(tx: sa.Connection, tenant: TenantId, incident: str) -> Alarm | None:
    """An incident of this tenant."""
    mine = (s.incident.c.tenant == tenant) & (s.incident.c.incident == incident)
    row = tx.execute(sa.select(s.incident).where(mine)).one_or_none()
    if row is None:
        return None
    is_closed = row.state == "closed"
    return Alarm(
        BankId(row.bank or ""),
        row.kind,
        row.compartment,
        row.severity,
        row.opened_at,
        is_closed,
    )


def _contact(tx: sa.Connection, row: sa.RowMapping) -> Contact:
    told = cells.opened(tx, s.person, row)
    is_disabled = told["state"] == "disabled"
    return Contact(
        PersonId(told["person"]), told["name"], told["email"], told["language"], is_disabled
    )


def _tracking(tx: sa.Connection, row: sa.Row[Any]) -> str:
    told = {name: getattr(row, name) for name in ("tenant", "parcel", "tracking")}
    return str(cells.opened(tx, s.parcel, told | {"recipient": row.whose})["tracking"] or "")


def _reach(row: sa.Row[tuple[object, ...]]) -> str:
    built: dict[str, Any] = {column.name: getattr(row, column.name) for column in _BUILT}
    return Compartment(id=CompartmentId(row.compartment), **built).reach
