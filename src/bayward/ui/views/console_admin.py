"""The console's workshops: people, couriers, banks, log, webhooks, notifications, settings.

| request | fields | → |
|---|---|---|
| GET  /console/people[?q=&role=&after=] | | `People` |
| GET/POST /console/people/new, /console/people/{id} | `name` `email` `phone` `unit` `role` | |
|   | `language` `is_low` | `PersonForm` / 303 |
| POST /console/people/{id}/disable, …/invite | | 303 back |
| GET  /console/couriers; GET/POST /console/couriers/new | `name` `carrier` `email` `until` | |
| POST /console/couriers/{id}/rotate, …/revoke | | 303 back |
| GET  /console/banks; GET/POST /console/banks/new | `name` `layout` | `Enrol` |
| GET  /console/banks/{id} | | `BankPage` |
| GET  /console/log; POST /console/log/verify; GET /console/log/export?from=&until= | | `Log` |
| GET  /console/webhooks; POST …/new `url` `events`; POST …/{id}/retry, …/{id}/delete | | |
| GET  /console/notifications; POST /console/notifications/{id}/retry | | `Notifications` |
| GET/POST /console/settings | one field per `Setting.name` | `Settings` |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Choice, Facts, FieldProblem, Say
from bayward.ui.views.console import (
    ONE_PAGE,
    Action,
    ConsoleView,
    Filter,
    Freshness,
    Happening,
    Pager,
    Place,
)
from bayward.ui.views.wall import Wall


class AccountState(StrEnum):
    """Whether a person can use what they were given."""

    ACTIVE = "active"
    INVITED = "invited"
    DISABLED = "disabled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person."""

    href: str
    name: str
    unit: str
    role: str  # key of [role]: resident, courier, admin, super_admin
    email: str
    state: AccountState
    seen_at: Instant | None = None
    second_factor: str = ""  # key of [factor]: totp, passkey; "" none


