"""The steel of a simulated bank, as people and the program see it: doors, locks, contents.

Here is the truth. The program is told readings of it, through contacts and sensors that may
stick or lie; checkers compare what it believes with what is. (Boards and bytes are the business
of `sim.hardware`.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from bayward.core.clock import SECOND_MS
from bayward.core.compartment import Compartment
from bayward.core.door import DoorReading, KnownDoor, UnknownDoor, UnknownWhy
from bayward.core.ids import CommandId, CompartmentId
from bayward.sim.world import Violation, World

SPRING_MS = (60, 300)  # from the pulse until the door stands ajar
CONFIRM_MS = (60, 200)  # two equal readings, as `edge.drivers.watch` wants them
LATE_PULL_MS = (2 * SECOND_MS, 9 * SECOND_MS)  # a hand that was not at the handle


@dataclass(slots=True)
class Door:
    """One door and what is behind it; `inside` are labels of parcels."""

    built: Compartment
    is_open: bool = False
    inside: list[str] = field(default_factory=list)
    is_jammed: bool = False
    is_pulled_late: bool = False
    contact_stuck_at: bool | None = None  # reads open (True) or shut whatever the door does
    is_sensor_lying: bool = False
    is_tainted: bool = False  # somebody or something made it no witness of what is inside

    @property
    def number(self) -> str:
        """The number as painted."""
        return f"{self.built.number:02d}"


class Steel:
    """All doors of one bank; `on_reading` is told what the contacts say."""

    def __init__(
        self, world: World, name: str, compartments: Iterable[Compartment], chance: Random
    ) -> None:
        self.doors = {one.id: Door(one) for one in compartments}
        self.pulses: dict[CommandId, CompartmentId] = {}
        self.on_reading: Callable[[CompartmentId, DoorReading], None] | None = None
        self.on_pulse: list[Callable[[CompartmentId, CommandId], None]] = []
        self.on_moved: list[Callable[[Door, str], None]] = []
        self.is_siren_on = False
        self.is_silent = False  # the boards do not answer
        self._world = world
        self._name = name
        self._chance = chance

    def pulse(self, compartment: CompartmentId, command: CommandId) -> None:
        """The coil of one lock is energised; raises `Violation` for a command's second pulse."""
        if command in self.pulses:
            raise Violation(f"{self._name}: a second pulse for {command}")
        self.pulses[command] = compartment
        door = self.doors[compartment]
        self._world.tell(self._name, "(pulse)", door.number)
        for listener in self.on_pulse:
            listener(compartment, command)
        if door.is_jammed or door.is_open:
            return
        span = LATE_PULL_MS if door.is_pulled_late else SPRING_MS
        self._world.after(
            self._chance.randint(*span), self._name, lambda: self._opens(door, "unlocked")
        )

    def force(self, compartment: CompartmentId) -> None:
        """Somebody pries a door open."""
        self._opens(self.doors[compartment], "pried")

    def shut(self, compartment: CompartmentId) -> None:
        """Somebody presses a door shut."""
        door = self.doors[compartment]
        if door.is_open:
            door.is_open = False
            self._moved(door, "shut")

    def read(self, compartment: CompartmentId) -> DoorReading:
        """What two equal readings of a door would say now."""
        door = self.doors[compartment]
        if self.is_silent:
            return UnknownDoor(self._world.now(), UnknownWhy.BUS_SILENT)
        is_occupied: bool | None = None
        if door.built.has_occupancy_sensor:
            is_occupied = bool(door.inside)
            if door.is_sensor_lying:
                is_occupied = self._chance.choice((True, False))
        stuck = door.contact_stuck_at
        is_open = door.is_open if stuck is None else stuck
        return KnownDoor(not is_open, is_occupied, self._world.now())

    def read_all(self) -> None:
        """Tell every door again, as after a start, or when the boards are back."""
        for compartment in self.doors:
            self._read_soon(compartment)

    def fall_silent(self, *, is_silent: bool) -> None:
        """The boards stop answering, or answer again."""
        self.is_silent = is_silent
        self.read_all()

    def _opens(self, door: Door, why: str) -> None:
        if not door.is_open:
            door.is_open = True
            self._moved(door, why)

    def _moved(self, door: Door, why: str) -> None:
        self._world.tell(self._name, f"(door {why})", door.number)
        for listener in self.on_moved:
            listener(door, why)
        self._read_soon(door.built.id)

    def _read_soon(self, compartment: CompartmentId) -> None:
        delay_ms = self._chance.randint(*CONFIRM_MS)
        self._world.after(delay_ms, self._name, lambda: self._reads(compartment))

    def _reads(self, compartment: CompartmentId) -> None:
        if self.on_reading is not None:
            self.on_reading(compartment, self.read(compartment))
