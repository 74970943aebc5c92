"""What happened: the closed vocabulary of both logs, version 1.

Every interaction is one `Event`: a type and a few fields out of a fixed list. A field becomes
one salted commitment in a log leaf (`ledger.leaf`), so the attribute names below are the wire
names, the log names and the names in exports, and can never be renamed; new ones may be added.

Names of types are `subject.fact` in the past tense. `FIELDS` says for each type which fields
must be there; the others are optional. `LOCAL` fields are committed to and kept at the edge,
and their disclosures never leave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self

from bayward.core.clock import Instant
from bayward.core.errors import Invalid

VOCABULARY_VERSION = 1
TEXT_CHARS_MAX = 500  # free text (reasons) must fit a log leaf's neighbours on one screen

Scalar = str | int | bool | None

ERASED = "erased"
"""Read in place of a field that must be there and was erased; never logged."""


class EventType(StrEnum):
    """Every type of event, bank first, control plane second."""

    # A bank's own log.
    BANK_STARTED = "bank.started"
    TIME_SUSPECTED = "time.suspected"
    BEACON_SEEN = "beacon.seen"
    STORAGE_RECOVERED = "storage.recovered"
    TENANT_LOG_DOUBTED = "tenant_log.doubted"
    COURIER_ADMITTED = "courier.admitted"
    COURIER_DISMISSED = "courier.dismissed"
    COURIER_SIGNED_IN = "courier.signed_in"
    ACCESS_GRANTED = "access.granted"
    ACCESS_REFUSED = "access.refused"
    ACCESS_AWAITED = "access.awaited"  # one person is here; this door needs two
    ACCESS_SECONDED = "access.seconded"
    KEYPAD_PAUSED = "keypad.paused"
    UNLOCK_REQUESTED = "unlock.requested"
    UNLOCK_ENDED = "unlock.ended"
    DOOR_OPENED = "door.opened"
    DOOR_CLOSED = "door.closed"
    DOOR_FORCED_OPEN = "door.forced_open"
    DOOR_OPEN_TOO_LONG = "door.open_too_long"
    DOOR_LOST = "door.lost"
    DOOR_FOUND = "door.found"
    COMPARTMENT_RESERVED = "compartment.reserved"
    COMPARTMENT_RELEASED = "compartment.released"
    COMPARTMENT_BLOCKED = "compartment.blocked"
    COMPARTMENT_RESTORED = "compartment.restored"
    PARCEL_DEPOSITED = "parcel.deposited"
    PARCEL_COLLECTED = "parcel.collected"
    GRANT_ISSUED = "grant.issued"
    GRANT_EXPIRED = "grant.expired"
    GRANT_REVOKED = "grant.revoked"
    CODE_ROTATED = "code.rotated"
    LOCKDOWN_ENGAGED = "lockdown.engaged"
    LOCKDOWN_RELEASED = "lockdown.released"
    COMMAND_DONE = "command.done"
    COMMAND_REFUSED = "command.refused"
    # The tenant's log in the control plane.
    TENANT_CREATED = "tenant.created"
    PERSON_CREATED = "person.created"
    PERSON_CHANGED = "person.changed"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_REFUSED = "sign_in.refused"
    STRANGER_REFUSED = "stranger.refused"
    STEP_UP_PASSED = "step_up.passed"
    ACTION_DENIED = "action.denied"
    BANK_CREATED = "bank.created"
    BANK_ENROLLED = "bank.enrolled"
    BANK_CONNECTED = "bank.connected"
    BANK_DISCONNECTED = "bank.disconnected"
    BANK_SILENT = "bank.silent"  # disconnected for so long that somebody has to look
    BANK_LOG_ACCEPTED = "bank_log.accepted"
    BANK_LOG_REFUSED = "bank_log.refused"
    COMMAND_SENT = "command.sent"
    COMMAND_ENDED = "command.ended"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_CLOSED = "incident.closed"
    NOTIFICATION_SENT = "notification.sent"
    NOTIFICATION_FAILED = "notification.failed"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_DELETED = "webhook.deleted"
    LOG_EXPORTED = "log.exported"
    LOG_FAULT_FOUND = "log.fault_found"
    EVIDENCE_REQUESTED = "evidence.requested"
    EVIDENCE_EXPORTED = "evidence.exported"
    SETTING_CHANGED = "setting.changed"
    BANK_RETIRED = "bank.retired"
    BANK_RENEWED = "bank.renewed"
    BANK_CERTIFICATE_ENDS = "bank.certificate_ends"  # soon, or it has
    ERASURE_ASKED = "erasure.asked"  # `not_after`: then it is done, where nobody can confirm
    ERASURE_WITHDRAWN = "erasure.withdrawn"
    ERASURE_BLOCKED = "erasure.blocked"  # it was due, and something stands in its way
    SUBJECT_ERASED = "subject.erased"
    SUBJECT_REPORTED = "subject.reported"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    KEY_EPOCH_ROLLED = "key_epoch.rolled"
    RECORDS_EXPIRED = "records.expired"
    # Custody of items, in the tenant's log too.
    ITEM_REGISTERED = "item.registered"
    CUSTODY_OFFERED = "custody.offered"
    CUSTODY_ACCEPTED = "custody.accepted"
    CUSTODY_RELEASED = "custody.released"
    CUSTODY_REFUSED = "custody.refused"
    CUSTODY_WITHDRAWN = "custody.withdrawn"
    CUSTODY_LAPSED = "custody.lapsed"
    CUSTODY_STORED = "custody.stored"
    CUSTODY_FETCHED = "custody.fetched"
    CUSTODY_RETURNED = "custody.returned"
    CUSTODY_TAKEN = "custody.taken"
    CUSTODY_BROKEN = "custody.broken"
    SEAL_APPLIED = "seal.applied"
    SEAL_CHECKED = "seal.checked"
    ITEM_PHOTOGRAPHED = "item.photographed"
    ITEM_COUNTED = "item.counted"
    ITEM_DRAWN = "item.drawn"
    STOCK_DIFFERS = "stock.differs"
    ITEM_DISPOSED = "item.disposed"
    # Four eyes at a door that opens for nobody alone.
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    `time` is the recorder's trusted wall clock; `tq` its quality letter (OCMF: U unknown,
    I informative, S synchronised, R relative), `boot` and `mono` order events within one run of
    the recorder whatever its clock did. The shell that writes the log stamps these three.
    """

    type: EventType
    time: Instant
    tq: str | None = None
    boot: int | None = None
    mono: int | None = None  # milliseconds since the recorder started
    bank: str | None = None
    compartment: str | None = None
    parcel: str | None = None
    grant: str | None = None
    command: str | None = None
    incident: str | None = None
    actor: str | None = None  # person id, or `bank`, `system`
    recipient: str | None = None
    role: str | None = None
    method: str | None = None  # code | pass | tap | timeout | command | password | totp | link
    purpose: str | None = None  # pickup | deposit; of an item its kind, of an offer what for
    result: str | None = None
    reason: str | None = None
    carrier: str | None = None
    tracking: str | None = None
    size: str | None = None
    scope: str | None = None  # `bank` or a compartment id; of a role or an item a node's path
    not_after: int | None = None
    origin: str | None = None
    log_size: int | None = None
    log_root: str | None = None
    cosigned_at: int | None = None  # when a witness had seen `log_size` entries of `origin`
    above_size: int | None = None  # the log above (a bank's tenant's) as it was proven to it
    above_root: str | None = None
    known: str | None = None  # two checkpoints that contradict each other, as signed notes
    offered: str | None = None
    channel: str | None = None
    subject: str | None = None  # what an administrative act was done to
    detail: str | None = None
    authority: str | None = None  # by what right something is done: warrant, court order, rule
    handed_to: str | None = None  # who is to have it
    count: int | None = None
    item: str | None = None
    case: str | None = None  # number of a case, as the authority writes it
    exhibit: str | None = None
    party: str | None = None  # who does not sign in here: a court, a laboratory, an owner
    party_id: str | None = None  # the same by his id; entries from before there were ids have none
    witness: str | None = None  # the second person, by his id
    seal: str | None = None  # number of a seal
    seal_before: str | None = None  # the record's, in place of which another or none was found
    photo: str | None = None  # SHA-256 of a picture, hex
    unit: str | None = None  # what is counted: tablets, millilitres
    lot: str | None = None  # of a medicine, as its maker writes it
    expires_on: str | None = None  # its last day, YYYY-MM-DD
    control: str | None = None  # `controlled`: every change of hands is counted
    modes: str | None = None  # modes of compartments, with commas between them
    tag: str | None = None  # LOCAL: keyed tag of a code, hex

    def __post_init__(self) -> None:
        missing = [name for name in FIELDS[self.type] if getattr(self, name) is None]
        if missing:
            raise Invalid("event.field_missing", type=self.type.value, field=missing[0])
        for name in ("reason", "detail", "authority", "handed_to", "party", "known", "offered"):
            text = getattr(self, name)
            if text is not None and len(text) > TEXT_CHARS_MAX:
                raise Invalid("event.text_too_long", field=name, limit=TEXT_CHARS_MAX)

    def to_fields(self) -> dict[str, Scalar]:
        """The fields that are set, in declaration order, as plain JSON scalars."""
        told: dict[str, Scalar] = {}
        for name in _ORDER:
            value = getattr(self, name)
            if value is not None:
                told[name] = value.value if isinstance(value, EventType) else value
        return told

    @classmethod
    def from_fields(cls, told: Mapping[str, Scalar]) -> Self:
        """Read fields back; raises `Invalid` on unknown types, unknown fields or wrong kinds."""
        unknown = set(told) - _NAMES
        if unknown:
            raise Invalid("event.field_unknown", field=min(unknown)[:40])
        try:
            kind = EventType(str(told["type"]))
        except (KeyError, ValueError):
            raise Invalid("event.type_unknown", type=str(told.get("type"))[:40]) from None
        for name, value in told.items():
            wanted = int if name in NUMBERS else str
            if type(value) is not wanted:
                raise Invalid("event.field_kind", field=name)
        values: dict[str, object] = dict(told)
        values["type"] = kind
        return cls(**values)  # type: ignore[arg-type]  # kinds were checked just above

    @classmethod
    def from_rest(cls, told: Mapping[str, Scalar]) -> Self:
        """Read back what is left of an event; what must be there and is not reads as `ERASED`.

        So does the name of who is there by his id. Raises `Invalid` as `from_fields` does.
        """
        try:
            kind = EventType(str(told["type"]))
        except (KeyError, ValueError):
            return cls.from_fields(told)
        needed = (*FIELDS[kind], *ALSO.get(kind, {}).get(told.get("purpose"), ()))
        if "party_id" in told:
            needed = (*needed, "party")
        gone = {name: 0 if name in NUMBERS else ERASED for name in needed if name not in told}
        return cls.from_fields({**told, **gone})

    def public(self) -> Event:
        """The same event without local fields, as others may see it."""
        return replace(self, tag=None)


