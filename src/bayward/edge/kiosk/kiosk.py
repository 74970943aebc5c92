"""One kiosk: the agent behind it, the screen before it, and how one leads to the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qs

from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.response import Redirect

from bayward.core.clock import SECOND_MS, Clock
from bayward.edge.agent import (
    Agent,
    BankView,
    Leave,
    PresentCode,
    PresentPass,
    PresentSecond,
    SignIn,
    Stage,
)
from bayward.edge.agent import Request as Ask
from bayward.edge.kiosk import places
from bayward.edge.kiosk.guard import Guard
from bayward.edge.kiosk.places import place
from bayward.edge.kiosk.screens import Screens
from bayward.edge.kiosk.session import Handed, Refusal, Session
from bayward.edge.kiosk.speech import Speaker
from bayward.edge.settings import BankSettings
from bayward.ui.render import Renderer, security_headers
from bayward.ui.views.kiosk import KioskView
from bayward.ui.views.wall import door_label

CODE_FLOOR_S = 0.4  # every code is answered after this long, whatever was wrong with it
FORM_BYTES_MAX = 64 * 1024
FORM_FIELDS_MAX = 8
NONCE_BYTES = 16

_CREDENTIAL_STAGES = frozenset({Stage.IDLE, Stage.REFUSED, Stage.LOCKED_DOWN, Stage.OUT_OF_ORDER})

AnyRequest = Request[object, object, State]
Credential = PresentCode | PresentPass | SignIn


@dataclass(slots=True, kw_only=True)
class Kiosk:
    """What the handlers share."""

    agent: Agent
    settings: BankSettings
    renderer: Renderer
    clock: Clock
    guard: Guard
    random_bytes: Callable[[int], bytes]
    health: Callable[[], Mapping[str, object]]
    session: Session
    screens: Screens
    speaker: Speaker | None = None
    code_floor_s: float = CODE_FLOOR_S
    streams: int = 0

    def touch(self, request: AnyRequest) -> None:
        """Somebody uses the screen; take what he chose on top of it."""
        languages = self.settings.kiosk.languages
        self.session.touch(self.clock.monotonic_ms(), languages[0])
        told = request.query_params
        language = told.get("lang")
        self.session.prefer(
            language=language if language in languages else None,
            text=told.get("text"),
            contrast=told.get("contrast"),
        )

    async def go_home(self) -> None:
        """Back to the first screen: whoever was here has left."""
        if self.agent.view().visit.stage not in {Stage.IDLE, Stage.LOCKED_DOWN, Stage.OUT_OF_ORDER}:
            await self.agent.ask(Leave())
        self.session.forget()

    def keep_receipt(self, bank: BankView) -> None:
        """Remember by what word this visit finds the receipt of what it has just ended with."""
        if bank.receipt is not None:
            door = door_label(bank.compartment(bank.receipt.compartment).built.number)
            self.session.keep(Handed(door, bank.receipt.word))

    def proper_place(self) -> str:
        """The page that belongs to how things stand."""
        return places.places(self.agent.view(), self.session)[0]

    def show(self, path: str, topic: str = "") -> Response[str] | Redirect:
        """The page, or the way to the one that belongs here."""
        bank = self.agent.view()
        reached = place(bank, self.session, path)
        if reached != path:
            return see_other(reached)
        if path == places.THANKS and bank.visit.stage is Stage.COLLECTED:
            self.session.forget()  # whatever was on this screen before was somebody else's
            self.session.farewell = "collected"
            self.keep_receipt(bank)
        view = self.screens.of(path, bank, self.session, topic)
        self.session.path, self.session.screen = path, type(view)
        return self.page(view)

    def page(self, view: KioskView, status: int = 200) -> Response[str]:
        """A rendered page with its headers."""
        nonce = self.random_bytes(NONCE_BYTES).hex()
        html = self.renderer.page(
            view,
            nonce=nonce,
            now=self.clock.now(),
            language=self.session.language,
            zone=self.settings.kiosk.zone,
        )
        headers = security_headers(
            nonce,
            frame_ancestors=self.guard.embedders,
            is_camera_allowed=self.settings.kiosk.has_camera,
        )
        return Response(
            html,
            status_code=status,
            media_type=MediaType.HTML,
            headers={**headers, "Cache-Control": "no-store"},
        )

    def live(self, view: KioskView) -> str:
        """What changed on a page."""
        return self.renderer.live(
            view,
            now=self.clock.now(),
            language=self.session.language,
            zone=self.settings.kiosk.zone,
        )

    async def ask(self, request: Ask) -> str:
        """Ask the agent; gives the page that belongs to the answer."""
        await self.agent.ask(request)
        return self.proper_place()

    async def present(self, credential: Credential, retry: str) -> str:
        """Try a credential; gives the next page, after the same time whatever comes of it.

        In the middle of a visit it is a second touch of the same button, and is not tried.
        """
        if self.agent.view().visit.stage not in _CREDENTIAL_STAGES:
            return self.proper_place()
        self.session.forget()
        async with self._floor():
            visit = await self.agent.ask(credential)
        if visit.stage is Stage.REFUSED:
            self.session.refusal = Refusal(retry, -(-visit.wait_ms // SECOND_MS))
            return places.REFUSED
        return self.proper_place()

    async def second(self, text: str) -> str:
        """The code of a second person; what is wrong with it ends the visit of both."""
        if self.agent.view().visit.stage is not Stage.SECOND_PERSON:
            return self.proper_place()
        async with self._floor():
            visit = await self.agent.ask(PresentSecond(text))
        if visit.stage is Stage.REFUSED:
            self.session.forget()
            self.session.refusal = Refusal(places.HOME, -(-visit.wait_ms // SECOND_MS))
            return places.REFUSED
        return self.proper_place()

    @asynccontextmanager
    async def _floor(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.code_floor_s
        try:
            yield
        finally:
            await asyncio.sleep(max(0.0, until - loop.time()))


TheKiosk: TypeAlias = NamedDependency[Kiosk]
"""How a handler asks for the kiosk."""


def see_other(path: str) -> Redirect:
    """On to another page, by GET."""
    return Redirect(path, status_code=303)


async def form(request: AnyRequest) -> dict[str, str]:
    """The fields of a posted form; whatever bytes came, text comes out."""
    raw = await request.body()
    text = raw[:FORM_BYTES_MAX].decode("utf-8", "replace")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
