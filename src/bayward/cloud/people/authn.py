"""Who asks: sessions, and the fresh factor one action may need.

What a face gets wrong about a person it gets wrong here or nowhere. Functions that record a
refusal return `Refused` instead of raising it: an exception would undo the transaction, and the
count of failures with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bayward.cloud.people import service, sessions, totp
from bayward.cloud.people import sign_in_store as store
from bayward.cloud.people.sessions import SessionRules
from bayward.cloud.people.sign_in_store import Authenticator, Session
from bayward.cloud.people.store import PersonState
from bayward.cloud.people.store import seen as person_seen
from bayward.cloud.people.totp import Totp
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS, Instant, after
from bayward.core.errors import Denied, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.policy import Aal

LINK = "link"  # methods of signing in, as in `sign_in.succeeded`
PASSWORD = "password"  # noqa: S105 - the name of a method
TOTP = "totp"
HALF_WAY_MS = 10 * MINUTE_MS  # between the password and the second factor
SEEN_EVERY_MS = MINUTE_MS  # a session is marked as used no more often than this
REF_CHARS = 16


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and the text for its cookie, which is told this once."""

    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and it is recorded; `code` is for the person."""

    code: str


def session_of(work: Work, token: str) -> Session:
    """The live session of a cookie; raises `Denied("session.…")`."""
    found = store.find_session(work.tx, sessions.hash_of(token))
    if found is None:
        raise Denied("session.unknown")
    check(work, found)
    return found


def check(work: Work, session: Session) -> None:
    """Raise `Denied` unless the session lives and its person may still sign in."""
    if work.now >= session.not_after:
        raise Denied("session.over")
    sessions.check_live(
        _rules(session), created_at=session.created_at, seen_at=session.seen_at, now=work.now
    )
    if service.get(work, session.tenant, session.person).state is PersonState.DISABLED:
        raise Denied("session.unknown")


def is_stale(session: Session, now: Instant) -> bool:
    """Whether `touch` has something to write."""
    return now - session.seen_at >= SEEN_EVERY_MS


def touch(work: Work, session: Session) -> None:
    """The browser has asked for something."""
    store.touch_session(work.tx, session.hash, work.now)
    person_seen(work.tx, session.tenant, session.person, work.now)


def begin(
    work: Work, tenant: TenantId, person: PersonId, *, method: str, aal: Aal, life_ms: int
) -> SignedIn:
    """A new session; whatever cookie the browser had before means nothing."""
    token, token_hash = sessions.draw_token(work.ids.random)
    session = Session(
        tenant=tenant,
        hash=token_hash,
        person=person,
        method=method,
        aal=aal,
        created_at=work.now,
        seen_at=work.now,
        not_after=after(work.now, life_ms),
    )
    store.insert_session(work.tx, session)
    return SignedIn(token, session)


def end(work: Work, session: Session) -> None:
    """Sign out of this browser."""
    store.delete_session(work.tx, session.hash)


def all_of(work: Work, tenant: TenantId, person: PersonId) -> list[Session]:
    """Everywhere somebody is signed in."""
    return store.sessions_of(work.tx, tenant, person)


def reference(session: Session) -> str:
    """What names a session in an address; of no use as a cookie."""
    return session.hash.hex()[:REF_CHARS]


def end_one(work: Work, tenant: TenantId, person: PersonId, ref: str) -> None:
    """Sign somebody out of one browser; raises `NotFound`."""
    for session in store.sessions_of(work.tx, tenant, person):
        if reference(session) == ref:
            store.delete_session(work.tx, session.hash)
            return
    raise NotFound("session")


def step_up(
    work: Work, session: Session, code: str, *, action: str, challenge: bytes
) -> SignedIn | Refused:
    """A fresh second factor for one action; the session gets a new cookie.

    `challenge` is the `sessions.action_hash` of the request as it will be done.
    """
    if not prove(work, session.tenant, session.person, code):
        told_refused(work, session.tenant, TOTP, "step_up.refused", session.person)
        return Refused("totp.wrong")
    token, token_hash = sessions.draw_token(work.ids.random)
    fresh = replace(
        session,
        hash=token_hash,
        seen_at=work.now,
        step_up_for=challenge.hex(),
        step_up_until=after(work.now, sessions.STEP_UP_MS),
    )
    store.delete_session(work.tx, session.hash)
    store.insert_session(work.tx, fresh)
    event = Event(
        type=EventType.STEP_UP_PASSED,
        time=work.now,
        actor=session.person,
        method=TOTP,
        detail=action,
    )
    work.emit(event, tenant=session.tenant)
    return SignedIn(token, fresh)


def is_stepped_up(session: Session, challenge: bytes, now: Instant) -> bool:
    """Whether the fresh factor this session holds is for this very action."""
    if session.step_up_for is None or session.step_up_until is None:
        return False
    try:
        sessions.check_step_up(
            bytes.fromhex(session.step_up_for),
            after(session.step_up_until, -sessions.STEP_UP_MS),
            action=challenge,
            now=now,
        )
    except Denied:
        return False
    return True


def spend_step_up(work: Work, session: Session) -> None:
    """It was good for one request, and this was it."""
    store.spend_step_up(work.tx, session.hash)


def prove(work: Work, tenant: TenantId, person: PersonId, code: str) -> bool:
    """Whether this is a code of somebody's authenticator that was not used before."""
    app = store.authenticator(work.tx, tenant, person)
    if app is None or app.confirmed_at is None:
        return False
    secret = work.house.keys.unseal(seal_context(tenant, person), app.secret)
    state, is_right = totp.verify(
        Totp(secret, app.last_step, app.failures, app.paused_until), code, work.now
    )
    kept = Authenticator(
        app.secret, state.last_step, state.failures, state.paused_until, app.confirmed_at
    )
    store.set_authenticator(work.tx, tenant, person, kept)
    return is_right


def seal_context(tenant: TenantId, person: PersonId) -> str:
    """What an authenticator's secret is sealed for."""
    return f"totp.secret|{tenant}|{person}"


def told_refused(
    work: Work, tenant: TenantId, method: str, reason: str, person: PersonId | None
) -> None:
    """A refusal, into the log."""
    event = Event(
        type=EventType.SIGN_IN_REFUSED,
        time=work.now,
        method=method,
        reason=reason,
        subject=person,
    )
    work.emit(event, tenant=tenant)


def told_succeeded(work: Work, tenant: TenantId, method: str, person: PersonId) -> None:
    """Somebody is in."""
    event = Event(type=EventType.SIGN_IN_SUCCEEDED, time=work.now, actor=person, method=method)
    work.emit(event, tenant=tenant)


def _rules(session: Session) -> SessionRules:
    return sessions.RESIDENT if session.method == LINK else sessions.STAFF
