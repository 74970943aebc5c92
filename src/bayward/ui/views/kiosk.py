"""The kiosk: one question per screen, served by the edge on loopback.

Addresses the pages use (all plain forms; `→` what the edge should answer):

| request | fields | → |
|---|---|---|
| GET  /kiosk | | `Attract` |
| GET  /kiosk/collect | | `CollectCode` |
| POST /kiosk/collect | `code` (digits only) | 303 /kiosk/door, or `Refused` |
| GET  /kiosk/door | | `DoorOpen` |
| POST /kiosk/more-time | | 204; the visit lives on |
| POST /kiosk/done | | 303 /kiosk/thanks → `Thanks` |
| POST /kiosk/again | | 303 the door's screen; it is asked to open once more |
| GET  /kiosk/help | | `Help` |
| GET  /kiosk/deliver | | `CourierSignIn` |
| POST /kiosk/deliver | `code` | 303 /kiosk/deliver/parcel, or `Refused` |
| GET/POST /kiosk/deliver/parcel | `tracking` | `TrackingNumber` / 303 next |
| GET/POST /kiosk/deliver/recipient | `query` or `recipient` (`Match.ref`) | `FindRecipient` / 303 |
| GET  /kiosk/deliver/recipient?again=1 | | `FindRecipient`, not searched yet |
| GET/POST /kiosk/deliver/size | `size`, `is_low` ("1" when ticked) | `ChooseSize` / 303 |
| GET  /kiosk/deliver/door | | `PutIn` |
| GET/POST /kiosk/deliver/confirm | `answer` another finish wrong_size cancel | `Confirm` / 303 |
| POST /kiosk/deliver/sign-out | | 303 /kiosk |
| POST /kiosk/scan?for=collect,courier,tracking | raw 8-bit grey 640x480 | 204 nothing seen, or |
|   | body, `image/x-grey` | 200 JSON `{"go": "/kiosk/…"}` or `{"text": "1Z…"}` (fills the field) |
| GET  /kiosk/live | | text/event-stream: unnamed messages from `Renderer.live(view)`, |
|   | | `event: go` with a path as data moves the screen |
| GET  any `?lang=pl`, `?text=large`, `?contrast=more` | | same page; kept in the visit |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.core.door import DoorReading
from bayward.ui.views.base import Facts, Language, Problem, View
from bayward.ui.views.wall import Position, Wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every screen, always in the same place.

    `path` is the address of this screen (language and text size come back to it). `back` None:
    there is nothing to go back to. After `idle_s` without a touch the screen asks, and
    after another `idle_warning_s` it goes to `/kiosk`. `say_url`: POST there speaks the screen
    through the loudspeaker of the edge; None: the browser tries by itself.
    """

    bank: str
    languages: tuple[Language, ...]
    path: str
    back: str | None = "/kiosk"
    idle_s: int = 45
    idle_warning_s: int = 20
    is_idle_warning_shown: bool = False
    is_large_text: bool = False
    is_high_contrast: bool = False
    is_offline: bool = False  # no way to the cloud; everything works, and we say so quietly
    say_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskView(View):
    """A screen of the kiosk."""

    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Attract(KioskView):
    """First screen: what do you want to do?

    `presence_number` and `presence_url` (shown as QR) prove that a phone is here; both change
    every few minutes and arrive by /kiosk/live.
    """

    template: ClassVar[str] = "kiosk/attract.html"
    live_template: ClassVar[str] = "kiosk/attract_live.html"
    presence_number: str | None  # e.g. "4821"; None hides the panel (offline)
    presence_url: str | None  # https://…/here/{bank}/{nonce}
    presence_until: Instant | None = None
    is_deliver_offered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectCode(KioskView):
    """Type the code or hold the square picture to the camera."""

    template: ClassVar[str] = "kiosk/collect_code.html"
    digits: int = 8
    is_camera_offered: bool = True
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPerson(KioskView):
    """This door needs two: somebody else types a code of his own. POST /kiosk/second."""

    template: ClassVar[str] = "kiosk/second_person.html"
    digits: int = 8
    is_recipient_awaited: bool = False  # the second person was the first to come


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(KioskView):
    """One text whatever the reason.

    `retry_in_s` above 0: the throttle closed the keypad; counted down, then `retry` is offered.
    Camera and phone are never throttled, so the camera looks on (`scan`: collect or courier).
    """

    template: ClassVar[str] = "kiosk/refused.html"
    retry: str = "/kiosk/collect"
    retry_in_s: int = 0
    scan: str = "collect"
    is_camera_offered: bool = True
    is_for_two: bool = False  # a door for evidence or medicine, and he is not admitted for it


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPanel:
    """A door a person stands in front of: the drawing, the words, what was last read.

    `door` None: asked to open, not yet read. `is_jammed`: pulsed, and it did not open.
    `is_still_inside`: shut again, and the sensor sees something. After both the door may be
    asked to open once more (POST /kiosk/again → 303 the same screen).
    """

    number: str
    wall: Wall
    position: Position
    door: DoorReading | None
    is_jammed: bool = False
    is_still_inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpen(KioskView):
    """Take your parcel. Lives by /kiosk/live. POST /kiosk/done when the hardware cannot tell."""

    template: ClassVar[str] = "kiosk/door_open.html"
    live_template: ClassVar[str] = "kiosk/door_live.html"
    panel: DoorPanel
    parcels: int = 1  # behind this door, for this person
    open_until_s: int = 60  # then the door is an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCode:
    """Where the receipt is to be had, shown as QR; `number` of `count` in this visit.

    GET /kiosk/thanks?receipt={number} shows another one.
    """

    url: str
    door: str
    number: int = 1
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Thanks(KioskView):
    """Done. Goes to `/kiosk` by itself after `leave_after_s`. `next_door`: more to collect."""

    template: ClassVar[str] = "kiosk/thanks.html"
    what: str = "collected"  # collected, delivered, returned, cancelled
    leave_after_s: int = 8
    receipt: ReceiptCode | None = None
    next_href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierSignIn(KioskView):
    """Courier: badge, QR or personal code."""

    template: ClassVar[str] = "kiosk/courier_sign_in.html"
    digits: int = 8
    is_camera_offered: bool = True
    is_badge_offered: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierBar:
    """Who is signed in and what was done in this visit; sign-out is always there."""

    carrier: str
    courier: str  # short: "7K2"
    delivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingNumber(KioskView):
    """Scan or type the tracking number."""

    template: ClassVar[str] = "kiosk/tracking_number.html"
    courier: CourierBar
    value: str = ""
    is_camera_offered: bool = True
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A possible recipient, masked: "Unit 4B · M··· O·····". `ref` names it for this visit."""

    ref: str
    unit: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRecipient(KioskView):
    """Unit, or at least three letters of the name. `matches` None: not searched yet."""

    template: ClassVar[str] = "kiosk/find_recipient.html"
    courier: CourierBar
    tracking: str
    query: str = ""
    matches: tuple[Match, ...] | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """A size of compartment, with inner millimetres and how many are free."""

    value: str  # S, M, L, XL
    width_mm: int
    height_mm: int
    depth_mm: int
    free: int
    free_low: int = 0  # of these within reach from a wheelchair


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseSize(KioskView):
    """Which size; what is not free cannot be chosen."""

    template: ClassVar[str] = "kiosk/choose_size.html"
    courier: CourierBar
    recipient: Match
    sizes: tuple[Size, ...]
    is_low_needed: bool = False  # the recipient needs a low door: chosen already


@dataclass(frozen=True, slots=True, kw_only=True)
class PutIn(KioskView):
    """The door is open: put it in and close."""

    template: ClassVar[str] = "kiosk/put_in.html"
    live_template: ClassVar[str] = "kiosk/door_live.html"
    courier: CourierBar
    panel: DoorPanel
    recipient: Match
    open_until_s: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(KioskView):
    """The door is closed. `sees_parcel` None: no sensor; False: it looks empty, so ask."""

    template: ClassVar[str] = "kiosk/confirm.html"
    courier: CourierBar
    number: str
    recipient: Match
    tracking: str
    sees_parcel: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFull(KioskView):
    """No compartment of the size is free. `larger`: sizes that still are."""

    template: ClassVar[str] = "kiosk/bank_full.html"
    courier: CourierBar | None = None
    larger: tuple[Size, ...] = ()
    overflow: str = ""  # where else, e.g. "Front desk, open until 20:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedDown(KioskView):
    """Locked down: why nothing opens, that parcels are safe, whom to ask, how to leave."""

    template: ClassVar[str] = "kiosk/locked_down.html"
    live_template: ClassVar[str] = "kiosk/locked_down_live.html"
    since: Instant
    contact: str = ""  # phone or place of the people in charge
    has_life_safety_release: bool = True  # somebody inside a large door can still get out


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfOrder(KioskView):
    """Something is broken. `problem.code` is one of core.errors; `contact` helps."""

    template: ClassVar[str] = "kiosk/out_of_order.html"
    problem: Problem
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help(KioskView):
    """Answers first, a person second. `topic` opens one answer: collect, deliver, code, door."""

    template: ClassVar[str] = "kiosk/help.html"
    contact: str = ""
    topic: str = ""
    facts: Facts = field(default_factory=dict)
