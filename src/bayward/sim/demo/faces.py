"""The demo's page: the wall around the kiosk, an inbox, and the way the data takes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body
from litestar.response import Redirect, Stream

from bayward.sim.demo.stage import Stage
from bayward.ui.assets import Assets
from bayward.ui.render import Renderer, security_headers, sse

LOOK_S = 0.25  # how often the page is looked at for changes
NONCE_BYTES = 16


@get("/", media_type="text/html")
async def page(stage: Stage, renderer: Renderer) -> Response[str]:
    """The whole world on one page."""
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    kiosk = stage.kiosk_origin
    headers = security_headers(
        nonce, frame_sources=[kiosk] if kiosk else [], is_camera_allowed=True
    )
    allowed = dict(headers)
    allowed["Permissions-Policy"] = allowed["Permissions-Policy"].replace(
        "camera=(self)", f'camera=(self "{kiosk}")'
    )
    html = renderer.page(stage.view(), nonce=nonce, now=stage.clock.now())
    return Response(html, headers=allowed, media_type="text/html")


@get("/live")
async def live(stage: Stage, renderer: Renderer) -> Stream:
    """What changes on the page, as it changes."""

    async def messages() -> AsyncIterator[bytes]:
        shown = ""
        revision = 0
        while stage.is_running:
            html = renderer.live(stage.view(), now=stage.clock.now())
            if html != shown:
                shown = html
                yield sse(html)
            for names in stage.lit_since(revision):
                yield sse(" ".join(names), event="lit")
            revision = stage.lit_count
            await asyncio.sleep(LOOK_S)

    return Stream(messages(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@post("/do/{tool:str}", status_code=204)
async def use_tool(
    stage: Stage,
    tool: str,
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> None:
    """Use a tool on the steel or on the world."""
    door = data.get("door", "")
    if tool in stage.door_tools:
        if not door.isdigit() or not stage.use_on_door(tool, int(door)):
            raise NotFoundException
        return
    if not await stage.use_on_world(tool):
        raise NotFoundException


@get("/enter/{face:str}")
async def enter(stage: Stage, face: str) -> Redirect:
    """Sign in at the console or on the phone without typing; only here, only in the demo."""
    entry = await stage.entry(face)
    if entry is None:
        raise NotFoundException
    url, cookies = entry
    return Redirect(url, headers={"Referrer-Policy": "no-referrer"}, cookies=cookies)


@get("/static/{path:path}", sync_to_thread=False)
def static(renderer: Renderer, request: Request[object, object, State]) -> Response[bytes]:
    """Style sheets, scripts, fonts."""
    found = renderer.assets.find(request.url.path)
    if found is None:
        raise NotFoundException
    headers = {"Cache-Control": found.cache_control, "ETag": found.etag}
    return Response(found.body, media_type=found.media_type, headers=headers)


def _is_foreign(request: Request[object, object, State]) -> Response[str] | None:
    """Pages elsewhere must not pull at our doors."""
    if request.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in {
        "same-origin",
        "none",
    }:
        return Response("", status_code=403)
    return None


def make_app(stage: Stage) -> Litestar:
    """The demo's own web server."""
    renderer = Renderer(assets=Assets())
    return Litestar(
        route_handlers=[page, live, use_tool, enter, static],
        dependencies={
            "stage": Provide(lambda: stage, sync_to_thread=False),
            "renderer": Provide(lambda: renderer, sync_to_thread=False),
        },
        before_request=_is_foreign,
        openapi_config=None,
        logging_config=None,
    )
