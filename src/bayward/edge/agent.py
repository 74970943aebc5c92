"""The typed port between the kiosk and the agent that owns the doors.

The kiosk is not trusted: it can ask for what stands here and is shown a `Visit`, and nothing
else passes. Requests and answers are plain data, so the two can live in separate processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bayward.core.clock import Instant
from bayward.core.compartment import Compartment, Size
from bayward.core.door import DoorReading
from bayward.core.ids import CompartmentId, GrantId, PersonId
from bayward.core.lockdown import Lockdown


class Stage(StrEnum):
    """What the kiosk should be showing."""

    IDLE = "idle"
    REFUSED = "refused"  # `refusal` says why, `wait_ms` how long the keypad rests
    OPENING = "opening"  # an unlock is under way
    DOOR_OPEN = "door_open"
    STUCK = "stuck"  # the door did not open; may try again
    STILL_INSIDE = "still_inside"  # a pickup closed with something still in there
    COLLECTED = "collected"
    COURIER = "courier"  # signed in, next parcel?
    LOOKS_EMPTY = "looks_empty"  # a deposit closed, and the sensor sees nothing
    CONFIRM = "confirm"  # a deposit closed: done, wrong size, or cancel?
    DEPOSITED = "deposited"
    FULL = "full"
    SECOND_PERSON = "second_person"  # somebody is here; this door needs two
    LOCKED_DOWN = "locked_down"
    OUT_OF_ORDER = "out_of_order"  # the log cannot be written: nothing opens


NOT_FOR_MODE = "access.not_for_mode"
"""`Visit.refusal` of somebody who has shown who he is and is not admitted for such a door."""


class Purpose(StrEnum):
    """Why a door is being opened."""

    PICKUP = "pickup"
    DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True)
class Visit:
    """What one person at the kiosk is in the middle of."""

    stage: Stage = Stage.IDLE
    purpose: Purpose | None = None
    compartment: CompartmentId | None = None
    courier: PersonId | None = None
    refusal: str | None = None
    wait_ms: int = 0
    tries_left: int | None = None
    deadline: Instant | None = None  # when the kiosk goes back to the start by itself
    deposited: int = 0  # parcels this courier has left in this visit
    size: Size | None = None
    tracking: str | None = None
    needs_low: bool = False  # the recipient of this deposit needs a door within reach
    # Of a door that needs two: what the first of them wants, and who the second is.
    grant: GrantId | None = None
    method: str | None = None
    recipient: PersonId | None = None
    second: PersonId | None = None


@dataclass(frozen=True, slots=True)
class PresentCode:
    """Somebody typed digits at Collect."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentPass:
    """Somebody held a square picture to the camera at Collect."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A courier typed his personal code."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentSecond:
    """A second person typed his own code, where one is not enough."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BeginDeposit:
    """A courier wants a compartment for one parcel."""

    recipient: PersonId
    size: Size
    tracking: str
    needs_low: bool


@dataclass(frozen=True, slots=True)
class ConfirmDeposit:
    """The parcel is in and the door is shut."""


@dataclass(frozen=True, slots=True)
class ChangeSize:
    """The parcel does not fit; give another compartment."""

    size: Size


@dataclass(frozen=True, slots=True)
class CancelDeposit:
    """The courier takes the parcel away again."""


@dataclass(frozen=True, slots=True)
class OpenAgain:
    """The same door once more (stuck, something left inside, parcel not yet put in)."""


@dataclass(frozen=True, slots=True)
class MoreTime:
    """Somebody needs more time."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Back to the start; a courier is signed out."""


Request = (
    PresentCode
    | PresentPass
    | SignIn
    | PresentSecond
    | BeginDeposit
    | ConfirmDeposit
    | ChangeSize
    | CancelDeposit
    | OpenAgain
    | MoreTime
    | Leave
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody parcels can be left for, as replicated from the control plane.

    What the kiosk gets has its `name` masked.
    """

    person: PersonId
    unit: str
    name: str
    needs_low: bool


@dataclass(frozen=True, slots=True)
class CompartmentView:
    """A compartment as the kiosk may know it: never whose it is or what is in it."""

    built: Compartment
    is_free: bool
    door: DoorReading | None  # None: not read since the last unlock was asked for


@dataclass(frozen=True, slots=True)
class ReceiptWord:
    """By what somebody finds the receipt of a deposit or collection (`wire.receipt_word`)."""

    compartment: CompartmentId
    word: str


@dataclass(frozen=True, slots=True)
class BankView:
    """What the kiosk may know about its bank."""

    visit: Visit
    compartments: tuple[CompartmentView, ...]
    lockdown: Lockdown | None  # of the bank, or of the door somebody was just refused at
    is_siren_on: bool
    is_online: bool  # the control plane is on the line
    presence: str  # the number a phone must name to open from the app
    presence_until: Instant
    carrier: str = ""  # of the courier who is signed in
    trouble: str | None = None  # why nothing opens at all (a code of core.errors)
    receipt: ReceiptWord | None = None  # of what this visit has just ended with

    def compartment(self, compartment: CompartmentId) -> CompartmentView:
        """The compartment of that id; raises `KeyError`."""
        for one in self.compartments:
            if one.built.id == compartment:
                return one
        raise KeyError(compartment)


class Agent(Protocol):
    """What the kiosk can ask for."""

    async def ask(self, request: Request) -> Visit:
        """Do it; returns only after the outcome is in the log."""
        ...

    def view(self) -> BankView:
        """How things stand now."""
        ...

    async def find(self, query: str) -> tuple[Recipient, ...]:
        """Recipients by exact unit or by at least three letters of the name; few, or none.

        Raises `Denied` unless a courier is signed in, `LimitExceeded` when asked too often.
        """
        ...

    async def wait_for_change(self, since: int) -> int:
        """Sleep until the view is newer than revision `since`; returns the new revision."""
        ...
