"""Every page, read; and what can be done on the pages anybody may use."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from bayward.core.door import KnownDoor
from bayward.core.errors import BaywardError, Denied, Invalid
from bayward.edge.agent import Leave, MoreTime, OpenAgain, PresentCode, Stage
from bayward.edge.kiosk import places
from bayward.edge.kiosk.kiosk import AnyRequest, Kiosk, TheKiosk, form, see_other
from bayward.edge.kiosk.speech import TEXT_CHARS_MAX

TOPIC_CHARS_MAX = 20


@get("/kiosk/enter", sync_to_thread=False)
def enter(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """Let the kiosk's browser in."""
    kiosk.guard.admit(request.query_params.get("key", ""))
    response = see_other(places.HOME)
    response.headers["Set-Cookie"] = kiosk.guard.set_cookie
    return response


@get(places.HOME)
async def home(kiosk: TheKiosk, request: AnyRequest) -> Response[str] | Redirect:
    """The first screen; whoever was here has left."""
    kiosk.touch(request)
    await kiosk.go_home()
    return kiosk.show(places.HOME)


@get([
    places.COLLECT, places.SECOND, places.REFUSED, places.DOOR, places.THANKS, places.DELIVER,
    places.PARCEL, places.RECIPIENT, places.SIZE, places.PUT_IN, places.CONFIRM,
], sync_to_thread=False)  # fmt: skip
def page(kiosk: TheKiosk, request: AnyRequest) -> Response[str] | Redirect:
    """Any other page, when it belongs here."""
    kiosk.touch(request)
    if "again" in request.query_params:
        kiosk.session.draft.matches = None
    kiosk.session.look_at(request.query_params.get("receipt", ""))
    return kiosk.show(request.url.path)


@get(places.HELP, sync_to_thread=False)
def help_page(kiosk: TheKiosk, request: AnyRequest) -> Response[str] | Redirect:
    """Answers first, a person second."""
    kiosk.touch(request)
    return kiosk.show(places.HELP, request.query_params.get("topic", "")[:TOPIC_CHARS_MAX])


@post(places.COLLECT)
async def collect(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """Somebody typed a code."""
    kiosk.touch(request)
    told = await form(request)
    return see_other(await kiosk.present(PresentCode(told.get("code", "")), places.COLLECT))


@post(places.SECOND)
async def second(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """A second person typed his own code."""
    kiosk.touch(request)
    told = await form(request)
    return see_other(await kiosk.second(told.get("code", "")))


@post("/kiosk/more-time", status_code=204)
async def more_time(kiosk: TheKiosk, request: AnyRequest) -> None:
    """Somebody needs more time; without a visit there is nothing to extend."""
    kiosk.touch(request)
    try:
        await kiosk.agent.ask(MoreTime())
    except Denied:
        return


@post("/kiosk/again")
async def again(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """The same door once more."""
    kiosk.touch(request)
    return see_other(await kiosk.ask(OpenAgain()))


@post("/kiosk/done")
async def done(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """Somebody says he is done; a door that is seen open says he is not."""
    kiosk.touch(request)
    bank = kiosk.agent.view()
    compartment = bank.visit.compartment
    door = bank.compartment(compartment).door if compartment is not None else None
    if isinstance(door, KnownDoor) and not door.is_closed:
        return see_other(kiosk.proper_place())
    if bank.visit.stage in {Stage.DOOR_OPEN, Stage.STILL_INSIDE}:
        await kiosk.agent.ask(Leave())
        kiosk.session.forget()
        kiosk.session.farewell = "collected"
        return see_other(places.THANKS)
    return see_other(kiosk.proper_place())


@post("/kiosk/say", status_code=204)
async def say(kiosk: TheKiosk, request: AnyRequest) -> None:
    """Read the screen aloud."""
    if kiosk.speaker is None:
        raise NotFoundException
    text = (await request.body()).decode("utf-8", "replace")[:TEXT_CHARS_MAX]
    await kiosk.speaker.say(text, kiosk.session.language)


@get("/kiosk/health", sync_to_thread=False)
def health(kiosk: TheKiosk) -> dict[str, object]:
    """How the bank is doing, for whoever stands at it at three in the morning."""
    return dict(kiosk.health())


@get("/static/{path:path}", sync_to_thread=False)
def static(kiosk: TheKiosk, request: AnyRequest) -> Response[bytes]:
    """Style sheets, scripts, fonts."""
    found = kiosk.renderer.assets.find(request.url.path)
    if found is None:
        raise NotFoundException
    headers = {"Cache-Control": found.cache_control, "ETag": found.etag}
    return Response(found.body, media_type=found.media_type, headers=headers)


def on_error(request: AnyRequest, error: BaywardError) -> Response[str] | Redirect:
    """A refusal out of turn leads to the page that is in turn; trouble is shown as such."""
    kiosk: Kiosk = request.state.kiosk
    if isinstance(error, Denied) and error.code.startswith("kiosk."):
        return Response(error.code, status_code=403, media_type=MediaType.TEXT)
    if isinstance(error, Invalid):
        return Response(error.code, status_code=400, media_type=MediaType.TEXT)
    return see_other(kiosk.proper_place())
