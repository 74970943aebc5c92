"""SQL of what people prove themselves with: passwords, authenticators, links, sessions.

Tokens are kept as SHA-256 only, authenticator secrets sealed. A link or session is found by the
hash alone, because before a sign-in no tenant is known; the hash of 128 random bits is a key
nobody can guess.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import PersonId, TenantId
from bayward.core.policy import Aal


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    tenant: TenantId
    hash: bytes
    person: PersonId
    method: str
    aal: Aal
    created_at: Instant
    seen_at: Instant
    not_after: Instant
    step_up_for: str | None = None
    step_up_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that was sent to somebody."""

    tenant: TenantId
    person: PersonId
    not_after: Instant
    used_at: Instant | None


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Somebody's authenticator app; `secret` is sealed."""

    secret: bytes
    last_step: int
    failures: int
    paused_until: Instant | None
    confirmed_at: Instant | None


def insert_session(tx: sa.Connection, session: Session) -> None:
    """Somebody signed in."""
    tx.execute(
        s.session.insert().values(
            tenant=session.tenant,
            hash=session.hash,
            person=session.person,
            method=session.method,
            aal=int(session.aal),
            created_at=session.created_at,
            seen_at=session.seen_at,
            not_after=session.not_after,
            step_up_for=session.step_up_for,
            step_up_until=session.step_up_until,
        )
    )


def find_session(tx: sa.Connection, token_hash: bytes) -> Session | None:
    """The session of a cookie."""
    row = tx.execute(sa.select(s.session).where(s.session.c.hash == token_hash)).one_or_none()
    return None if row is None else _session(row)


def sessions_of(tx: sa.Connection, tenant: TenantId, person: PersonId) -> list[Session]:
    """Everywhere somebody is signed in, newest first."""
    mine = (s.session.c.tenant == tenant) & (s.session.c.person == person)
    rows = tx.execute(sa.select(s.session).where(mine).order_by(s.session.c.created_at.desc()))
    return [_session(row) for row in rows]


def touch_session(tx: sa.Connection, token_hash: bytes, now: Instant) -> None:
    """The browser asked for something."""
    tx.execute(s.session.update().where(s.session.c.hash == token_hash).values(seen_at=now))


def spend_step_up(tx: sa.Connection, token_hash: bytes) -> None:
    """A fresh factor is good for one request."""
    mine = s.session.update().where(s.session.c.hash == token_hash)
    tx.execute(mine.values(step_up_for=None, step_up_until=None))


def delete_session(tx: sa.Connection, token_hash: bytes) -> None:
    """Signed out."""
    tx.execute(s.session.delete().where(s.session.c.hash == token_hash))


def delete_sessions_of(tx: sa.Connection, tenant: TenantId, person: PersonId) -> int:
    """Signed out everywhere; returns from how many browsers."""
    mine = (s.session.c.tenant == tenant) & (s.session.c.person == person)
    return tx.execute(s.session.delete().where(mine)).rowcount


def insert_link(
    tx: sa.Connection, table: sa.Table, token_hash: bytes, link: Link, *, now: Instant
) -> None:
    """A link was made; `table` is `login_link` or `setup_link`."""
    tx.execute(
        table.insert().values(
            tenant=link.tenant,
            hash=token_hash,
            person=link.person,
            created_at=now,
            not_after=link.not_after,
        )
    )


def find_link(tx: sa.Connection, table: sa.Table, token_hash: bytes) -> Link | None:
    """The link of a token, used or not."""
    row = tx.execute(sa.select(table).where(table.c.hash == token_hash)).one_or_none()
    if row is None:
        return None
    used_at = None if row.used_at is None else Instant(row.used_at)
    return Link(TenantId(row.tenant), PersonId(row.person), Instant(row.not_after), used_at)


def use_link(tx: sa.Connection, table: sa.Table, token_hash: bytes, now: Instant) -> bool:
    """Use it up; False when somebody else was first."""
    unused = (table.c.hash == token_hash) & table.c.used_at.is_(None) & (table.c.not_after > now)
    return tx.execute(table.update().where(unused).values(used_at=now)).rowcount == 1


def void_links(
    tx: sa.Connection, table: sa.Table, tenant: TenantId, person: PersonId, now: Instant
) -> None:
    """A newer link makes the older ones worthless."""
    theirs = (table.c.tenant == tenant) & (table.c.person == person) & table.c.used_at.is_(None)
    tx.execute(table.update().where(theirs).values(used_at=now))


def password_hash(tx: sa.Connection, tenant: TenantId, person: PersonId) -> str | None:
    """The encoded hash."""
    mine = (s.password.c.tenant == tenant) & (s.password.c.person == person)
    return tx.execute(sa.select(s.password.c.hash).where(mine)).scalar_one_or_none()


def set_password(
    tx: sa.Connection, tenant: TenantId, person: PersonId, encoded: str, *, now: Instant
) -> None:
    """Replace the password."""
    mine = (s.password.c.tenant == tenant) & (s.password.c.person == person)
    tx.execute(s.password.delete().where(mine))
    tx.execute(
        s.password.insert().values(tenant=tenant, person=person, hash=encoded, changed_at=now)
    )


def authenticator(tx: sa.Connection, tenant: TenantId, person: PersonId) -> Authenticator | None:
    """The authenticator app, confirmed or not."""
    mine = (s.totp.c.tenant == tenant) & (s.totp.c.person == person)
    row = tx.execute(sa.select(s.totp).where(mine)).one_or_none()
    if row is None:
        return None
    paused = None if row.paused_until is None else Instant(row.paused_until)
    confirmed = None if row.confirmed_at is None else Instant(row.confirmed_at)
    return Authenticator(row.secret, row.last_step, row.failures, paused, confirmed)


def set_authenticator(
    tx: sa.Connection, tenant: TenantId, person: PersonId, app: Authenticator
) -> None:
    """Write it, whether there was one or not."""
    mine = (s.totp.c.tenant == tenant) & (s.totp.c.person == person)
    tx.execute(s.totp.delete().where(mine))
    tx.execute(
        s.totp.insert().values(
            tenant=tenant,
            person=person,
            secret=app.secret,
            last_step=app.last_step,
            failures=app.failures,
            paused_until=app.paused_until,
            confirmed_at=app.confirmed_at,
        )
    )


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        tenant=TenantId(row.tenant),
        hash=row.hash,
        person=PersonId(row.person),
        method=row.method,
        aal=Aal(row.aal),
        created_at=Instant(row.created_at),
        seen_at=Instant(row.seen_at),
        not_after=Instant(row.not_after),
        step_up_for=row.step_up_for,
        step_up_until=None if row.step_up_until is None else Instant(row.step_up_until),
    )
