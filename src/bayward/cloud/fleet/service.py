"""Banks as their links tell of them: whether they are there, how they are built, how they stand."""

from __future__ import annotations

import json

import msgspec

from bayward.cloud import orders
from bayward.cloud.fleet import link_store, store
from bayward.cloud.fleet.link_store import Recipient
from bayward.cloud.fleet.store import Bank, BankState, Built, Glance
from bayward.cloud.unit import Place, Work
from bayward.core.commands import BlockCompartment, RestoreCompartment
from bayward.core.compartment import CompartmentState
from bayward.core.errors import Conflict, Denied, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CommandId, CompartmentId, PersonId, TenantId
from bayward.wire.messages import Hello, Layout, Readings, compartments_of

_T = EventType
STATE_AFTER = {
    _T.COMPARTMENT_RESERVED: CompartmentState.RESERVED,
    _T.COMPARTMENT_RELEASED: CompartmentState.FREE,
    _T.COMPARTMENT_BLOCKED: CompartmentState.BLOCKED,
    _T.COMPARTMENT_RESTORED: CompartmentState.FREE,
    _T.PARCEL_DEPOSITED: CompartmentState.OCCUPIED,
    _T.PARCEL_COLLECTED: CompartmentState.FREE,
}


def get_bank(work: Work, tenant: TenantId, bank: BankId) -> Bank:
    """A bank of this tenant; raises `NotFound` for another tenant's as for none."""
    found = store.find_bank(work.tx, tenant, bank)
    if found is None:
        raise NotFound("bank")
    return found


def greeted(work: Work, tenant: TenantId, bank: BankId, hello: Hello) -> bool:
    """A bank has said hello; tells whether its layout is not the one we have.

    Raises `NotFound`, or `Denied` for a bank that must not connect.
    """
    found = get_bank(work, tenant, bank)
    if found.state is not BankState.ENROLLED:
        raise Denied(f"bank.{found.state.value}")
    store.update_bank(work.tx, found, firmware=hello.firmware, boot=hello.boot)
    return found.layout_hash != hello.layout_hash


def connected(work: Work, tenant: TenantId, bank: BankId) -> None:
    """The link to a bank is up."""
    found = get_bank(work, tenant, bank)
    store.update_bank(work.tx, found, is_connected=True, connected_at=work.now)
    event = Event(type=_T.BANK_CONNECTED, time=work.now, bank=bank, detail=found.firmware)
    work.emit(event, tenant=tenant)


def disconnected(work: Work, tenant: TenantId, bank: BankId, reason: str) -> None:
    """The link to a bank is gone."""
    found = get_bank(work, tenant, bank)
    if not found.is_connected:
        return
    store.update_bank(work.tx, found, is_connected=False, disconnected_at=work.now)
    work.emit(
        Event(type=_T.BANK_DISCONNECTED, time=work.now, bank=bank, reason=reason), tenant=tenant
    )


def restarted(work: Work) -> None:
    """This program was started: whoever was connected to it before is not any more."""
    for bank in store.enrolled(work.tx):
        disconnected(work, bank.tenant, bank.bank, "cloud.restarted")


def quarantine(work: Work, tenant: TenantId, bank: BankId) -> None:
    """Its log contradicts itself: it may not connect until somebody has looked."""
    store.update_bank(work.tx, get_bank(work, tenant, bank), state=BankState.QUARANTINED.value)
    work.wake(f"tenant/{tenant}")


def take_layout(work: Work, tenant: TenantId, bank: BankId, layout: Layout) -> None:
    """A bank has told how it is built."""
    found = get_bank(work, tenant, bank)
    store.replace_layout(work.tx, tenant, bank, compartments_of(layout))
    store.update_bank(work.tx, found, layout_hash=layout.hash)
    work.wake(f"tenant/{tenant}")


def take_readings(work: Work, tenant: TenantId, bank: BankId, seen: Readings) -> None:
    """A bank has told how its doors stand; only the latest counts."""
    doors = msgspec.json.encode(seen.doors).decode()
    lockdowns = json.dumps(seen.lockdowns)
    glance = Glance(work.now, doors, seen.is_siren_on, lockdowns, seen.pending)
    store.set_glance(work.tx, tenant, bank, glance)
    work.wake(f"tenant/{tenant}")


def directory(work: Work, tenant: TenantId, bank: BankId) -> tuple[int, list[Recipient]]:
    """The revision of the directory, and who can be delivered to at this bank."""
    found = get_bank(work, tenant, bank)
    revision = link_store.directory_revision(work.tx, tenant)
    return revision, link_store.recipients(work.tx, found, work.now)


def block(
    work: Work,
    tenant: TenantId,
    bank: BankId,
    compartment: CompartmentId,
    *,
    actor: PersonId,
    reason: str,
) -> CommandId:
    """Order a compartment out of service."""
    if _built(work, tenant, bank, compartment).state is CompartmentState.BLOCKED:
        raise Conflict("compartment.blocked")
    order = BlockCompartment(compartment, actor, reason)
    return orders.place(work, tenant, bank, order, actor=actor)


def restore(
    work: Work,
    tenant: TenantId,
    bank: BankId,
    compartment: CompartmentId,
    *,
    actor: PersonId,
    second: PersonId | None = None,
) -> CommandId:
    """Order a compartment back into service; somebody has looked inside.

    Raises `Conflict("compartment.two_people")` for one that opens for nobody alone, unless
    `second`, another person, has agreed.
    """
    built = _built(work, tenant, bank, compartment)
    if built.state is not CompartmentState.BLOCKED:
        raise Conflict("compartment.not_blocked")
    if built.compartment.mode.needs_two and second in {None, actor}:
        raise Conflict("compartment.two_people")
    order = RestoreCompartment(compartment, actor, second)
    return orders.place(work, tenant, bank, order, actor=actor)


# Reactions.


def compartment_moved(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A compartment holds something else now."""
    del place
    link_store.set_state(work.tx, tenant, event, STATE_AFTER[event.type])


def reconciled(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Somebody has looked into a contradiction: the bank can be given a new enrolment."""
    del place
    if event.detail != _T.BANK_LOG_REFUSED.value:
        return
    found = get_bank(work, tenant, BankId(event.bank or ""))
    if found.state is BankState.QUARANTINED:
        store.update_bank(work.tx, found, state=BankState.ENROLLED.value)


def directory_changed(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Somebody came, went, or changed: every bank of the tenant gets a new directory."""
    del event, place
    link_store.bump_directory(work.tx, tenant)
    for one in store.banks(work.tx, tenant):
        work.wake(f"bank/{one.bank}")


def _built(work: Work, tenant: TenantId, bank: BankId, compartment: CompartmentId) -> Built:
    for one in store.layout(work.tx, tenant, bank):
        if one.compartment.id == compartment:
            return one
    raise NotFound("compartment")
