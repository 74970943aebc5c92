"""SQL of what a bank's link reads and changes: door states by its events, and its directory."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

import sqlalchemy as sa

from bayward.cloud.fleet.store import Bank
from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.compartment import CompartmentState
from bayward.core.events import Event
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Node, Role


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody parcels can be left for at a bank."""

    person: PersonId
    unit: str
    name: str
    needs_low: bool


RECIPIENTS = (Role.RESIDENT, Role.BEARER, Role.CUSTODIAN)
"""Whom something can be left for."""


def set_state(tx: sa.Connection, tenant: TenantId, event: Event, state: CompartmentState) -> None:
    """What a compartment holds now, as an event of its bank says."""
    table = s.compartment
    this = (table.c.tenant == tenant) & (table.c.bank == event.bank)
    this &= table.c.compartment == event.compartment
    reason = event.reason if state is CompartmentState.BLOCKED else None
    tx.execute(table.update().where(this).values(state=state.value, block_reason=reason))


def bump_directory(tx: sa.Connection, tenant: TenantId) -> None:
    """Somebody may be delivered to, or no longer."""
    grown = s.tenant.c.directory_revision + 1
    mine = s.tenant.c.tenant == tenant
    tx.execute(s.tenant.update().where(mine).values(directory_revision=grown))


def directory_revision(tx: sa.Connection, tenant: TenantId) -> int:
    """How often that has happened."""
    column = s.tenant.c.directory_revision
    revision: int = tx.execute(sa.select(column).where(s.tenant.c.tenant == tenant)).scalar_one()
    return revision


def recipients(tx: sa.Connection, bank: Bank, now: Instant) -> list[Recipient]:
    """Who can be delivered to at a bank: residents of it, of its site, or of its tenant.

    Items can also be left for those who keep or carry them.
    """
    nodes = (
        Node(bank.tenant),
        Node(bank.tenant, bank.site),
        Node(bank.tenant, bank.site, bank.bank),
    )
    held = s.role_binding.c
    residents = sa.select(held.person).where(
        held.tenant == bank.tenant,
        held.role.in_([role.value for role in RECIPIENTS]),
        held.scope.in_([node.path for node in nodes]),
        held.not_before <= now,
        held.not_after.is_(None) | (held.not_after > now),
    )
    person = s.person.c
    rows = tx.execute(
        sa.select(person.tenant, person.person, person.unit, person.name, person.needs_low).where(
            person.tenant == bank.tenant,
            person.state != "disabled",
            person.person.in_(residents),
        )
    ).mappings()
    found = (cells.opened(tx, s.person, row) for row in rows)
    return [
        Recipient(PersonId(one["person"]), one["unit"], one["name"], needs_low=one["needs_low"])
        for one in sorted(found, key=itemgetter("unit", "name", "person"))
    ]
