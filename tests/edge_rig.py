"""A whole edge in one process: real doors on a pty, real kiosk over HTTP, no cloud.

The control plane is a cut cable: enrolment has happened, and since then nobody answers.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.clock import Instant
from bayward.core.commands import AdmitCourier, Command, Order
from bayward.core.compartment import Compartment
from bayward.core.ids import CommandId, CompartmentId, GrantId, PersonId, TenantId
from bayward.edge import controller
from bayward.edge.agent import BankView, Stage
from bayward.edge.app import Edge
from bayward.edge.health import state_of
from bayward.edge.identity import Identity, Trust
from bayward.edge.options import EdgeOptions
from bayward.edge.settings import BankSettings
from bayward.edge.state_dir import StateDir
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.twin import BankTwin
from bayward.wire.letters import open_letter
from edge_bench import BANK, NOTIFIER, QUICK, make_settings
from hardware_bench import PATIENCE_S, RealClock, quick, steel
from kiosk_bench import DIRECTORY
from shared_renderer import RENDERER
from table_top import COURIER, layout

TIMES = controller.Settings(siren_ms_max=60_000, farewell_ms=60_000)


def enrolled(state: Path) -> StateDir:
    """What enrolment leaves behind."""
    folder = StateDir(state)
    key = NOTIFIER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    folder.save("trust", Trust(notifier_key=key))
    folder.save(
        "identity",
        Identity(
            bank=BANK,
            tenant=TenantId.of(bytes(16)),
            deployment="bayward.test",
            epoch=1,
            link_url="wss://127.0.0.1:1",
            pins=(),
        ),
    )
    return folder


@dataclass
class EdgeRig:
    """A bank, its steel, and a browser in front of it."""

    edge: Edge
    twin: BankTwin
    browser: httpx.AsyncClient
    state: Path

    def view(self) -> BankView:
        return self.edge.office.view()

    async def until(self, condition: Callable[[BankView], bool]) -> BankView:
        """Wait until the agent shows what we wait for."""
        seen = -1
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.view()):
                seen = await self.edge.office.wait_for_change(seen)
        return self.view()

    async def until_stage(self, stage: Stage) -> BankView:
        return await self.until(lambda view: view.visit.stage is stage)

    async def until_read(self) -> None:
        """Every door is known."""
        await self.until(
            lambda view: all(state_of(one.door) != "unknown" for one in view.compartments)
        )

    async def until_door(self, compartment: CompartmentId, state: str) -> None:
        await self.until(lambda view: state_of(view.compartment(compartment).door) == state)

    async def get(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
        return answer.text

    async def post(self, path: str, **fields: str) -> str:
        answer = await self.browser.post(path, data=fields)
        assert answer.status_code == 303, (path, answer.status_code, answer.text)
        return answer.headers["location"]

    async def order(self, order: Order) -> str:
        """The control plane orders something; how it ended."""
        now = self.edge.clock.now()
        command = Command(CommandId.of(random.randbytes(16)), order, Instant(now + 10_000), "now")
        return (await self.edge.office.carry_out(command, "now")).result

    async def newest_code(self) -> str:
        """What the notifier reads in the newest letter."""
        letters = await self.edge.office.on_clerks_thread(
            lambda: self.edge.journal.reader().letters(99)
        )
        newest = letters[-1]
        kind = GrantId if newest.kind == "pickup" else PersonId
        return open_letter(newest.sealed, NOTIFIER, BANK, kind(newest.subject))

    async def admit(self) -> str:
        until = Instant(self.edge.clock.now() + 10**10)
        assert await self.order(AdmitCourier(COURIER, "C. Ourier", "UPS", until)) == "admitted"
        return await self.newest_code()

    async def sign_in(self) -> None:
        await self.until(lambda view: any(one.is_free for one in view.compartments))
        assert await self.post("/kiosk/deliver", code=await self.admit()) == "/kiosk/deliver/parcel"

    async def describe_parcel(self, size: str = "S") -> CompartmentId:
        """Everything until a door opens."""
        await self.post("/kiosk/deliver/parcel", tracking="1Z5R89390357567127")
        await self.post("/kiosk/deliver/recipient", query="4b")
        await self.post("/kiosk/deliver/recipient", recipient="0")
        assert await self.post("/kiosk/deliver/size", size=size) == "/kiosk/deliver/door"
        view = await self.until_stage(Stage.DOOR_OPEN)
        assert view.visit.compartment is not None
        return view.visit.compartment

    async def deposit(self, size: str = "S") -> tuple[str, CompartmentId]:
        """One parcel by a courier's hands; the recipient's code and the door."""
        await self.sign_in()
        door = await self.describe_parcel(size)
        assert self.twin.put_parcel(door)
        assert self.twin.push(door)
        await self.until_stage(Stage.CONFIRM)
        assert await self.post("/kiosk/deliver/confirm", answer="finish") == "/kiosk/thanks"
        await self.get("/kiosk")
        return await self.newest_code(), door


@asynccontextmanager
async def running_twin(doors: list[Compartment]) -> AsyncIterator[BankTwin]:
    """Steel, wired and with its doors shut."""
    twin = BankTwin(replace(steel(len(doors))), random.Random(7), RealClock())
    await twin.start()
    for door in doors:
        twin.push(door.id)
    try:
        yield twin
    finally:
        await twin.stop()


def settings_for(twin: BankTwin, doors: list[Compartment], port: int = 0) -> BankSettings:
    # More patience than the hardware's own tests: a busy machine must not look like a jam.
    hardware = replace(quick(commissioned(twin)), confirm_ms=1_000, check_ms=3_000)
    return make_settings(doors, hardware, port=port, times=TIMES)


@asynccontextmanager
async def running_edge(
    twin: BankTwin, doors: list[Compartment], state: Path, clock: RealClock | None = None
) -> AsyncIterator[EdgeRig]:
    """A bank at work; ends without a word if the test has pulled its plug."""
    options = EdgeOptions(
        clock=clock or RealClock(),
        stretch=QUICK,
        code_floor_s=0.0,
        on_siren=twin.sound_siren,
        renderer=RENDERER,
    )
    edge = Edge(settings_for(twin, doors), state_dir=state, options=options)
    edge.office.directory = DIRECTORY
    async with edge:
        origin = edge.kiosk_url.partition("/kiosk")[0]
        headers = {"origin": origin, "sec-fetch-site": "same-origin"}
        async with httpx.AsyncClient(base_url=origin, headers=headers, trust_env=False) as browser:
            answer = await browser.get(edge.kiosk_url)
            assert answer.status_code == 303
            yield EdgeRig(edge, twin, browser, state)


__all__ = ["EdgeRig", "enrolled", "layout", "running_edge", "running_twin", "settings_for"]
