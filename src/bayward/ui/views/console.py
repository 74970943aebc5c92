"""The console: what staff see. English; one sentence first, every number leads to its list.

| request | fields | → |
|---|---|---|
| GET  /console[?bank={id}] | | `Home` |
| GET  /live?bank={id} | | text/event-stream: `Renderer.live(home)` as unnamed messages |
| GET  /console/search?q= | | JSON `[{"title": "Door 14", "hint": "M. Okafor", "href": "/…"}]` |
| GET  /console/parcels?state=&q=&after= | | `Parcels` |
| GET  /console/parcels/{id} | | `ParcelPage` |
| GET  /console/parcels/{id}/receipt | | the receipt as a file |

Incidents: `console_incidents`. People, couriers, banks, log, webhooks, settings: `console_admin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Facts, Problem, TimeProof, View
from bayward.ui.views.mail import Severity
from bayward.ui.views.wall import Position, Wall


class Place(StrEnum):
    """The entry of the left rail a page belongs to."""

    WALL = "wall"
    PARCELS = "parcels"
    ITEMS = "items"
    INCIDENTS = "incidents"
    PEOPLE = "people"
    COURIERS = "couriers"
    BANKS = "banks"
    LOG = "log"
    PRIVACY = "privacy"
    WEBHOOKS = "webhooks"
    NOTIFICATIONS = "notifications"
    SETTINGS = "settings"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What needs a person now, on every page until it is over.

    `kind` and `facts` as in the log. `release_href` is offered while locked down; the page behind
    it names the consequence and asks for a fresh code.
    """

    kind: str
    facts: Facts
    at: Instant
    href: str
    severity: Severity = Severity.CRITICAL
    is_locked_down: bool = False
    release_href: str | None = None
    clip_href: str | None = None
    clip_s: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence after an action: key of `[notice]`, e.g. "person.invited"."""

    key: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Around every page: who, where, what is urgent. `hidden`: places this role does not see."""

    site: str
    person: str
    role: str  # key of [role]
    incidents_open: int = 0
    banners: tuple[Banner, ...] = ()
    notices: tuple[Notice, ...] = ()
    hidden: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleView(View):
    """A page of the console."""

    place: ClassVar[Place] = Place.NONE
    shell: Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of what happened: an event with its proof.

    `is_proven` None: newer than the last verified checkpoint; False: verification failed.
    """

    at: Instant
    kind: str
    facts: Facts
    is_proven: bool | None
    href: str
    severity: Severity | None = None
    time: TimeProof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """A picture of a door is only as good as the last read."""

    read_at: Instant | None  # None: never
    is_cable_up: bool
    down_since: Instant | None = None
    log_verified_at: Instant | None = None
    is_new: bool = False  # nobody has ever heard of it: no cable is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTab:
    """A bank of the site, to switch to."""

    href: str
    name: str
    is_current: bool = False
    incidents_open: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers over the wall; every one is a link to its list."""

    compartments: int
    free: int
    occupied: int
    reserved: int
    overdue: int
    out: int
    unknown: int = 0
    open: int = 0
    needs_you: int = 0  # compartments with something a human must do now
    forced: int = 0  # of these: nobody has said that the door is sound
    incidents: int = 0  # of this bank that are not closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(ConsoleView):
    """The wall. `wall` None: no bank yet (the page teaches how to enrol one)."""

    template: ClassVar[str] = "console/home.html"
    live_template: ClassVar[str] = "console/home_live.html"
    place: ClassVar[Place] = Place.WALL
    bank_id: str
    bank: str
    wall: Wall | None
    counts: Counts
    freshness: Freshness
    happenings: tuple[Happening, ...] = ()
    tabs: tuple[BankTab, ...] = ()


class ParcelState(StrEnum):
    """Where a parcel is in its life."""

    EXPECTED = "expected"
    WAITING = "waiting"
    OVERDUE = "overdue"
    HELD = "held"
    COLLECTED = "collected"
    RETURNED = "returned"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelRow:
    """One parcel."""

    href: str
    tracking: str
    carrier: str
    recipient: str
    unit: str
    bank: str
    compartment: str
    state: ParcelState
    at: Instant  # of the last change
    until: Instant | None = None
    forced_at: Instant | None = None  # its door was forced: nobody knows what is inside


@dataclass(frozen=True, slots=True)
class Filter:
    """A list to look at, with its size."""

    href: str
    key: str  # of [console.filter]
    count: int | None = None
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """Cursor pages; None: there is nothing there."""

    newer: str | None = None
    older: str | None = None


ONE_PAGE = Pager()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcels(ConsoleView):
    """All parcels that match."""

    template: ClassVar[str] = "console/parcels.html"
    place: ClassVar[Place] = Place.PARCELS
    rows: tuple[ParcelRow, ...]
    has_banks: bool = True
    filters: tuple[Filter, ...] = ()
    query: str = ""
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Why a line can be believed: leaf, tree, and where to check."""

    leaf_index: int
    tree_size: int
    root: str  # base64
    verified_at: Instant | None
    receipt_href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One change of hands or one attempt. `who` is shown as given; `photo_href` opens it."""

    at: Instant
    kind: str
    facts: Facts
    who: str = ""
    proof: Proof | None = None
    photo_href: str | None = None
    severity: Severity | None = None
    time: TimeProof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that can be done: `key` of [action]; `method` post makes a one-button form.

    `is_dangerous` draws it so; dangerous actions lead to a page that names the consequence.
    """

    key: str
    href: str
    is_post: bool = False
    is_dangerous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPage(ConsoleView):
    """One parcel: where it is, everything that happened, and the proof. Prints as evidence."""

    template: ClassVar[str] = "console/parcel.html"
    place: ClassVar[Place] = Place.PARCELS
    parcel_id: str
    row: ParcelRow
    timeline: tuple[TimelineEntry, ...]
    wall: Wall | None = None
    position: Position | None = None
    receipt_href: str | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(View):
    """403, 404, 409, 422, 429, 500, 503: what happened and what to do now.

    `is_staff` draws it in the shell of the console's sign-in, else as a phone page; `home` is
    the way out. `trace` is the number to quote.
    """

    template: ClassVar[str] = "console/error.html"
    status: int
    problem: Problem
    home: str = "/console"
    retry: str | None = None
    trace: str = ""
    is_staff: bool = True
