"""SQL of parcels."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.keyring import cells
from bayward.cloud.storage.schema import parcel as table
from bayward.core.clock import Instant
from bayward.core.custody import ParcelState
from bayward.core.ids import BankId, CompartmentId, ParcelId, PersonId, TenantId

_ADD = insert(table)
_KEY = ("tenant", "parcel")
_PUT = _ADD.on_conflict_do_update(
    index_elements=_KEY,
    set_={one.name: _ADD.excluded[one.name] for one in table.c if one.name not in _KEY},
)
_FIND = sa.select(table).where(
    table.c.tenant == sa.bindparam("tenant"), table.c.parcel == sa.bindparam("parcel")
)

ENDED = (ParcelState.COLLECTED, ParcelState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel as the banks have told of it."""

    id: ParcelId
    bank: BankId
    compartment: CompartmentId
    recipient: PersonId
    courier: PersonId
    state: ParcelState
    size: str | None
    carrier: str | None
    tracking: str | None
    changed_at: Instant
    deposited_at: Instant | None
    ended_at: Instant | None
    not_after: Instant | None

    def is_overdue(self, now: Instant) -> bool:
        """Whether it still waits after its time."""
        is_waiting = self.state is ParcelState.DEPOSITED
        return is_waiting and self.not_after is not None and now >= self.not_after


def put(tx: sa.Connection, tenant: TenantId, parcel: ParcelView) -> None:
    """Write a parcel, known or not."""
    values = {
        "bank": parcel.bank,
        "compartment": parcel.compartment,
        "recipient": parcel.recipient,
        "courier": parcel.courier,
        "state": parcel.state.value,
        "size": parcel.size,
        "carrier": parcel.carrier,
        "tracking": parcel.tracking,
        "changed_at": parcel.changed_at,
        "deposited_at": parcel.deposited_at,
        "ended_at": parcel.ended_at,
        "not_after": parcel.not_after,
    }
    named = {"tenant": tenant, "parcel": parcel.id}
    tx.execute(_PUT, cells.sealed(tx, table, values | named))


def find(tx: sa.Connection, tenant: TenantId, parcel: str) -> ParcelView | None:
    """A parcel of this tenant."""
    row = tx.execute(_FIND, {"tenant": tenant, "parcel": parcel}).mappings().one_or_none()
    return None if row is None else _view(tx, row)


def inside(tx: sa.Connection, tenant: TenantId, bank: str, compartment: str) -> ParcelView | None:
    """The parcel a compartment holds or is kept for."""
    here = (table.c.tenant == tenant) & (table.c.bank == bank)
    here &= (table.c.compartment == compartment) & table.c.state.not_in(_values(ENDED))
    newest = sa.select(table).where(here).order_by(table.c.changed_at.desc()).limit(1)
    row = tx.execute(newest).mappings().one_or_none()
    return None if row is None else _view(tx, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parcels to list; empty: any. `overdue_at` keeps those that were overdue then."""

    parcels: tuple[str, ...] = ()  # any of these
    bank: str | None = None
    recipient: str | None = None
    states: tuple[ParcelState, ...] = ()
    overdue_at: Instant | None = None
    tracking: str | None = None  # all of it, in large or small letters


def parcels(
    tx: sa.Connection,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None,
    count: int,
) -> list[ParcelView]:
    """Newest change first, from below the cursor (`changed_at`, `id`) of the page above."""
    query = sa.select(table).where(*_matches(tx, tenant, wanted))
    if before is not None:
        query = query.where(sa.tuple_(table.c.changed_at, table.c.parcel) < before)
    newest = query.order_by(table.c.changed_at.desc(), table.c.parcel.desc()).limit(count)
    return [_view(tx, row) for row in tx.execute(newest).mappings()]


def count(tx: sa.Connection, tenant: TenantId, wanted: Wanted) -> int:
    """How many there are."""
    matching = sa.select(sa.func.count()).select_from(table).where(*_matches(tx, tenant, wanted))
    found: int = tx.execute(matching).scalar_one()
    return found


def _matches(tx: sa.Connection, tenant: TenantId, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    told = [table.c.tenant == tenant]
    if wanted.parcels:
        told.append(table.c.parcel.in_(wanted.parcels))
    if wanted.bank is not None:
        told.append(table.c.bank == wanted.bank)
    if wanted.recipient is not None:
        told.append(table.c.recipient == wanted.recipient)
    if wanted.states:
        told.append(table.c.state.in_(_values(wanted.states)))
    if wanted.overdue_at is not None:
        told.append(table.c.state == ParcelState.DEPOSITED.value)
        told.append(table.c.not_after <= wanted.overdue_at)
    if wanted.tracking is not None:
        digest = cells.digest(tx, table.c.tracking, tenant, wanted.tracking)
        told.append(sa.false() if digest is None else table.c.tracking_key == digest)
    return told


def _values(states: tuple[ParcelState, ...]) -> list[str]:
    return [state.value for state in states]


def _view(tx: sa.Connection, row: sa.RowMapping) -> ParcelView:
    told = cells.opened(tx, table, row)
    return ParcelView(
        id=ParcelId(told["parcel"]),
        bank=BankId(told["bank"]),
        compartment=CompartmentId(told["compartment"]),
        recipient=PersonId(told["recipient"]),
        courier=PersonId(told["courier"]),
        state=ParcelState(told["state"]),
        size=told["size"],
        carrier=told["carrier"],
        tracking=told["tracking"],
        changed_at=told["changed_at"],
        deposited_at=told["deposited_at"],
        ended_at=told["ended_at"],
        not_after=told["not_after"],
    )
