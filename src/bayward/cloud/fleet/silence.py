"""A bank that stays away: staff are told when it has been silent for longer than a router takes.

At the wall nothing is lost meanwhile, but nobody sees an alarm there either, and to cut the cable
first is what whoever has plans would do. So silence is an incident like a forced door.
"""

from __future__ import annotations

from bayward.cloud.fleet import store
from bayward.cloud.fleet.store import BankState
from bayward.cloud.unit import Place, Work
from bayward.core.clock import MINUTE_MS, Instant, after
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, TenantId

LOOK_JOB = "bank.silent"
SILENT_MS = 15 * MINUTE_MS  # an update of the bank or of the control plane takes a few


def watch(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """The link to a bank is gone (a reaction): look whether it has come back."""
    del place
    payload = {"tenant": tenant, "bank": event.bank, "since": event.time}
    key = f"{event.bank}/{event.time}"
    work.enqueue(LOOK_JOB, key, payload, after(work.now, SILENT_MS))


def look(work: Work, tenant: TenantId, bank: BankId, since: Instant) -> None:
    """Say so if a bank has been away since then; one that was here meanwhile has another look."""
    found = store.find_bank(work.tx, tenant, bank)
    if found is None or found.state is not BankState.ENROLLED:
        return
    if found.is_connected or found.disconnected_at != since:
        return
    work.emit(Event(type=EventType.BANK_SILENT, time=work.now, bank=bank), tenant=tenant)
