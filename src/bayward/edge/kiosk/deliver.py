"""A courier's pages: sign in, which parcel, for whom, how large, is it in?"""

from __future__ import annotations

from litestar import post
from litestar.response import Redirect

from bayward.core.compartment import Size
from bayward.core.errors import Denied, Invalid, LimitExceeded
from bayward.edge.agent import (
    BeginDeposit,
    CancelDeposit,
    ChangeSize,
    ConfirmDeposit,
    Leave,
    Purpose,
    SignIn,
    Stage,
)
from bayward.edge.kiosk import places
from bayward.edge.kiosk.kiosk import AnyRequest, Kiosk, TheKiosk, form, see_other
from bayward.edge.kiosk.scan import is_tracking
from bayward.edge.kiosk.session import Draft
from bayward.ui.views.base import Problem


@post(places.DELIVER)
async def sign_in(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """A courier typed his own code."""
    kiosk.touch(request)
    told = await form(request)
    return see_other(await kiosk.present(SignIn(told.get("code", "")), places.DELIVER))


@post(places.PARCEL)
async def parcel(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """The number on the label."""
    kiosk.touch(request)
    _check_draft(kiosk)
    text = (await form(request)).get("tracking", "").strip()
    kiosk.session.draft = draft = Draft(tracking=text[:100])
    if not is_tracking(text):
        draft.problem = Problem("tracking.malformed")
        return see_other(places.PARCEL)
    return see_other(places.RECIPIENT)


@post(places.RECIPIENT)
async def recipient(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """Search, or choose one of the few that were found."""
    kiosk.touch(request)
    _check_draft(kiosk)
    told = await form(request)
    draft = kiosk.session.draft
    if "recipient" in told:
        found = dict(enumerate(draft.matches or ()))
        ref = told["recipient"]
        draft.recipient = found.get(int(ref)) if ref.isascii() and ref.isdecimal() else None
        return see_other(places.SIZE if draft.recipient else places.RECIPIENT)
    draft.query = told.get("query", "").strip()[:100]
    draft.matches = None
    try:
        draft.matches = await kiosk.agent.find(draft.query)
    except (Invalid, LimitExceeded) as error:
        draft.problem = Problem(error.code, error.facts)
    return see_other(places.RECIPIENT)


@post(places.SIZE)
async def size(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """The size decides the door, and it opens."""
    kiosk.touch(request)
    told = await form(request)
    draft = kiosk.session.draft
    try:
        wanted = Size(told.get("size", ""))
    except ValueError:
        return see_other(places.SIZE)
    if draft.is_resizing:
        draft.is_resizing = False
        return see_other(await kiosk.ask(ChangeSize(wanted)))
    if draft.recipient is None or not draft.tracking:
        return see_other(places.PARCEL)
    order = BeginDeposit(
        recipient=draft.recipient.person,
        size=wanted,
        tracking=draft.tracking,
        needs_low=told.get("is_low") == "1" or draft.recipient.needs_low,
    )
    return see_other(await kiosk.ask(order))


@post(places.CONFIRM)
async def confirm(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """Is the parcel in? Only what the agent accepts counts as an answer."""
    kiosk.touch(request)
    answer = (await form(request)).get("answer", "")
    if kiosk.agent.view().visit.purpose is not Purpose.DEPOSIT:
        return see_other(kiosk.proper_place())
    if answer == "wrong_size":
        kiosk.session.draft.is_resizing = True
        return see_other(places.SIZE)
    if answer == "cancel":
        return see_other(await kiosk.ask(CancelDeposit()))
    if answer in {"another", "finish"}:
        await kiosk.agent.ask(ConfirmDeposit())
        kiosk.keep_receipt(kiosk.agent.view())
        kiosk.session.next_parcel()
    if answer == "finish":
        await kiosk.agent.ask(Leave())
        kiosk.session.farewell = "delivered"
        return see_other(places.THANKS)
    return see_other(kiosk.proper_place())


@post("/kiosk/deliver/sign-out")
async def sign_out(kiosk: TheKiosk, request: AnyRequest) -> Redirect:
    """The courier goes, with the receipts of what he has left."""
    kiosk.touch(request)
    handed = kiosk.session.handed
    await kiosk.go_home()
    if not handed:
        return see_other(places.HOME)
    kiosk.session.farewell = "delivered"
    for one in handed:
        kiosk.session.keep(one)
    return see_other(places.THANKS)


def _check_draft(kiosk: Kiosk) -> None:
    """A parcel can be described only between two deposits, by whoever is signed in."""
    if kiosk.agent.view().visit.stage not in {Stage.COURIER, Stage.DEPOSITED, Stage.FULL}:
        raise Denied("courier.not_signed_in")