_ORDER = tuple(field.name for field in fields(Event))
_NAMES = set(_ORDER)
NUMBERS = frozenset(
    {"time", "boot", "mono", "not_after", "log_size", "count", "cosigned_at", "above_size"}
)
LOCAL = frozenset({"tag"})

_T = EventType
FIELDS: dict[EventType, tuple[str, ...]] = {
    _T.BANK_STARTED: ("detail",),
    _T.TIME_SUSPECTED: ("reason",),
    _T.BEACON_SEEN: ("origin", "log_size", "cosigned_at", "detail"),
    _T.STORAGE_RECOVERED: ("origin", "log_size", "reason"),
    _T.TENANT_LOG_DOUBTED: ("origin", "reason"),
    _T.COURIER_ADMITTED: ("actor", "carrier", "not_after"),
    _T.COURIER_DISMISSED: ("actor",),
    _T.COURIER_SIGNED_IN: ("actor", "method"),
    _T.ACCESS_GRANTED: ("grant", "compartment", "method", "command"),
    _T.ACCESS_REFUSED: ("method", "reason"),
    _T.ACCESS_AWAITED: ("method", "purpose"),
    _T.ACCESS_SECONDED: ("actor", "method", "purpose"),
    _T.KEYPAD_PAUSED: ("not_after",),
    _T.UNLOCK_REQUESTED: ("command", "compartment", "purpose", "not_after"),
    _T.UNLOCK_ENDED: ("command", "compartment", "result"),
    _T.DOOR_OPENED: ("compartment",),
    _T.DOOR_CLOSED: ("compartment",),
    _T.DOOR_FORCED_OPEN: ("compartment",),
    _T.DOOR_OPEN_TOO_LONG: ("compartment",),
    _T.DOOR_LOST: ("compartment", "reason"),
    _T.DOOR_FOUND: ("compartment",),
    _T.COMPARTMENT_RESERVED: ("compartment", "parcel", "actor", "recipient", "size"),
    _T.COMPARTMENT_RELEASED: ("compartment", "parcel", "reason"),
    _T.COMPARTMENT_BLOCKED: ("compartment", "reason"),
    _T.COMPARTMENT_RESTORED: ("compartment", "actor"),
    _T.PARCEL_DEPOSITED: ("parcel", "compartment", "actor", "recipient", "method"),
    _T.PARCEL_COLLECTED: ("parcel", "compartment", "grant", "result"),
    _T.GRANT_ISSUED: ("grant", "parcel", "compartment", "recipient", "not_after"),
    _T.GRANT_EXPIRED: ("grant",),
    _T.GRANT_REVOKED: ("grant", "reason"),
    _T.CODE_ROTATED: ("grant",),
    _T.LOCKDOWN_ENGAGED: ("scope", "reason"),
    _T.LOCKDOWN_RELEASED: ("scope", "actor", "reason"),
    _T.COMMAND_DONE: ("command", "result"),
    _T.COMMAND_REFUSED: ("command", "reason"),
    _T.TENANT_CREATED: ("subject",),
    _T.PERSON_CREATED: ("actor", "subject"),
    _T.PERSON_CHANGED: ("actor", "subject"),
    _T.ROLE_GRANTED: ("actor", "subject", "role", "scope"),
    _T.ROLE_REVOKED: ("actor", "subject", "role", "scope"),
    _T.SIGN_IN_SUCCEEDED: ("actor", "method"),
    _T.SIGN_IN_REFUSED: ("method", "reason"),
    _T.STRANGER_REFUSED: ("reason", "count"),
    _T.STEP_UP_PASSED: ("actor", "method", "detail"),
    _T.ACTION_DENIED: ("actor", "detail", "reason"),
    _T.BANK_CREATED: ("actor", "bank"),
    _T.BANK_ENROLLED: ("bank", "origin", "detail"),
    _T.BANK_CONNECTED: ("bank",),
    _T.BANK_DISCONNECTED: ("bank", "reason"),
    _T.BANK_SILENT: ("bank",),
    _T.BANK_LOG_ACCEPTED: ("bank", "origin", "log_size", "log_root"),
    _T.BANK_LOG_REFUSED: ("bank", "origin", "reason"),
    _T.COMMAND_SENT: ("bank", "command", "actor", "detail"),
    _T.COMMAND_ENDED: ("bank", "command", "result"),
    _T.INCIDENT_OPENED: ("incident", "reason"),  # some are about no bank
    _T.INCIDENT_ACKNOWLEDGED: ("incident", "actor"),
    _T.INCIDENT_CLOSED: ("incident", "actor", "reason"),
    _T.NOTIFICATION_SENT: ("channel", "subject"),
    _T.NOTIFICATION_FAILED: ("channel", "subject", "reason"),
    _T.WEBHOOK_CREATED: ("actor", "subject"),
    _T.WEBHOOK_DELETED: ("actor", "subject"),
    _T.LOG_EXPORTED: ("actor", "origin", "log_size"),
    _T.LOG_FAULT_FOUND: ("origin", "log_size", "detail"),
    _T.EVIDENCE_REQUESTED: ("actor", "subject", "origin", "authority", "handed_to", "reason"),
    _T.EVIDENCE_EXPORTED: ("actor", "subject", "origin", "authority", "handed_to", "detail"),
    _T.SETTING_CHANGED: ("actor", "subject", "detail"),
    _T.BANK_RETIRED: ("actor", "bank"),
    _T.BANK_RENEWED: ("bank", "not_after"),
    _T.BANK_CERTIFICATE_ENDS: ("bank", "not_after", "reason"),
    _T.ERASURE_ASKED: ("actor", "subject", "reason"),
    _T.ERASURE_WITHDRAWN: ("actor", "subject"),
    _T.ERASURE_BLOCKED: ("actor", "subject", "reason"),
    _T.SUBJECT_ERASED: ("actor", "subject", "reason", "count"),
    _T.SUBJECT_REPORTED: ("actor", "subject", "count"),
    _T.HOLD_PLACED: ("actor", "scope", "reason", "detail"),
    _T.HOLD_LIFTED: ("actor", "scope", "reason", "detail"),
    _T.KEY_EPOCH_ROLLED: ("actor", "detail", "count"),
    _T.RECORDS_EXPIRED: ("actor", "detail", "count"),
    _T.ITEM_REGISTERED: ("actor", "item", "purpose", "detail"),
    _T.CUSTODY_OFFERED: ("actor", "item", "purpose", "not_after"),
    _T.CUSTODY_ACCEPTED: ("actor", "item", "subject"),
    _T.CUSTODY_RELEASED: ("actor", "item", "party", "witness"),
    _T.CUSTODY_REFUSED: ("actor", "item", "reason"),
    _T.CUSTODY_WITHDRAWN: ("actor", "item"),
    _T.CUSTODY_LAPSED: ("item",),
    _T.CUSTODY_STORED: ("actor", "item", "compartment", "parcel", "origin", "detail"),
    _T.CUSTODY_FETCHED: ("actor", "item", "compartment", "parcel", "origin", "detail"),
    _T.CUSTODY_RETURNED: ("actor", "item", "party"),
    _T.CUSTODY_TAKEN: ("actor", "item", "reason"),
    _T.CUSTODY_BROKEN: ("item", "reason"),
    _T.SEAL_APPLIED: ("actor", "item", "seal"),
    _T.SEAL_CHECKED: ("actor", "item", "seal", "result"),
    _T.ITEM_PHOTOGRAPHED: ("actor", "item", "photo"),
    _T.ITEM_COUNTED: ("actor", "item", "count", "result"),
    _T.ITEM_DRAWN: ("actor", "item", "count", "purpose"),
    _T.STOCK_DIFFERS: ("bank", "count", "detail"),
    _T.ITEM_DISPOSED: ("actor", "item", "witness", "authority"),
    _T.APPROVAL_ASKED: ("actor", "bank", "compartment", "purpose", "reason", "not_after"),
    _T.APPROVAL_GIVEN: ("actor", "bank", "compartment", "purpose", "subject"),
    _T.APPROVAL_REFUSED: ("actor", "bank", "compartment", "purpose", "subject"),
}

ALSO: Mapping[EventType, Mapping[Scalar, tuple[str, ...]]] = {
    _T.CUSTODY_OFFERED: {
        "hand_over": ("recipient",),
        "release": ("party",),
        "disposal": ("authority",),
        "dispense": ("authority",),
        "waste": ("reason",),
        "correction": ("reason",),
    },
    _T.ITEM_DRAWN: {"dispense": ("authority",)},
}
"""What was there besides, by type and `purpose`: the rules of custody let nothing else through."""
