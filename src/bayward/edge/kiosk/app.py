"""The kiosk's web server, put together. It must be bound to loopback and to nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from litestar import Litestar
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from bayward.core.clock import Clock
from bayward.core.errors import BaywardError, Denied
from bayward.edge.agent import Agent
from bayward.edge.kiosk import deliver, live, pages
from bayward.edge.kiosk.guard import Guard
from bayward.edge.kiosk.kiosk import CODE_FLOOR_S, AnyRequest, Kiosk
from bayward.edge.kiosk.scan import FRAME_BYTES
from bayward.edge.kiosk.screens import Screens
from bayward.edge.kiosk.session import Session
from bayward.edge.kiosk.speech import Speaker
from bayward.edge.settings import BankSettings
from bayward.ui.render import Renderer

BODY_BYTES_MAX = FRAME_BYTES + 1024  # a camera frame is the largest thing anybody posts


def make_kiosk(
    agent: Agent,
    settings: BankSettings,
    *,
    clock: Clock,
    guard: Guard,
    random_bytes: Callable[[int], bytes],
    health: Callable[[], Mapping[str, object]],
    renderer: Renderer | None = None,
    code_floor_s: float = CODE_FLOOR_S,
) -> Kiosk:
    """A kiosk with nobody in front of it."""
    speaker = Speaker.find()
    renderer = renderer or Renderer()
    renderer.prepare("kiosk/")
    return Kiosk(
        agent=agent,
        settings=settings,
        renderer=renderer,
        clock=clock,
        guard=guard,
        random_bytes=random_bytes,
        health=health,
        session=Session(settings.kiosk.languages[0]),
        screens=Screens(settings, say_url="/kiosk/say" if speaker else None),
        speaker=speaker,
        code_floor_s=code_floor_s,
    )


def make_app(kiosk: Kiosk) -> ASGIApp:
    """The ASGI application, with the guard around all of it."""
    return _guarded(cast("ASGIApp", _application()), kiosk)


@cache
def _application() -> Litestar:
    """The routes, the same for every kiosk in a process; `_guarded` puts it into each request."""
    return Litestar(
        route_handlers=[
            *(pages.enter, pages.home, pages.page, pages.help_page, pages.collect, pages.second),
            *(pages.more_time, pages.again, pages.done, pages.say, pages.health, pages.static),
            *(deliver.sign_in, deliver.parcel, deliver.recipient, deliver.size),
            *(deliver.confirm, deliver.sign_out, live.live, live.scan),
        ],
        dependencies={"kiosk": Provide(_kiosk_of, sync_to_thread=False)},
        exception_handlers={BaywardError: pages.on_error},
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )


def _kiosk_of(request: AnyRequest) -> Kiosk:
    kiosk: Kiosk = request.state.kiosk
    return kiosk


def _guarded(app: ASGIApp, kiosk: Kiosk) -> ASGIApp:
    """Judge each request before anything else sees it."""

    async def judged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            }
            try:
                kiosk.guard.check(scope["method"], scope["path"], headers)
            except Denied as denied:
                await _refuse(send, denied)
                return
            scope.setdefault("state", {})["kiosk"] = kiosk
        await app(scope, receive, send)

    return judged


async def _refuse(send: Send, denied: Denied) -> None:
    body = denied.code.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
