"""Certificates that grow old unnoticed: a bank renews its own; when it does not, staff are told.

A bank asks for a new one when a third of the life of the old is over. One that is still old
`SOON_MS` before its end has failed for weeks; once it has ended, the bank cannot connect until it
is renewed, and a bank that is out of touch says nothing about it itself.
"""

from __future__ import annotations

from bayward.cloud.fleet import store
from bayward.cloud.fleet.store import BankState
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, TenantId

LOOK_JOB = "certificate.look"
SOON_MS = 14 * DAY_MS  # of 90 days: six weeks of hourly tries have failed by then
SOON, OVER = "soon", "over"


def watch(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank has a new certificate (a reaction): look at it before it ends."""
    del place
    found = store.find_bank(work.tx, tenant, BankId(event.bank or ""))
    if found is not None and found.certificate_until is not None:
        due = Instant(max(work.now, found.certificate_until - SOON_MS))
        _look_at(work, tenant, found.bank, found.certificate_until, due)


def look(work: Work, tenant: TenantId, bank: BankId) -> None:
    """Is a bank's certificate about to end, or over? Say so, and look again when it ends."""
    found = store.find_bank(work.tx, tenant, bank)
    until = None if found is None else found.certificate_until
    if found is None or until is None or found.state is not BankState.ENROLLED:
        return
    if until - work.now > SOON_MS:
        return  # it was renewed, and has a look of its own
    is_over = until <= work.now
    event = Event(
        type=EventType.BANK_CERTIFICATE_ENDS,
        time=work.now,
        bank=bank,
        not_after=until,
        reason=OVER if is_over else SOON,
    )
    work.emit(event, tenant=tenant)
    if not is_over:
        _look_at(work, tenant, bank, until, until)


def _look_at(work: Work, tenant: TenantId, bank: BankId, until: Instant, due: Instant) -> None:
    payload = {"tenant": tenant, "bank": bank}
    work.enqueue(LOOK_JOB, f"{bank}/{until}/{due}", payload, due)
