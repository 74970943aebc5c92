"""How grants change by what the banks report (the reactions of this slice).

A bank reports on its own grants only; what it says of another bank's has no effect.
"""

from __future__ import annotations

import structlog

from bayward.cloud.access import store
from bayward.cloud.access.store import GrantView
from bayward.cloud.unit import Place, Work
from bayward.core.clock import Instant
from bayward.core.door import UnlockOutcome
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, CompartmentId, GrantId, ParcelId, PersonId, TenantId

_T = EventType
_OPENED = (UnlockOutcome.OPENED.value, UnlockOutcome.ALREADY_OPEN.value)
_LIVE: tuple[GrantState, ...] = (GrantState.ACTIVE, GrantState.OPENING)
_ENDS = {
    _T.GRANT_EXPIRED: GrantState.EXPIRED,
    _T.GRANT_REVOKED: GrantState.REVOKED,
    _T.PARCEL_COLLECTED: GrantState.CONSUMED,
}

_log = structlog.get_logger()


def issued(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank has given a recipient permission to open."""
    del place
    grant = GrantView(
        id=GrantId(event.grant or ""),
        bank=BankId(event.bank or ""),
        parcel=ParcelId(event.parcel or ""),
        compartment=CompartmentId(event.compartment or ""),
        recipient=PersonId(event.recipient or ""),
        state=GrantState.ACTIVE,
        issued_at=event.time,
        not_after=Instant(event.not_after or 0),
        rotated_at=None,
    )
    try:
        store.insert_grant(work.tx, tenant, grant)
    except Conflict:
        _log.warning("access.contradiction", bank=event.bank, grant=event.grant, type=event.type)


def used(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Somebody was let in, an unlock for a grant has ended, or its door came open after all."""
    del place
    if event.grant is None:
        return
    before = _LIVE
    if event.type is _T.ACCESS_GRANTED:
        state = GrantState.OPENING
    elif event.type is _T.DOOR_OPENED:
        state = GrantState.CONSUMED
    elif event.result == UnlockOutcome.DOUBTFUL.value:
        return
    else:
        before = (GrantState.OPENING,)  # what was used up or withdrawn meanwhile stays so
        state = GrantState.CONSUMED if event.result in _OPENED else GrantState.ACTIVE
    ended_at = event.time if state is GrantState.CONSUMED else None
    store.update_grant(work.tx, tenant, event, before=before, state=state.value, ended_at=ended_at)


def ended(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A grant will open nothing any more."""
    del place
    state = _ENDS[event.type]
    store.update_grant(
        work.tx, tenant, event, state=state.value, ended_at=event.time, reason=event.reason
    )


def rotated(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """The old code is dead; a new one is on its way."""
    del place
    store.update_grant(work.tx, tenant, event, rotated_at=event.time)
