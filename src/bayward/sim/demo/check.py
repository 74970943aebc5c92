"""The whole story without a screen: `bayward demo --check`.

A courier delivers and a resident collects with the cable whole; both happen again with the cable
cut, with a power cut in the middle; a used and an invented code are refused; a crowbar locks the
bank down, staff are told, an administrator releases it; a week passes and a code dies. In the
end the log must verify, here and as the control plane has it, and no code may lie in any file.
Whatever deviates raises `Deviation`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from bayward.core.compartment import Size
from bayward.core.events import EventType
from bayward.core.ids import CompartmentId
from bayward.sim import camera
from bayward.sim.demo import people
from bayward.sim.demo.at_rest import secrets_in
from bayward.sim.demo.office import Office
from bayward.sim.demo.stage import Stage, code_of
from bayward.sim.mailbox import Message
from bayward.sim.visitors import AtKiosk

PATIENCE_S = 20.0
LOOK_S = 0.05
DOOR, REFUSED, THANKS = "/kiosk/door", "/kiosk/refused", "/kiosk/thanks"
PUT_IN, CONFIRM = "/kiosk/deliver/door", "/kiosk/deliver/confirm"


class Deviation(Exception):
    """Raised when something did not happen as promised."""


class Check:
    """Performs the story on a stage that has started; `say` is told each step.

    `logs` are the files the programs write their own log to.
    """

    def __init__(self, stage: Stage, say: Callable[[str], None], *logs: Path) -> None:
        self._logs = logs
        self._stage = stage
        self._say = say
        self._count = 0
        self._logged = 0  # entries of the bank's log that were looked at

    async def run(self) -> None:
        """All of it, in order."""
        await self._until(lambda: bool(self._stage.courier_code), "the courier got his code")
        first = await self._deliver(people.MAYA.unit, people.MAYA.email)
        await self._collect(first, people.MAYA.email)
        await self._is_refused(first.code, "a code works once")
        second = await self._deliver(people.RESIDENTS[1].unit, people.RESIDENTS[1].email)
        await self._collect(second, people.RESIDENTS[1].email, by_picture=True)
        waiting = await self._deliver(people.RESIDENTS[2].unit, people.RESIDENTS[2].email)
        await self._with_the_cable_cut(waiting)
        await self._break_in()
        await self._a_week_later()
        await self._prove()

    async def _deliver(self, unit: str, email: str) -> Delivered:
        """A parcel for a unit, from sign-in to the resident's mail."""
        old = {message.ref for message in self._stage.mailbox.to(email)}
        number = await self._leave_parcel(unit)
        message = await self._told(email, old)
        self._must(bool(message.pictures), "the message carries a picture to show")
        self._say(f"parcel behind door {number}; {email} was told")
        return Delivered(number, code_of(message) or "")

    async def _told(self, email: str, old: set[str]) -> Message:
        """The message with a code that was not there before."""

        def new() -> list[Message]:
            received = self._stage.mailbox.to(email)
            return [one for one in received if one.ref not in old and code_of(one)]

        await self._until(lambda: bool(new()), f"{email} is sent a code")
        return new()[0]

    async def _leave_parcel(self, unit: str) -> int:
        self._count += 1
        async with AtKiosk(self._stage.kiosk_url) as courier:
            await courier.sign_in(self._stage.courier_code)
            where = await courier.deposit(f"TBA{self._count:012d}", unit, Size.S)
            self._must(where == PUT_IN, f"a door opens for the courier, not {where}")
            number = await self._opened()
            self._stage.use_on_door("put", number)
            self._stage.use_on_door("push", number)
            await courier.wait_for(CONFIRM, on=PUT_IN)
            await courier.press(CONFIRM, answer="finish")
            self._must(courier.path == THANKS, f"the deposit is confirmed, not {courier.path}")
        return number

    async def _collect(self, parcel: Delivered, email: str, *, by_picture: bool = False) -> None:
        async with AtKiosk(self._stage.kiosk_url) as resident:
            if by_picture:
                await resident.go("/kiosk/collect")
                _, picture = self._stage.mailbox.to(email)[0].pictures[0]
                where = await resident.scan(camera.frame_with(camera.grey_of_png(picture)))
            else:
                where = await resident.collect(parcel.code)
            self._must(where == DOOR, f"the code opens a door, not {where}")
            number = await self._opened()
            self._must(number == parcel.number, f"it is door {parcel.number}, not {number}")
            self._stage.use_on_door("take", number)
            self._stage.use_on_door("push", number)
            await resident.wait_for(THANKS, on=DOOR)
        self._say(f"parcel collected from door {number}{' with the picture' * by_picture}")

    async def _is_refused(self, code: str, why: str) -> None:
        async with AtKiosk(self._stage.kiosk_url) as somebody:
            where = await somebody.collect(code)
            self._must(where == REFUSED, f"{why}: the kiosk shows {where}")
        self._must(not self._open_doors(), f"{why}: no door moved")
        self._say(why)

    async def _with_the_cable_cut(self, waiting: Delivered) -> None:
        await self._stage.use_on_world("cable")
        mails = len(self._stage.mailbox.messages)
        email = people.RESIDENTS[3].email
        number = await self._leave_parcel(people.RESIDENTS[3].unit)
        self._say(f"cable cut: parcel behind door {number} all the same")
        await self._stage.use_on_world("power")
        await self._stage.use_on_world("power")
        self._say("power cut and back")
        await self._collect(waiting, "")
        self._must(len(self._stage.mailbox.messages) == mails, "nothing can be mailed meanwhile")
        await self._stage.use_on_world("cable")
        message = await self._stage.mailbox.wait_for(email, timeout_s=60)
        self._say("cable mended: the message that waited arrived")
        await self._collect(Delivered(number, code_of(message) or ""), email)

    async def _break_in(self) -> None:
        waiting = await self._deliver(people.MAYA.unit, people.MAYA.email)
        victim = next(number for number in range(1, 58) if number != waiting.number)
        had = len(self._stage.mailbox.to(people.ADMIN_EMAIL))
        self._stage.use_on_door("crowbar", victim)
        office = Office(self._stage)
        async with AtKiosk(self._stage.kiosk_url) as resident:
            await self._until_locked(resident)
            await resident.go("/kiosk/collect")
            await resident.press("/kiosk/collect", code=waiting.code)
            self._must(self._open_doors() == [victim], "locked down: the code opens nothing")
        await self._stage.mailbox.wait_for(people.ADMIN_EMAIL, after=had, timeout_s=PATIENCE_S)
        self._say(f"crowbar at door {victim}: locked down, administrator told")
        await self._stage.use_on_world("power")
        await self._stage.use_on_world("power")
        async with AtKiosk(self._stage.kiosk_url) as resident:
            await self._until_locked(resident)
        self._say("still locked down after a restart")
        await office.release("looked at it: nobody there, door straightened")
        self._stage.use_on_door("push", victim)
        async with AtKiosk(self._stage.kiosk_url) as resident:
            await self._until_free(resident)
        await self._collect(waiting, people.MAYA.email)
        self._say("released by an administrator with a fresh second factor")

    async def _a_week_later(self) -> None:
        late = await self._deliver(people.MAYA.unit, people.MAYA.email)
        await self._stage.use_on_world("week")
        await self._is_refused(late.code, "a week later the code is dead")

    async def _prove(self) -> None:
        verdict = self._stage.verify()
        self._must(verdict.ok, f"the log verifies: {verdict.findings}")
        office, deadline = Office(self._stage), monotonic() + PATIENCE_S
        while await office.mirrored(verdict.size or 0) != verdict.root:
            self._must(monotonic() < deadline, "the control plane has the same log")
            await asyncio.sleep(LOOK_S)
            verdict = self._stage.verify()
        root = (verdict.root or b"").hex()[:16]
        self._say(f"the log of what happened verifies: {verdict.size} entries, root {root}…")
        self._no_code_at_rest()

    def _no_code_at_rest(self) -> None:
        """Whoever takes both machines' disks and logs away has no code that was ever sent."""
        sent = {code_of(message) for message in self._stage.mailbox.messages} - {None}
        codes = {self._stage.courier_code, *(code for code in sent if code)}
        files = [one for one in self._stage.folder.rglob("*") if one.is_file()]
        found = secrets_in([*files, *self._logs], codes)
        self._must(not found, f"no code lies in a file: {found}")
        self._say(f"none of {len(codes)} codes lies in any of {len(files)} files or in the log")

    async def _opened(self) -> int:
        """The one door that is open now, once the bank has seen it too.

        A person looks before he pushes; one who shut it within a scan of the bus would be a
        machine.
        """
        await self._until(lambda: len(self._open_doors()) == 1, "one door opens")
        kinds = self._stage.journal.kinds
        await self._until(
            lambda: EventType.DOOR_OPENED in kinds(self._logged), "the bank sees the door open"
        )
        self._logged = self._stage.journal.size()
        return self._open_doors()[0]

    def _open_doors(self) -> list[int]:
        twin = self._stage.twin
        return [
            one.number
            for one in self._stage.steel.compartments
            if twin.compartment(CompartmentId(one.id)).is_open
        ]

    async def _until_locked(self, visitor: AtKiosk) -> None:
        deadline = monotonic() + PATIENCE_S
        while 'data-screen="locked-down"' not in visitor.page and "locked" not in visitor.page:
            self._must(monotonic() < deadline, "the kiosk says that it is locked down")
            await asyncio.sleep(LOOK_S)
            await visitor.go("/kiosk")

    async def _until_free(self, visitor: AtKiosk) -> None:
        deadline = monotonic() + PATIENCE_S
        while (
            await visitor.go("/kiosk/collect") != "/kiosk/collect" or "keypad" not in visitor.page
        ):
            self._must(monotonic() < deadline, "the kiosk works again")
            await asyncio.sleep(LOOK_S)

    async def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + PATIENCE_S
        while not is_so():
            self._must(monotonic() < deadline, what)
            await asyncio.sleep(LOOK_S)

    def _must(self, is_so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not is_so:
            raise Deviation(what)


class Delivered:
    """A parcel behind a door, and the code that was sent for it."""

    def __init__(self, number: int, code: str) -> None:
        self.number = number
        self.code = code
