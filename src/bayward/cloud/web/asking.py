"""Somebody asks for something: the policy is asked in the very transaction that does it.

Handlers reach the database only through an `Asker`. It finds the session of the cookie, the
person's roles and the facts of the thing, asks `core.policy`, and runs the handler's function in
the same transaction; nothing can change between the decision and the act. A refusal is recorded
in a transaction of its own, because the first one is undone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from litestar import Request
from litestar.connection import ASGIConnection

from bayward.cloud.access import service as access
from bayward.cloud.access.store import Link
from bayward.cloud.incidents import service as incidents
from bayward.cloud.people import authn, sessions
from bayward.cloud.people import service as people
from bayward.cloud.people.authn import Refused
from bayward.cloud.people.sign_in_store import Session
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.shield import cookies_of
from bayward.cloud.web.state import CODE_HEADER, desk_of, sign_in, told
from bayward.core import lockdown
from bayward.core.clock import Instant
from bayward.core.errors import Denied, Fact, Invalid, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.lockdown import Lockdown
from bayward.core.policy import (
    MOVES_A_DOOR,
    Aal,
    Action,
    Context,
    Deny,
    Need,
    Principal,
    Resource,
    Step,
    decide,
    may_ever,
)
from bayward.core.roles import PLATFORM, active
from bayward.ui.views.base import Say

T = TypeVar("T")

BEARER = "Bearer "
# The factor itself, and what the page that asked for it adds (`auth`).
NOT_HASHED = {"code", "next", "step_action", "step_via", "step_says"}


class NotSignedIn(Denied):
    """Raised when a factor was wrong; answered as 401."""


class SecondFactorNeeded(Denied):
    """Raised when somebody has shown one factor and needs two."""


class StepUpNeeded(Denied):
    """Raised when this very request needs a fresh factor; `challenge` names the request.

    `form` are its own fields, so that the page that asks can hand them back.
    """

    def __init__(self, action: Action, challenge: bytes, consequence: Say, email: str) -> None:
        super().__init__("step_up.missing", action=action.value, challenge=challenge.hex())
        self.action = action
        self.consequence = consequence
        self.email = email
        self.form: tuple[tuple[str, str], ...] = ()


class StepUpRefused(Denied):
    """Raised when the code that came with a request is not right."""


@dataclass(frozen=True, slots=True)
class You:
    """Who asks, for the function that does it; `session` is None for a link in a message."""

    tenant: TenantId
    person: PersonId
    principal: Principal
    aal: Aal
    session: Session | None
    link: Link | None = None
    is_fresh: bool = False  # a fresh factor was shown for this very request


Locate: TypeAlias = Callable[[Work, You], Resource]
"""Finds the thing that is asked for, and the facts about it; see `places`."""

Consequence: TypeAlias = Callable[[Work, You], Say]
"""Says what will happen, for the page that asks for a fresh factor."""


class Asker:
    """One request by somebody for one action.

    `link` is the token of a link in a message (`/p/{token}`): it speaks for the recipient of
    one parcel, and needs no session.
    """

    def __init__(
        self, request: Request[Any, Any, Any], action: Action, link: str | None = None
    ) -> None:
        self.request = request
        self.action = action
        self.desk = desk_of(request)
        self.now: Instant = self.desk.clock.now()
        self._link = link
        self._token = "" if link is not None else token_of(request)

    def also(self, action: Action) -> Asker:
        """The same somebody asking for something else, e.g. for the page behind a form."""
        other = copy.copy(self)
        other.action = action
        return other

    async def read(self, at: Locate, function: Callable[[Work, You], T]) -> T:
        """Do it on a snapshot, if it may be done."""
        return await self._asked(at, function, None, is_write=False)

    async def write(
        self, at: Locate, function: Callable[[Work, You], T], says: Consequence | None = None
    ) -> T:
        """Do it in a transaction, if it may be done.

        `says` tells what will happen, for the page that asks for a fresh factor.
        """
        return await self._asked(at, function, says, is_write=True)

    async def step_up(self, code: str, action: Action, challenge: bytes) -> None:
        """Show a fresh factor for one request; the browser gets a new cookie.

        Raises `StepUpRefused`.
        """
        self.desk.limiter.spend(limits.CODE, "code", self._token)

        def show(work: Work) -> authn.SignedIn | Refused:
            session = authn.session_of(work, self._token)
            return authn.step_up(work, session, code, action=action.value, challenge=challenge)

        outcome = await self.desk.unit.write(show)
        if isinstance(outcome, Refused):
            raise StepUpRefused(outcome.code)
        self._token = outcome.token
        sign_in(self.request, outcome.token)

    async def challenge(self) -> bytes:
        """What a step-up for this request signs: action, method, address, every field."""
        scope = self.request.scope
        return sessions.action_hash(
            self.action.value,
            f"{scope['method']} {scope['path']}",
            await fields_of(self.request),
        )

    async def _asked(
        self,
        at: Locate,
        function: Callable[[Work, You], T],
        says: Consequence | None,
        *,
        is_write: bool,
    ) -> T:
        challenge = await self.challenge()

        def run(work: Work) -> tuple[T, You]:
            you = self._decided(work, at, says, challenge)
            result = function(work, you)
            if is_write and you.session is not None and you.is_fresh:
                authn.spend_step_up(work, you.session)
            return result, you

        unit = self.desk.unit
        try:
            result, you = await (unit.write(run) if is_write else unit.read(run))
        except StepUpNeeded as error:
            code = await self._code()
            if not is_write or not code:
                error.form = await own_fields(self.request)
                raise
            await self.step_up(code, self.action, challenge)
            result, you = await unit.write(run)
        except (SecondFactorNeeded, StepUpRefused):
            raise
        except Denied as error:
            await self._told_denied(error)
            raise
        session = you.session
        if session is not None and authn.is_stale(session, self.now):
            await unit.write(lambda work: authn.touch(work, session))
        return result

    async def _code(self) -> str:
        """A fresh code that came along with the request."""
        form = await fields_of(self.request, with_code=True)
        return str(form.get("code") or self.request.headers.get(CODE_HEADER, "")).strip()

    def _decided(self, work: Work, at: Locate, says: Consequence | None, challenge: bytes) -> You:
        you = self._who(work)
        told(self.request).is_decided = True
        if not may_ever(you.principal, self.action, work.now):
            raise _no_role(you, self.action, work.now)
        resource = at(work, you)
        is_fresh = you.session is not None and authn.is_stepped_up(you.session, challenge, work.now)
        context = Context(
            now=work.now,
            aal=you.aal,
            is_stepped_up=is_fresh,
            is_locked_down=is_locked_down(work, you.tenant, self.action, resource),
        )
        decision = decide(you.principal, self.action, resource, context)
        if isinstance(decision, Deny):
            if decision.reason == "tenant.foreign":
                raise NotFound("thing")
            if decision.reason == "role.not_allowed":
                raise _no_role(you, self.action, work.now)
            raise Denied(decision.reason, action=self.action.value)
        if isinstance(decision, Need):
            if decision.step is Step.SECOND_FACTOR:
                raise SecondFactorNeeded("second_factor.needed")
            say = says(work, you) if says is not None else Say(self.action.value)
            email = people.get(work, you.tenant, you.person).email or ""
            raise StepUpNeeded(self.action, challenge, say, email)
        return replace(you, is_fresh=is_fresh)

    def _who(self, work: Work) -> You:
        if self._link is not None:
            link = access.follow_link(work, self._link)
            principal = people.principal(work, link.tenant, link.person)
            return You(link.tenant, link.person, principal, Aal.ONE, None, link)
        session = authn.session_of(work, self._token)
        principal = people.principal(work, session.tenant, session.person)
        return You(session.tenant, session.person, principal, session.aal, session)

    async def _told_denied(self, error: Denied) -> None:
        """Into the log, as long as it is not somebody knocking without end."""
        if error.code.startswith("session."):
            return

        def tell(work: Work) -> None:
            you = self._who(work)
            self.desk.limiter.spend(limits.DENIED_FOR, "denied", you.person)
            event = Event(
                type=EventType.ACTION_DENIED,
                time=work.now,
                actor=you.person,
                detail=self.action.value,
                reason=error.code,
            )
            work.emit(event, tenant=you.tenant)

        await self.desk.unit.write(tell)


def token_of(request: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The session token a request carries; raises `Denied("session.none")`."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        if not authorization.startswith(BEARER):
            raise Denied("session.none")
        return authorization.removeprefix(BEARER)
    token = cookies_of(request.headers.get("cookie", "")).get(desk_of(request).cookie_name)
    if not token:
        raise Denied("session.none")
    return token


async def fields_of(request: Request[Any, Any, Any], *, with_code: bool = False) -> dict[str, Fact]:
    """Every field of a request: its query, its form or its JSON, one text per name."""
    told_fields: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        told_fields.setdefault(f"?{name}", []).append(value)
    if request.method not in {"GET", "HEAD"}:
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/json"):
            body = await request.json()
            if not isinstance(body, dict):
                raise Invalid("http.invalid")
            for name, value in body.items():
                plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
                told_fields.setdefault(name, []).append(plain)
        elif kind.startswith("application/x-www-form-urlencoded"):
            for name, value in (await request.form()).multi_items():
                told_fields.setdefault(name, []).append(str(value))
    if len(told_fields) > limits.FIELDS_MAX:
        raise Invalid("http.invalid")
    return {
        name: "\x1f".join(values)
        for name, values in told_fields.items()
        if with_code or name not in NOT_HASHED
    }


async def own_fields(request: Request[Any, Any, Any]) -> tuple[tuple[str, str], ...]:
    """The fields of a form as they came, without those of a step-up."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/x-www-form-urlencoded"):
        return ()
    items = (await request.form()).multi_items()
    return tuple((name, str(value)) for name, value in items if name not in NOT_HASHED)


def is_locked_down(work: Work, tenant: TenantId, action: Action, resource: Resource) -> bool:
    """Whether a lockdown we know of forbids moving this door; the bank has the last word."""
    if action not in MOVES_A_DOOR or resource.node.bank is None:
        return False
    held = {
        one.scope: Lockdown(one.scope, one.since, one.reason)
        for one in incidents.lockdowns(work, tenant, bank=resource.node.bank)
    }
    return lockdown.holds(held, resource.node.compartment) is not None


def _no_role(you: You, action: Action, now: Instant) -> Denied:
    """Who runs the platform is told what he can do instead; anybody else only that he may not."""
    held = active(you.principal.bindings, now)
    if held and all(binding.node == PLATFORM for binding in held):
        return Denied("role.platform_only", action=action.value)
    return Denied("role.not_allowed", action=action.value)
