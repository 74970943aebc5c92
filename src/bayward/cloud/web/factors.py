"""The two factors of staff, for pages and programs alike.

Passwords are compared outside the event loop and outside any transaction; an address that
nobody has costs the same hash, the same write and the same words as a wrong password.
"""

from __future__ import annotations

import asyncio

from bayward.cloud.keyring.cells import folded
from bayward.cloud.people import authn, sign_in
from bayward.cloud.people import service as people
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.people.passwords import Verdict
from bayward.cloud.people.sign_in import Candidate
from bayward.cloud.people.sign_in_store import Session
from bayward.cloud.people.store import Person
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.asking import token_of
from bayward.cloud.web.routes import AnyRequest
from bayward.cloud.web.state import Desk, address_of, desk_of

REFUSED = "sign_in.refused"


async def with_password(request: AnyRequest, email: str, password: str) -> SignedIn | Refused:
    """The first factor: a session that is good for the second one and nothing else.

    Raises `LimitExceeded` when an account or an address is tried too often.
    """
    desk = desk_of(request)
    desk.limiter.spend(limits.SIGN_IN, "sign_in", folded(email))
    desk.limiter.spend(limits.SIGN_IN_FROM, "sign_in_from", address_of(request))
    found = await desk.unit.read(lambda work: sign_in.candidates(work, email))
    for candidate in found:
        verdict = await _compared(desk, candidate, password)
        if verdict.is_right:
            return await _half_way(desk, candidate.person, verdict.replacement)
    if not found:
        await _compared(desk, None, password)
    person = found[0].person if found else None
    await desk.unit.write(lambda work: sign_in.password_was_wrong(work, person))
    return Refused(REFUSED)


async def with_code(request: AnyRequest, code: str) -> SignedIn | Refused:
    """The second factor; raises `Denied` without the session of the first."""
    desk = desk_of(request)
    token = token_of(request)
    desk.limiter.spend(limits.CODE, "code", token)

    def show(work: Work) -> SignedIn | Refused:
        half = sign_in.require_half_way(authn.session_of(work, token))
        return sign_in.with_code(work, half, code.strip())

    return await desk.unit.write(show)


async def half_way_email(request: AnyRequest) -> str:
    """Who is half way in; raises `Denied` when nobody is."""
    token = token_of(request)

    def find(work: Work) -> str:
        half = sign_in.require_half_way(authn.session_of(work, token))
        return email_of(work, half)

    return await desk_of(request).unit.read(find)


def email_of(work: Work, session: Session) -> str:
    """The address of whoever is signed in."""
    return people.get(work, session.tenant, session.person).email or ""


async def _compared(desk: Desk, candidate: Candidate | None, password: str) -> Verdict:
    stored = None if candidate is None else candidate.stored
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(desk.hashing, desk.passwords.verify, stored, password)


async def _half_way(desk: Desk, person: Person, replacement: str | None) -> SignedIn:
    return await desk.unit.write(lambda work: sign_in.password_was_right(work, person, replacement))
