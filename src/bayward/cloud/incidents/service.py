"""Incidents: what went wrong and needs a person, from the first signal to the reason it is over.

Signals of one kind from one bank join one incident until it is closed; after that the next one
opens another. An incident that locked doors down cannot be closed while they are, and only an
order that the bank has carried out ends a lockdown.
"""

from __future__ import annotations

from bayward.cloud import orders
from bayward.cloud.incidents import store
from bayward.cloud.incidents.store import Incident, Locked, Release, State
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK, EngageLockdown, ReleaseLockdown
from bayward.core.door import DoorAlarm
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX, Event, EventType
from bayward.core.ids import BankId, CommandId, IncidentId, PersonId, TenantId

LIST_MAX = 200  # rows of one page
NOTE_CHARS_MIN = 3  # a reason that says something

_T = EventType
SEVERITY = {
    _T.DOOR_FORCED_OPEN: "critical",
    _T.BANK_LOG_REFUSED: "critical",
    _T.TENANT_LOG_DOUBTED: "critical",
    _T.LOG_FAULT_FOUND: "critical",
    _T.LOCKDOWN_ENGAGED: "critical",
    _T.STOCK_DIFFERS: "critical",
    _T.DOOR_OPEN_TOO_LONG: "warning",
    _T.KEYPAD_PAUSED: "warning",
    _T.BANK_CERTIFICATE_ENDS: "warning",
    _T.BANK_SILENT: "warning",
}
_KIND_OF_LOCKDOWN = {
    DoorAlarm.FORCED_OPEN.value: _T.DOOR_FORCED_OPEN,
    DoorAlarm.OPEN_TOO_LONG.value: _T.DOOR_OPEN_TOO_LONG,
}


def get_incident(work: Work, tenant: TenantId, incident: IncidentId) -> Incident:
    """One incident; raises `NotFound` for another tenant's as for none."""
    found = store.find(work.tx, tenant, incident)
    if found is None:
        raise NotFound("incident")
    return found


def incidents(
    work: Work,
    tenant: TenantId,
    *,
    states: tuple[State, ...] = (),
    bank: BankId | None = None,
    before: Instant | None = None,
    count: int = 50,
) -> list[Incident]:
    """Incidents, newest first; `before` is `opened_at` of the last one of the page above."""
    count = min(count, LIST_MAX)
    return store.incidents(work.tx, tenant, states=states, bank=bank, before=before, count=count)


def count_live(work: Work, tenant: TenantId) -> dict[BankId, int]:
    """How many incidents of each bank are not closed."""
    return store.count_live(work.tx, tenant)


def lockdowns(
    work: Work, tenant: TenantId, *, bank: BankId | None = None, incident: IncidentId | None = None
) -> list[Locked]:
    """Lockdowns in force: of a tenant, of a bank, or because of an incident."""
    where = []
    if bank is not None:
        where.append(s.lockdown.c.bank == bank)
    if incident is not None:
        where.append(s.lockdown.c.incident == incident)
    return store.lockdowns(work.tx, tenant, *where)


def acknowledge(
    work: Work, tenant: TenantId, incident: IncidentId, *, actor: PersonId, note: str = ""
) -> None:
    """Somebody is on it."""
    found = get_incident(work, tenant, incident)
    if found.state is not State.OPEN:
        raise Conflict("incident.not_open", state=found.state.value)
    store.update(
        work.tx,
        tenant,
        incident,
        state=State.ACKNOWLEDGED.value,
        acknowledged_at=work.now,
        acknowledged_by=actor,
    )
    work.emit(
        Event(
            type=_T.INCIDENT_ACKNOWLEDGED,
            time=work.now,
            incident=incident,
            bank=found.bank or None,
            actor=actor,
            detail=_text(note) if note else None,
        ),
        tenant=tenant,
    )


def close(
    work: Work, tenant: TenantId, incident: IncidentId, *, actor: PersonId, reason: str
) -> None:
    """It is over, and this is why; raises `Conflict` while a door is locked down for it."""
    found = get_incident(work, tenant, incident)
    if found.state is State.CLOSED:
        raise Conflict("incident.closed")
    if lockdowns(work, tenant, incident=incident):
        raise Conflict("incident.locked_down")
    store.update(
        work.tx,
        tenant,
        incident,
        state=State.CLOSED.value,
        closed_at=work.now,
        closed_by=actor,
        reason=_reason(reason),
    )
    work.emit(
        Event(
            type=_T.INCIDENT_CLOSED,
            time=work.now,
            incident=incident,
            bank=found.bank or None,
            actor=actor,
            reason=_reason(reason),
            detail=found.kind,
        ),
        tenant=tenant,
    )


