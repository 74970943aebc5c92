"""One parcel on its recipient's phone: by the link in the message, or signed in.

Both ways lead to the same page. A link speaks for the recipient of one parcel and nothing else;
reading it changes nothing, however often a program previews it. Opening is an order to the bank,
which judges the number on its kiosk; what is shown is what the bank has said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Stream
from msgspec import Meta, Struct

from bayward.cloud import orders
from bayward.cloud.access import service as access
from bayward.cloud.access.store import GrantView
from bayward.cloud.audit import chains
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import ParcelView
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts, limits, live, places
from bayward.cloud.web.asking import Asker, Locate, You
from bayward.cloud.web.console_parcels import as_file
from bayward.cloud.web.receipt_link import parcel_page
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page, told
from bayward.cloud.web.wall import scene
from bayward.cloud.web.words import Words
from bayward.core.clock import MINUTE_MS, Instant, after
from bayward.core.commands import SCOPE_BANK
from bayward.core.custody import ParcelState
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, CommandId, CompartmentId, ParcelId
from bayward.core.policy import Action, Resource
from bayward.ui.i18n import catalogues
from bayward.ui.views.base import Language, Problem
from bayward.ui.views.resident import (
    Moment,
    Opening,
    OpenState,
    Pass,
    PassState,
    PhoneFrame,
)
from bayward.ui.views.wall import Reach

HERE_COOKIE = "here"
PRESENCE_CHARS_MAX = 16
OPENING_SHOWN_MS = 5 * MINUTE_MS  # then it is history, not news
STORY_MAX = 50
TRACKING_SHOWN = 4
STATES = {
    ParcelState.EXPECTED: PassState.ON_ITS_WAY,
    ParcelState.DEPOSITED: PassState.WAITING,
    ParcelState.HELD: PassState.HELD,
    ParcelState.COLLECTED: PassState.COLLECTED,
    ParcelState.CANCELLED: PassState.RETURNED,
}
OPENINGS: Mapping[orders.State, OpenState] = {
    orders.State.WAITING: OpenState.REQUESTED,
    orders.State.SENT: OpenState.REQUESTED,
    orders.State.DONE: OpenState.OPENED,
    orders.State.REFUSED: OpenState.REFUSED,
    orders.State.EXPIRED: OpenState.TOO_LATE,
}
# What a recipient is told of his parcel; the rest is the house's business.
MOMENTS = (
    EventType.PARCEL_DEPOSITED,
    EventType.ACCESS_GRANTED,
    EventType.ACCESS_REFUSED,
    EventType.UNLOCK_ENDED,
    EventType.DOOR_FORCED_OPEN,
    EventType.PARCEL_COLLECTED,
    EventType.GRANT_EXPIRED,
    EventType.GRANT_REVOKED,
    EventType.CODE_ROTATED,
)


class OpenForm(Struct, frozen=True):
    """The number on the kiosk; absent after its QR."""

    presence: Annotated[str, Meta(max_length=PRESENCE_CHARS_MAX)] = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody came to a parcel: `url` is what its forms post to."""

    url: str
    at: Locate
    parcel: ParcelId | None

    def find(self, you: You) -> ParcelId:
        """The parcel, from the address or from the link."""
        if self.parcel is not None:
            return self.parcel
        assert you.link is not None, "a way without a parcel has a link"
        return you.link.parcel


def by_link(token: str) -> Way:
    """By the link in the message."""
    return Way(f"/p/{token}", _at_link, None)


def by_id(parcel: str) -> Way:
    """Signed in."""
    parcel_id = places.parse(ParcelId, parcel)
    return Way(f"/me/parcels/{parcel_id}", places.parcel(parcel), parcel_id)


@show("/p/{token:str}", Action.PASS_READ)
async def show_by_link(request: AnyRequest, asker: Asking, token: FromPath[str]) -> Response[str]:
    """The pass."""
    return await _show(request, asker, by_link(token))