@dataclass(frozen=True, slots=True, kw_only=True)
class People(ConsoleView):
    """People who may collect or manage."""

    template: ClassVar[str] = "console/people.html"
    place: ClassVar[Place] = Place.PEOPLE
    rows: tuple[PersonRow, ...]
    filters: tuple[Filter, ...] = ()
    query: str = ""
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorCode:
    """A bank where somebody may open doors for two, with a code of his own."""

    bank_id: str
    bank: str
    modes: tuple[str, ...]  # core.compartment.Mode
    until: Instant
    is_waiting: bool = False  # the bank has not drawn the code yet


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForm(ConsoleView):
    """Invite (`person_id` empty) or edit. `roles`: those the signed-in person may give."""

    template: ClassVar[str] = "console/person.html"
    place: ClassVar[Place] = Place.PEOPLE
    url: str
    roles: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    units: tuple[str, ...] = ()  # known units, offered while typing
    scopes: tuple[Choice, ...] = ()  # where somebody can keep or carry items
    door_codes: tuple[DoorCode, ...] = ()
    door_banks: tuple[Choice, ...] = ()  # banks with doors for two where he could have a code
    person_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    unit: str = ""
    is_low_needed: bool = False
    state: AccountState = AccountState.INVITED
    problems: tuple[FieldProblem, ...] = ()
    happenings: tuple[Happening, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierRow:
    """One courier of a carrier. `ref` names the actions' addresses."""

    href: str
    name: str
    short: str  # "7K2", what logs and kiosk show
    carrier: str
    state: AccountState
    until: Instant | None = None
    deposits: int = 0
    seen_at: Instant | None = None
    rotate_href: str | None = None
    revoke_href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Couriers(ConsoleView):
    """Couriers with their own credentials; `new_code`: shown once, right after it was made."""

    template: ClassVar[str] = "console/couriers.html"
    place: ClassVar[Place] = Place.COURIERS
    rows: tuple[CourierRow, ...]
    filters: tuple[Filter, ...] = ()
    new_code: str | None = None
    new_code_for: str = ""
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierForm(ConsoleView):
    """Give a courier a code of their own."""

    template: ClassVar[str] = "console/courier.html"
    place: ClassVar[Place] = Place.COURIERS
    carriers: tuple[Choice, ...]
    name: str = ""
    email: str = ""
    until: str = ""  # yyyy-mm-dd
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRow:
    """One bank. `enrolled_at` None: waiting for its computer."""

    href: str
    name: str
    site: str
    compartments: int
    free: int
    freshness: Freshness
    enrolled_at: Instant | None
    version: str = ""
    is_locked_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Banks(ConsoleView):
    """All banks."""

    template: ClassVar[str] = "console/banks.html"
    place: ClassVar[Place] = Place.BANKS
    rows: tuple[BankRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankForm(ConsoleView):
    """A new bank: its name and its layout."""

    template: ClassVar[str] = "console/bank_new.html"
    place: ClassVar[Place] = Place.BANKS
    layouts: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    name: str = ""
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol(ConsoleView):
    """The one-time token with the pins, shown once; `command` is what to type at the box."""

    template: ClassVar[str] = "console/enrol.html"
    place: ClassVar[Place] = Place.BANKS
    bank: str
    bank_href: str
    token: str
    until: Instant
    pins: tuple[str, ...]
    command: str
    qr_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOut:
    """A door out of service. `needs_two`: it is given back where two people agree, not here."""

    compartment: str
    number: str
    reason: str  # a word of [fact.reason], or what somebody wrote
    needs_two: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPage(ConsoleView):
    """One bank: its wall, its computer, its log. `facts`: (key of [console.bank_fact], value)."""

    template: ClassVar[str] = "console/bank.html"
    place: ClassVar[Place] = Place.BANKS
    row: BankRow
    wall: Wall
    facts: tuple[tuple[str, str], ...]
    happenings: tuple[Happening, ...] = ()
    actions: tuple[Action, ...] = ()
    out: tuple[DoorOut, ...] = ()
    restore_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheck:
    """Outcome of a verification. `problem` None: everything fits."""

    at: Instant
    entries: int  # the log may have grown since
    problem: Say | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One log: of the tenant or of a bank."""

    name: str
    origin: str
    size: int
    root: str  # base64
    at: Instant  # of the checkpoint
    witnesses: int
    check: LogCheck | None
    progress: tuple[int, int] | None = None  # entries read, of how many, while it is checked
    vkey: str = ""
    chain_href: str | None = None  # why a bank's checkpoint can be believed, up to the anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The log of logs, and how far each outside witness has seen it: name, entries, when."""

    origin: str
    size: int
    root: str  # base64
    at: Instant
    witnesses: tuple[tuple[str, int, Instant], ...]
    stamp: tuple[int, Instant] | None = None  # by a time-stamp authority: entries, when


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(ConsoleView):
    """Log and proof: checkpoints, verify now, export, who did what."""

    template: ClassVar[str] = "console/log.html"
    live_template: ClassVar[str] = "console/log_live.html"
    place: ClassVar[Place] = Place.LOG
    logs: tuple[LogRow, ...]
    anchor: Anchor | None = None
    entries: tuple[Happening, ...] = ()
    filters: tuple[Filter, ...] = ()  # all, doors, parcels, administrators
    pager: Pager = ONE_PAGE


class DeliveryState(StrEnum):
    """Where a message or a call is."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One message to one address. `problem` is what the other side said last."""

    kind: str  # key of [message] or an event type
    to: str  # masked
    channel: str  # key of [channel]: email, sms, push, webhook
    state: DeliveryState
    attempts: int
    at: Instant
    next_at: Instant | None = None
    problem: str = ""
    retry_href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications(ConsoleView):
    """What was sent to whom and what became of it."""

    template: ClassVar[str] = "console/notifications.html"
    place: ClassVar[Place] = Place.NOTIFICATIONS
    rows: tuple[DeliveryRow, ...]
    has_mail: bool = True
    filters: tuple[Filter, ...] = ()
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """One subscription. `secret_once` is shown right after it was made, never again."""

    ref: str
    url: str
    events: tuple[str, ...]
    is_enabled: bool
    last_ok_at: Instant | None = None
    failing_since: Instant | None = None
    waiting: int = 0
    dead: int = 0
    secret_once: str | None = None


# What an event's name begins with; the first that fits. "" takes the rest.
EVENT_GROUPS: Mapping[str, tuple[str, ...]] = {
    "alarms": ("door.forced_open", "door.open_too_long", "lockdown.", "incident."),
    "parcels": ("parcel.", "grant.", "code.", "access.", "courier."),
    "custody": ("item.", "custody.", "seal."),
    "doors": ("door.", "unlock.", "compartment."),
    "people": ("person.", "role.", "sign_in.", "step_up.", "action.", "tenant."),
    "banks": ("",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks(ConsoleView):
    """Signed calls to other systems, and what became of them."""

    template: ClassVar[str] = "console/webhooks.html"
    place: ClassVar[Place] = Place.WEBHOOKS
    rows: tuple[WebhookRow, ...]
    deliveries: tuple[DeliveryRow, ...] = ()
    event_types: tuple[str, ...] = ()
    url: str = ""
    problems: tuple[FieldProblem, ...] = ()

    @property
    def event_groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The events by what they are about (key of [console.event_group]); none twice."""
        groups: dict[str, list[str]] = {name: [] for name in EVENT_GROUPS}
        for kind in self.event_types:
            name = next(name for name, starts in EVENT_GROUPS.items() if kind.startswith(starts))
            groups[name].append(kind)
        return tuple((name, tuple(kinds)) for name, kinds in groups.items() if kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: `name` is its field and its key in [setting]; `unit` key of [unit]."""

    name: str
    value: str
    kind: str = "text"  # text, number, switch, choice
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    facts: Facts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ConsoleView):
    """Settings by group (key of [console.setting_group])."""

    template: ClassVar[str] = "console/settings.html"
    place: ClassVar[Place] = Place.SETTINGS
    groups: tuple[tuple[str, tuple[Setting, ...]], ...]
    can_change: bool = True
    problems: tuple[FieldProblem, ...] = ()
