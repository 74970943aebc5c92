"""What a scenario asks of a level: the same few things of each.

A driver performs deeds and answers questions. A question it has no eyes for stands in `blind`,
with the reason; then the expectation is counted as not seen, never as met. A deed it has no
hands for raises `Unable`, and the scenario must not name that level.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from bayward.core.compartment import Mode, Size
from bayward.core.events import Scalar
from bayward.edge.agent import Request, Stage
from bayward.sim.demo import people

Columns = tuple[tuple[int, Size], ...]
Fields = Mapping[str, Scalar]

RESIDENTS = tuple(one.name.split()[0] for one in people.RESIDENTS)
COURIER = people.COURIER_NAME.split()[0]
ADMIN = people.ADMIN_NAME.split()[0]


class Level(StrEnum):
    """How much of the house is real."""

    CORE = "core"  # the pure controller and its fold
    WORLD = "world"  # every program, in a simulated world
    PROCESS = "process"  # sockets, processes, bytes on a pty


class Fact(StrEnum):
    """A kind of thing that can be seen."""

    SCREEN = "screen"
    DOOR = "door"
    PULSE = "pulse"
    LOG = "log"
    SIREN = "siren"
    MAIL = "mail"
    CONSOLE = "console"
    MIRROR = "mirror"  # the bank's log as the control plane has it
    PROOF = "proof"  # whether the log verifies


class Tool(StrEnum):
    """What a hand does at a door."""

    PUSH = "push"
    PUT = "put"
    TAKE = "take"
    FORCE = "force"
    JAM = "jam"
    FREE = "free"


class Trap(StrEnum):
    """Bad luck that waits for its moment."""

    POWER_FAILS = "power_fails"  # when the intent to open is durable, before the lock moves
    BOARDS_SILENT = "boards_silent"  # when a lock has moved


class Deviation(Exception):
    """Raised when something is not as the scenario says."""


class Unable(Exception):
    """Raised when a level has no hands for a deed."""


class Latches(StrEnum):
    """What the contact of a shut door reads."""

    HIGH = "high"
    LOW = "low"
    MIXED = "mixed"  # board by board


class Driver(Protocol):
    """One level, set up and running."""

    level: Level
    blind: Mapping[Fact, str]

    # At the kiosk.

    async def press(self, request: Request) -> None:
        """Somebody asks for something at the kiosk."""
        ...

    async def begin(self, resident: str, size: Size, tracking: str) -> None:
        """The courier describes a parcel."""
        ...

    async def show_pass(self, resident: str) -> None:
        """The picture of the message is held to the camera."""
        ...

    async def stage(self) -> Stage:
        """What the kiosk shows."""
        ...

    # At the steel.

    async def hand(self, tool: Tool, door: int) -> bool:
        """Do something at a door; False: it cannot be done."""
        ...

    async def open_doors(self) -> frozenset[int]:
        """Doors that stand open."""
        ...

    async def pulses(self) -> Sequence[int]:
        """The door of each pulse a lock was given, oldest first."""
        ...

    async def is_siren_on(self) -> bool:
        """Whether one hears it."""
        ...

    async def log(self) -> Sequence[Fields]:
        """The bank's log; `door` is the number of the compartment."""
        ...

    # Far away.

    async def codes(self, who: str) -> Sequence[str]:
        """The codes somebody has got, oldest first."""
        ...

    async def admit(self, who: str, mode: Mode) -> None:
        """The administrator has the bank draw somebody a code of his own for such doors."""
        ...

    async def own_code(self, who: str) -> str:
        """The newest code of his own that somebody has got; "" before it came."""
        ...

    async def identity(self, who: str) -> str:
        """Somebody's id, as the log has it."""
        ...

    async def alerts(self) -> int:
        """How many messages the administrator has got."""
        ...

    async def warnings(self, who: str) -> int:
        """How many messages have told somebody that the door of his parcel was forced open."""
        ...

    async def tap(self, resident: str) -> None:
        """Order the door of the parcel open from the phone, with the number the kiosk shows."""
        ...

    async def release(self, reason: str, *, is_fresh: bool) -> bool:
        """End every lockdown from the console; False: refused there."""
        ...

    async def incidents(self) -> int:
        """Incidents that are not closed."""
        ...

    async def is_mirrored(self) -> bool:
        """Whether the control plane has the whole log."""
        ...

    async def is_sound(self) -> bool:
        """Whether the bank's log verifies."""
        ...

    # The world.

    async def cable(self, *, is_cut: bool) -> None:
        """Cut it or mend it."""
        ...

    async def power(self, *, is_on: bool) -> None:
        """Pull the plug, or give the power back and wait until the bank decides again."""
        ...

    async def wait(self, ms: int) -> None:
        """Time passes."""
        ...

    async def turn_clock(self, ms: int) -> None:
        """Somebody turns the hands of the bank's own clock."""
        ...

    async def lay(self, trap: Trap) -> None:
        """Let bad luck wait for its moment."""
        ...

    async def boards_answer(self) -> None:
        """The boards answer again."""
        ...

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> bool:
        """Let time pass until it is so; False: it is not, after all the patience there is."""
        ...

    async def settle(self) -> None:
        """Let everything happen that is under way."""
        ...
