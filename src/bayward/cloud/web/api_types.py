"""What the JSON API takes and gives. Unknown fields are refused, times are milliseconds UTC.

What a caller may not decide (ids, tenants, states, who did it) is in no request; it cannot be
assigned by naming it.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from bayward.core.events import TEXT_CHARS_MAX

Short = Annotated[str, Meta(max_length=300)]
Reason = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
Code = Annotated[str, Meta(max_length=16)]


class Taken(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what comes in."""


class Given(Struct, frozen=True, kw_only=True):
    """Base of what goes out."""


class Credentials(Taken, frozen=True):
    """The first factor."""

    email: Short
    password: Annotated[str, Meta(max_length=512)]


class CodeIn(Taken, frozen=True):
    """The second factor."""

    code: Code


class Token(Given, frozen=True):
    """A session, for `Authorization: Bearer …`; `needs` says what is still missing."""

    token: str
    until: int
    needs: str | None = None


class SessionOut(Given, frozen=True):
    """Somewhere I am signed in."""

    ref: str
    method: str
    created_at: int
    seen_at: int
    until: int
    is_this: bool


class SiteOut(Given, frozen=True):
    """A building."""

    site: str
    name: str
    time_zone: str


class BankIn(Taken, frozen=True):
    """A new bank."""

    site: Short
    name: Short


class BankOut(Given, frozen=True):
    """A bank."""

    bank: str
    site: str
    name: str
    state: str
    is_connected: bool
    compartments: int
    free: int
    occupied: int
    unknown: int
    read_at: int | None
    enrolled_at: int | None
    is_locked_down: bool


class DoorOut(Given, frozen=True):
    """A door: `state` as drawn on the wall."""

    compartment: str
    number: int
    size: str
    state: str
    is_occupied: bool


class WallOut(Given, frozen=True):
    """A bank with its doors."""

    bank: BankOut
    doors: list[DoorOut]


class TicketOut(Given, frozen=True):
    """What somebody carries to a bank; told this once."""

    bank: str
    ticket: str
    until: int


class ReasonIn(Taken, frozen=True):
    """Why."""

    reason: Reason


class NoteIn(Taken, frozen=True):
    """What somebody has to say."""

    note: Reason = ""


class ParcelOut(Given, frozen=True):
    """A parcel."""

    parcel: str
    bank: str
    compartment: str
    door: str
    recipient: str
    courier: str
    state: str
    is_overdue: bool
    carrier: str | None
    tracking: str | None
    changed_at: int
    until: int | None
    door_forced_at: int | None  # with it inside: nobody knows whether it was still there


class PageOut(Given, frozen=True):
    """Some rows; `after` leads to the next ones, null at the end."""

    rows: list[Any]
    after: str | None


class OpenIn(Taken, frozen=True):
    """The number the kiosk shows."""

    presence: Annotated[str, Meta(max_length=16)]


class CommandOut(Given, frozen=True):
    """An order and how far it has come: waiting, sent, done, refused, expired."""

    command: str
    state: str
    result: str | None
    not_after: int


class IncidentOut(Given, frozen=True):
    """An incident."""

    incident: str
    kind: str
    bank: str
    compartment: str | None
    severity: str
    state: str
    count: int
    opened_at: int
    owner: str | None
    lockdowns: list[str]


class PersonIn(Taken, frozen=True):
    """Somebody; `role` is resident, bearer, custodian or admin.

    `scope` is where a bearer or custodian has it (`ten_…/site_…`, or down to a bank); "" is all.
    """

    name: Short
    email: Short | None = None
    phone: Short | None = None
    unit: Short = ""
    role: Short = "resident"
    scope: Short = ""
    language: Short = "en"
    needs_low: bool = False


class PersonChange(Taken, frozen=True):
    """What can be corrected about somebody."""

    name: Short
    email: Short | None = None
    phone: Short | None = None
    unit: Short = ""
    language: Short = "en"
    needs_low: bool = False


class RoleIn(Taken, frozen=True):
    """A role at a node (`ten_…`, `ten_…/site_…`, …), for good or for a time."""

    role: Short
    scope: Short
    until: int | None = None


class RoleOut(Given, frozen=True):
    """A role somebody holds."""

    role: str
    scope: str
    until: int | None


class PersonOut(Given, frozen=True):
    """Somebody."""

    person: str
    name: str
    email: str | None
    phone: str | None
    unit: str
    language: str
    needs_low: bool
    state: str
    roles: list[RoleOut]


class EvidenceIn(Taken, frozen=True):
    """Entries `first` up to before `until` of a log, or those of a time; by what right.

    `hidden` are the fields that are kept back; without it, all that can name somebody. `item` is an
    id or a label: entries about anything else are in the pack without a field.
    """

    origin: Short
    authority: Reason
    handed_to: Reason
    reason: Reason
    first: int | None = None
    until: int | None = None
    since: int | None = None
    before: int | None = None
    hidden: list[Short] | None = None
    item: Short | None = None


class EvidenceOut(Given, frozen=True):
    """A pack; `digest` is the SHA-256 of its tag manifest once it is `ready`."""

    name: str
    origin: str
    first: int
    until: int
    size: int
    state: str
    done: int
    problem: str | None
    digest: str | None
    fetch_until: int | None
    item: str | None = None


class EventOut(Given, frozen=True):
    """Something that happened, and where it stands in which log.

    `not_before` and `not_after` are what is proven of its time from outside (milliseconds since
    1970); `is_time_suspect`: its own clock contradicts that. `is_beacon_missing`: a bank wrote it
    without anything from outside that was younger than an hour.
    """

    origin: str
    index: int
    fields: dict[str, Any]
    not_before: int | None = None
    not_after: int | None = None
    is_time_suspect: bool = False
    is_beacon_missing: bool = False


class TenantIn(Taken, frozen=True):
    """A new organisation and its first administrator, who gets an invitation."""

    name: Short
    site: Short
    owner_name: Short
    owner_email: Short
    time_zone: Short = "UTC"


class TenantOut(Given, frozen=True):
    """An organisation."""

    tenant: str
    name: str
    created_at: int
