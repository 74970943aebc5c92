"""Signing in: password and authenticator for staff, a link by e-mail for residents.

Nothing here tells a stranger whether an address is known. A password is compared outside the
transaction (it takes 100 ms on purpose): `candidates` reads what to compare with, the caller
compares, `password_was` writes down how it ended, in one log or the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bayward.cloud.people import authn, service, sessions, store
from bayward.cloud.people import sign_in_store as keys
from bayward.cloud.people.authn import LINK, PASSWORD, TOTP, Refused, SignedIn
from bayward.cloud.people.sign_in_store import Link, Session
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS, after
from bayward.core.errors import Denied, Invalid, NotFound
from bayward.core.ids import PersonId, TenantId, base32, from_base32
from bayward.core.policy import Aal
from bayward.core.roles import Role, active

LINK_MS = 15 * MINUTE_MS  # long enough for slow mail, short enough for a lost phone
LINK_BYTES = 16
CANDIDATES_MAX = 3  # tenants that know one address; each costs a hash


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the one signing in, with what is kept of the password."""

    person: Person
    stored: str


def candidates(work: Work, email: str) -> list[Candidate]:
    """Who could sign in with this address and a password."""
    told = []
    for person in store.with_email(work.tx, email)[:CANDIDATES_MAX]:
        stored = keys.password_hash(work.tx, person.tenant, person.person)
        if stored is not None and person.state is PersonState.ACTIVE:
            told.append(Candidate(person, stored))
    return told


def password_was_right(work: Work, person: Person, replacement: str | None) -> SignedIn:
    """Half way: a session that may show the second factor and nothing else."""
    if replacement is not None:
        keys.set_password(work.tx, person.tenant, person.person, replacement, now=work.now)
    return authn.begin(
        work,
        person.tenant,
        person.person,
        method=PASSWORD,
        aal=Aal.ONE,
        life_ms=authn.HALF_WAY_MS,
    )


def password_was_wrong(work: Work, person: Person | None) -> None:
    """Into the log of the tenant, or of the platform when nobody is known by this address."""
    tenant = service.PLATFORM_TENANT if person is None else person.tenant
    subject = None if person is None else person.person
    authn.told_refused(work, tenant, PASSWORD, "sign_in.refused", subject)


def with_code(work: Work, half: Session, code: str) -> SignedIn | Refused:
    """The second factor; the session of the first is over either way it succeeds."""
    if not authn.prove(work, half.tenant, half.person, code):
        authn.told_refused(work, half.tenant, TOTP, "totp.wrong", half.person)
        return Refused("totp.wrong")
    authn.end(work, half)
    signed_in = authn.begin(
        work,
        half.tenant,
        half.person,
        method=TOTP,
        aal=Aal.TWO,
        life_ms=sessions.STAFF.absolute_ms,
    )
    _arrived(work, half.tenant, half.person, TOTP)
    return signed_in


def residents_with(work: Work, email: str) -> list[Person]:
    """Who gets a link when this address asks for one: residents, never staff."""
    told = []
    for person in store.with_email(work.tx, email)[:CANDIDATES_MAX]:
        held = active(store.bindings_of(work.tx, person.tenant, person.person), work.now)
        roles = {binding.role for binding in held}
        if roles == {Role.RESIDENT} and person.state is not PersonState.DISABLED:
            told.append(person)
    return told


def mint_link(work: Work, tenant: TenantId, person: PersonId) -> str:
    """A new link for somebody; older ones are void. Only its hash is kept."""
    keys.void_links(work.tx, s.login_link, tenant, person, work.now)
    raw = work.ids.random(LINK_BYTES)
    link = Link(tenant, person, after(work.now, LINK_MS), None)
    keys.insert_link(work.tx, s.login_link, hash_of(raw), link, now=work.now)
    return base32(raw)


def follow_link(work: Work, token: str) -> Link:
    """What a link leads to; reads only, so that whoever previews it uses nothing up.

    Raises `NotFound("link")` when it is unknown, used or too old.
    """
    found = keys.find_link(work.tx, s.login_link, token_hash(token))
    if found is None or found.used_at is not None or work.now >= found.not_after:
        raise NotFound("link")
    return found


def with_link(work: Work, token: str) -> SignedIn | Refused:
    """Sign in by a link, once."""
    digest = token_hash(token)
    found = keys.find_link(work.tx, s.login_link, digest)
    if found is None:
        return Refused("link")
    if not keys.use_link(work.tx, s.login_link, digest, work.now):
        authn.told_refused(work, found.tenant, LINK, "link.used_or_expired", found.person)
        return Refused("link")
    if service.get(work, found.tenant, found.person).state is PersonState.DISABLED:
        authn.told_refused(work, found.tenant, LINK, "person.disabled", found.person)
        return Refused("link")
    signed_in = authn.begin(
        work,
        found.tenant,
        found.person,
        method=LINK,
        aal=Aal.ONE,
        life_ms=sessions.RESIDENT.absolute_ms,
    )
    _arrived(work, found.tenant, found.person, LINK)
    return signed_in


def hash_of(raw: bytes) -> bytes:
    """What is kept of a link's token."""
    return hashlib.sha256(raw).digest()


def token_hash(token: str) -> bytes:
    """The hash of a token as it stands in an address; raises `NotFound("link")`."""
    try:
        return hash_of(from_base32(token, LINK_BYTES))
    except Invalid:
        raise NotFound("link") from None


def require_half_way(session: Session) -> Session:
    """The session of somebody between password and code; raises `Denied`."""
    if session.method != PASSWORD:
        raise Denied("session.unknown")
    return session


def _arrived(work: Work, tenant: TenantId, person_id: PersonId, method: str) -> None:
    person = service.get(work, tenant, person_id)
    if person.state is PersonState.INVITED:
        service.activate(work, person)
    store.seen(work.tx, tenant, person_id, work.now)
    authn.told_succeeded(work, tenant, method, person_id)
