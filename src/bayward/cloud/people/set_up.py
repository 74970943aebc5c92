"""How a member of staff gets an account: a link, a password, an authenticator.

The first administrator gets a link that the program prints on its first start; everybody else
one by e-mail. There is no default password and none is ever sent: until the link is used up by
the first right code, nobody can sign in; from then on the link is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud.people import authn, service, sessions, sign_in, store, totp
from bayward.cloud.people import sign_in_store as keys
from bayward.cloud.people.authn import TOTP, Refused, SignedIn
from bayward.cloud.people.details import Details
from bayward.cloud.people.sign_in_store import Authenticator, Link
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.people.totp import Totp
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import HOUR_MS, after
from bayward.core.errors import NotFound
from bayward.core.ids import PersonId, TenantId, base32
from bayward.core.policy import Aal
from bayward.core.roles import Role, active

LINK_MS = 72 * HOUR_MS  # a weekend


@dataclass(frozen=True, slots=True)
class SetUp:
    """Who is setting up an account, and as what."""

    person: Person
    role: Role
    tenant_name: str


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An authenticator that is not confirmed yet; shown as a QR picture, once."""

    secret: bytes
    otpauth: str


def mint_link(work: Work, tenant: TenantId, person: PersonId) -> str:
    """A new link for somebody; older ones are void. Only its hash is kept."""
    keys.void_links(work.tx, s.setup_link, tenant, person, work.now)
    raw = work.ids.random(sign_in.LINK_BYTES)
    link = Link(tenant, person, after(work.now, LINK_MS), None)
    keys.insert_link(work.tx, s.setup_link, sign_in.hash_of(raw), link, now=work.now)
    return base32(raw)


def follow_link(work: Work, token: str) -> SetUp:
    """Whose link this is; raises `NotFound("link")` when it is unknown, used or too old."""
    link = _link(work, token)
    person = service.get(work, link.tenant, link.person)
    held = active(store.bindings_of(work.tx, link.tenant, link.person), work.now)
    roles = sorted((binding.role for binding in held), key=lambda role: role.rank)
    return SetUp(
        person=person,
        role=roles[-1] if roles else Role.RESIDENT,
        tenant_name=store.tenant_name(work.tx, link.tenant),
    )


def choose(work: Work, token: str, *, name: str, email: str, encoded: str) -> NewSecret:
    """The first step: who I am and my password (already hashed); draws the secret of the second.

    May be done again until the second step has succeeded; each time draws another secret.
    """
    link = _link(work, token)
    person = service.get(work, link.tenant, link.person)
    details = Details(
        name=name,
        email=email,
        phone=person.phone,
        unit=person.unit,
        site=person.site,
        language=person.language,
        needs_low=person.needs_low,
    )
    service.change(work, link.tenant, link.person, link.person, details)
    keys.set_password(work.tx, link.tenant, link.person, encoded, now=work.now)
    secret = totp.draw_secret(work.ids.random)
    sealed = work.house.keys.seal(authn.seal_context(link.tenant, link.person), secret)
    app = Authenticator(sealed, last_step=-1, failures=0, paused_until=None, confirmed_at=None)
    keys.set_authenticator(work.tx, link.tenant, link.person, app)
    return _told(work, link, secret)


def pending(work: Work, token: str) -> NewSecret:
    """The secret drawn by the first step; raises `NotFound("link")` before it."""
    link = _link(work, token)
    app = keys.authenticator(work.tx, link.tenant, link.person)
    if app is None or app.confirmed_at is not None:
        raise NotFound("link")
    context = authn.seal_context(link.tenant, link.person)
    return _told(work, link, work.house.keys.unseal(context, app.secret))


def confirm(work: Work, token: str, code: str) -> SignedIn | Refused:
    """The second step: a right code uses the link up and signs in."""
    link = _link(work, token)
    app = keys.authenticator(work.tx, link.tenant, link.person)
    if app is None or app.confirmed_at is not None:
        raise NotFound("link")
    secret = work.house.keys.unseal(authn.seal_context(link.tenant, link.person), app.secret)
    state, is_right = totp.verify(
        Totp(secret, app.last_step, app.failures, app.paused_until), code, work.now
    )
    confirmed_at = work.now if is_right else None
    kept = Authenticator(
        app.secret, state.last_step, state.failures, state.paused_until, confirmed_at
    )
    keys.set_authenticator(work.tx, link.tenant, link.person, kept)
    if not is_right:
        authn.told_refused(work, link.tenant, TOTP, "totp.wrong", link.person)
        return Refused("totp.wrong")
    if not keys.use_link(work.tx, s.setup_link, sign_in.token_hash(token), work.now):
        raise NotFound("link")
    service.activate(work, service.get(work, link.tenant, link.person))
    keys.delete_sessions_of(work.tx, link.tenant, link.person)
    store.seen(work.tx, link.tenant, link.person, work.now)
    authn.told_succeeded(work, link.tenant, TOTP, link.person)
    return authn.begin(
        work,
        link.tenant,
        link.person,
        method=TOTP,
        aal=Aal.TWO,
        life_ms=sessions.STAFF.absolute_ms,
    )


def _link(work: Work, token: str) -> Link:
    found = keys.find_link(work.tx, s.setup_link, sign_in.token_hash(token))
    if found is None or found.used_at is not None or work.now >= found.not_after:
        raise NotFound("link")
    if service.get(work, found.tenant, found.person).state is PersonState.DISABLED:
        raise NotFound("link")
    return found


def _told(work: Work, link: Link, secret: bytes) -> NewSecret:
    person = service.get(work, link.tenant, link.person)
    account = person.email or person.name
    return NewSecret(secret, totp.otpauth_uri(secret, issuer=work.house.name, account=account))
