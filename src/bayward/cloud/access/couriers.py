"""Couriers at banks: each is admitted in person, with a code of his own that the bank draws."""

from __future__ import annotations

from dataclasses import replace

from bayward.cloud import orders
from bayward.cloud.access import store
from bayward.cloud.access.store import AdmissionState, AdmissionView
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, Instant
from bayward.core.commands import AdmitCourier, DismissCourier
from bayward.core.compartment import Mode, modes_text
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CommandId, PersonId, TenantId

ADMISSION_MS_MAX = 366 * DAY_MS  # a courier's permission is renewed by somebody once a year


def admit(
    work: Work,
    tenant: TenantId,
    bank: BankId,
    *,
    person: PersonId,
    name: str,
    carrier: str,
    until: Instant,
    actor: PersonId,
    modes: frozenset[Mode] = frozenset(),
) -> CommandId:
    """Let a courier deposit at a bank; also gives a new code to one who is admitted already.

    `modes` are those of the doors for two that he may open there with another such person.
    """
    if not work.now < until <= work.now + ADMISSION_MS_MAX:
        raise Invalid("courier.until", days_max=ADMISSION_MS_MAX // DAY_MS)
    if not all(mode.needs_two for mode in modes):
        raise Invalid("compartment.mode", field="modes")
    order = AdmitCourier(person, name, carrier, until, modes_text(modes))
    command = orders.place(work, tenant, bank, order, actor=actor)
    asked = AdmissionView(
        person, bank, carrier, AdmissionState.REQUESTED, until, work.now, command, modes
    )
    store.put_admission(work.tx, tenant, asked, granted_by=actor)
    return command


def dismiss(
    work: Work, tenant: TenantId, bank: BankId, *, person: PersonId, actor: PersonId
) -> CommandId:
    """Take the permission back."""
    found = [one for one in store.admissions(work.tx, tenant, person) if one.bank == bank]
    if not found:
        raise NotFound("courier")
    if found[0].state is AdmissionState.DISMISSED:
        raise Conflict("courier.dismissed")
    command = orders.place(work, tenant, bank, DismissCourier(person), actor=actor)
    store.put_admission(
        work.tx, tenant, replace(found[0], changed_at=work.now, command=command), granted_by=actor
    )
    return command


def admissions(
    work: Work, tenant: TenantId, person: PersonId | None = None, bank: BankId | None = None
) -> list[AdmissionView]:
    """Who may deposit where."""
    return store.admissions(work.tx, tenant, person, bank)


# Reactions.


def moved(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank has admitted or dismissed a courier."""
    del place
    admission = s.admission.c
    mine = (admission.person == event.actor) & (admission.bank == event.bank)
    if event.type is EventType.COURIER_DISMISSED:
        state = AdmissionState.DISMISSED
        store.update_admission(work.tx, tenant, mine, state=state.value, changed_at=work.now)
        return
    store.update_admission(
        work.tx,
        tenant,
        mine,
        state=AdmissionState.ADMITTED.value,
        until=event.not_after,
        changed_at=work.now,
    )


def command_ended(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """An admission that the bank refused, or never answered, is none."""
    del place
    if event.result == orders.State.DONE.value:
        return
    asked = s.admission.c.command == event.command
    waiting = s.admission.c.state == AdmissionState.REQUESTED.value
    store.update_admission(
        work.tx,
        tenant,
        asked & waiting,
        state=AdmissionState.REFUSED.value,
        changed_at=work.now,
    )
