"""What goes into the controller, what comes out, and what it works with.

A `Step` is a proposal. The shell first makes `events` and `letters` durable in one transaction,
then hands the step back (`Controller.commit`), and only then carries out `effects`. If the
journal cannot be written the step is dropped, and nothing has moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from bayward.core.bank import BankState
from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant, after
from bayward.core.commands import Command, CommandResult
from bayward.core.compartment import Mode
from bayward.core.door import DoorAlarm, DoorReading, UnlockOutcome
from bayward.core.events import Event, EventType
from bayward.core.grants import LIFE_DEFAULT_MS
from bayward.core.ids import CommandId, CompartmentId, GrantId, ParcelId, PersonId
from bayward.core.lockdown import Scope, holds
from bayward.edge.agent import Purpose, Request, Stage, Visit

UNLOCK_LIFE_MS = 10 * SECOND_MS  # a queue of coils in front of us must not outlast the user
SECOND_PERSON_MS = 2 * MINUTE_MS  # to call a colleague from the next room, not from home
LATE_PULL_MS = 10 * SECOND_MS  # how long after an unlock an opening door is still that unlock's


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site may choose. Times in milliseconds."""

    code_life_ms: int = LIFE_DEFAULT_MS
    door_open_ms_max: int = 3 * MINUTE_MS
    settle_ms: int = 2 * MINUTE_MS  # an unconfirmed deposit behind a shut door
    leftover_ms: int = 60 * SECOND_MS  # a pickup that left something inside may reopen
    siren_ms_max: int = 3 * MINUTE_MS  # neighbours, and local noise rules
    refused_ms: int = 8 * SECOND_MS
    farewell_ms: int = 10 * SECOND_MS
    courier_idle_ms: int = 90 * SECOND_MS
    visit_idle_ms: int = 60 * SECOND_MS
    presence_ms: int = 30 * SECOND_MS
    tamper_scope: dict[DoorAlarm, Scope] = field(default_factory=dict)  # overrides RESPONSE


@dataclass(frozen=True, slots=True)
class DoorRead:
    """A confirmed reading of a door changed."""

    compartment: CompartmentId
    reading: DoorReading


@dataclass(frozen=True, slots=True)
class UnlockEnded:
    """The hardware is done with an unlock."""

    command: CommandId
    outcome: UnlockOutcome


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """An order arrived; `epoch` is the nonce of the connection that is up now."""

    command: Command
    epoch: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; deadlines may be due."""


Input = Request | DoorRead | UnlockEnded | CommandReceived | Tick


@dataclass(frozen=True, slots=True)
class Unlock:
    """Effect: release this lock, once."""

    command: CommandId
    compartment: CompartmentId
    not_after: Instant


@dataclass(frozen=True, slots=True)
class Resolve:
    """Effect: find out by reading, without a pulse, how an interrupted unlock ended."""

    command: CommandId
    compartment: CompartmentId


@dataclass(frozen=True, slots=True)
class Siren:
    """Effect: siren on or off."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Effect: tell the control plane how its command ended."""

    result: CommandResult


Effect = Unlock | Resolve | Siren | Report


@dataclass(frozen=True, slots=True)
class Letter:
    """A fresh code on its way to its owner: sealed before it touches a disk."""

    kind: str  # pickup | courier
    subject: GrantId | PersonId
    code: str = field(repr=False)


class Codes(Protocol):
    """Draws and recognises codes; holds the bank's key."""

    def tag(self, text: str) -> str | None:
        """The keyed tag (hex) of what somebody typed; None when it is no code at all."""
        ...

    def draw(self, is_taken: Callable[[str], bool]) -> tuple[str, str]:
        """A fresh code and its tag."""
        ...


class Ids(Protocol):
    """Where new ids and chance numbers come from."""

    def command(self) -> CommandId:
        """A new id."""
        ...

    def parcel(self) -> ParcelId:
        """A new id."""
        ...

    def grant(self) -> GrantId:
        """A new id."""
        ...

    def number(self, below: int) -> int:
        """A uniformly random number."""
        ...


