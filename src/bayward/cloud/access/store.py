"""SQL of grants, links to parcels, admissions of couriers, and keys that sign passes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.compartment import Mode, modes_of, modes_text
from bayward.core.errors import Conflict
from bayward.core.events import Event
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, CommandId, CompartmentId, GrantId, ParcelId, PersonId, TenantId

LIVE = (GrantState.ACTIVE.value, GrantState.OPENING.value)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant as its bank has told of it."""

    id: GrantId
    bank: BankId
    parcel: ParcelId
    compartment: CompartmentId
    recipient: PersonId
    state: GrantState
    issued_at: Instant
    not_after: Instant
    rotated_at: Instant | None

    def is_live(self, now: Instant) -> bool:
        """Whether it may still open its door, as far as we know."""
        return self.state.value in LIVE and now < self.not_after


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a message leads to."""

    tenant: TenantId
    parcel: ParcelId
    person: PersonId
    not_after: Instant


class AdmissionState(StrEnum):
    """Whether a courier can deposit at a bank."""

    REQUESTED = "requested"  # the bank has not confirmed it yet
    ADMITTED = "admitted"
    DISMISSED = "dismissed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AdmissionView:
    """A courier at one bank."""

    person: PersonId
    bank: BankId
    carrier: str
    state: AdmissionState
    until: Instant
    changed_at: Instant
    command: CommandId
    modes: frozenset[Mode] = frozenset()  # of doors for two


@dataclass(frozen=True, slots=True)
class Issuer:
    """A key that signs passes; `private` is sealed."""

    kid: int
    spki: bytes
    private: bytes
    state: str  # current | next | retired


def insert_grant(tx: sa.Connection, tenant: TenantId, grant: GrantView) -> None:
    """Add a grant; `Conflict` when its id is known."""
    row = insert(s.grant).values(
        tenant=tenant,
        grant=grant.id,
        bank=grant.bank,
        parcel=grant.parcel,
        compartment=grant.compartment,
        recipient=grant.recipient,
        state=grant.state.value,
        issued_at=grant.issued_at,
        not_after=grant.not_after,
    )
    if tx.execute(row.on_conflict_do_nothing()).rowcount != 1:
        raise Conflict("grant.exists")


def find_grant(tx: sa.Connection, tenant: TenantId, grant: str) -> GrantView | None:
    """A grant of this tenant."""
    mine = (s.grant.c.tenant == tenant) & (s.grant.c.grant == grant)
    row = tx.execute(sa.select(s.grant).where(mine)).one_or_none()
    return None if row is None else _grant(row)


def grants_of(tx: sa.Connection, tenant: TenantId, parcel: ParcelId) -> list[GrantView]:
    """All grants of a parcel, newest first."""
    mine = (s.grant.c.tenant == tenant) & (s.grant.c.parcel == parcel)
    newest = sa.select(s.grant).where(mine).order_by(s.grant.c.issued_at.desc())
    return [_grant(row) for row in tx.execute(newest)]


def update_grant(
    tx: sa.Connection,
    tenant: TenantId,
    event: Event,
    before: Collection[GrantState] = (),
    **values: object,
) -> bool:
    """Change a grant as an event of its own bank says; another bank's is left alone.

    With `before`, only a grant in one of these states changes.
    """
    this = (s.grant.c.tenant == tenant) & (s.grant.c.grant == event.grant)
    this &= s.grant.c.bank == event.bank
    if before:
        this &= s.grant.c.state.in_([state.value for state in before])
    return tx.execute(s.grant.update().where(this).values(**values)).rowcount == 1


def insert_link(tx: sa.Connection, token_hash: bytes, link: Link, now: Instant) -> None:
    """Keep the hash of a token."""
    tx.execute(
        s.parcel_link.insert().values(
            tenant=link.tenant,
            hash=token_hash,
            parcel=link.parcel,
            person=link.person,
            created_at=now,
            not_after=link.not_after,
        )
    )


def find_link(tx: sa.Connection, token_hash: bytes) -> Link | None:
    """What a token leads to; found by the hash alone, since it is all its bearer has."""
    row = tx.execute(
        sa.select(s.parcel_link).where(s.parcel_link.c.hash == token_hash)
    ).one_or_none()
    if row is None:
        return None
    return Link(TenantId(row.tenant), ParcelId(row.parcel), PersonId(row.person), row.not_after)


def put_admission(
    tx: sa.Connection, tenant: TenantId, admission: AdmissionView, granted_by: str
) -> None:
    """Write an admission; a new one takes the place of the old."""
    values = {
        "carrier": admission.carrier,
        "state": admission.state.value,
        "until": admission.until,
        "changed_at": admission.changed_at,
        "command": admission.command,
        "modes": modes_text(admission.modes),
        "granted_by": granted_by,
    }
    row = insert(s.admission).values(
        tenant=tenant, person=admission.person, bank=admission.bank, **values
    )
    keys = ["tenant", "person", "bank"]
    tx.execute(row.on_conflict_do_update(index_elements=keys, set_=values))


def update_admission(
    tx: sa.Connection, tenant: TenantId, *where: sa.ColumnElement[bool], **values: object
) -> None:
    """Change the admissions that match."""
    table = s.admission
    tx.execute(table.update().where(table.c.tenant == tenant, *where).values(**values))


def admissions(
    tx: sa.Connection, tenant: TenantId, person: PersonId | None = None, bank: str | None = None
) -> list[AdmissionView]:
    """Admissions of a tenant, of one courier, or at one bank; newest change first."""
    query = sa.select(s.admission).where(s.admission.c.tenant == tenant)
    if person is not None:
        query = query.where(s.admission.c.person == person)
    if bank is not None:
        query = query.where(s.admission.c.bank == bank)
    rows = tx.execute(query.order_by(s.admission.c.changed_at.desc()))
    return [_admission(row) for row in rows]


def insert_issuer(tx: sa.Connection, tenant: TenantId, issuer: Issuer, now: Instant) -> None:
    """Keep a new key."""
    tx.execute(
        s.issuer.insert().values(
            tenant=tenant,
            kid=issuer.kid,
            spki=issuer.spki,
            private=issuer.private,
            state=issuer.state,
            created_at=now,
        )
    )


def issuers(tx: sa.Connection, tenant: TenantId) -> list[Issuer]:
    """Keys whose passes count, by number."""
    mine = (s.issuer.c.tenant == tenant) & (s.issuer.c.state != "retired")
    rows = tx.execute(sa.select(s.issuer).where(mine).order_by(s.issuer.c.kid))
    return [Issuer(row.kid, row.spki, row.private, row.state) for row in rows]


def _grant(row: sa.Row[tuple[object, ...]]) -> GrantView:
    return GrantView(
        id=GrantId(row.grant),
        bank=BankId(row.bank),
        parcel=ParcelId(row.parcel),
        compartment=CompartmentId(row.compartment),
        recipient=PersonId(row.recipient),
        state=GrantState(row.state),
        issued_at=row.issued_at,
        not_after=row.not_after,
        rotated_at=row.rotated_at,
    )


def _admission(row: sa.Row[tuple[object, ...]]) -> AdmissionView:
    return AdmissionView(
        person=PersonId(row.person),
        bank=BankId(row.bank),
        carrier=row.carrier,
        state=AdmissionState(row.state),
        until=row.until,
        changed_at=row.changed_at,
        command=CommandId(row.command),
        modes=modes_of(row.modes),
    )
