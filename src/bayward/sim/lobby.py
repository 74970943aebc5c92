"""Where people and a bank meet: one kiosk, one wall, and whoever stands before them.

Scripts of people are generators that yield milliseconds; what they wait for they look at, as
people do, a few times a second.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from bayward.core.clock import SECOND_MS
from bayward.core.ids import CompartmentId
from bayward.edge.agent import Request, Stage, Visit
from bayward.sim.bank import SimBank
from bayward.sim.locks import Door

LOOK_MS = 400
QUEUE_MS = 20 * SECOND_MS  # how long somebody waits before he looks whether it is his turn
TURNS_MAX = 12  # then he comes back another time

Looking = Generator[int, None, bool]


@dataclass(slots=True)
class Lobby:
    """A bank and its kiosk; `who` stands at it now. `is_crowded`: people push in."""

    bank: SimBank
    who: str | None = None
    is_crowded: bool = False

    @property
    def name(self) -> str:
        """The bank's."""
        return self.bank.name

    def enter(self, person: str) -> Looking:
        """Stand in line for the kiosk; False: gave up."""
        for _ in range(TURNS_MAX):
            if self.who is None or self.is_crowded:
                self.who = person
                return True
            yield QUEUE_MS
        return False

    def leave(self, person: str) -> None:
        """Step back from the kiosk."""
        if self.who == person:
            self.who = None

    def ask(self, person: str, request: Request) -> Visit:
        """Press something; gives what the screen shows then."""
        words = type(request).__name__
        self.bank.world.tell(person, f"at {self.name}: {words}")
        return self.bank.ask(request)

    def door(self, compartment: CompartmentId) -> Door:
        """A door as one sees it."""
        return self.bank.steel.doors[compartment]

    def by_number(self, number: str) -> Door:
        """The door with that number on it."""
        return next(one for one in self.bank.steel.doors.values() if one.number == number)

    def until(self, is_so: Callable[[], bool], within_ms: int) -> Looking:
        """Watch until it is so; False: it never was."""
        for _ in range(0, within_ms, LOOK_MS):
            if is_so():
                return True
            yield LOOK_MS
        return is_so()

    def shows(self, *stages: Stage) -> bool:
        """Whether the kiosk shows one of these screens."""
        return self.bank.visit.stage in stages

    def put(self, person: str, door: Door, label: str) -> bool:
        """Lay a parcel into a compartment; False: somebody has shut it."""
        if door.is_open:
            door.inside.append(label)
            self.bank.world.tell(person, f"puts into {self.name}", f"{door.number} {label}")
        return door.is_open

    def take(self, person: str, door: Door, label: str) -> bool:
        """Take a parcel out of an open compartment; False: it is not there, or it is shut."""
        if label not in door.inside or not door.is_open:
            return False
        door.inside.remove(label)
        self.bank.world.tell(person, f"takes from {self.name}", f"{door.number} {label}")
        return True
