"""SQL of incidents and of the lockdowns in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import BankId, CommandId, IncidentId, TenantId


class State(StrEnum):
    """How far the handling of an incident is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Release(StrEnum):
    """The override of a lockdown, as far as the bank has told us."""

    NONE = "none"
    REQUESTED = "requested"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong and needs a person."""

    id: IncidentId
    bank: BankId  # "" when it is about no bank
    kind: str  # type of the event that opened it
    compartment: str | None
    severity: str
    state: State
    count: int  # events that joined it
    opened_at: Instant
    last_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    closed_at: Instant | None
    closed_by: str | None
    reason: str | None
    released_at: Instant | None
    released_by: str | None


@dataclass(frozen=True, slots=True)
class Locked:
    """One lockdown in force at a bank; `scope` is `bank` or a compartment id."""

    bank: BankId
    scope: str
    incident: IncidentId | None
    reason: str
    actor: str
    since: Instant
    release: Release
    release_command: CommandId | None


_COLUMNS = [s.incident.c[name] for name in Incident.__slots__ if name != "id"]


def insert(tx: sa.Connection, tenant: TenantId, incident: Incident) -> None:
    """Add an incident."""
    values: dict[str, object] = {column.name: getattr(incident, column.name) for column in _COLUMNS}
    values |= {"state": incident.state.value, "tenant": tenant, "incident": incident.id}
    values["bank"] = incident.bank or None
    tx.execute(s.incident.insert().values(cells.sealed(tx, s.incident, values)))


def update(tx: sa.Connection, tenant: TenantId, incident: IncidentId, **values: object) -> None:
    """Change an incident; a reason comes with who closed it."""
    this = (s.incident.c.tenant == tenant) & (s.incident.c.incident == incident)
    changed = cells.sealed(tx, s.incident, values | {"tenant": tenant, "incident": incident})
    tx.execute(s.incident.update().where(this).values(changed))


def find(tx: sa.Connection, tenant: TenantId, incident: str) -> Incident | None:
    """An incident of this tenant."""
    this = (s.incident.c.tenant == tenant) & (s.incident.c.incident == incident)
    row = tx.execute(sa.select(s.incident).where(this)).mappings().one_or_none()
    return None if row is None else _incident(tx, row)


def find_live(tx: sa.Connection, tenant: TenantId, bank: str, kind: str) -> Incident | None:
    """The incident of this kind that is not closed, if any; there is never a second one."""
    live = (s.incident.c.tenant == tenant) & (s.incident.c.bank == (bank or None))
    live &= (s.incident.c.kind == kind) & (s.incident.c.state != State.CLOSED.value)
    row = tx.execute(sa.select(s.incident).where(live)).mappings().one_or_none()
    return None if row is None else _incident(tx, row)


def incidents(
    tx: sa.Connection,
    tenant: TenantId,
    *,
    states: tuple[State, ...],
    bank: str | None,
    before: Instant | None,
    count: int,
) -> list[Incident]:
    """Newest first, from before the cursor."""
    query = sa.select(s.incident).where(s.incident.c.tenant == tenant)
    if states:
        query = query.where(s.incident.c.state.in_([state.value for state in states]))
    if bank is not None:
        query = query.where(s.incident.c.bank == bank)
    if before is not None:
        query = query.where(s.incident.c.opened_at < before)
    newest = query.order_by(s.incident.c.opened_at.desc(), s.incident.c.incident).limit(count)
    return [_incident(tx, row) for row in tx.execute(newest).mappings()]


def count_live(tx: sa.Connection, tenant: TenantId) -> dict[BankId, int]:
    """How many incidents of each bank are not closed."""
    live = (s.incident.c.tenant == tenant) & (s.incident.c.state != State.CLOSED.value)
    query = sa.select(s.incident.c.bank, sa.func.count()).where(live).group_by(s.incident.c.bank)
    return {BankId(bank or ""): number for bank, number in tx.execute(query)}


def insert_lockdown(tx: sa.Connection, tenant: TenantId, locked: Locked) -> None:
    """A lockdown came into force; one that is known already is replaced."""
    delete_lockdown(tx, tenant, locked.bank, locked.scope)
    row = {
        "tenant": tenant,
        "bank": locked.bank,
        "scope": locked.scope,
        "incident": locked.incident,
        "reason": locked.reason,
        "actor": locked.actor,
        "since": locked.since,
        "release_state": locked.release.value,
    }
    tx.execute(s.lockdown.insert().values(cells.sealed(tx, s.lockdown, row)))


def delete_lockdown(tx: sa.Connection, tenant: TenantId, bank: str, scope: str) -> None:
    """A lockdown is over."""
    this = (s.lockdown.c.tenant == tenant) & (s.lockdown.c.bank == bank)
    tx.execute(s.lockdown.delete().where(this, s.lockdown.c.scope == scope))


def lockdowns(tx: sa.Connection, tenant: TenantId, *where: sa.ColumnElement[bool]) -> list[Locked]:
    """Lockdowns in force that match, oldest first."""
    mine = sa.select(s.lockdown).where(s.lockdown.c.tenant == tenant, *where)
    rows = tx.execute(mine.order_by(s.lockdown.c.since)).mappings()
    return [_locked(cells.opened(tx, s.lockdown, row)) for row in rows]


def set_release(
    tx: sa.Connection, tenant: TenantId, locked: Locked, command: CommandId, release: Release
) -> None:
    """How far the override of a lockdown is."""
    this = (s.lockdown.c.tenant == tenant) & (s.lockdown.c.bank == locked.bank)
    this &= s.lockdown.c.scope == locked.scope
    values = {"release_command": command, "release_state": release.value}
    tx.execute(s.lockdown.update().where(this).values(values))


def _incident(tx: sa.Connection, row: sa.RowMapping) -> Incident:
    read = cells.opened(tx, s.incident, row)
    told = {column.name: read[column.name] for column in _COLUMNS}
    told |= {"bank": BankId(read["bank"] or ""), "state": State(read["state"])}
    return Incident(id=IncidentId(read["incident"]), **told)


def _locked(row: Mapping[str, Any]) -> Locked:
    incident, command = row["incident"], row["release_command"]
    return Locked(
        bank=BankId(row["bank"]),
        scope=row["scope"],
        incident=None if incident is None else IncidentId(incident),
        reason=row["reason"],
        actor=row["actor"],
        since=row["since"],
        release=Release(row["release_state"]),
        release_command=None if command is None else CommandId(command),
    )
