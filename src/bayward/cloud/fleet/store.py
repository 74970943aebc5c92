"""SQL of tenants, sites, banks and the doors they were built with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.compartment import (
    Compartment,
    CompartmentState,
    LifeSafety,
    Mode,
    Size,
    TemperatureZone,
)
from bayward.core.ids import BankId, CompartmentId, SiteId, TenantId


class BankState(StrEnum):
    """How far a bank has come."""

    CREATED = "created"  # waiting for its computer
    ENROLLED = "enrolled"
    QUARANTINED = "quarantined"  # its log contradicts itself; somebody must look
    RETIRED = "retired"  # its certificate is worth nothing any more


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation."""

    tenant: TenantId
    name: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Site:
    """A building."""

    tenant: TenantId
    site: SiteId
    name: str
    address: str | None
    time_zone: str
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One installation, as the control plane knows it."""

    tenant: TenantId
    bank: BankId
    site: SiteId
    name: str
    state: BankState
    created_at: Instant
    enrolment_hash: bytes | None = None
    enrolment_until: Instant | None = None
    enrolment_tries: int = 0
    spki: bytes | None = None
    certificate: str | None = None
    certificate_until: Instant | None = None
    origin: str | None = None
    firmware: str | None = None
    layout_hash: str | None = None
    boot: int | None = None
    is_connected: bool = False
    connected_at: Instant | None = None
    disconnected_at: Instant | None = None
    enrolled_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A compartment with what is in it, as the bank's events tell."""

    compartment: Compartment
    state: CompartmentState
    block_reason: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """The last readings of a bank; `doors` and `lockdowns` are JSON as they came."""

    at: Instant
    doors: str
    is_siren_on: bool
    lockdowns: str
    pending: int


_BANK = [s.bank.c[field.name] for field in fields(Bank)]
# Statements of the busy path are built once; building one costs more than running it.
_FIND_BANK = sa.select(*_BANK).where(
    s.bank.c.tenant == sa.bindparam("of_tenant"), s.bank.c.bank == sa.bindparam("of_bank")
)
_SET_GLANCE = (
    s.readings.update()
    .where(
        s.readings.c.tenant == sa.bindparam("of_tenant"),
        s.readings.c.bank == sa.bindparam("of_bank"),
    )
    .values({field.name: sa.bindparam(field.name) for field in fields(Glance)})
)
_BUILT = [s.compartment.c[field.name] for field in fields(Compartment) if field.name != "id"]


def insert_tenant(tx: sa.Connection, tenant: Tenant) -> None:
    """A new organisation."""
    tx.execute(
        s.tenant.insert().values(
            tenant=tenant.tenant,
            name=tenant.name,
            created_at=tenant.created_at,
            directory_revision=0,
        )
    )


def tenants(tx: sa.Connection) -> list[Tenant]:
    """All of them, by age."""
    rows = tx.execute(sa.select(s.tenant).order_by(s.tenant.c.created_at, s.tenant.c.tenant))
    return [Tenant(TenantId(row.tenant), row.name, Instant(row.created_at)) for row in rows]


def insert_site(tx: sa.Connection, site: Site) -> None:
    """A new building."""
    tx.execute(
        s.site.insert().values({field.name: getattr(site, field.name) for field in fields(Site)})
    )


def sites(tx: sa.Connection, tenant: TenantId) -> list[Site]:
    """The buildings of a tenant, by name."""
    rows = tx.execute(
        sa.select(s.site).where(s.site.c.tenant == tenant).order_by(s.site.c.name, s.site.c.site)
    )
    return [_site(row) for row in rows]


def find_site(tx: sa.Connection, tenant: TenantId, site: SiteId) -> Site | None:
    """One building."""
    mine = (s.site.c.tenant == tenant) & (s.site.c.site == site)
    row = tx.execute(sa.select(s.site).where(mine)).one_or_none()
    return None if row is None else _site(row)


def set_time_zone(tx: sa.Connection, tenant: TenantId, site: SiteId, time_zone: str) -> None:
    """Where on earth a building stands."""
    mine = (s.site.c.tenant == tenant) & (s.site.c.site == site)
    tx.execute(s.site.update().where(mine).values(time_zone=time_zone))


def setting(tx: sa.Connection, tenant: TenantId, name: str) -> str | None:
    """What a tenant has decided, if anything."""
    mine = (s.setting.c.tenant == tenant) & (s.setting.c.name == name)
    return tx.execute(sa.select(s.setting.c.value).where(mine)).scalar_one_or_none()


def set_setting(
    tx: sa.Connection, tenant: TenantId, name: str, value: str, *, by: str, now: Instant
) -> None:
    """Decide it."""
    mine = (s.setting.c.tenant == tenant) & (s.setting.c.name == name)
    row = {"value": value, "changed_by": by, "changed_at": now}
    if tx.execute(s.setting.update().where(mine).values(row)).rowcount == 0:
        tx.execute(s.setting.insert().values(tenant=tenant, name=name, **row))


def insert_bank(tx: sa.Connection, bank: Bank) -> None:
    """A new bank."""
    tx.execute(s.bank.insert().values(**_bank_row(bank)))


def update_bank(tx: sa.Connection, bank: Bank, **changed: object) -> None:
    """Write the named columns of one bank."""
    mine = (s.bank.c.tenant == bank.tenant) & (s.bank.c.bank == bank.bank)
    tx.execute(s.bank.update().where(mine).values(changed))


