"""Four eyes: what one person asks at a door for two, another agrees to or refuses.

A door that opens for nobody alone is not given back, nor opened with the key, by one person either.
One asks and says why; within half an hour a second person with the right role agrees, with a
code of his own. Both are in the log. Nothing happens until then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.keyring import cells
from bayward.cloud.storage.schema import approval as table
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS, Instant, after
from bayward.core.errors import Conflict, Denied, Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX, Event, EventType
from bayward.core.ids import BankId, CompartmentId, PersonId, TenantId

ASKED_MS = 30 * MINUTE_MS  # as an offer: to cross a building and sign in
KEY_MS = 15 * MINUTE_MS  # to take the key from its cabinet and open the door with it

_T = EventType


class Kind(StrEnum):
    """What is asked for."""

    RESTORE = "restore"  # give a blocked compartment back
    KEY = "key"  # open it with the mechanical key


@dataclass(frozen=True, slots=True)
class Approval:
    """One thing asked for at one door; `given_by` has agreed, and until `until` it counts."""

    bank: BankId
    compartment: CompartmentId
    kind: Kind
    asked_by: str
    reason: str
    asked_at: Instant
    until: Instant
    given_by: str | None = None
    given_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Which door, and what is asked for there."""

    bank: BankId
    compartment: CompartmentId
    kind: Kind


def ask(work: Work, tenant: TenantId, door: Door, *, actor: PersonId, reason: str) -> Instant:
    """Ask for it; tells until when somebody has to agree. Whoever waits already is a conflict."""
    told = " ".join(reason.split())
    if not told:
        raise Invalid("field.empty", field="reason")
    if len(told) > TEXT_CHARS_MAX:
        raise Invalid("field.too_long", field="reason", limit=TEXT_CHARS_MAX)
    if waiting(work, tenant, door) is not None:
        raise Conflict("approval.waiting")
    until = after(work.now, ASKED_MS)
    asked = Approval(door.bank, door.compartment, door.kind, actor, told, work.now, until)
    _put(work, tenant, asked)
    _tell(work, tenant, _T.APPROVAL_ASKED, asked, actor, reason=told, not_after=until)
    return until


def agree(work: Work, tenant: TenantId, door: Door, *, actor: PersonId) -> Approval:
    """The second person agrees; returns what he has agreed to. The caller then does it."""
    asked = _asked(work, tenant, door)
    if asked.asked_by == actor:
        raise Denied("approval.same_person")
    until = after(work.now, KEY_MS)
    given = replace(asked, given_by=actor, given_at=work.now, until=until)
    _put(work, tenant, given)
    _tell(work, tenant, _T.APPROVAL_GIVEN, given, actor, subject=asked.asked_by)
    return given


def refuse(work: Work, tenant: TenantId, door: Door, *, actor: PersonId) -> None:
    """Say no, or take one's own question back; both are in the log."""
    asked = _asked(work, tenant, door)
    _delete(work, tenant, door)
    _tell(work, tenant, _T.APPROVAL_REFUSED, asked, actor, subject=asked.asked_by)


def waiting(work: Work, tenant: TenantId, door: Door) -> Approval | None:
    """What was asked for there and waits for an answer."""
    found = _find(work, tenant, door)
    is_open = found is not None and found.given_at is None and work.now < found.until
    return found if is_open else None


def given(work: Work, tenant: TenantId, door: Door, at: Instant) -> Approval | None:
    """What two had agreed on there at a time, and had not used up yet."""
    found = _find(work, tenant, door)
    if found is None or found.given_at is None:
        return None
    return found if found.given_at <= at < found.until else None


def all_waiting(work: Work, tenant: TenantId) -> list[Approval]:
    """Everything that waits for a second person, oldest first."""
    mine = (table.c.tenant == tenant) & table.c.given_at.is_(None) & (table.c.until > work.now)
    rows = work.tx.execute(sa.select(table).where(mine).order_by(table.c.asked_at)).mappings()
    return [_approval(work.tx, row) for row in rows]


def _asked(work: Work, tenant: TenantId, door: Door) -> Approval:
    asked = waiting(work, tenant, door)
    if asked is None:
        raise NotFound("approval")
    return asked


def _where(tenant: TenantId, door: Door) -> sa.ColumnElement[bool]:
    here = (table.c.tenant == tenant) & (table.c.bank == door.bank)
    return here & (table.c.compartment == door.compartment) & (table.c.kind == door.kind.value)


def _find(work: Work, tenant: TenantId, door: Door) -> Approval | None:
    here = sa.select(table).where(_where(tenant, door))
    row = work.tx.execute(here).mappings().one_or_none()
    return None if row is None else _approval(work.tx, row)


def _delete(work: Work, tenant: TenantId, door: Door) -> None:
    work.tx.execute(table.delete().where(_where(tenant, door)))


def _put(work: Work, tenant: TenantId, one: Approval) -> None:
    keys = {"bank": one.bank, "compartment": one.compartment, "kind": one.kind.value}
    told = {
        "tenant": tenant,
        **keys,
        "asked_by": one.asked_by,
        "reason": one.reason,
        "asked_at": one.asked_at,
        "until": one.until,
        "given_by": one.given_by,
        "given_at": one.given_at,
    }
    row = cells.sealed(work.tx, table, told)
    index = ["tenant", *keys]
    changed = {name: value for name, value in row.items() if name not in index}
    put = insert(table).values(row).on_conflict_do_update(index_elements=index, set_=changed)
    work.tx.execute(put)


def _tell(
    work: Work, tenant: TenantId, kind: EventType, one: Approval, actor: str, **more: str | int
) -> None:
    event = Event(
        type=kind,
        time=work.now,
        actor=actor,
        bank=one.bank,
        compartment=one.compartment,
        purpose=one.kind.value,
        **more,  # type: ignore[arg-type]  # names are literal at each call
    )
    work.emit(event, tenant=tenant)


def _approval(tx: sa.Connection, row: sa.RowMapping) -> Approval:
    told = cells.opened(tx, table, row)
    return Approval(
        bank=BankId(told["bank"]),
        compartment=CompartmentId(told["compartment"]),
        kind=Kind(told["kind"]),
        asked_by=told["asked_by"],
        reason=told["reason"],
        asked_at=Instant(told["asked_at"]),
        until=Instant(told["until"]),
        given_by=told["given_by"],
        given_at=None if told["given_at"] is None else Instant(told["given_at"]),
    )
