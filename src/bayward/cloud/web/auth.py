"""Staff: setting up an account, signing in, the fresh factor, signing out.

Passwords are hashed outside the event loop and outside any transaction. An address nobody has
costs the same hash, the same write and the same words as a wrong password.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated
from urllib.parse import urlsplit

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.people import authn, passwords, set_up
from bayward.cloud.people import service as people
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.people.details import NAME_CHARS_MAX
from bayward.cloud.people.set_up import NewSecret, SetUp
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.asking import token_of
from bayward.cloud.web.factors import half_way_email, with_code, with_password
from bayward.cloud.web.routes import (
    AnyRequest,
    back,
    show_anybody,
    take_from_anybody,
)
from bayward.cloud.web.state import Cookie, Desk, address_of, desk_of, page, sign_out, told
from bayward.cloud.web.state import sign_in as give_session
from bayward.core.errors import Conflict, Denied, Invalid
from bayward.core.policy import Action, may_ever
from bayward.ui.views.auth import SetUpPassword, SetUpTotp, StaffSignIn, Totp
from bayward.ui.views.base import FieldProblem, Problem

CONSOLE = "/console"
ITEMS = "/console/items"
NEXT_COOKIE = "next"
NEXT_S = 600
FIELD_CHARS_MAX = 300
WRONG = 401
AGAIN = 422

Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class SetUpForm(Struct, frozen=True):
    """The first step of an account."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)] = ""
    email: Short = ""
    password: Annotated[str, Meta(max_length=4 * passwords.LENGTH_MAX)] = ""


class CodeForm(Struct, frozen=True):
    """Six digits."""

    code: Annotated[str, Meta(max_length=16)] = ""


class SignInForm(Struct, frozen=True):
    """E-mail and password."""

    email: Short = ""
    password: Annotated[str, Meta(max_length=4 * passwords.LENGTH_MAX)] = ""
    next: Short = ""


@show_anybody("/", "leads to the sign-in")
async def root() -> Redirect:
    """The way in."""
    return back(CONSOLE)