@show("/me/parcels/{parcel:str}", Action.PASS_READ)
async def show_by_id(request: AnyRequest, asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """The same, signed in."""
    return await _show(request, asker, by_id(parcel))


@show("/p/{token:str}/live", Action.PASS_READ)
async def live_by_link(request: AnyRequest, asker: Asking, token: FromPath[str]) -> Stream:
    """What changes on it."""
    return await _live(request, asker, by_link(token))


@show("/me/parcels/{parcel:str}/live", Action.PASS_READ)
async def live_by_id(request: AnyRequest, asker: Asking, parcel: FromPath[str]) -> Stream:
    """The same, signed in."""
    return await _live(request, asker, by_id(parcel))


@do("/p/{token:str}/open", Action.GRANT_OPEN)
async def open_by_link(
    request: AnyRequest, asker: Asking, token: FromPath[str], data: URLEncodedBody[OpenForm]
) -> Response[str] | Redirect:
    """I am in front of it: open."""
    return await _open(request, asker, by_link(token), data.presence)


@do("/me/parcels/{parcel:str}/open", Action.GRANT_OPEN)
async def open_by_id(
    request: AnyRequest, asker: Asking, parcel: FromPath[str], data: URLEncodedBody[OpenForm]
) -> Response[str] | Redirect:
    """The same, signed in."""
    return await _open(request, asker, by_id(parcel), data.presence)


@show("/p/{token:str}/receipt", Action.RECEIPT_READ)
async def receipt_by_link(asker: Asking, token: FromPath[str]) -> Response[str]:
    """Something to keep, that anybody can check."""
    return await _receipt(asker, by_link(token))


@show("/me/parcels/{parcel:str}/receipt", Action.RECEIPT_READ)
async def receipt_by_id(asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """The same, signed in."""
    return await _receipt(asker, by_id(parcel))


@show("/p/{token:str}/receipt/page", Action.RECEIPT_READ)
async def receipt_page_by_link(
    request: AnyRequest, asker: Asking, token: FromPath[str]
) -> Response[str]:
    """To look at and to scan."""
    return await _receipt_page(request, asker, by_link(token))


@show("/me/parcels/{parcel:str}/receipt/page", Action.RECEIPT_READ)
async def receipt_page_by_id(
    request: AnyRequest, asker: Asking, parcel: FromPath[str]
) -> Response[str]:
    """The same, signed in."""
    return await _receipt_page(request, asker, by_id(parcel))


def frame_of(request: AnyRequest, person: str | None) -> PhoneFrame:
    """Around every page of the phone."""
    path, language = str(request.scope["path"]), told(request).language
    codes = catalogues().codes()
    return PhoneFrame(
        path=path,
        languages=tuple(Language(code, f"{path}?lang={code}", code == language) for code in codes),
        person=person,
    )


def state_of(parcel: ParcelView, now: Instant) -> PassState:
    """What a resident can do with a parcel now."""
    return PassState.OVERDUE if parcel.is_overdue(now) else STATES[parcel.state]


async def _show(request: AnyRequest, asker: Asker, way: Way) -> Response[str]:
    view, zone = await asker.read(
        way.at, lambda work, you: _view(request, Words(work, you.tenant), you, way)
    )
    return page(request, view, zone=zone)


async def _live(request: AnyRequest, asker: Asker, way: Way) -> Stream:
    _, zone = await asker.read(
        way.at, lambda work, you: _view(request, Words(work, you.tenant), you, way)
    )
    return await live.stream(
        asker,
        way.at,
        lambda work, you: _view(request, Words(work, you.tenant), you, way)[0],
        zone=zone,
    )


async def _open(
    request: AnyRequest, asker: Asker, way: Way, presence: str
) -> Response[str] | Redirect:
    number = presence.strip() or _presence_here(request)
    asker.desk.limiter.spend(limits.OPEN_FOR, "open", way.url)

    def order(work: Work, you: You) -> CommandId:
        if not (number.isascii() and number.isalnum()):
            raise Invalid("presence.missing")
        grant = access.parcel_grant(work, you.tenant, way.find(you))
        return access.open_for_grant(work, you.tenant, grant.id, presence=number, actor=you.person)

    try:
        await asker.write(way.at, order)
    except Invalid as error:
        problem = Problem(error.code, error.facts)
        view, zone = await asker.also(Action.PASS_READ).read(
            way.at,
            lambda work, you: _view(request, Words(work, you.tenant), you, way, problem),
        )
        return page(request, view, status=422, zone=zone)
    return back(way.url)


async def _receipt_page(request: AnyRequest, asker: Asker, way: Way) -> Response[str]:
    view = await asker.read(
        way.at,
        lambda work, you: parcel_page(work, you.tenant, way.find(you), f"{way.url}/receipt"),
    )
    return page(request, view)


async def _receipt(asker: Asker, way: Way) -> Response[str]:
    def find(work: Work, you: You) -> tuple[ParcelId, str]:
        parcel_id = way.find(you)
        own = audit.parcel_receipt(work, you.tenant, parcel_id)
        return parcel_id, chains.text_of(work, you.tenant, own)

    parcel_id, text = await asker.read(way.at, find)
    return as_file(text, f"receipt-{parcel_id}.json")


def _at_link(work: Work, you: You) -> Resource:
    assert you.link is not None, "asked with a link"
    return places.parcel(you.link.parcel)(work, you)


def _view(
    request: AnyRequest, words: Words, you: You, way: Way, problem: Problem | None = None
) -> tuple[Pass, ZoneInfo]:
    work, parcel_id = words.work, way.find(you)
    parcel = custody.get_parcel(work, you.tenant, parcel_id)
    drawn = scene(words, words.banks[parcel.bank])
    site = fleet_store.find_site(work.tx, you.tenant, drawn.bank.site)
    position = drawn.position(parcel.compartment)
    grant = _grant(work, you, parcel_id)
    history = _history(words, parcel_id)
    forced_at = doubts.forced_at(work, you.tenant, [parcel]).get(parcel_id)
    view = Pass(
        frame=frame_of(request, None if you.session is None else words.person(you.person)),
        parcel=parcel_id,
        url=way.url,
        state=state_of(parcel, work.now),
        compartment=words.door(parcel.compartment),
        reach=position.reach if position is not None else Reach.WAIST,
        where=drawn.bank.name,
        site="" if site is None else site.name,
        until=parcel.not_after,
        carrier=parcel.carrier or "",
        tracking_masked=_masked(parcel.tracking or ""),
        wall=drawn.wall if drawn.layout else None,
        position=position,
        is_here=bool(_presence_here(request, parcel.bank)),
        is_open_offered=grant is not None and grant.is_live(work.now),
        trouble=trouble_of(words, parcel.bank, parcel.compartment),
        pickup_pass=_pass_of(work, you, grant),
        opening=_opening(work, you, parcel, grant),
        history=history,
        is_receipt_ready=any(one.kind == EventType.PARCEL_DEPOSITED for one in history),
        problem=problem,
        forced_at=forced_at,
        is_looked_into=forced_at is not None
        and doubts.is_looked_into(work, you.tenant, parcel.bank),
    )
    return view, ZoneInfo("UTC" if site is None else site.time_zone)


def trouble_of(
    words: Words, bank: BankId, compartment: CompartmentId | None = None
) -> Problem | None:
    """Why a tap would be refused now, so that none is offered; None when it may work."""
    held = incidents.lockdowns(words.work, words.tenant, bank=bank)
    if any(one.scope in {SCOPE_BANK, compartment} for one in held):
        return Problem("lockdown")
    return None if words.banks[bank].is_connected else Problem("link.not_connected")


def _pass_of(work: Work, you: You, grant: GrantView | None) -> str:
    """What the picture on the phone says: signed, so it opens with the cable cut too."""
    if grant is None or not grant.is_live(work.now):
        return ""
    return access.issue_pass(work, you.tenant, grant)


def _grant(work: Work, you: You, parcel: ParcelId) -> GrantView | None:
    try:
        return access.parcel_grant(work, you.tenant, parcel)
    except NotFound:
        return None


def _opening(work: Work, you: You, parcel: ParcelView, grant: GrantView | None) -> Opening | None:
    """The last tap, as far as the bank has answered; none once the parcel has gone."""
    if grant is None or parcel.ended_at is not None:
        return None
    since = after(work.now, -OPENING_SHOWN_MS)
    found = orders.latest_open(work, you.tenant, grant.bank, grant.id, since=since)
    if found is None:
        return None
    problem = None
    if found.state is orders.State.REFUSED:
        problem = Problem(found.result or "")
    return Opening(state=OPENINGS[found.state], at=found.created_at, problem=problem)


def _history(words: Words, parcel: ParcelId) -> tuple[Moment, ...]:
    wanted = WantedEvents(parcel=parcel, types=MOMENTS)
    found = audit.happenings(words.work, words.tenant, wanted, count=STORY_MAX)
    return tuple(
        Moment(
            at=one.event.time,
            kind=one.event.type.value,
            facts={
                name: value
                for name, value in words.facts(one.event).items()
                if name in {"door", "method", "result", "reason", "carrier"}
            },
            is_proven=words.is_proven(one) is True,
            href="/verify",
        )
        for one in found
    )


def _presence_here(request: AnyRequest, bank: str | None = None) -> str:
    """The number a kiosk's QR left with this phone, if it is (for `bank`) there still."""
    at, _, number = request.cookies.get(HERE_COOKIE, "").strip('"').partition(".")
    is_there = number and (bank is None or at == bank)
    return number[:PRESENCE_CHARS_MAX] if is_there else ""


def _masked(tracking: str) -> str:
    if len(tracking) <= 2 * TRACKING_SHOWN:
        return tracking
    return f"{tracking[:TRACKING_SHOWN]}…{tracking[-TRACKING_SHOWN:]}"