def burn_token(tx: sa.Connection, token_hash: bytes, now: Instant) -> Bank | None:
    """Take a one-time token out of the world; None when it was not there or is too old."""
    mine = (s.bank.c.enrolment_hash == token_hash) & (s.bank.c.enrolment_until > now)
    burned = s.bank.update().where(mine).values(enrolment_hash=None, enrolment_until=None)
    row = tx.execute(burned.returning(*_BANK)).mappings().one_or_none()
    return None if row is None else _bank(row)


def find_bank(tx: sa.Connection, tenant: TenantId, bank: BankId) -> Bank | None:
    """One bank."""
    key = {"of_tenant": tenant, "of_bank": bank}
    row = tx.execute(_FIND_BANK, key).mappings().one_or_none()
    return None if row is None else _bank(row)


def tenant_of_bank(tx: sa.Connection, bank: BankId) -> TenantId | None:
    """Whose bank it is; for what a bank shows to strangers (the QR on its kiosk)."""
    found = tx.execute(sa.select(s.bank.c.tenant).where(s.bank.c.bank == bank)).scalar_one_or_none()
    return None if found is None else TenantId(found)


def banks(tx: sa.Connection, tenant: TenantId) -> list[Bank]:
    """All banks of a tenant, by name."""
    query = sa.select(*_BANK).where(s.bank.c.tenant == tenant)
    rows = tx.execute(query.order_by(s.bank.c.name, s.bank.c.bank)).mappings()
    return [_bank(row) for row in rows]


def enrolled(tx: sa.Connection) -> list[Bank]:
    """Every bank that may connect, of all tenants."""
    query = sa.select(*_BANK).where(s.bank.c.spki.is_not(None))
    return [_bank(row) for row in tx.execute(query).mappings()]


def replace_layout(
    tx: sa.Connection, tenant: TenantId, bank: BankId, compartments: Sequence[Compartment]
) -> None:
    """What the bank says it was built with; what is no longer there is kept as retired."""
    here = (s.compartment.c.tenant == tenant) & (s.compartment.c.bank == bank)
    known = set(tx.execute(sa.select(s.compartment.c.compartment).where(here)).scalars())
    tx.execute(s.compartment.update().where(here).values(is_retired=True))
    for one in compartments:
        row = {column.name: _plain(getattr(one, column.name)) for column in _BUILT}
        mine = here & (s.compartment.c.compartment == one.id)
        if one.id in known:
            tx.execute(s.compartment.update().where(mine).values(**row, is_retired=False))
        else:
            key = {"tenant": tenant, "bank": bank, "compartment": one.id}
            state = {"state": CompartmentState.FREE.value, "is_retired": False}
            tx.execute(s.compartment.insert().values(**key, **row, **state))


def layout(tx: sa.Connection, tenant: TenantId, bank: BankId) -> list[Built]:
    """The compartments of a bank, by the number on the door."""
    columns = s.compartment.c
    here = (columns.tenant == tenant) & (columns.bank == bank) & columns.is_retired.is_(False)
    rows = tx.execute(sa.select(s.compartment).where(here).order_by(columns.number)).mappings()
    return [_built(row) for row in rows]


def door_places(tx: sa.Connection, tenant: TenantId) -> dict[CompartmentId, tuple[BankId, int]]:
    """The bank of every door a tenant has or had, and the number on it."""
    columns = s.compartment.c
    query = sa.select(columns.compartment, columns.bank, columns.number)
    found = tx.execute(query.where(columns.tenant == tenant))
    return {CompartmentId(one): (BankId(bank), number) for one, bank, number in found}


def set_glance(tx: sa.Connection, tenant: TenantId, bank: BankId, glance: Glance) -> None:
    """Replace the last readings."""
    row = {field.name: getattr(glance, field.name) for field in fields(Glance)}
    if tx.execute(_SET_GLANCE, {"of_tenant": tenant, "of_bank": bank} | row).rowcount == 0:
        tx.execute(s.readings.insert().values(tenant=tenant, bank=bank, **row))


def glances(tx: sa.Connection, tenant: TenantId) -> dict[BankId, Glance]:
    """The last readings of every bank."""
    rows = tx.execute(sa.select(s.readings).where(s.readings.c.tenant == tenant))
    return {
        BankId(row.bank): Glance(
            Instant(row.at), row.doors, row.is_siren_on, row.lockdowns, row.pending
        )
        for row in rows
    }


def _site(row: sa.Row[tuple[object, ...]]) -> Site:
    return Site(
        TenantId(row.tenant),
        SiteId(row.site),
        row.name,
        row.address,
        row.time_zone,
        Instant(row.created_at),
    )


def _bank_row(bank: Bank) -> dict[str, object]:
    return {field.name: _plain(getattr(bank, field.name)) for field in fields(Bank)}


def _bank(row: sa.RowMapping) -> Bank:
    told: dict[str, Any] = {str(name): value for name, value in row.items()}
    typed = {
        "tenant": TenantId(told["tenant"]),
        "bank": BankId(told["bank"]),
        "site": SiteId(told["site"]),
        "state": BankState(told["state"]),
    }
    return Bank(**(told | typed))


def _built(row: sa.RowMapping) -> Built:
    told: dict[str, Any] = {column.name: row[column.name] for column in _BUILT}
    typed = {
        "size": Size(told["size"]),
        "mode": Mode(told["mode"]),
        "zone": TemperatureZone(told["zone"]),
        "life_safety": LifeSafety(told["life_safety"]),
    }
    compartment = Compartment(id=CompartmentId(row["compartment"]), **(told | typed))
    return Built(compartment, CompartmentState(row["state"]), row["block_reason"])


def _plain(value: object) -> object:
    return value.value if isinstance(value, StrEnum) else value