@dataclass(slots=True)
class Step:
    """What the controller proposes."""

    events: list[Event] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    visit: Visit | None = None  # None: unchanged


@dataclass(slots=True)
class Desk:
    """Everything a decision may look at, and the step it writes on."""

    bank: BankState
    settings: Settings
    codes: Codes
    ids: Ids
    open_pass: Callable[[str, Instant], GrantId]  # raises Denied or Invalid
    now: Instant
    visit: Visit
    is_presence: Callable[[str], bool]
    ordered: set[CommandId]  # unlocks that the control plane asked for
    is_expiry_on_hold: bool = False
    step: Step = field(default_factory=Step)

    def record(self, kind: EventType, **told: str | int | None) -> None:
        """Propose an event that happens now."""
        self.step.events.append(Event(type=kind, time=self.now, **told))  # type: ignore[arg-type]  # Event checks names and kinds

    def show(self, stage: Stage, *, for_ms: int | None = None, **changes: object) -> None:
        """Propose what the kiosk shows next, and for how long."""
        deadline = after(self.now, for_ms) if for_ms is not None else None
        base = self.step.visit or self.visit
        self.step.visit = replace(base, stage=stage, deadline=deadline, **changes)  # type: ignore[arg-type]  # field names are literal at each call

    def leave(self) -> None:
        """Propose the attract screen."""
        self.step.visit = Visit()

    def keep_out(self, compartment: CompartmentId) -> None:
        """Propose no use of a compartment that holds nothing and whose door was forced.

        A lock that a crowbar has opened may not hold: until somebody has looked and says so
        (`compartment.restored`), nothing is left behind it.
        """
        self.record(
            EventType.COMPARTMENT_BLOCKED, compartment=compartment, reason="door_forced_open"
        )

    def needs_second(self, compartment: CompartmentId) -> bool:
        """Whether this door opens for nobody alone."""
        return self.bank.layout[compartment].mode.needs_two

    def modes_for_two(self) -> frozenset[Mode]:
        """The modes of the doors here that open for nobody alone."""
        return frozenset(one.mode for one in self.bank.layout.values() if one.mode.needs_two)

    def modes_of(self, person: PersonId) -> frozenset[Mode]:
        """The modes of compartments somebody is admitted for now."""
        admission = self.bank.couriers.get(person)
        return frozenset() if admission is None or self.now >= admission.until else admission.modes

    def may_open(self, person: PersonId, compartment: CompartmentId) -> bool:
        """Whether somebody counts as one of the two at a door that needs them."""
        return self.bank.layout[compartment].mode in self.modes_of(person)

    def await_second(self, method: str, purpose: Purpose, **wanted: object) -> None:
        """Propose to wait for a second person; `wanted` is what the first one came for."""
        actor = wanted.get("courier") or self.visit.courier
        told = {"grant": wanted.get("grant"), "actor": actor}
        self.record(EventType.ACCESS_AWAITED, method=method, purpose=purpose, **told)  # type: ignore[arg-type]  # ids
        self.show(
            Stage.SECOND_PERSON,
            for_ms=SECOND_PERSON_MS,
            purpose=purpose,
            method=method,
            second=None,
            **wanted,
        )

    def unlock(
        self,
        compartment: CompartmentId,
        purpose: str,
        command: CommandId,
        grant: GrantId | None,
        second: PersonId | None = None,
    ) -> None:
        """Propose one unlock: the intent as an event, the pulse as an effect."""
        # Every way here has asked already; these lines are why a forgotten one opens nothing.
        assert holds(self.bank.lockdowns, compartment) is None
        assert self.bank.pending_unlock(compartment) is None
        assert not self.needs_second(compartment) or (
            second is not None and self.may_open(second, compartment)
        )
        not_after = after(self.now, UNLOCK_LIFE_MS)
        self.record(
            EventType.UNLOCK_REQUESTED,
            command=command,
            compartment=compartment,
            purpose=purpose,
            grant=grant,
            witness=second,
            not_after=not_after,
        )
        self.step.effects.append(Unlock(command, compartment, not_after))
