"""A bank on a table top: the real controller, driven by hand."""

from __future__ import annotations

import random
from collections.abc import Callable

from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.clock import Instant
from bayward.core.commands import AdmitCourier, Command, Order
from bayward.core.compartment import Compartment, Size
from bayward.core.door import KnownDoor, UnlockOutcome
from bayward.core.errors import Denied
from bayward.core.events import Event, EventType
from bayward.core.ids import CommandId, CompartmentId, GrantId, ParcelId, PersonId
from bayward.edge.agent import BeginDeposit, ConfirmDeposit, SignIn, Stage, Visit
from bayward.edge.controller import (
    CommandReceived,
    Controller,
    DoorRead,
    Effect,
    Input,
    Letter,
    Report,
    Settings,
    Step,
    Unlock,
    UnlockEnded,
)

START = Instant(1_800_000_000_000)
ANNA = PersonId.of(b"anna".ljust(16))
COURIER = PersonId.of(b"courier".ljust(16))


class ChanceIds:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def command(self) -> CommandId:
        return CommandId.of(self.random.randbytes(16))

    def parcel(self) -> ParcelId:
        return ParcelId.of(self.random.randbytes(16))

    def grant(self) -> GrantId:
        return GrantId.of(self.random.randbytes(16))

    def number(self, below: int) -> int:
        return self.random.randrange(below)


class PlainCodes:
    """Eight digits; the tag is the code spelt backwards. Key and stretch are tested elsewhere."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def tag(self, text: str) -> str | None:
        return text[::-1] if len(text) == 8 and text.isascii() and text.isdigit() else None

    def draw(self, is_taken: Callable[[str], bool]) -> tuple[str, str]:
        while True:
            code = f"{self.random.randrange(10**8):08d}"
            if not is_taken(code[::-1]):
                return code, code[::-1]


def layout(count: int = 6, *, has_sensor: bool = True) -> list[Compartment]:
    sizes = [Size.S, Size.M, Size.L]
    return [
        Compartment(
            id=CompartmentId.of(number.to_bytes(16, "big")),
            number=number,
            column=1 + (number - 1) // 3,
            row=1 + (number - 1) % 3,
            height_units=1,
            size=sizes[(number - 1) % 3],
            inner_width_mm=400,
            inner_height_mm=200,
            inner_depth_mm=500,
            floor_height_mm=300 + 500 * ((number - 1) % 3),
            has_occupancy_sensor=has_sensor,
        )
        for number in range(1, count + 1)
    ]


class TableTop:
    """Commits every step at once and plays the steel when asked."""

    def __init__(
        self, *, seed: int = 1, settings: Settings | None = None, has_sensor: bool = True
    ) -> None:
        self.now = START
        self.settings = settings or Settings()
        self.codes, self.ids = PlainCodes(seed), ChanceIds(seed)
        self.layout = layout(has_sensor=has_sensor)
        self.log: list[Event] = []
        self.letters: list[Letter] = []
        self.effects: list[Effect] = []
        self.controller = self._build()
        self.commit(self.controller.start(self.now, "test"))
        for space in self.layout:
            self.read(space.id, is_closed=True, is_occupied=False)

    def _build(self) -> Controller:
        def open_pass(text: str, now: Instant) -> GrantId:
            if not text.startswith("L1:"):
                raise Denied("pass.prefix")
            return GrantId.parse(text.removeprefix("L1:"))

        return Controller(
            BankState.of(self.layout),
            settings=self.settings,
            codes=self.codes,
            ids=self.ids,
            open_pass=open_pass,
        )

    def restart(self) -> None:
        """Power cut: a new controller that knows only the log."""
        self.controller = self._build()
        for event in self.log:
            fold.apply(self.controller.bank, event)
        self.effects.clear()
        self.commit(self.controller.start(self.now, "test"))

    def commit(self, step: Step) -> Step:
        self.log += step.events
        self.letters += step.letters
        self.effects += step.effects
        self.controller.commit(step)
        return step

    def do(self, request: Input) -> Step:
        return self.commit(self.controller.decide(request, self.now))

    def later(self, ms: int) -> None:
        self.now = Instant(self.now + ms)

    def read(
        self, compartment: CompartmentId, *, is_closed: bool, is_occupied: bool | None = False
    ) -> Step:
        return self.do(DoorRead(compartment, KnownDoor(is_closed, is_occupied, self.now)))

    def unlocks(self) -> list[Unlock]:
        return [effect for effect in self.effects if isinstance(effect, Unlock)]

    def reports(self) -> list[Report]:
        return [effect for effect in self.effects if isinstance(effect, Report)]

    def opens(self) -> CompartmentId:
        """The newest unlock works: pulse, door springs open, is read, outcome told."""
        unlock = self.unlocks()[-1]
        self.later(300)
        self.read(unlock.compartment, is_closed=False)
        self.do(UnlockEnded(unlock.command, UnlockOutcome.OPENED))
        return unlock.compartment

    def order(self, order: Order, *, epoch: str = "now", life_ms: int = 10_000) -> Command:
        command = Command(self.ids.command(), order, Instant(self.now + life_ms), epoch)
        self.do(CommandReceived(command, "now"))
        return command

    def kinds(self) -> list[EventType]:
        return [event.type for event in self.log]

    def visit(self) -> Visit:
        return self.controller.visit

    def stage(self) -> Stage:
        return self.controller.visit.stage

    def admit(self, courier: PersonId = COURIER) -> str:
        """Admit the courier; returns his code."""
        self.order(AdmitCourier(courier, "C. Ourier", "UPS", Instant(self.now + 10**10)))
        return self.letters[-1].code

    def deposit(self, size: Size = Size.S, *, code: str | None = None) -> tuple[str, CompartmentId]:
        """One parcel for Anna from sign-in to confirmation; returns her code and the door."""
        self.do(SignIn(code or self.admit()))
        self.do(BeginDeposit(ANNA, size, "1Z5R89390357567127", needs_low=False))
        compartment = self.opens()
        self.later(5_000)
        self.read(compartment, is_closed=True, is_occupied=True)
        self.do(ConfirmDeposit())
        return self.letters[-1].code, compartment
