"""Level `process`: the demo's stage. The computer in the wall is a process that can be killed, its
boards speak bytes on a pty, the link is TLS 1.3 through a cable that can be cut, messages come by
SMTP, and people use the pages over HTTP.

(The control plane runs in the process of the test, behind its own sockets, as in the demo.)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import httpx

from bayward.cloud.access import couriers
from bayward.cloud.people import sign_in
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, after
from bayward.core.compartment import Mode, Size
from bayward.core.ids import CompartmentId, PersonId
from bayward.edge.agent import (
    CancelDeposit,
    ChangeSize,
    ConfirmDeposit,
    Leave,
    OpenAgain,
    PresentCode,
    PresentSecond,
    Request,
    SignIn,
    Stage,
)
from bayward.sim import camera
from bayward.sim.demo import people
from bayward.sim.demo.office import Office
from bayward.sim.demo.stage import Stage as Theatre
from bayward.sim.demo.stage import code_of
from bayward.sim.visitors import AtKiosk
from scenarios.bench import fields_of, named, numbers_of
from scenarios.driver import COURIER, Fact, Fields, Latches, Level, Tool, Trap, Unable
from scenarios.grammar import Scenario

PATIENCE_S = 30.0
LOOK_S = 0.05
SETTLE_S = 0.6  # a pulse and two readings take a quarter of a second
HOME, COLLECT, DELIVER = "/kiosk", "/kiosk/collect", "/kiosk/deliver"
SECOND = "/kiosk/second"
CONFIRM, SIZE = "/kiosk/deliver/confirm", "/kiosk/deliver/size"
# What a page says, where its address does not say it.
STAGES = {
    COLLECT: Stage.IDLE,
    DELIVER: Stage.IDLE,
    HOME: Stage.IDLE,
    "/kiosk/refused": Stage.REFUSED,
    "/kiosk/thanks": Stage.COLLECTED,
    "/kiosk/deliver/parcel": Stage.COURIER,
    "/kiosk/deliver/recipient": Stage.COURIER,
    SECOND: Stage.SECOND_PERSON,
    SIZE: Stage.COURIER,
    CONFIRM: Stage.CONFIRM,
}
DOORS = {"open": Stage.DOOR_OPEN, "jammed": Stage.STUCK, "inside": Stage.STILL_INSIDE}
CLOSED_LEVELS = {Latches.HIGH: (1,), Latches.LOW: (0,), Latches.MIXED: (1, 0)}
_DOOR_STATE = re.compile(r'class="door-state" data-state="(\w+)"')
_NUMBER = re.compile(r"<output[^>]*>(\d{6})</output>")
_PARCEL = re.compile(r"/me/parcels/(prc_[0-9a-z]{26})")


class ProcessDriver:
    """`scenarios.driver.Driver` over the demo's stage; `running` makes one."""

    level = Level.PROCESS
    blind: Mapping[Fact, str] = {}

    def __init__(self, theatre: Theatre, kiosk: AtKiosk) -> None:
        self.patience_s = PATIENCE_S
        self._theatre = theatre
        self._kiosk = kiosk
        self._office = Office(theatre)
        self._numbers = numbers_of(theatre.steel.compartments)
        self._entries: list[Fields] = []
        self._traps: set[Trap] = set()
        self._had_own: dict[str, int] = {}  # codes of his own somebody had before
        self._number = ""  # that the kiosk showed last
        theatre.twin.on_change = self._moved

    # At the kiosk.

    async def press(self, request: Request) -> None:
        if Trap.POWER_FAILS not in self._traps:
            await self._press(request)
            return
        self._traps.clear()
        # A lock is pulsed only after its door was read; so the pulse waits while replies are lost.
        self._lose_replies(1.0)
        seen = len(await self.log())
        pressing = asyncio.create_task(self._press(request))

        async def is_durable() -> bool:
            return any(one["type"] == "unlock.requested" for one in (await self.log())[seen:])

        assert await self.until(is_durable, LOOK_S / 5), "the intent is in the log"
        await self.power(is_on=False)
        self._lose_replies(0.0)
        await asyncio.gather(pressing, return_exceptions=True)  # the screen went black

    async def _press(self, request: Request) -> None:
        kiosk = self._kiosk
        match request:
            case PresentCode(code):
                await kiosk.go(HOME)
                await kiosk.press(COLLECT, code=code)
            case PresentSecond(code):
                await kiosk.press(SECOND, code=code)
            case SignIn(code):
                await kiosk.go(HOME)
                await kiosk.press(DELIVER, code=code)
            case ConfirmDeposit():
                await kiosk.press(CONFIRM, answer="another")
            case CancelDeposit():
                await kiosk.press(CONFIRM, answer="cancel")
            case ChangeSize(size):
                await kiosk.press(CONFIRM, answer="wrong_size")
                await kiosk.press(SIZE, size=size.value)
            case OpenAgain():
                await kiosk.press("/kiosk/again")
            case Leave():
                await kiosk.go(HOME)
            case _:
                raise Unable(f"no page for {request!r}")

    async def begin(self, resident: str, size: Size, tracking: str) -> None:
        await self._kiosk.deposit(tracking, named(resident).unit, size)

    async def show_pass(self, resident: str) -> None:
        told = self._theatre.mailbox.to(named(resident).email)
        _, picture = next(one for one in told if code_of(one)).pictures[0]
        await self._kiosk.go(HOME)
        await self._kiosk.go(COLLECT)
        await self._kiosk.scan(camera.frame_with(camera.grey_of_png(picture)))

    async def stage(self) -> Stage:
        if not self._theatre.computer.is_on:
            return Stage.OUT_OF_ORDER
        kiosk = self._kiosk
        # The first screen means that somebody has left; look at one that means nothing.
        await kiosk.go(COLLECT if kiosk.path == HOME else kiosk.path)
        if (await kiosk.health())["is_locked_down"] and kiosk.path == HOME:
            return Stage.LOCKED_DOWN
        door = _DOOR_STATE.search(kiosk.page)
        if kiosk.path not in STAGES:
            return DOORS.get(door[1] if door else "", Stage.OPENING)
        if kiosk.path == CONFIRM and 'class="problem"' in kiosk.page:
            return Stage.LOOKS_EMPTY
        if kiosk.path == SIZE and 'class="big-mark"' in kiosk.page:
            return Stage.FULL
        return STAGES[kiosk.path]

    # At the steel.

    async def hand(self, tool: Tool, door: int) -> bool:
        twin, place = self._theatre.twin, self._theatre.compartment(door)
        assert place is not None, "a number on a door"
        match tool:
            case Tool.PUSH:
                return twin.push(place)
            case Tool.PUT:
                return twin.put_parcel(place)
            case Tool.TAKE:
                return twin.take_parcel(place)
            case Tool.FORCE:
                return twin.force(place)
            case Tool.JAM | Tool.FREE:
                twin.jam(place, is_jammed=tool is Tool.JAM)
                return True

    async def open_doors(self) -> frozenset[int]:
        found = self._theatre.twin.compartments().items()
        return frozenset(self._numbers[name] for name, one in found if one.is_open)

    async def pulses(self) -> Sequence[int]:
        return [self._numbers[one.compartment] for one in self._theatre.twin.pulses]

    async def is_siren_on(self) -> bool:
        is_on = self._theatre.computer.is_on
        return is_on and (await self._kiosk.health())["is_siren_on"] is True

    async def log(self) -> Sequence[Fields]:
        new = self._theatre.journal.events(len(self._entries))
        self._entries += [fields_of(one, self._numbers) for one in new]
        return self._entries

    # Far away.

    async def codes(self, who: str) -> Sequence[str]:
        if who == COURIER:
            own = self._theatre.courier_code
            return [own] if own else []
        told = self._theatre.mailbox.to(named(who).email)
        return [code for one in reversed(told) if (code := code_of(one))]

    async def admit(self, who: str, mode: Mode) -> None:
        home = self._theatre.household
        person = await self.identity(who)
        self._had_own[who] = len(self._theatre.own_codes(self._email(who)))

        def ask(work: Work) -> None:
            couriers.admit(
                work,
                home.tenant,
                home.bank,
                person=PersonId(person),
                name=who,
                carrier="custody",
                until=after(work.now, DAY_MS),
                actor=home.admin,
                modes=frozenset({mode}),
            )

        await self._theatre.cloud.unit.write(ask)

    async def own_code(self, who: str) -> str:
        codes = self._theatre.own_codes(self._email(who))
        return codes[0] if len(codes) > self._had_own.get(who, 0) else ""

    async def identity(self, who: str) -> str:
        home = self._theatre.household
        return home.courier if who == COURIER else home.residents[named(who).unit]

    def _email(self, who: str) -> str:
        return people.COURIER_EMAIL if who == COURIER else named(who).email

    async def alerts(self) -> int:
        return len(self._theatre.mailbox.to(people.ADMIN_EMAIL))

    async def warnings(self, who: str) -> int:
        told = self._theatre.mailbox.to(named(who).email)
        return sum("was forced open" in one.subject for one in told)

    async def tap(self, resident: str) -> None:
        await self._look_at_number()
        home, cloud = self._theatre.household, self._theatre.cloud
        person = home.residents[named(resident).unit]
        link = await cloud.unit.write(lambda work: sign_in.mint_link(work, home.tenant, person))
        async with _phone(cloud.http_url) as phone:
            page = (await phone.post(f"/l/{link}")).raise_for_status()
            found = _PARCEL.search(page.text)
            assert found is not None, "a parcel on the phone"
            url = f"/me/parcels/{found[1]}/open"
            (await phone.post(url, data={"presence": self._number})).raise_for_status()

    async def _look_at_number(self) -> None:
        """Read the number of the first screen, which is not shown while the line is down."""

        async def is_shown() -> bool:
            await self._kiosk.go(HOME)
            found = _NUMBER.search(self._kiosk.page)
            if found is not None:
                self._number = str(found[1])
            return found is not None

        if not self._theatre.cable.is_cut:
            assert await self.until(is_shown), "the kiosk shows a number"

    async def release(self, reason: str, *, is_fresh: bool) -> bool:
        return await self._office.release(reason, is_fresh=is_fresh)

    async def incidents(self) -> int:
        return len(await self._office.incidents())

    async def is_mirrored(self) -> bool:
        journal = self._theatre.journal
        root = await self._office.mirrored(journal.size())
        return root is not None and root.hex() == journal.root()

    async def is_sound(self) -> bool:
        return self._theatre.verify().ok

    # The world.

    async def cable(self, *, is_cut: bool) -> None:
        if is_cut:
            await self._look_at_number()
        assert self._theatre.cable.is_cut is not is_cut, "cut once"
        await self._theatre.use_on_world("cable")

    async def power(self, *, is_on: bool) -> None:
        assert self._theatre.computer.is_on is not is_on, "cut once"
        await self._theatre.use_on_world("power")
        if is_on:
            await self._kiosk.enter(self._theatre.kiosk_url)

    async def wait(self, ms: int) -> None:
        self._theatre.clock.skip(ms)
        # Timers count real seconds. A touch of the screen makes the bank look at its clock.
        await self._kiosk.more_time()

    async def turn_clock(self, ms: int) -> None:
        raise Unable("the clock of the stage is everybody's")

    async def lay(self, trap: Trap) -> None:
        self._traps.add(trap)

    async def boards_answer(self) -> None:
        self._lose_replies(0.0)

    def _moved(self, compartment: CompartmentId) -> None:
        is_open = self._theatre.twin.compartment(compartment).is_open
        if is_open and Trap.BOARDS_SILENT in self._traps:
            self._traps.clear()
            self._lose_replies(1.0)

    def _lose_replies(self, chance: float) -> None:
        for port in self._theatre.twin.settings.ports:
            self._theatre.twin.faults(port.name).lose_reply = chance

    async def until(self, is_so: Callable[[], Awaitable[bool]], every_s: float = LOOK_S) -> bool:
        deadline = monotonic() + self.patience_s
        while not await is_so():
            if monotonic() > deadline:
                return False
            await asyncio.sleep(every_s)
        return True

    async def settle(self) -> None:
        await asyncio.sleep(SETTLE_S)


def _phone(url: str) -> httpx.AsyncClient:
    headers = {"origin": url, "sec-fetch-site": "same-origin"}
    return httpx.AsyncClient(
        base_url=url, headers=headers, follow_redirects=True, trust_env=False, timeout=PATIENCE_S
    )


@asynccontextmanager
async def running(scenario: Scenario, folder: Path) -> AsyncIterator[ProcessDriver]:
    """A stage with the scenario's wall, until its story is over."""
    levels = CLOSED_LEVELS[scenario.latches]
    theatre = Theatre(folder, columns=scenario.wall, modes=scenario.modes, closed_levels=levels)
    await theatre.start()
    try:
        async with AtKiosk(theatre.kiosk_url) as kiosk:
            driver = ProcessDriver(theatre, kiosk)

            async def is_ready() -> bool:
                """The courier was sent his code, and every door is known."""
                is_known = (await kiosk.health())["status"] == "ok"
                return is_known and bool(await driver.codes(COURIER))

            assert await driver.until(is_ready), "the wall is ready"
            yield driver
    finally:
        await theatre.stop()
