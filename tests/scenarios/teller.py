"""Tells a scenario to a driver: who stands where, which door was opened last, what was new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bayward.core.compartment import Mode, Size
from bayward.edge.agent import (
    ConfirmDeposit,
    Leave,
    PresentCode,
    Stage,
)
from bayward.edge.agent import SignIn as TypeCourierCode
from scenarios.driver import COURIER, Deviation, Driver, Fields, Tool

ITEM = "ITM-5N3B6R7T2W"  # what is written on the bag


@dataclass
class Teller:
    """What a listener would keep in mind."""

    driver: Driver
    door: int = 0  # the door that opened last
    parcels: int = 0
    home: dict[str, int] = field(default_factory=dict)  # the door behind which a parcel waits
    had: dict[str, int] = field(default_factory=dict)  # codes of earlier parcels
    own: dict[str, str] = field(default_factory=dict)  # codes of their own, for doors for two
    alerts: int = 0  # the administrator had when the step began
    is_allowed: bool | None = None  # what the console said last
    logged: int = 0  # entries when the step began
    pulsed: int = 0
    opened: frozenset[int] = frozenset()

    async def begin_step(self) -> None:
        """Remember how things stand, to see afterwards what is new."""
        self.logged = len(await self.driver.log())
        self.pulsed = len(await self.driver.pulses())
        self.opened = await self.driver.open_doors()
        self.alerts = await self.driver.alerts()

    async def must(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        """Raise `Deviation` unless it is so, after whatever patience the level has."""
        if not await self.driver.until(is_so):
            raise Deviation(f"not seen: {what}; {await self.how_it_stands()}")

    async def must_not(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        """Raise `Deviation` when it is so once everything has come to rest."""
        await self.driver.settle()
        if await is_so():
            raise Deviation(f"seen all the same: {what}; {await self.how_it_stands()}")

    async def how_it_stands(self) -> str:
        """For whoever must find out why."""
        told = ("door", "reason", "result")
        new = [
            " ".join([str(one["type"]), *(f"{name}={one[name]}" for name in told if name in one)])
            for one in await self.new()
        ]
        stage, doors = await self.driver.stage(), sorted(await self.driver.open_doors())
        return f"the kiosk shows {stage}, open are {doors}, logged was {new}"

    async def new(self) -> Sequence[Fields]:
        """Entries of the log since the step began."""
        return (await self.driver.log())[self.logged :]

    async def shows(self, *stages: Stage) -> bool:
        """Whether the kiosk shows one of these."""
        return await self.driver.stage() in stages

    async def is_told(self, who: str) -> bool:
        """Whether the code has come that somebody waits for."""
        return len(await self.driver.codes(who)) > self.had.get(who, 0)

    async def code(self, who: str) -> str:
        """The newest code somebody was sent, once it has come."""
        await self.must(lambda: self.is_told(who), f"a code for {who}")
        return (await self.driver.codes(who))[-1]

    async def a_door_opens(self) -> None:
        """One more door stands open than when the step began, the bank has seen it, and we know
        which it is.
        """
        found: set[int] = set()

        async def one_more() -> bool:
            found.update(await self.driver.open_doors() - self.opened)
            seen = [one for one in await self.new() if one["type"] == "door.opened"]
            return bool(seen) and len(found) == 1 and not await self.shows(Stage.OPENING)

        await self.must(one_more, "a door opens")
        (self.door,) = found

    async def at_door(self, tool: Tool, door: int | None = None) -> None:
        """Somebody does something at the door before him, or at another."""
        number = self.door if door is None else door
        if not await self.driver.hand(tool, number):
            raise Deviation(f"cannot be done: {tool.value} at door {number}")

    async def is_admitted(self, who: str, mode: Mode) -> None:
        """Somebody gets a code of his own for such doors; messages so far were of other things."""
        await self.driver.admit(who, mode)

        async def has_come() -> bool:
            return bool(await self.driver.own_code(who))

        await self.must(has_come, f"a code of his own for {who}")
        self.own[who] = await self.driver.own_code(who)
        if who != COURIER:
            self.had[who] = len(await self.driver.codes(who))

    # What people do in one go.

    async def signs_in(self) -> None:
        """The courier types his own code."""
        await self.driver.press(TypeCourierCode(await self.code(COURIER)))

    async def brings(self, resident: str, size: Size) -> None:
        """The courier describes a parcel and a size."""
        self.parcels += 1
        await self.driver.begin(resident, size, f"TBA{self.parcels:012d}")

    async def brings_item(self, resident: str, size: Size) -> None:
        """The courier describes an item by its label."""
        await self.driver.begin(resident, size, ITEM)

    async def confirms(self, resident: str) -> None:
        """It is in; the next message to its recipient is about this parcel."""
        self.home[resident] = self.door
        self.had[resident] = len(await self.driver.codes(resident))
        await self.driver.press(ConfirmDeposit())
        # The page for the next parcel is the same whether this is the first or not.
        is_next = lambda: self.shows(Stage.DEPOSITED, Stage.COURIER)  # noqa: E731
        await self.must(is_next, "the deposit is confirmed")

    async def delivers(self, resident: str, size: Size) -> None:
        """From sign-in to good-bye."""
        await self.signs_in()
        await self.must(lambda: self.shows(Stage.COURIER), "the courier is signed in")
        await self.brings(resident, size)
        await self.a_door_opens()
        await self.at_door(Tool.PUT)
        await self.at_door(Tool.PUSH)
        await self.must(lambda: self.shows(Stage.CONFIRM), "the door is seen shut")
        await self.confirms(resident)
        await self.driver.press(Leave())

    async def collects(self, resident: str) -> None:
        """From the code to thanks."""
        await self.driver.press(PresentCode(await self.code(resident)))
        await self.a_door_opens()
        await self.at_door(Tool.TAKE)
        await self.at_door(Tool.PUSH)
        await self.must(lambda: self.shows(Stage.COLLECTED), "thanks")
