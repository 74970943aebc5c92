"""Pages that live: server-sent events, one stream per page.

Each message is the whole picture of now, so nothing is lost by a cut: a browser that comes back
with `Last-Event-ID` has the newest picture already, or gets it at once. With each message and
each heartbeat the policy is asked again, so a session that ended, a role that was taken back or
a person who was disabled ends the stream within `HEARTBEAT_MS`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from zoneinfo import ZoneInfo

from litestar.response import Stream

from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.asking import Asker, Locate, You
from bayward.cloud.web.state import address_of, told
from bayward.core.errors import BaywardError
from bayward.core.ids import TenantId
from bayward.ui.views.base import View

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 1_000

Build = Callable[[Work, You], View]


async def stream(asker: Asker, at: Locate, build: Build, *, zone: ZoneInfo | None = None) -> Stream:
    """A stream of `build`'s live parts; refusals are answered before it begins."""
    changes, address = asker.desk.changes, address_of(asker.request)
    tenant = await asker.read(at, lambda _, you: you.tenant)
    changes.check(address)
    since = changes.now(tenant)  # before it is read: what comes meanwhile is shown again, not lost
    view = await asker.read(at, build)
    last = asker.request.headers.get("last-event-id", "")
    first = None if last == since else _message(asker, since, view, zone)

    async def messages() -> AsyncIterator[str]:
        with changes.stream(address):
            yield f"retry: {RETRY_MS}\n\n"
            if first is not None:
                yield first
            async for message in _following(asker, at, build, tenant, since, zone):
                yield message

    return Stream(messages(), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


async def _following(  # noqa: PLR0917 - private, called once above
    asker: Asker,
    at: Locate,
    build: Build,
    tenant: TenantId,
    since: str,
    zone: ZoneInfo | None,
) -> AsyncIterator[str]:
    changes, clock = asker.desk.changes, asker.desk.clock
    ends = clock.monotonic_ms() + limits.STREAM_MS_MAX
    while changes.is_open() and clock.monotonic_ms() < ends:
        is_new = await changes.wait(tenant, since, limits.HEARTBEAT_MS / 1000)
        if not changes.is_open():
            return
        since_next = changes.now(tenant)
        try:
            view = await asker.read(at, build)
        except BaywardError:
            return  # the browser asks again, and is told why in full
        if is_new:
            since = since_next
            yield _message(asker, since, view, zone)
        else:
            yield ":\n\n"


def _message(asker: Asker, event_id: str, view: View, zone: ZoneInfo | None) -> str:
    desk = asker.desk
    body = desk.renderer.live(
        view,
        now=desk.clock.now(),
        language=told(asker.request).language,
        zone=zone or desk.zone,
    )
    data = "".join(f"data: {line}\n" for line in body.splitlines())
    return f"id: {event_id}\n{data}\n"
