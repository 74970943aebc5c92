"""What events do to items: their own events along `core.item_rules`, and what banks report.

A bank knows parcels. An item goes into a compartment as a parcel whose tracking number is the
item's label; the bank's own events then say when it went in and came out, and each becomes a
`custody.stored` or `custody.fetched` that names the bank's entry. What a bank reports against the
record (somebody else put it in, the door was forced) is followed, and breaks the custody.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from bayward.cloud.custody import approvals, item_store, store
from bayward.cloud.custody.approvals import Door, Kind
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.unit import Place, Work
from bayward.core import item_rules as rules
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CompartmentId, ItemId, TenantId
from bayward.core.items import ItemState

SYSTEM = "system"  # who acts when nobody does: a door that was emptied by nobody we know

_T = EventType
_log = structlog.get_logger()


def followed(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Carry one of an item's own events into the view."""
    del place
    found = item_store.find(work.tx, tenant, event.item or "")
    if found is None:
        view = ItemView(
            item=rules.registered(event),
            case=event.case,
            exhibit=event.exhibit,
            registered_at=event.time,
            changed_at=work.now,
            scope=event.scope,
        )
        item_store.put(work.tx, tenant, view)
        return
    parcel = found.parcel
    if event.type is _T.CUSTODY_STORED:
        parcel = event.parcel
    changed = rules.follow(found.item, event)
    if changed.state is not ItemState.STORED:
        parcel = None
    scope = found.scope
    if event.type is _T.CUSTODY_ACCEPTED and event.scope is not None:
        scope = event.scope  # in the same moment as the hands
    view = replace(found, item=changed, parcel=parcel, scope=scope, changed_at=work.now)
    item_store.put(work.tx, tenant, view)


def deposited(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A parcel that carries an item's label is that item."""
    parcel = store.find(work.tx, tenant, event.parcel or "")
    label = event.tracking or ("" if parcel is None else parcel.tracking or "")
    found = item_store.labelled(work.tx, tenant, label.strip().upper()) if label else None
    if found is not None and place is not None and found.parcel != event.parcel:
        _moved(work, tenant, found, _told(_T.CUSTODY_STORED, found, event, place, event.actor))


def collected(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """An item has left its compartment, to whom it was left for."""
    found = item_store.as_parcel(work.tx, tenant, event.parcel or "")
    if found is None or place is None:
        return
    parcel = store.find(work.tx, tenant, event.parcel or "")
    who = event.recipient or (None if parcel is None else parcel.recipient)
    _moved(work, tenant, found, _told(_T.CUSTODY_FETCHED, found, event, place, who))


def restored(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Staff have emptied a compartment; what was in it is with them.

    Where one did it alone nobody saw how; where a second person had to agree, he is named.
    """
    for found in item_store.inside(work.tx, tenant, event.compartment or ""):
        if place is not None and found.parcel is not None:
            if event.witness is None:
                _break(work, tenant, found, "emptied_by_staff", event, who=event.actor)
            told = replace(event, parcel=found.parcel)
            _moved(work, tenant, found, _told(_T.CUSTODY_FETCHED, found, told, place, event.actor))


def forced(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A door was opened by force: what is behind it may be another thing by now."""
    del place
    door = Door(BankId(event.bank or ""), CompartmentId(event.compartment or ""), Kind.KEY)
    key = approvals.given(work, tenant, door, event.time)
    reason = "door_forced_open" if key is None else "opened_with_key"
    for found in item_store.inside(work.tx, tenant, event.compartment or ""):
        _break(work, tenant, found, reason, event)


def _moved(work: Work, tenant: TenantId, found: ItemView, told: Event) -> None:
    reason = rules.doubts(found.item, told)
    try:
        rules.follow(found.item, told)
    except (Conflict, Invalid):  # it was disposed of, and yet a bank has it
        _log.warning("custody.contradiction", item=found.item.id, type=told.type)
        _break(work, tenant, found, "after_disposal", told, who=told.actor)
        return
    if reason is not None:
        _break(work, tenant, found, reason, told, who=told.actor)
    work.emit(told, tenant=tenant)


def _told(kind: EventType, found: ItemView, event: Event, place: Place, who: str | None) -> Event:
    return Event(
        type=kind,
        time=event.time,
        tq=event.tq,
        actor=who or SYSTEM,
        item=found.item.id,
        bank=event.bank,
        compartment=event.compartment,
        parcel=event.parcel,
        witness=event.witness,
        origin=place.origin,
        detail=str(place.index),
    )


def _break(
    work: Work,
    tenant: TenantId,
    found: ItemView,
    reason: str,
    event: Event,
    *,
    who: str | None = None,
) -> None:
    """Write down that its custody is not whole, and by whom, as far as the bank knows."""
    told = Event(
        type=_T.CUSTODY_BROKEN,
        time=event.time,
        tq=event.tq,
        actor=who,
        item=ItemId(found.item.id),
        bank=event.bank,
        compartment=event.compartment,
        reason=reason,
    )
    work.emit(told, tenant=tenant)
