"""A world in which nothing happens but what lies on one heap.

Each thing to come is `(time, tie, actor, what to do)`. `run` takes the earliest, moves the clock
there, and lets its actor act; nothing else moves time. The tie decides between two things of one
millisecond and is drawn by lot, so that no program gets used to an order that reality does not
promise. All chance comes from the seed, through streams with names: one more draw in `people`
leaves every draw in `network` as it was.

The checkers stand beside the programs (`sim.checkers`, `sim.liveness`). What they object to is a
`Violation`, and the seed is the way back to it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from bayward.core.clock import Instant
from bayward.sim.tape import Tape

START = Instant(1_800_000_000_000)  # a Friday morning in January 2027
MILLION = 1_000_000

Act = Callable[[], None]
Script = Iterator[int]
"""What a person does: a generator that yields how many milliseconds pass before it goes on."""


class Violation(Exception):
    """Raised by a checker: a sentence of the documentation is not true."""


@dataclass(slots=True)
class Appointment:
    """One thing to come; `cancel` it and it never happens."""

    actor: str
    act: Act | None

    def cancel(self) -> None:
        """Take it off the calendar."""
        self.act = None


class World:
    """The heap, the clock, the lot, and the tape."""

    def __init__(self, seed: int, tape: Tape | None = None) -> None:
        self.seed = seed
        self.tape = tape or Tape()
        self.now_ms = 0
        self.steps = 0
        self.contradictions: list[str] = []  # what the programs themselves call impossible
        self._heap: list[tuple[int, int, int, Appointment]] = []
        self._made = 0
        self._ties = self.stream("ties")

    def stream(self, name: str) -> Random:
        """The chance of one kind of thing, by name."""
        return Random(f"{self.seed}/{name}")

    def now(self) -> Instant:
        """True time."""
        return Instant(START + self.now_ms)

    def monotonic_ms(self) -> int:
        """Milliseconds since the beginning."""
        return self.now_ms

    def after(self, ms: int, actor: str, act: Act) -> Appointment:
        """Have `actor` do something `ms` milliseconds from now."""
        appointment = Appointment(actor, act)
        self._made += 1
        entry = (self.now_ms + max(0, ms), self._ties.getrandbits(16), self._made, appointment)
        heapq.heappush(self._heap, entry)
        return appointment

    def spawn(self, actor: str, script: Script) -> None:
        """Let somebody act out a script, beginning now."""

        def go_on() -> None:
            wait_ms = next(script, None)
            if wait_ms is not None:
                self.after(wait_ms, actor, go_on)

        self.after(0, actor, go_on)

    def tell(self, actor: str, what: str, facts: str = "") -> None:
        """Write a line on the tape."""
        self.tape.write(self.now_ms, actor, what, facts)

    def run(self, until_ms: int) -> None:
        """Let everything happen that is due until then; raises `Violation`."""
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            at_ms, _, _, appointment = heapq.heappop(heap)
            if appointment.act is None:
                continue
            self.now_ms = at_ms
            self.steps += 1
            appointment.act()
            if self.contradictions:
                raise Violation(self.contradictions[0])
        self.now_ms = until_ms

    def leap(self, ms: int) -> None:
        """Let `ms` milliseconds pass in which nobody does anything: whatever is due comes later.

        It is what `sim.clock.SharedClock.skip` does to real programs: their counters move too.
        """
        if ms < 0:
            raise ValueError("time does not run back")
        self.now_ms += ms
        self._heap = [(at_ms + ms, tie, made, one) for at_ms, tie, made, one in self._heap]


class DriftingClock:
    """The clock of one machine: a crystal that is a little off, and hands that can be turned.

    `rate_ppm` is how much too fast it runs. `step` turns the wall clock; the counter, which
    begins again with each `boot`, does not notice.
    """

    def __init__(self, world: World, rate_ppm: int = 0) -> None:
        self._world = world
        self._rate_ppm = rate_ppm
        self._offset_ms = 0
        self._booted_ms = 0

    def now(self) -> Instant:
        """What the wall clock says."""
        return Instant(START + self._counted() + self._offset_ms)

    def monotonic_ms(self) -> int:
        """Milliseconds since the machine was switched on."""
        return self._counted() - self._booted_ms

    def boot(self) -> None:
        """Count from zero again."""
        self._booted_ms = self._counted()

    def step(self, ms: int) -> None:
        """Turn the hands."""
        self._offset_ms += ms

    def set_right(self) -> None:
        """Somebody sets it by a good clock."""
        self._offset_ms = self._world.now_ms - self._counted()

    def _counted(self) -> int:
        now_ms = self._world.now_ms
        return now_ms + now_ms * self._rate_ppm // MILLION
