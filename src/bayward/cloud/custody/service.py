"""Where every parcel is, from the banks' events.

The banks decide; this is a view. An event that contradicts what was known changes nothing here
and is written to the program's log: the event itself is already safe in the bank's log, and a
view must not refuse evidence.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from bayward.cloud.custody import store
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.unit import Place, Work
from bayward.core import custody
from bayward.core.clock import Instant
from bayward.core.custody import ParcelMove, ParcelState
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CompartmentId, ParcelId, PersonId, TenantId

LIST_MAX = 200  # rows of one page

_T = EventType
MOVES = {
    _T.COMPARTMENT_RELEASED: ParcelMove.CANCEL,
    _T.COMPARTMENT_BLOCKED: ParcelMove.HOLD,
    _T.COMPARTMENT_RESTORED: ParcelMove.RESOLVE,
    _T.PARCEL_DEPOSITED: ParcelMove.DEPOSIT,
    _T.PARCEL_COLLECTED: ParcelMove.COLLECT,
}

_log = structlog.get_logger()


def get_parcel(work: Work, tenant: TenantId, parcel: ParcelId) -> ParcelView:
    """One parcel; raises `NotFound` for another tenant's as for none."""
    found = store.find(work.tx, tenant, parcel)
    if found is None:
        raise NotFound("parcel")
    return found


def parcels(
    work: Work,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None = None,
    count: int = 50,
) -> list[ParcelView]:
    """Parcels, newest change first; `before` is (`changed_at`, `id`) of the last one shown."""
    count = min(count, LIST_MAX)
    return store.parcels(work.tx, tenant, wanted, before=before, count=count)


def count(work: Work, tenant: TenantId, wanted: Wanted) -> int:
    """How many parcels match."""
    return store.count(work.tx, tenant, wanted)


# Reactions.


def reserved(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A courier was given a compartment for a parcel he still holds."""
    del place
    if store.find(work.tx, tenant, event.parcel or "") is not None:
        _contradicts(event)
        return
    store.put(work.tx, tenant, _from(event, ParcelState.EXPECTED))


def moved(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A parcel has moved along the table of `core.custody`."""
    del place
    move = MOVES[event.type]
    found = _find(work, tenant, event)
    if found is not None and found.bank != event.bank:
        _contradicts(event)  # a bank cannot move what is in another one
        return
    if found is None:
        if move is ParcelMove.DEPOSIT:  # its reservation is in a log we never saw
            deposited = _from(event, ParcelState.DEPOSITED)
            store.put(work.tx, tenant, replace(deposited, deposited_at=event.time))
        return
    try:
        state = custody.moved(found.state, move)
    except Conflict:
        _contradicts(event)
        return
    is_deposit = move is ParcelMove.DEPOSIT
    has_ended = state in store.ENDED
    changed = replace(
        found,
        state=state,
        changed_at=event.time,
        carrier=event.carrier or found.carrier,
        deposited_at=event.time if is_deposit else found.deposited_at,
        ended_at=event.time if has_ended else found.ended_at,
    )
    store.put(work.tx, tenant, changed)


def granted(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A parcel's recipient may collect it until `not_after`."""
    del place
    found = _find(work, tenant, event)
    if found is not None and found.bank == event.bank and event.not_after is not None:
        until = Instant(event.not_after)
        store.put(work.tx, tenant, replace(found, not_after=until))


def _contradicts(event: Event) -> None:
    _log.warning("custody.contradiction", bank=event.bank, parcel=event.parcel, type=event.type)


def _find(work: Work, tenant: TenantId, event: Event) -> ParcelView | None:
    if event.parcel is not None:
        return store.find(work.tx, tenant, event.parcel)
    return store.inside(work.tx, tenant, event.bank or "", event.compartment or "")


def _from(event: Event, state: ParcelState) -> ParcelView:
    return ParcelView(
        id=ParcelId(event.parcel or ""),
        bank=BankId(event.bank or ""),
        compartment=CompartmentId(event.compartment or ""),
        recipient=PersonId(event.recipient or ""),
        courier=PersonId(event.actor or ""),
        state=state,
        size=event.size,
        carrier=event.carrier,
        tracking=event.tracking,
        changed_at=event.time,
        deposited_at=None,
        ended_at=None,
        not_after=None,
    )
