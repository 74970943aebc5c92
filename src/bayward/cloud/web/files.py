"""Files everybody may have, and the two questions a supervisor asks."""

from __future__ import annotations

from litestar import MediaType, Response
from litestar.params import FromPath

from bayward.cloud.web.routes import AnyRequest, show_anybody
from bayward.cloud.web.state import desk_of
from bayward.core.errors import BaywardError, NotFound
from bayward.ui.assets import PREFIX

NO_CACHE = "no-cache"
NOT_MODIFIED = 304


@show_anybody("/static/{name:path}", "style sheets, scripts, icons: nothing secret is in them")
async def static(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """A static file; an address with the right version may be kept for ever."""
    found = desk_of(request).renderer.assets.find(PREFIX + name.lstrip("/"))
    if found is None:
        raise NotFound("http.not_found")
    headers = {"Cache-Control": found.cache_control, "ETag": found.etag}
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=NOT_MODIFIED, headers=headers)
    return Response(found.body, headers=headers, media_type=found.media_type)


@show_anybody("/sw.js", "the same for everybody")
async def service_worker(request: AnyRequest) -> Response[str]:
    """What keeps passes readable without a signal."""
    script = desk_of(request).renderer.service_worker()
    headers = {"Cache-Control": NO_CACHE, "Service-Worker-Allowed": "/"}
    return Response(script, headers=headers, media_type="text/javascript; charset=utf-8")


@show_anybody("/manifest.webmanifest", "the same for everybody")
async def manifest(request: AnyRequest) -> Response[str]:
    """How the resident's app presents itself."""
    text = desk_of(request).renderer.manifest()
    return Response(
        text, headers={"Cache-Control": NO_CACHE}, media_type="application/manifest+json"
    )


@show_anybody("/robots.txt", "says that there is nothing here for search engines")
async def robots() -> Response[str]:
    """Keep out."""
    return Response("User-agent: *\nDisallow: /\n", media_type=MediaType.TEXT)


@show_anybody("/healthz", "says only that the program runs")
async def health() -> dict[str, str]:
    """Whether the process answers; a supervisor restarts it when not."""
    return {"status": "alive"}


@show_anybody("/readyz", "says only whether requests can be served")
async def ready(request: AnyRequest) -> Response[dict[str, str]]:
    """Whether the database can be read and the listeners are up."""
    desk = desk_of(request)
    try:
        await desk.unit.read(lambda work: work.now)
    except BaywardError as error:
        return Response({"status": error.code}, status_code=503)
    if not desk.is_ready():
        return Response({"status": "starting"}, status_code=503)
    return Response({"status": "ready"})
