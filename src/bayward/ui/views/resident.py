"""The phone: the pass first, readable without signal.

Digits: the cloud does not know them. The link in the message ends in `#c=48219037`; the page's
own script keeps them on the phone (localStorage, for this parcel) and draws the QR from them.

| request | fields | → |
|---|---|---|
| GET  /p/{token} | | `Pass` (no side effect: previews of links are harmless) |
| GET  /p/{token}/live | | text/event-stream: `Renderer.live(view)` as unnamed messages |
| POST /p/{token}/open | `presence` (number on the kiosk; absent after its QR) | 303 back |
| GET  /p/{token}/receipt | | application/json, the receipt as a file |
| GET  /me, GET/POST /me/sign-in (`email`) | | `Home`, `SignIn` → `SignInSent` |
| GET  /l/{token} | | `LinkOpen`: one button, so that scanners of mail do not use the link up |
| POST /l/{token} | | 303 /me, or `LinkExpired` |
| GET  /here/{bank}/{nonce} | | `Here` |
| GET  /sw.js, /manifest.webmanifest | | `Renderer.service_worker()`, `Renderer.manifest()` |
| GET  /offline | | `Offline`, signed in or not: the worker keeps it |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Facts, Language, Problem, View
from bayward.ui.views.wall import Position, Reach, Wall


class PassState(StrEnum):
    """What a resident can do with a parcel now."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    COLLECTED = "collected"
    RETURNED = "returned"
    HELD = "held"  # by an incident, or by the desk
    ON_ITS_WAY = "on_its_way"  # advised, not deposited


class OpenState(StrEnum):
    """A request to open, as far as the locker has told us."""

    REQUESTED = "requested"  # not yet confirmed by the locker
    OPENED = "opened"
    REFUSED = "refused"
    TOO_LATE = "too_late"  # the locker did not answer before the deadline: nothing will open


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFrame:
    """Around every page of the phone. `person` None: not signed in."""

    path: str
    languages: tuple[Language, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView(View):
    """A page of the resident app."""

    frame: PhoneFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a parcel's history. `kind` is an event type; `is_proven`: it is in the log."""

    at: Instant
    kind: str
    facts: Facts
    is_proven: bool
    href: str | None = None  # its proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The last request to open from this phone."""

    state: OpenState
    at: Instant
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(PhoneView):
    """One parcel. `url` is /p/{token}; actions are offered when their flag says so."""

    template: ClassVar[str] = "resident/pass.html"
    live_template: ClassVar[str] = "resident/pass_live.html"
    parcel: str  # the id: names the digits in the phone's store
    url: str
    state: PassState
    compartment: str
    reach: Reach
    where: str  # "Lobby A"
    site: str = ""  # "Northgate House"
    until: Instant | None = None
    pickup_pass: str = ""  # the signed pass, drawn as QR; "" when nothing can be opened any more
    carrier: str = ""
    tracking_masked: str = ""  # "1Z 5R8…7127"
    wall: Wall | None = None  # a small drawing with the door in it
    position: Position | None = None
    is_here: bool = False  # reached by the kiosk's QR: no number is asked
    is_open_offered: bool = True
    trouble: Problem | None = None  # why a tap opens nothing now: lockdown, or no way to the bank
    opening: Opening | None = None
    history: tuple[Moment, ...] = ()
    is_receipt_ready: bool = False
    problem: Problem | None = None  # e.g. a wrong presence number
    forced_at: Instant | None = None  # its door was forced open: nobody knows what is inside
    is_looked_into: bool = False  # and somebody has not closed that case


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelCard:
    """One parcel in the list."""

    href: str
    parcel: str
    state: PassState
    compartment: str
    where: str
    carrier: str = ""
    until: Instant | None = None
    at: Instant | None = None  # when it came or went
    is_forced: bool = False  # as `Pass.forced_at`


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(PhoneView):
    """My parcels: waiting first, then what was collected."""

    template: ClassVar[str] = "resident/home.html"
    waiting: tuple[ParcelCard, ...]
    past: tuple[ParcelCard, ...] = ()

    @property
    def ready(self) -> int:
        """How many can be collected, as far as is known: in a compartment, door not forced."""
        is_in = (PassState.WAITING, PassState.OVERDUE)
        return sum(one.state in is_in and not one.is_forced for one in self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here(PhoneView):
    """The kiosk's QR was scanned: what of mine is in this wall? Each opens by its own button."""

    template: ClassVar[str] = "resident/here.html"
    bank: str
    parcels: tuple[ParcelCard, ...]
    is_fresh: bool = True  # False: the number on the kiosk has changed since; scan again
    is_signed_in: bool = True
    trouble: Problem | None = None  # as in `Pass`


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(PhoneView):
    """Ask for a link by e-mail."""

    template: ClassVar[str] = "resident/sign_in.html"
    email: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSent(PhoneView):
    """The same answer whether or not the address is known."""

    template: ClassVar[str] = "resident/sign_in_sent.html"
    email: str
    minutes: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOpen(PhoneView):
    """The link works: one button signs in."""

    template: ClassVar[str] = "resident/link_open.html"
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkExpired(PhoneView):
    """Used or too old."""

    template: ClassVar[str] = "resident/link_expired.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline(PhoneView):
    """What the service worker shows for a page that is not on the phone."""

    template: ClassVar[str] = "resident/offline.html"
