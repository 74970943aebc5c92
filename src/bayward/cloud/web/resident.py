"""The phone: my parcels, signing in by a link, standing in front of a wall."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.keyring.cells import folded
from bayward.cloud.people import sessions, sign_in
from bayward.cloud.people.authn import Refused
from bayward.cloud.people.details import EMAIL, EMAIL_CHARS_MAX
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts, limits, links, places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.resident_pass import (
    HERE_COOKIE,
    PRESENCE_CHARS_MAX,
    frame_of,
    state_of,
    trouble_of,
)
from bayward.cloud.web.routes import AnyRequest, Asking, back, show, show_anybody, take_from_anybody
from bayward.cloud.web.state import Cookie, address_of, desk_of, page, told
from bayward.cloud.web.state import sign_in as give_session
from bayward.cloud.web.words import Words
from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.core.custody import ParcelState
from bayward.core.errors import Denied, NotFound
from bayward.core.ids import BankId
from bayward.core.policy import Action
from bayward.ui.views.base import Problem
from bayward.ui.views.resident import (
    Here,
    Home,
    LinkExpired,
    LinkOpen,
    Offline,
    ParcelCard,
    SignIn,
    SignInSent,
)

AGAIN = 422
GONE = 410
HERE_S = 90  # the kiosk's number is good for about a minute
WAITING = (ParcelState.EXPECTED, ParcelState.DEPOSITED, ParcelState.HELD)
PAST = (ParcelState.COLLECTED,)  # what was cancelled never lay in a compartment
PAST_SHOWN = 20
SESSION_S = sessions.RESIDENT.absolute_ms // SECOND_MS


class AddressForm(Struct, frozen=True):
    """An e-mail address."""

    email: Annotated[str, Meta(max_length=EMAIL_CHARS_MAX)] = ""


@show("/me", Action.PASS_LIST)
async def home(request: AnyRequest, asker: Asking) -> Response[str]:
    """My parcels."""

    def read(work: Work, you: You) -> Home:
        words = Words(work, you.tenant)
        mine = _parcels(words, you, WAITING)
        past = _parcels(words, you, PAST, count=PAST_SHOWN)
        return Home(frame=frame_of(request, words.person(you.person)), waiting=mine, past=past)

    return page(request, await asker.read(places.oneself, read))


@show_anybody("/me/sign-in", "asks for an address, tells nothing about it")
async def show_sign_in(request: AnyRequest) -> Response[str]:
    """Ask for a link."""
    return page(request, SignIn(frame=frame_of(request, None)))


@take_from_anybody("/me/sign-in", "the same answer for every address", status_code=200)
async def take_sign_in(request: AnyRequest, data: URLEncodedBody[AddressForm]) -> Response[str]:
    """Somebody wants a link; whether the address is known shows in its inbox only."""
    desk, email = desk_of(request), data.email.strip()
    if not EMAIL.fullmatch(email):
        view = SignIn(frame=frame_of(request, None), email=email, problem=Problem("person.email"))
        return page(request, view, status=AGAIN)
    desk.limiter.spend(limits.LINK_FROM, "link_from", address_of(request))
    desk.limiter.spend(limits.LINK_FOR, "link_for", folded(email))
    await desk.unit.write(lambda work: links.ask(work, email))
    minutes = sign_in.LINK_MS // MINUTE_MS
    return page(request, SignInSent(frame=frame_of(request, None), email=email, minutes=minutes))


@show_anybody("/l/{token:str}", "the link is the credential, and reading it uses nothing up")
async def show_link(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """One button; scanners of mail do not press it."""
    desk = desk_of(request)
    desk.limiter.spend(limits.LINK_FROM, "follow_from", address_of(request))
    try:
        await desk.unit.read(lambda work: sign_in.follow_link(work, token))
    except NotFound as error:
        desk.strangers.saw(error.code)
        return page(request, LinkExpired(frame=frame_of(request, None)), status=GONE)
    return page(request, LinkOpen(frame=frame_of(request, None), url=f"/l/{token}"))


@take_from_anybody("/l/{token:str}", "the link is the credential, once")
async def take_link(request: AnyRequest, token: FromPath[str]) -> Response[str] | Redirect:
    """Signed in."""
    desk = desk_of(request)
    desk.limiter.spend(limits.LINK_FROM, "follow_from", address_of(request))
    try:
        outcome = await desk.unit.write(lambda work: sign_in.with_link(work, token))
    except NotFound as error:
        outcome = Refused(error.code)
    if isinstance(outcome, Refused):
        desk.strangers.saw(outcome.code)
        return page(request, LinkExpired(frame=frame_of(request, None)), status=GONE)
    give_session(request, outcome.token, SESSION_S)
    return back("/me")


@show_anybody("/offline", "the same for everybody: the phone keeps it for later")
async def offline(request: AnyRequest) -> Response[str]:
    """What a phone without signal shows for a page it has not kept."""
    return page(request, Offline(frame=frame_of(request, None)))


@show_anybody("/here/{bank:str}/{nonce:str}", "shows what is mine in this wall, once signed in")
async def here(request: AnyRequest, bank: FromPath[str], nonce: FromPath[str]) -> Response[str]:
    """The kiosk's QR was scanned; remembers its number for a minute."""
    bank_id = places.parse(BankId, bank)
    if not (nonce.isascii() and nonce.isalnum()) or len(nonce) > PRESENCE_CHARS_MAX:
        raise NotFound("link")
    try:
        asker = Asker(request, Action.PASS_LIST)
        view = await asker.read(
            places.oneself, lambda work, you: _here(request, Words(work, you.tenant), you, bank_id)
        )
    except Denied:
        name = await desk_of(request).unit.read(lambda work: _bank_name(work, bank_id))
        view = Here(frame=frame_of(request, None), bank=name, parcels=(), is_signed_in=False)
    value = f"{bank_id}.{nonce}"
    told(request).cookies.append(Cookie(HERE_COOKIE, value, HERE_S))
    return page(request, view)


def _here(request: AnyRequest, words: Words, you: You, bank: BankId) -> Here:
    cards = _parcels(words, you, (ParcelState.DEPOSITED,), bank=bank)
    return Here(
        frame=frame_of(request, words.person(you.person)),
        bank=_bank_name(words.work, bank),
        parcels=cards,
        trouble=trouble_of(words, bank) if cards else None,
    )


def _bank_name(work: Work, bank: BankId) -> str:
    """What stands on the kiosk anyway; raises `NotFound`."""
    tenant = fleet_store.tenant_of_bank(work.tx, bank)
    found = None if tenant is None else fleet_store.find_bank(work.tx, tenant, bank)
    if found is None:
        raise NotFound("bank")
    return found.name


def _parcels(
    words: Words,
    you: You,
    states: tuple[ParcelState, ...],
    *,
    bank: BankId | None = None,
    count: int = 100,
) -> tuple[ParcelCard, ...]:
    wanted = Wanted(recipient=you.person, states=states, bank=bank)
    found = custody.parcels(words.work, you.tenant, wanted, count=count)
    forced = doubts.forced_at(words.work, you.tenant, found)
    return tuple(_card(words, one, is_forced=one.id in forced) for one in found)


def _card(words: Words, parcel: ParcelView, *, is_forced: bool) -> ParcelCard:
    return ParcelCard(
        href=f"/me/parcels/{parcel.id}",
        parcel=parcel.id,
        state=state_of(parcel, words.work.now),
        compartment=words.door(parcel.compartment),
        where=words.bank(parcel.bank),
        carrier=parcel.carrier or "",
        until=parcel.not_after,
        at=parcel.changed_at,
        is_forced=is_forced,
    )
