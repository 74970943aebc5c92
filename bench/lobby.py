"""The demo's world for benchmarks: real programs, simulated steel, real sockets."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from bayward.core.compartment import Size
from bayward.sim.demo import people
from bayward.sim.demo.stage import Stage, code_of
from bayward.sim.steel import COLUMNS
from bayward.sim.visitors import AtKiosk

LOOK_S = 0.001
PATIENCE_S = 30.0
SEEN_S = 1.0  # several scans of the bus
REST_MS = 11 * 60_000  # the governor's longest window; skipped between rounds
_LINK = re.compile(r"http://\S+/p/\w+")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel behind a door: the door, the code, and the link to the phone's page."""

    number: int
    code: str
    link: str


@asynccontextmanager
async def lobby(
    columns: Sequence[tuple[int, Size]] = COLUMNS, *, is_loopback_called: bool = False
) -> AsyncIterator[Stage]:
    """The demo's world, without its page."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(Path(name), columns=columns, is_loopback_called=is_loopback_called)
        await stage.start()
        try:
            await until(lambda: bool(stage.courier_code))
            yield stage
        finally:
            await stage.stop()


async def deposit(stage: Stage, tracking: str) -> Waiting:
    """A parcel for Maya, up to the message she gets."""
    stage.clock.skip(REST_MS)
    old = {one.ref for one in stage.mailbox.messages}
    async with AtKiosk(stage.kiosk_url) as courier:
        await courier.sign_in(stage.courier_code)
        await courier.deposit(tracking, people.MAYA.unit, Size.S)
        try:
            number = await opened(stage)
        except TimeoutError:
            screen = await courier.go("/kiosk")
            raise TimeoutError(f"no door opened; the kiosk shows {screen}") from None
        stage.use_on_door("put", number)
        stage.use_on_door("push", number)
        await courier.wait_for("/kiosk/deliver/confirm", on="/kiosk/deliver/door")
        await courier.press("/kiosk/deliver/confirm", answer="finish")

    def told() -> list[Waiting]:
        found = []
        for one in stage.mailbox.to(people.MAYA.email):
            code, link = code_of(one), _LINK.search(one.text)
            if one.ref not in old and code and link:
                found.append(Waiting(number, code, link.group(0)))
        return found

    await until(lambda: bool(told()))
    return told()[0]


async def shut(stage: Stage, number: int) -> None:
    """Take the parcel out and shut the door; the bank has seen it when this returns."""
    stage.use_on_door("take", number)
    stage.use_on_door("push", number)
    await asyncio.sleep(SEEN_S)


async def opened(stage: Stage) -> int:
    """The number of the open door, once the bank has seen it."""
    doors = stage.twin.compartments()
    await until(lambda: any(one.is_open for one in doors.values()))
    await asyncio.sleep(SEEN_S)
    return next(one.number for one in stage.steel.compartments if doors[one.id].is_open)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something; raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - what is waited for is other processes' doing
            await asyncio.sleep(LOOK_S)
