"""What follows what: the one page.

Each event has two lists. `WITHIN` happens in the same transaction, in this order, and only
writes views; the log is first, always. `AFTER` puts work into the outbox, to be done once the
transaction is committed: messages and calls to other systems, at least once. An event that
nothing follows has two empty lists here, so that this is known and not forgotten.

`docs/reference/reactions.md` is generated from this page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from bayward.cloud import orders
from bayward.cloud.access import couriers, issuers
from bayward.cloud.access import reacts as access
from bayward.cloud.audit import beacons, contradictions, mirror
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import item_reacts
from bayward.cloud.custody import service as custody
from bayward.cloud.fleet import certificates, silence
from bayward.cloud.fleet import service as fleet
from bayward.cloud.incidents import service as incidents
from bayward.cloud.notify import service as notify
from bayward.cloud.notify import webhooks
from bayward.cloud.privacy import retention
from bayward.cloud.unit import Place, Work
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId

Reaction: TypeAlias = Callable[[Work, TenantId, Event, Place | None], Place | None]

_T = EventType
_LOG: tuple[Reaction, ...] = (audit.append,)
_CALL: tuple[Reaction, ...] = (webhooks.queue_calls,)
_ITEM: tuple[Reaction, ...] = (audit.append, item_reacts.followed)

WITHIN: Mapping[EventType, tuple[Reaction, ...]] = {
    # A bank's own log.
    _T.BANK_STARTED: _LOG,
    _T.TIME_SUSPECTED: _LOG,
    _T.BEACON_SEEN: (audit.append, beacons.seen),
    _T.STORAGE_RECOVERED: _LOG,
    _T.TENANT_LOG_DOUBTED: (audit.append, contradictions.doubted, incidents.signalled),
    _T.COURIER_ADMITTED: (audit.append, couriers.moved, notify.letters_void),
    _T.COURIER_DISMISSED: (audit.append, couriers.moved, notify.letters_void),
    _T.COURIER_SIGNED_IN: _LOG,
    _T.ACCESS_GRANTED: (audit.append, access.used),
    _T.ACCESS_REFUSED: _LOG,
    _T.ACCESS_AWAITED: _LOG,
    _T.ACCESS_SECONDED: _LOG,
    _T.KEYPAD_PAUSED: (audit.append, incidents.signalled),
    _T.UNLOCK_REQUESTED: _LOG,
    _T.UNLOCK_ENDED: (audit.append, access.used),
    _T.DOOR_OPENED: (audit.append, access.used),
    _T.DOOR_CLOSED: _LOG,
    _T.DOOR_FORCED_OPEN: (audit.append, item_reacts.forced, incidents.signalled),
    _T.DOOR_OPEN_TOO_LONG: (audit.append, incidents.signalled),
    _T.DOOR_LOST: _LOG,
    _T.DOOR_FOUND: _LOG,
    _T.COMPARTMENT_RESERVED: (audit.append, fleet.compartment_moved, custody.reserved),
    _T.COMPARTMENT_RELEASED: (audit.append, fleet.compartment_moved, custody.moved),
    _T.COMPARTMENT_BLOCKED: (audit.append, fleet.compartment_moved, custody.moved),
    _T.COMPARTMENT_RESTORED: (
        audit.append,
        fleet.compartment_moved,
        custody.moved,
        item_reacts.restored,
    ),
    _T.PARCEL_DEPOSITED: (
        audit.append,
        fleet.compartment_moved,
        custody.moved,
        item_reacts.deposited,
    ),
    _T.PARCEL_COLLECTED: (
        audit.append,
        fleet.compartment_moved,
        custody.moved,
        item_reacts.collected,
        access.ended,
        notify.letters_void,
    ),
    _T.GRANT_ISSUED: (audit.append, access.issued, custody.granted),
    _T.GRANT_EXPIRED: (audit.append, access.ended, notify.letters_void),
    _T.GRANT_REVOKED: (audit.append, access.ended, notify.letters_void),
    _T.CODE_ROTATED: (audit.append, access.rotated, notify.letters_void),
    _T.LOCKDOWN_ENGAGED: (audit.append, incidents.locked_down),
    _T.LOCKDOWN_RELEASED: (audit.append, incidents.released),
    _T.COMMAND_DONE: (audit.append, orders.ended_by_log),
    _T.COMMAND_REFUSED: (audit.append, orders.ended_by_log),
    # The tenant's log.
    _T.TENANT_CREATED: (audit.append, issuers.begun),
    _T.PERSON_CREATED: (audit.append, fleet.directory_changed),
    _T.PERSON_CHANGED: (audit.append, fleet.directory_changed),
    _T.ROLE_GRANTED: (audit.append, fleet.directory_changed),
    _T.ROLE_REVOKED: (audit.append, fleet.directory_changed),
    _T.SIGN_IN_SUCCEEDED: _LOG,
    _T.SIGN_IN_REFUSED: _LOG,
    _T.STRANGER_REFUSED: _LOG,
    _T.STEP_UP_PASSED: _LOG,
    _T.ACTION_DENIED: _LOG,
    _T.BANK_CREATED: _LOG,
    _T.BANK_ENROLLED: (audit.append, mirror.begun),
    _T.BANK_CONNECTED: _LOG,
    _T.BANK_DISCONNECTED: _LOG,
    _T.BANK_SILENT: (audit.append, incidents.signalled),
    _T.BANK_LOG_ACCEPTED: _LOG,
    _T.BANK_LOG_REFUSED: (audit.append, incidents.signalled),
    _T.COMMAND_SENT: _LOG,
    _T.COMMAND_ENDED: (audit.append, couriers.command_ended, incidents.command_ended),
    _T.INCIDENT_OPENED: _LOG,
    _T.INCIDENT_ACKNOWLEDGED: _LOG,
    _T.INCIDENT_CLOSED: (audit.append, fleet.reconciled),
    _T.NOTIFICATION_SENT: _LOG,
    _T.NOTIFICATION_FAILED: _LOG,
    _T.WEBHOOK_CREATED: _LOG,
    _T.WEBHOOK_DELETED: _LOG,
    _T.LOG_EXPORTED: _LOG,
    _T.LOG_FAULT_FOUND: (audit.append, incidents.signalled),
    _T.EVIDENCE_REQUESTED: _LOG,
    _T.EVIDENCE_EXPORTED: _LOG,
    _T.SETTING_CHANGED: _LOG,
    _T.BANK_RETIRED: _LOG,
    _T.BANK_RENEWED: _LOG,
    _T.BANK_CERTIFICATE_ENDS: (audit.append, incidents.signalled),
    _T.ERASURE_ASKED: _LOG,
    _T.ERASURE_WITHDRAWN: _LOG,
    _T.ERASURE_BLOCKED: _LOG,
    _T.SUBJECT_ERASED: (audit.append, fleet.directory_changed),
    _T.SUBJECT_REPORTED: _LOG,
    _T.HOLD_PLACED: _LOG,
    _T.HOLD_LIFTED: _LOG,
    _T.KEY_EPOCH_ROLLED: _LOG,
    _T.RECORDS_EXPIRED: _LOG,
    # Custody of items.
    _T.ITEM_REGISTERED: _ITEM,
    _T.CUSTODY_OFFERED: _ITEM,
    _T.CUSTODY_ACCEPTED: _ITEM,
    _T.CUSTODY_RELEASED: _ITEM,
    _T.CUSTODY_REFUSED: _ITEM,
    _T.CUSTODY_WITHDRAWN: _ITEM,
    _T.CUSTODY_LAPSED: _ITEM,
    _T.CUSTODY_STORED: _ITEM,
    _T.CUSTODY_FETCHED: _ITEM,
    _T.CUSTODY_RETURNED: _ITEM,
    _T.CUSTODY_TAKEN: _ITEM,
    _T.CUSTODY_BROKEN: _ITEM,
    _T.SEAL_APPLIED: _ITEM,
    _T.SEAL_CHECKED: _ITEM,
    _T.ITEM_PHOTOGRAPHED: _ITEM,
    _T.ITEM_COUNTED: _ITEM,
    _T.ITEM_DRAWN: _ITEM,
    _T.STOCK_DIFFERS: (audit.append, incidents.signalled),
    _T.ITEM_DISPOSED: _ITEM,
    _T.APPROVAL_ASKED: _LOG,
    _T.APPROVAL_GIVEN: _LOG,
    _T.APPROVAL_REFUSED: _LOG,
}

AFTER: Mapping[EventType, tuple[Reaction, ...]] = {
    # A bank's own log.
    _T.BANK_STARTED: _CALL,
    _T.TIME_SUSPECTED: _CALL,
    _T.BEACON_SEEN: (),
    _T.STORAGE_RECOVERED: _CALL,
    _T.TENANT_LOG_DOUBTED: _CALL,
    _T.COURIER_ADMITTED: _CALL,
    _T.COURIER_DISMISSED: _CALL,
    _T.COURIER_SIGNED_IN: _CALL,
    _T.ACCESS_GRANTED: _CALL,
    _T.ACCESS_REFUSED: _CALL,
    _T.ACCESS_AWAITED: _CALL,
    _T.ACCESS_SECONDED: _CALL,
    _T.KEYPAD_PAUSED: _CALL,
    _T.UNLOCK_REQUESTED: (),
    _T.UNLOCK_ENDED: (),
    _T.DOOR_OPENED: _CALL,
    _T.DOOR_CLOSED: _CALL,
    _T.DOOR_FORCED_OPEN: (notify.tell_forced, webhooks.queue_calls),
    _T.DOOR_OPEN_TOO_LONG: _CALL,
    _T.DOOR_LOST: _CALL,
    _T.DOOR_FOUND: _CALL,
    _T.COMPARTMENT_RESERVED: (),
    _T.COMPARTMENT_RELEASED: (),
    _T.COMPARTMENT_BLOCKED: _CALL,
    _T.COMPARTMENT_RESTORED: _CALL,
    _T.PARCEL_DEPOSITED: _CALL,
    _T.PARCEL_COLLECTED: (notify.tell_collected, webhooks.queue_calls),
    _T.GRANT_ISSUED: (notify.remind_later,),
    _T.GRANT_EXPIRED: (notify.remind_overdue, webhooks.queue_calls),
    _T.GRANT_REVOKED: _CALL,
    _T.CODE_ROTATED: (),
    _T.LOCKDOWN_ENGAGED: _CALL,
    _T.LOCKDOWN_RELEASED: _CALL,
    _T.COMMAND_DONE: (),
    _T.COMMAND_REFUSED: (),
    # The tenant's log.
    _T.TENANT_CREATED: (retention.begun,),
    _T.PERSON_CREATED: _CALL,
    _T.PERSON_CHANGED: _CALL,
    _T.ROLE_GRANTED: _CALL,
    _T.ROLE_REVOKED: _CALL,
    _T.SIGN_IN_SUCCEEDED: _CALL,
    _T.SIGN_IN_REFUSED: _CALL,
    _T.STRANGER_REFUSED: _CALL,
    _T.STEP_UP_PASSED: _CALL,
    _T.ACTION_DENIED: _CALL,
    _T.BANK_CREATED: _CALL,
    _T.BANK_ENROLLED: (certificates.watch, webhooks.queue_calls),
    _T.BANK_CONNECTED: _CALL,
    _T.BANK_DISCONNECTED: (silence.watch, webhooks.queue_calls),
    _T.BANK_SILENT: _CALL,
    _T.BANK_LOG_ACCEPTED: (),
    _T.BANK_LOG_REFUSED: _CALL,
    _T.COMMAND_SENT: _CALL,
    _T.COMMAND_ENDED: _CALL,
    _T.INCIDENT_OPENED: (notify.alert_staff, webhooks.queue_calls),
    _T.INCIDENT_ACKNOWLEDGED: _CALL,
    _T.INCIDENT_CLOSED: _CALL,
    # A call about a call would call for ever.
    _T.NOTIFICATION_SENT: (),
    _T.NOTIFICATION_FAILED: (),
    _T.WEBHOOK_CREATED: (),
    _T.WEBHOOK_DELETED: (),
    _T.LOG_EXPORTED: _CALL,
    _T.LOG_FAULT_FOUND: _CALL,
    _T.EVIDENCE_REQUESTED: _CALL,
    _T.EVIDENCE_EXPORTED: _CALL,
    _T.SETTING_CHANGED: _CALL,
    _T.BANK_RETIRED: _CALL,
    _T.BANK_RENEWED: (certificates.watch, webhooks.queue_calls),
    _T.BANK_CERTIFICATE_ENDS: _CALL,
    _T.ERASURE_ASKED: (notify.tell_administrators, webhooks.queue_calls),
    _T.ERASURE_WITHDRAWN: _CALL,
    _T.ERASURE_BLOCKED: _CALL,
    _T.SUBJECT_ERASED: _CALL,
    _T.SUBJECT_REPORTED: _CALL,
    _T.HOLD_PLACED: _CALL,
    _T.HOLD_LIFTED: _CALL,
    _T.KEY_EPOCH_ROLLED: _CALL,
    _T.RECORDS_EXPIRED: _CALL,
    # Custody of items.
    _T.ITEM_REGISTERED: _CALL,
    _T.CUSTODY_OFFERED: _CALL,
    _T.CUSTODY_ACCEPTED: _CALL,
    _T.CUSTODY_RELEASED: _CALL,
    _T.CUSTODY_REFUSED: _CALL,
    _T.CUSTODY_WITHDRAWN: _CALL,
    _T.CUSTODY_LAPSED: _CALL,
    _T.CUSTODY_STORED: _CALL,
    _T.CUSTODY_FETCHED: _CALL,
    _T.CUSTODY_RETURNED: _CALL,
    _T.CUSTODY_TAKEN: _CALL,
    _T.CUSTODY_BROKEN: _CALL,
    _T.SEAL_APPLIED: _CALL,
    _T.SEAL_CHECKED: _CALL,
    _T.ITEM_PHOTOGRAPHED: _CALL,
    _T.ITEM_COUNTED: _CALL,
    _T.ITEM_DRAWN: _CALL,
    _T.STOCK_DIFFERS: _CALL,
    _T.ITEM_DISPOSED: _CALL,
    _T.APPROVAL_ASKED: _CALL,
    _T.APPROVAL_GIVEN: _CALL,
    _T.APPROVAL_REFUSED: _CALL,
}


def react(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Carry out what follows an event; `Work.emit` comes here.

    The log says where the event stands; whoever comes after it is told.
    """
    for reaction in WITHIN[event.type]:
        place = reaction(work, tenant, event, place) or place
    for reaction in AFTER[event.type]:
        reaction(work, tenant, event, place)


def page() -> str:
    """`docs/reference/reactions.md`."""
    lines = [
        "# Reactions",
        "",
        "What follows each event in the control plane, in this order. *Within* is written in the",
        "same transaction as the event; *after* is put into the outbox there and done once it is",
        "committed. Made from `cloud/reactions.py`.",
        "",
        "| event | within | after |",
        "|---|---|---|",
    ]
    for kind in EventType:
        within = " → ".join(map(_name, WITHIN[kind]))
        after = " → ".join(map(_name, AFTER[kind])) or "none"
        lines.append(f"| `{kind.value}` | {within} | {after} |")
    return "\n".join(lines) + "\n"


def _name(reaction: Reaction) -> str:
    module = reaction.__module__.removeprefix("bayward.cloud.").removesuffix(".service")
    return f"`{module}.{reaction.__name__}`"