@show_anybody("/setup/{token:str}", "the link itself is the credential")
async def show_set_up(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """Whose account it will be."""
    desk = desk_of(request)
    desk.limiter.spend(limits.LINK_FROM, "set_up", address_of(request))
    found = await desk.unit.read(lambda work: set_up.follow_link(work, token))
    return page(request, _set_up_view(token, found))


@take_from_anybody("/setup/{token:str}", "the link itself is the credential", status_code=200)
async def take_set_up(
    request: AnyRequest, token: FromPath[str], data: URLEncodedBody[SetUpForm]
) -> Response[str]:
    """Who I am and my password; shows the secret of the second factor."""
    desk = desk_of(request)
    desk.limiter.spend(limits.LINK_FROM, "set_up", address_of(request))
    found = await desk.unit.read(lambda work: set_up.follow_link(work, token))
    try:
        encoded = await _hashed(desk, data, found)
        new = await desk.unit.write(
            lambda work: set_up.choose(
                work, token, name=data.name, email=data.email, encoded=encoded
            )
        )
    except (Invalid, Conflict) as error:
        field = "password" if error.code.startswith("password.") else error.facts.get("field")
        problem = FieldProblem(str(field or "name"), error.code, error.facts)
        view = _set_up_view(token, found, data, (problem,))
        return page(request, view, status=AGAIN)
    return page(request, _totp_view(token, data.email, new))


@take_from_anybody("/setup/{token:str}/totp", "the link itself is the credential")
async def take_set_up_code(
    request: AnyRequest, token: FromPath[str], data: URLEncodedBody[CodeForm]
) -> Response[str] | Redirect:
    """A right code makes the account and signs in."""
    desk = desk_of(request)
    desk.limiter.spend(limits.CODE, "set_up", token)
    outcome = await desk.unit.write(lambda work: set_up.confirm(work, token, data.code.strip()))
    if isinstance(outcome, SignedIn):
        give_session(request, outcome.token)
        return back(await _first_page(desk, outcome))
    new = await desk.unit.read(lambda work: set_up.pending(work, token))
    found = await desk.unit.read(lambda work: set_up.follow_link(work, token))
    view = _totp_view(token, found.person.email or "", new, Problem(outcome.code))
    return page(request, view, status=AGAIN)


@show_anybody("/sign-in", "where somebody without a session goes")
async def show_sign_in(request: AnyRequest) -> Response[str]:
    """E-mail and password."""
    return page(request, StaffSignIn(next=local(request.query_params.get("next", ""))))


@take_from_anybody("/sign-in", "checks the password, slowly and not too often")
async def take_sign_in(
    request: AnyRequest, data: URLEncodedBody[SignInForm]
) -> Response[str] | Redirect:
    """The first factor."""
    outcome = await with_password(request, data.email, data.password)
    if isinstance(outcome, Refused):
        view = StaffSignIn(email=data.email, next=local(data.next), problem=Problem(outcome.code))
        return page(request, view, status=WRONG)
    give_session(request, outcome.token)
    if local(data.next):
        told(request).cookies.append(Cookie(NEXT_COOKIE, data.next, NEXT_S))
    return back("/sign-in/totp")


@show_anybody("/sign-in/totp", "needs the session of the first factor")
async def show_code(request: AnyRequest) -> Response[str] | Redirect:
    """Six digits."""
    try:
        email = await half_way_email(request)
    except Denied:
        return back("/sign-in")
    return page(request, Totp(email=email))


@take_from_anybody("/sign-in/totp", "needs the session of the first factor")
async def take_code(
    request: AnyRequest, data: URLEncodedBody[CodeForm]
) -> Response[str] | Redirect:
    """The second factor."""
    try:
        outcome = await with_code(request, data.code)
    except Denied:
        return back("/sign-in")
    if isinstance(outcome, Refused):
        view = Totp(email=await half_way_email(request), problem=Problem(outcome.code))
        return page(request, view, status=WRONG)
    give_session(request, outcome.token)
    to = local(request.cookies.get(NEXT_COOKIE, "").strip('"'))
    if to:
        told(request).cookies.append(Cookie(NEXT_COOKIE, "", 0))
    return back(to or await _first_page(desk_of(request), outcome))


@take_from_anybody("/sign-out", "ends whatever session there is")
async def take_sign_out(request: AnyRequest) -> Redirect:
    """Out of this browser."""
    desk = desk_of(request)

    def end(work: Work) -> bool:
        session = authn.session_of(work, token_of(request))
        authn.end(work, session)
        return session.method == authn.LINK

    try:
        is_resident = await desk.unit.write(end)
    except Denied:
        is_resident = False
    sign_out(request)
    return back("/me/sign-in" if is_resident else "/sign-in")


async def _first_page(desk: Desk, arrived: SignedIn) -> str:
    """The wall, for those who may see it; else the items."""

    def read(work: Work) -> str:
        session = arrived.session
        who = people.principal(work, session.tenant, session.person)
        sees_items = may_ever(who, Action.ITEM_READ, work.now)
        sees_wall = may_ever(who, Action.WALL_READ, work.now)
        return ITEMS if sees_items and not sees_wall else CONSOLE

    return await desk.unit.read(read)


def _set_up_view(
    token: str,
    found: SetUp,
    form: SetUpForm | None = None,
    problems: tuple[FieldProblem, ...] = (),
) -> SetUpPassword:
    email = found.person.email or ""
    return SetUpPassword(
        url=f"/setup/{token}",
        tenant=found.tenant_name,
        role=found.role.value,
        name=form.name if form else ("" if found.person.email is None else found.person.name),
        email=form.email if form else email,
        password_chars_min=passwords.LENGTH_MIN,
        problems=problems,
    )


def _totp_view(token: str, email: str, new: NewSecret, problem: Problem | None = None) -> SetUpTotp:
    return SetUpTotp(
        url=f"/setup/{token}/totp",
        email=email,
        otpauth_url=new.otpauth,
        secret=base64.b32encode(new.secret).decode(),
        problem=problem,
    )


async def _hashed(desk: Desk, form: SetUpForm, found: SetUp) -> str:
    """The string to keep for a new password; raises `Invalid` for one that is too weak."""
    context = ("bayward", desk.settings.name, found.tenant_name, form.name, form.email)

    def check_and_hash() -> str:
        passwords.check_new(form.password, context)
        return desk.passwords.hash(form.password)

    return await asyncio.get_running_loop().run_in_executor(desk.hashing, check_and_hash)


def local(path: str) -> str:
    """A page of the console to go to after signing in; "" for any other address."""
    parts = urlsplit(path)
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith(CONSOLE)
    return path if is_ours and "\\" not in path and path.isprintable() else ""
