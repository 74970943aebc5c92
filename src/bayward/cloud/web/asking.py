"""Somebody asks for something: the policy is asked in the very transaction that does it.

Handlers reach the database only through an `Asker`. It finds the session of the cookie, the
person's roles and the facts of the thing, asks `core.policy`, and runs the handler's function in
the same transaction; nothing can change between the decision and the act. A refusal is recorded
in a transaction of its own, because the first one is undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from litestar import Request

from bayward.cloud.incidents import service as incidents
from bayward.cloud.people import authn, sessions
from bayward.cloud.people import service as people
from bayward.cloud.people.authn import Refused
from bayward.cloud.people.sign_in_store import Session
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.places import Locate
from bayward.cloud.web.shield import cookies_of
from bayward.cloud.web.state import desk_of, told
from bayward.core import lockdown
from bayward.core.clock import Instant
from bayward.core.errors import Denied, Fact, Invalid, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.lockdown import Lockdown
from bayward.core.policy import (
    MOVES_A_DOOR,
    Action,
    Allow,
    Context,
    Deny,
    Principal,
    Resource,
    Step,
    decide,
    may_ever,
)

T = TypeVar("T")

BEARER = "Bearer "
NOT_HASHED = {"code", "next"}  # the factor itself, and where the browser goes afterwards


class SecondFactorNeeded(Denied):
    """Raised when somebody has shown one factor and needs two."""


class StepUpNeeded(Denied):
    """Raised when this very request needs a fresh factor; `challenge` names the request."""

    def __init__(self, action: Action, challenge: bytes) -> None:
        super().__init__("step_up.needed", action=action.value)
        self.action = action
        self.challenge = challenge


class StepUpRefused(Denied):
    """Raised when the code that came with a request is not right."""


@dataclass(frozen=True, slots=True)
class You:
    """Who asks, for the function that does it."""

    tenant: TenantId
    person: PersonId
    principal: Principal
    session: Session


class Asker:
    """One request by somebody for one action."""

    def __init__(self, request: Request[Any, Any, Any], action: Action) -> None:
        self.request = request
        self.action = action
        self.desk = desk_of(request)
        self.now: Instant = self.desk.clock.now()
        self._token = token_of(request)
        self._challenge: bytes | None = None

    async def read(self, at: Locate, function: Callable[[Work, You], T]) -> T:
        """Do it on a snapshot, if it may be done."""
        return await self._asked(at, function, is_write=False)

    async def write(self, at: Locate, function: Callable[[Work, You], T]) -> T:
        """Do it in a transaction, if it may be done."""
        return await self._asked(at, function, is_write=True)

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
        told(self.request).cookie = outcome.token

    async def challenge(self) -> bytes:
        """What a step-up for this request signs: action, method, address, every field."""
        if self._challenge is None:
            scope = self.request.scope
            self._challenge = sessions.action_hash(
                self.action.value,
                f"{scope['method']} {scope['path']}",
                await fields_of(self.request),
            )
        return self._challenge

    async def _asked(self, at: Locate, function: Callable[[Work, You], T], *, is_write: bool) -> T:
        challenge = await self.challenge()

        def run(work: Work) -> tuple[T, Session]:
            you = self._decided(work, at, challenge)
            result = function(work, you)
            if is_write and you.session.step_up_for is not None:
                authn.spend_step_up(work, you.session)
            return result, you.session

        unit = self.desk.unit
        try:
            result, session = await (unit.write(run) if is_write else unit.read(run))
        except StepUpNeeded:
            code = (await fields_of(self.request, with_code=True)).get("code")
            if not is_write or not code:
                raise
            await self.step_up(str(code), self.action, challenge)
            result, session = await unit.write(run)
        except (SecondFactorNeeded, StepUpRefused):
            raise
        except Denied as error:
            await self._told_denied(error)
            raise
        if authn.is_stale(session, self.now):
            await unit.write(lambda work: authn.touch(work, session))
        return result

    def _decided(self, work: Work, at: Locate, challenge: bytes) -> You:
        session = authn.session_of(work, self._token)
        principal = people.principal(work, session.tenant, session.person)
        told(self.request).is_decided = True
        if not may_ever(principal, self.action, work.now):
            raise Denied("role.not_allowed", action=self.action.value)
        resource = at(work, session.tenant, session.person)
        context = Context(
            now=work.now,
            aal=session.aal,
            is_stepped_up=authn.is_stepped_up(session, challenge, work.now),
            is_locked_down=is_locked_down(work, session.tenant, self.action, resource),
        )
        self._check(principal, resource, context, challenge)
        return You(session.tenant, session.person, principal, session)

    def _check(
        self, principal: Principal, resource: Resource, context: Context, challenge: bytes
    ) -> None:
        decision = decide(principal, self.action, resource, context)
        if isinstance(decision, Allow):
            return
        if isinstance(decision, Deny):
            if decision.reason == "tenant.foreign":
                raise NotFound("thing")
            raise Denied(decision.reason, action=self.action.value)
        if decision.step is Step.SECOND_FACTOR:
            raise SecondFactorNeeded("second_factor.needed")
        raise StepUpNeeded(self.action, challenge)

    async def _told_denied(self, error: Denied) -> None:
        """Into the log, as long as it is not somebody knocking without end."""
        if error.code.startswith("session."):
            return

        def tell(work: Work) -> None:
            session = authn.session_of(work, self._token)
            self.desk.limiter.spend(limits.DENIED_FOR, "denied", session.person)
            event = Event(
                type=EventType.ACTION_DENIED,
                time=work.now,
                actor=session.person,
                detail=self.action.value,
                reason=error.code,
            )
            work.emit(event, tenant=session.tenant)

        await self.desk.unit.write(tell)


def token_of(request: Request[Any, Any, Any]) -> str:
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


def is_locked_down(work: Work, tenant: TenantId, action: Action, resource: Resource) -> bool:
    """Whether a lockdown we know of forbids moving this door; the bank has the last word."""
    if action not in MOVES_A_DOOR or resource.node.bank is None:
        return False
    held = {
        one.scope: Lockdown(one.scope, one.since, one.reason)
        for one in incidents.lockdowns(work, tenant, bank=resource.node.bank)
    }
    return lockdown.holds(held, resource.node.compartment) is not None
