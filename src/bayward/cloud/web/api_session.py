"""JSON API: signing in, and where I am signed in.

    POST /api/v1/sign-in        {email, password}  → a token that is half the way
    POST /api/v1/sign-in/code   {code}             → the session's token
    then `Authorization: Bearer <token>` with every call

A call that needs a fresh factor is answered 403 `step_up.missing`; make it again, unchanged, with
the header `Bayward-Code: <six digits>`. A new token comes back in `Bayward-Session`.
"""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from bayward.cloud.people import authn
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.api_types import CodeIn, Credentials, SessionOut, Token
from bayward.cloud.web.asking import NotSignedIn, You
from bayward.cloud.web.factors import with_code, with_password
from bayward.cloud.web.routes import AnyRequest, Asking, api, public_api
from bayward.core.policy import Action

NEEDS_CODE = "code"


@public_api("post", "/sign-in", "checks the password, slowly and not too often", status_code=200)
async def sign_in(request: AnyRequest, data: JSONBody[Credentials]) -> Token:
    """The first factor."""
    outcome = await with_password(request, data.email, data.password)
    return _token(outcome, NEEDS_CODE)


@public_api("post", "/sign-in/code", "needs the session of the first factor", status_code=200)
async def sign_in_code(request: AnyRequest, data: JSONBody[CodeIn]) -> Token:
    """The second factor."""
    return _token(await with_code(request, data.code), None)


@api("get", "/sessions", Action.SESSION_READ)
async def sessions(asker: Asking) -> list[SessionOut]:
    """Everywhere I am signed in."""

    def read(work: Work, you: You) -> list[SessionOut]:
        return [
            SessionOut(
                ref=authn.reference(one),
                method=one.method,
                created_at=one.created_at,
                seen_at=one.seen_at,
                until=one.not_after,
                is_this=you.session is not None and one.hash == you.session.hash,
            )
            for one in authn.all_of(work, you.tenant, you.person)
        ]

    return await asker.read(places.oneself, read)


@api("delete", "/sessions/{ref:str}", Action.SESSION_REVOKE)
async def end_session(asker: Asking, ref: FromPath[str]) -> None:
    """Sign out of one of them."""
    await asker.write(
        places.oneself, lambda work, you: authn.end_one(work, you.tenant, you.person, ref)
    )


def _token(outcome: SignedIn | Refused, needs: str | None) -> Token:
    if isinstance(outcome, Refused):
        raise NotSignedIn(outcome.code)
    return Token(token=outcome.token, until=outcome.session.not_after, needs=needs)
