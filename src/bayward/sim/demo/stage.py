"""Everything the demo consists of, and what one can do to it.

One process holds the control plane, the steel, the post office and the cable; the computer in
the wall is a process of its own, because its power can be cut. All share one clock that can be
told to be a week later.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import socket
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from litestar.datastructures import Cookie

from bayward.cloud.app import Cloud
from bayward.cloud.people import sign_in
from bayward.cloud.settings import CloudSettings, MailSettings
from bayward.core.clock import DAY_MS
from bayward.core.compartment import Mode, Size
from bayward.core.events import EventType
from bayward.core.ids import BankId, CompartmentId
from bayward.edge.enrol import enrol
from bayward.edge.state_dir import StateDir
from bayward.ledger.verdict import Verdict
from bayward.ledger.verify import verify_log
from bayward.sim.cable import Cable
from bayward.sim.clock import SharedClock
from bayward.sim.demo import people
from bayward.sim.demo.computer import Computer
from bayward.sim.demo.moving_in import Household, move_in
from bayward.sim.demo.trace import MODULES, JournalWindow, path_of
from bayward.sim.demo.wall import columns
from bayward.sim.hardware.twin import BankTwin
from bayward.sim.mailbox import Mailbox, Message
from bayward.sim.steel import COLUMNS, Steel, bank_toml, build
from bayward.ui.views.demo import Demo, Letter

HOST = "127.0.0.1"
WEEK_MS = 7 * DAY_MS
LETTERS_SHOWN = 12
LIT_KEPT = 500
LOOK_S = 0.2
DEPLOYMENT = "demo.bayward"
_CODE = re.compile(r"#c=(\d{6,12})")
_COURIER_CODE = re.compile(r"\b(\d{4} ?\d{4})\b")
_LINK = re.compile(r"https?://\S+?(?=[\s\"'<>]|$)")


@dataclass(slots=True)
class Stage:
    """The demo's world in `folder`; `ports` are (page, control plane, kiosk), 0 for any."""

    folder: Path
    seed: int = 1
    page_port: int = 0
    cloud_port: int = 0
    kiosk_port: int = 0
    columns: Sequence[tuple[int, Size]] = COLUMNS
    modes: Mapping[int, Mode] = field(default_factory=dict)  # of doors that are not for parcels
    closed_levels: Sequence[int] = (1,)  # what shut doors read, board by board
    is_loopback_called: bool = False  # may webhooks call this machine?
    is_running: bool = False
    lit_count: int = 0
    _is_locked_down: bool = False
    bent: set[str] = field(default_factory=set)
    _lit: list[tuple[str, ...]] = field(default_factory=list)
    _shut: AsyncExitStack = field(default_factory=AsyncExitStack)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    clock: SharedClock = field(init=False)
    mailbox: Mailbox = field(init=False)
    cloud: Cloud = field(init=False)
    cable: Cable = field(init=False)
    steel: Steel = field(init=False)
    twin: BankTwin = field(init=False)
    computer: Computer = field(init=False)
    household: Household = field(init=False)
    journal: JournalWindow = field(init=False)

    door_tools = frozenset({"pull", "push", "put", "take", "crowbar"})

    async def start(self) -> None:
        """Build and start everything; takes a few seconds."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self.clock = SharedClock(self.folder / "clock")
        self.mailbox = Mailbox(self.clock)
        await self.mailbox.start()
        self._shut.push_async_callback(self.mailbox.stop)
        await self._start_cloud()
        await self._build_wall()
        await self._move_in()
        self.computer = Computer(
            settings=self.folder / "bank.toml",
            state=self.folder / "bank",
            clock=self.folder / "clock",
            embedder=f"http://{HOST}:{self.page_port}",
        )
        self._shut.push_async_callback(self.computer.stop)
        await self.computer.start()
        self.is_running = True
        task = asyncio.create_task(self._watch())
        self._tasks.add(task)

    async def stop(self) -> None:
        """Shut everything down, the wall's computer first."""
        self.is_running = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shut.aclose()

    async def _start_cloud(self) -> None:
        settings = CloudSettings(
            state=self.folder / "cloud",
            public_url=f"http://{HOST}" + (f":{self.cloud_port}" if self.cloud_port else ""),
            name=DEPLOYMENT,
            organisation=people.TENANT,
            site=people.SITE,
            http_port=self.cloud_port,
            link_port=0,
            enrol_port=0,
            mail=MailSettings(
                host=HOST,
                port=self.mailbox.port,
                sender=f"Bayward <lockers@{people.ADMIN_EMAIL.partition('@')[2]}>",
                is_starttls=False,
            ),
        )
        self.cloud = Cloud(settings, clock=self.clock, is_loopback_called=self.is_loopback_called)
        await self._shut.enter_async_context(self.cloud)
        self.cable = Cable(HOST, self.cloud.link.port)
        await self.cable.start()
        self._shut.push_async_callback(self.cable.stop)

    async def _build_wall(self) -> None:
        chance = random.Random(self.seed)
        self.steel = build(chance, self.columns, self.closed_levels, self.modes)
        self.twin = BankTwin(self.steel.twin, chance, self.clock)
        await self.twin.start()
        self._shut.push_async_callback(self.twin.stop)

    async def _move_in(self) -> None:
        desk, setup_link = self.cloud.desk, self.cloud.setup_link
        assert setup_link is not None, "a new state directory"
        password = await asyncio.to_thread(desk.passwords.hash, secrets.token_urlsafe(24))
        self.household = await self.cloud.unit.write(
            lambda work: move_in(
                work,
                self.cloud.deployment,
                setup_link=setup_link,
                enrol_url=self.cloud.enrol_url,
                password=password,
            )
        )
        state = StateDir(self.folder / "bank")
        identity = await asyncio.to_thread(
            enrol,
            self.household.ticket,
            state,
            firmware="demo",
            random_bytes=secrets.token_bytes,
        )
        self.journal = JournalWindow(state.journal(identity.epoch))
        line = self.steel.twin.ports[0]
        settings = bank_toml(
            self.steel,
            bank=BankId(identity.bank),
            name=people.BANK,
            site=people.SITE,
            deployment=DEPLOYMENT,
            port_url=self.twin.port_url(line.name),
            kiosk_port=self.kiosk_port or free_port(),
            cloud={
                "link": f"wss://{HOST}:{self.cable.port}",
                "web": self.cloud.http_url,
                "pins": sorted(self.cloud.deployment.pins),
            },
        )
        (self.folder / "bank.toml").write_text(settings)
        await self.cloud.unit.write(
            lambda work: self.household.admit_courier(work, people.COURIER_NAME, people.CARRIER)
        )

    async def _watch(self) -> None:
        """Light up the modules that new entries of the bank's log passed."""
        seen = self.journal.size()
        while self.is_running:
            size = self.journal.size()
            if size > seen:
                for kind in self.journal.kinds(seen):
                    if kind in (EventType.LOCKDOWN_ENGAGED, EventType.LOCKDOWN_RELEASED):
                        self._is_locked_down = kind is EventType.LOCKDOWN_ENGAGED
                    self._lit.append(path_of(kind, is_cable_up=not self.cable.is_cut))
                    self.lit_count += 1
                del self._lit[:-LIT_KEPT]
                seen = size
            await asyncio.sleep(LOOK_S)

    def lit_since(self, revision: int) -> list[tuple[str, ...]]:
        """Paths that data took since `lit_count` was `revision`."""
        new = self.lit_count - revision
        return self._lit[-new:] if new > 0 else []

    @property
    def kiosk_origin(self) -> str:
        """Where the kiosk is served."""
        return self.computer.facts.get("origin", "")

    @property
    def kiosk_url(self) -> str:
        """Address that lets a browser in at the kiosk; it holds this start's key."""
        return self.computer.facts.get("enter", "")

    def compartment(self, number: int) -> CompartmentId | None:
        """The compartment behind a painted number."""
        found = [one.id for one in self.steel.compartments if one.number == number]
        return found[0] if found else None

    def use_on_door(self, tool: str, number: int) -> bool:
        """Do something at a door; False when there is no such door."""
        compartment = self.compartment(number)
        if compartment is None:
            return False
        if tool == "crowbar" and self.twin.force(compartment):
            self.bent.add(compartment)
        if tool == "push" and self.twin.push(compartment):
            self.bent.discard(compartment)
        if tool == "pull":
            self.twin.pull(compartment)
        if tool == "put":
            self.twin.put_parcel(compartment)
        if tool == "take":
            self.twin.take_parcel(compartment)
        return True

    async def use_on_world(self, tool: str) -> bool:
        """Cut or mend the cable, cut the power or give it back, or wait a week."""
        match tool:
            case "cable":
                (self.cable.mend if self.cable.is_cut else self.cable.cut)()
            case "power" if self.computer.is_on:
                self.twin.cut_power()
                await self.computer.cut_power()
            case "power":
                self.twin.restore_power()
                await self.computer.start()
            case "week":
                self.clock.skip(WEEK_MS)
            case _:
                return False
        return True

    async def entry(self, face: str) -> tuple[str, list[Cookie]] | None:
        """Where to go and with which cookies, to be signed in at a face."""
        if face == "console":
            session = await self.cloud.unit.write(self.household.sign_in)
            cookie = Cookie(key="sid", value=session, httponly=True, samesite="lax")
            return f"{self.cloud.http_url}/console", [cookie]
        if face == "phone":
            maya = self.household.residents[people.MAYA.unit]
            token = await self.cloud.unit.write(
                lambda work: sign_in.mint_link(work, self.household.tenant, maya)
            )
            return f"{self.cloud.http_url}/l/{token}", []
        return None

    def view(self) -> Demo:
        """The page as it should look now."""
        here = f"http://{HOST}:{self.page_port}"
        return Demo(
            bank=people.BANK,
            columns=columns(self.steel, self.twin, self.bent),
            kiosk_url=self.kiosk_url,
            phone_url=f"{here}/enter/phone",
            console_url=f"{here}/enter/console",
            now=self.clock.now(),
            letters=tuple(map(self._letter, self.mailbox.messages[:LETTERS_SHOWN])),
            modules=MODULES,
            is_cable_cut=self.cable.is_cut,
            is_power_cut=not self.computer.is_on,
            is_locked_down=self._is_locked_down,
            courier_code=self.courier_code,
            authenticator=self.household.factor(self.clock.now()),
            log_size=self.journal.size(),
            log_root=self.journal.root(),
        )

    @property
    def courier_code(self) -> str:
        """The newest code the courier was sent; empty until it came."""
        return next(iter(self.own_codes(people.COURIER_EMAIL)), "")

    def own_codes(self, email: str) -> list[str]:
        """The codes of their own that banks have drawn for somebody, newest first."""
        told = [one for one in self.mailbox.to(email) if code_of(one) is None]
        found = (_COURIER_CODE.search(one.text) for one in told)
        return [one.group(1).replace(" ", "") for one in found if one]

    def _letter(self, message: Message) -> Letter:
        code, link = code_of(message), _LINK.search(message.text)
        return Letter(
            ref=message.ref,
            to=message.to,
            subject=message.subject,
            text=message.text[:400],
            at=message.at,
            link=link.group(0) if link else None,
            code=code,
        )

    def verify(self) -> Verdict:
        """Check the whole log of the bank with the library a stranger would use."""
        return verify_log(self.journal.export())

    def facts(self) -> Mapping[str, str]:
        """What a person needs to begin."""
        here = f"http://{HOST}:{self.page_port}"
        return {
            "wall": f"{here}/",
            "phone": f"{here}/enter/phone",
            "console": f"{here}/enter/console",
            "kiosk": self.kiosk_url,
        }


def code_of(message: Message) -> str | None:
    """The code in a message, from the link's fragment."""
    found = _CODE.search(message.text)
    return found.group(1) if found else None


def free_port(preferred: int = 0) -> int:
    """The preferred port, or any free one when somebody has it."""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, preferred))
        except OSError:
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