def release(
    work: Work, tenant: TenantId, incident: IncidentId, *, actor: PersonId, reason: str
) -> list[CommandId]:
    """The administrator's override: order every lockdown of an incident ended.

    Doors work again when the bank says so, see `lockdowns`. Asking again while an order is under
    way is a `Conflict`.
    """
    get_incident(work, tenant, incident)
    held = lockdowns(work, tenant, incident=incident)
    if not held:
        raise Conflict("lockdown.none")
    asked = [one for one in held if one.release is not Release.REQUESTED]
    if not asked:
        raise Conflict("lockdown.release_requested")
    commands = []
    for one in asked:
        order = ReleaseLockdown(one.scope, actor, _reason(reason))
        command = orders.place(work, tenant, one.bank, order, actor=actor)
        store.set_release(work.tx, tenant, one, command, Release.REQUESTED)
        commands.append(command)
    return commands


def lock_down(
    work: Work, tenant: TenantId, bank: BankId, *, actor: PersonId, reason: str
) -> CommandId:
    """Order a whole bank locked down."""
    if any(one.scope == SCOPE_BANK for one in lockdowns(work, tenant, bank=bank)):
        raise Conflict("lockdown.already")
    order = EngageLockdown(SCOPE_BANK, actor, _reason(reason))
    return orders.place(work, tenant, bank, order, actor=actor)


# Reactions.


def signalled(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Something happened that needs a person: open an incident, or join the one that is open."""
    del place
    _join(work, tenant, event, event.type)


def locked_down(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank has locked itself down: for an alarm that has its incident, or on an order."""
    del place
    kind = _KIND_OF_LOCKDOWN.get(event.reason or "", _T.LOCKDOWN_ENGAGED)
    found = store.find_live(work.tx, tenant, event.bank or "", kind.value)
    incident = found.id if found is not None else _join(work, tenant, event, kind)
    locked = Locked(
        bank=BankId(event.bank or ""),
        scope=event.scope or SCOPE_BANK,
        incident=incident,
        reason=event.reason or "",
        actor=event.actor or "",
        since=event.time,
        release=Release.NONE,
        release_command=None,
    )
    store.insert_lockdown(work.tx, tenant, locked)


def released(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A lockdown is over, the bank says."""
    del place
    bank, scope = BankId(event.bank or ""), event.scope or SCOPE_BANK
    held = [one for one in lockdowns(work, tenant, bank=bank) if one.scope == scope]
    store.delete_lockdown(work.tx, tenant, bank, scope)
    for one in held:
        if one.incident is not None and not lockdowns(work, tenant, incident=one.incident):
            values = {"released_at": event.time, "released_by": event.actor}
            store.update(work.tx, tenant, one.incident, **values)


def command_ended(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """An override that the bank refused or never answered can be asked for again."""
    del place
    if event.result == orders.State.DONE.value:
        return
    command = CommandId(event.command or "")
    for one in store.lockdowns(work.tx, tenant, s.lockdown.c.release_command == command):
        store.set_release(work.tx, tenant, one, command, Release.REFUSED)


def _join(work: Work, tenant: TenantId, event: Event, kind: EventType) -> IncidentId:
    found = store.find_live(work.tx, tenant, event.bank or "", kind.value)
    if found is not None:
        values = {"count": found.count + 1, "last_at": event.time}
        store.update(work.tx, tenant, found.id, **values)
        return found.id
    incident = Incident(
        id=work.ids.new(IncidentId),
        bank=BankId(event.bank or ""),
        kind=kind.value,
        compartment=event.compartment,
        severity=SEVERITY[kind],
        state=State.OPEN,
        count=1,
        opened_at=event.time,
        last_at=event.time,
        acknowledged_at=None,
        acknowledged_by=None,
        closed_at=None,
        closed_by=None,
        reason=None,
        released_at=None,
        released_by=None,
    )
    store.insert(work.tx, tenant, incident)
    work.emit(
        Event(
            type=_T.INCIDENT_OPENED,
            time=work.now,
            incident=incident.id,
            bank=incident.bank or None,
            compartment=incident.compartment,
            reason=kind.value,
        ),
        tenant=tenant,
    )
    return incident.id


def _reason(reason: str) -> str:
    if len(reason.strip()) < NOTE_CHARS_MIN:
        raise Invalid("incident.reason", chars_min=NOTE_CHARS_MIN)
    return _text(reason)


def _text(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise Invalid("incident.reason", chars_max=TEXT_CHARS_MAX)
    return text.strip()
