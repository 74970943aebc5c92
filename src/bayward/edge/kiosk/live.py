"""The stream that moves the screen: a door was read, time ran out, the bank was locked down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from litestar import Response, get, post
from litestar.exceptions import ServiceUnavailableException
from litestar.response import Stream

from bayward.core.errors import BaywardError, Invalid
from bayward.edge.agent import PresentCode, PresentPass, SignIn
from bayward.edge.kiosk import places
from bayward.edge.kiosk.kiosk import AnyRequest, Credential, Kiosk, TheKiosk
from bayward.edge.kiosk.places import place
from bayward.edge.kiosk.scan import Purpose, see
from bayward.ui.render import sse
from bayward.wire.passes import PREFIX

STREAMS_MAX = 4  # one page has one; more are pages that are just being left
BEAT_S = 15.0  # shorter than any patience of browser or proxy
_BEAT = b":\n\n"


@get("/kiosk/live", sync_to_thread=False)
def live(kiosk: TheKiosk) -> Stream:
    """Follow the page on the screen."""
    if kiosk.streams >= STREAMS_MAX:
        raise ServiceUnavailableException
    headers = {"Cache-Control": "no-store"}
    return Stream(_changes(kiosk), media_type="text/event-stream", headers=headers)


async def _changes(kiosk: Kiosk) -> AsyncIterator[bytes]:
    """Messages for the page that is on the screen now, until it is to be left."""
    path, screen = kiosk.session.path, kiosk.session.screen
    kiosk.streams += 1
    seen = -1
    try:
        while True:
            try:
                seen = await asyncio.wait_for(kiosk.agent.wait_for_change(seen), BEAT_S)
            except TimeoutError:
                yield _BEAT
                continue
            except BaywardError:  # the program ends
                return
            bank = kiosk.agent.view()
            reached = place(bank, kiosk.session, path)
            view = kiosk.screens.of(reached, bank, kiosk.session)
            if reached != path or type(view) is not screen:
                yield sse(reached, event="go")
                return
            if view.live_template:
                yield sse(kiosk.live(view))
    finally:
        kiosk.streams -= 1


@post("/kiosk/scan")
async def scan(kiosk: TheKiosk, request: AnyRequest) -> Response[dict[str, str] | None]:
    """One frame of the camera; 204 when there is nothing in it for us."""
    try:
        purpose = Purpose(request.query_params.get("for", ""))
    except ValueError:
        raise Invalid("scan.purpose") from None
    frame = await request.body()
    text = await asyncio.to_thread(see, frame, purpose, kiosk.settings.kiosk.code_digits)
    if text is None:
        return Response(None, status_code=204)
    kiosk.touch(request)
    if purpose is Purpose.TRACKING:
        return _found({"text": text})
    retry = places.COLLECT if purpose is Purpose.COLLECT else places.DELIVER
    return _found({"go": await kiosk.present(_credential(text, purpose), retry)})


def _credential(text: str, purpose: Purpose) -> Credential:
    if purpose is Purpose.COURIER:
        return SignIn(text)
    return PresentPass(text) if text.startswith(PREFIX) else PresentCode(text)


def _found(answer: dict[str, str]) -> Response[dict[str, str] | None]:
    return Response(answer, status_code=200)
