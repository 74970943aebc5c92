"""The physics of one compartment: a bolt, a door on a spring, a coil that gets hot, a parcel."""

from __future__ import annotations

import math
import random

from bayward.core.ids import CompartmentId

AMBIENT_C = 20.0
HEAT_C_PER_S = 20.0  # a 12 V solenoid at 2 A with the thermal mass of a matchbox
COOLING_S = 120.0
BURNT_C = 120.0  # the varnish of the winding gives in
CHATTER_MAX = 6


class TwinCompartment:
    """One compartment; every method is told the time (monotonic milliseconds)."""

    def __init__(self, name: CompartmentId, rng: random.Random, bounce_ms: int) -> None:
        self.id = name
        self.is_open = False
        self.is_occupied = False
        self.is_jammed = False  # the bolt does not move, whatever pushes it
        self.auto_pop = True  # a spring pushes the door open once the bolt is back
        self.is_burnt = False
        self._rng = rng
        self._bounce_ms = bounce_ms
        self._chatter: list[int] = []
        self._coil_until_ms = -1
        self._heat_c = 0.0
        self._heat_at_ms = 0

    def energise(self, now_ms: int, pulse_ms: int) -> None:
        """Current through the coil from now on for `pulse_ms`."""
        self._heat_c = self.coil_c(now_ms) - AMBIENT_C + HEAT_C_PER_S * pulse_ms / 1000
        self._heat_at_ms = now_ms
        self.is_burnt = self.is_burnt or AMBIENT_C + self._heat_c > BURNT_C
        self._coil_until_ms = now_ms + pulse_ms

    def cut(self) -> None:
        """No current any more."""
        self._coil_until_ms = -1

    def coil_c(self, now_ms: int) -> float:
        """Temperature of the coil."""
        age_s = max(0, now_ms - self._heat_at_ms) / 1000
        return AMBIENT_C + self._heat_c * math.exp(-age_s / COOLING_S)

    def bolt_is_back(self, now_ms: int) -> bool:
        """Whether the door is free to move."""
        return now_ms < self._coil_until_ms and not self.is_jammed and not self.is_burnt

    def pop(self, now_ms: int) -> bool:
        """The spring pushes; True if the door opened."""
        return self.auto_pop and self.pull(now_ms)

    def pull(self, now_ms: int) -> bool:
        """Somebody pulls; True if the door opened."""
        if self.is_open or not self.bolt_is_back(now_ms):
            return False
        self._move(now_ms, is_open=True)
        return True

    def force(self, now_ms: int) -> bool:
        """A crowbar; True if the door was shut."""
        if self.is_open:
            return False
        self._move(now_ms, is_open=True)
        return True

    def push(self, now_ms: int) -> bool:
        """Somebody shuts the door; True if the bolt caught."""
        if not self.is_open or self.is_jammed:
            return False
        self._move(now_ms, is_open=False)
        return True

    def put(self) -> bool:
        """A parcel goes in; True if it could."""
        if not self.is_open or self.is_occupied:
            return False
        self.is_occupied = True
        return True

    def take(self) -> bool:
        """The parcel comes out; True if there was one to be had."""
        if not self.is_open or not self.is_occupied:
            return False
        self.is_occupied = False
        return True

    def contact_is_closed(self, now_ms: int) -> bool:
        """The latch contact, which chatters for a moment after each move."""
        self._chatter = [flip_ms for flip_ms in self._chatter if flip_ms > now_ms]
        return (not self.is_open) ^ bool(len(self._chatter) % 2)

    def _move(self, now_ms: int, *, is_open: bool) -> None:
        self.is_open = is_open
        flips = self._rng.randint(0, CHATTER_MAX) if self._bounce_ms else 0
        self._chatter = [now_ms + self._rng.randint(1, self._bounce_ms) for _ in range(flips)]
