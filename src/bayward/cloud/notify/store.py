"""SQL of deliveries and of the letters that wait to be opened by the sending worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import BankId, Id, PersonId, TenantId

Facts = Mapping[str, str | int | bool | None]


class DeliveryId(Id):
    """One message or call to one address; also its Message-ID or `webhook-id`."""

    __slots__ = ()
    prefix = "dlv"


class Channel(StrEnum):
    """The way a delivery takes."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class State(StrEnum):
    """Where a delivery is."""

    QUEUED = "queued"
    RETRYING = "retrying"
    SENT = "sent"
    DEAD = "dead"  # given up; can be tried again by hand
    EXPIRED = "expired"  # would only have confused: the thing is over


LIVE = (State.QUEUED.value, State.RETRYING.value)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message or call, and what became of it. `facts` never hold a code or a token."""

    id: DeliveryId
    channel: Channel
    kind: str  # which message, or the type of the event
    address: str  # e-mail address, or id of the webhook
    person: PersonId | None
    subject: str | None  # grant, incident, person or bank it is about
    state: State
    attempts: int
    facts: Facts
    created_at: Instant
    not_after: Instant
    next_at: Instant | None
    sent_at: Instant | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A sealed code from a bank; `kind` pickup (subject: a grant) or courier (a person)."""

    id: str
    bank: BankId
    kind: str
    subject: str
    sealed: bytes


def insert_delivery(tx: sa.Connection, tenant: TenantId, delivery: Delivery) -> None:
    """Add a delivery."""
    is_mail = delivery.channel is Channel.EMAIL
    row = {
        "tenant": tenant,
        "delivery": delivery.id,
        "channel": delivery.channel.value,
        "kind": delivery.kind,
        "address": delivery.address if is_mail else None,
        "webhook": None if is_mail else delivery.address,
        "person": delivery.person,
        "subject": delivery.subject,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "facts": json.dumps(dict(delivery.facts), separators=(",", ":")),
        "created_at": delivery.created_at,
        "not_after": delivery.not_after,
        "next_at": delivery.next_at,
        "sent_at": delivery.sent_at,
        "last_error": delivery.last_error,
    }
    tx.execute(s.delivery.insert().values(cells.sealed(tx, s.delivery, row)))


def update_delivery(tx: sa.Connection, tenant: TenantId, delivery: str, **values: object) -> None:
    """Change a delivery."""
    this = (s.delivery.c.tenant == tenant) & (s.delivery.c.delivery == delivery)
    tx.execute(s.delivery.update().where(this).values(**values))


def find_delivery(tx: sa.Connection, tenant: TenantId, delivery: str) -> Delivery | None:
    """A delivery of this tenant."""
    this = (s.delivery.c.tenant == tenant) & (s.delivery.c.delivery == delivery)
    row = tx.execute(sa.select(s.delivery).where(this)).mappings().one_or_none()
    return None if row is None else _delivery(tx, row)


def live_about(tx: sa.Connection, tenant: TenantId, subject: str) -> list[Delivery]:
    """Deliveries about something that are not over yet."""
    mine = (s.delivery.c.tenant == tenant) & (s.delivery.c.subject == subject)
    live = s.delivery.c.state.in_(LIVE)
    rows = tx.execute(sa.select(s.delivery).where(mine, live)).mappings()
    return [_delivery(tx, row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries to list; None: any."""

    channel: Channel | None = None
    states: tuple[State, ...] = ()
    subject: str | None = None
    webhook: str | None = None


def deliveries(
    tx: sa.Connection,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None,
    count: int,
) -> list[Delivery]:
    """Newest first, from below the cursor (`created_at`, `id`) of the page above."""
    query = sa.select(s.delivery).where(*_matches(tenant, wanted))
    if before is not None:
        cursor = sa.tuple_(s.delivery.c.created_at, s.delivery.c.delivery)
        query = query.where(cursor < before)
    newest = query.order_by(s.delivery.c.created_at.desc(), s.delivery.c.delivery.desc())
    return [_delivery(tx, row) for row in tx.execute(newest.limit(count)).mappings()]


def count(tx: sa.Connection, tenant: TenantId, wanted: Wanted) -> int:
    """How many there are."""
    query = sa.select(sa.func.count()).select_from(s.delivery)
    found: int = tx.execute(query.where(*_matches(tenant, wanted))).scalar_one()
    return found


def insert_letter(tx: sa.Connection, tenant: TenantId, letter: Letter, now: Instant) -> bool:
    """Keep a sealed letter; False when it is there already."""
    row = insert(s.letter).values(
        tenant=tenant,
        letter=letter.id,
        bank=letter.bank,
        kind=letter.kind,
        subject=letter.subject,
        sealed=letter.sealed,
        received_at=now,
    )
    return tx.execute(row.on_conflict_do_nothing()).rowcount == 1


def find_letter(tx: sa.Connection, tenant: TenantId, letter: str) -> Letter | None:
    """A letter that is still here."""
    this = (s.letter.c.tenant == tenant) & (s.letter.c.letter == letter)
    row = tx.execute(sa.select(s.letter).where(this)).one_or_none()
    if row is None:
        return None
    return Letter(row.letter, BankId(row.bank), row.kind, row.subject, row.sealed)


def delete_letter(tx: sa.Connection, tenant: TenantId, letter: str) -> None:
    """Forget a letter; the database overwrites it."""
    this = (s.letter.c.tenant == tenant) & (s.letter.c.letter == letter)
    tx.execute(s.letter.delete().where(this))


def delete_letters_about(tx: sa.Connection, tenant: TenantId, bank: str, subject: str) -> int:
    """Forget what a bank has sealed for a grant or a courier."""
    mine = (s.letter.c.tenant == tenant) & (s.letter.c.subject == subject)
    return tx.execute(s.letter.delete().where(mine, s.letter.c.bank == bank)).rowcount


def _matches(tenant: TenantId, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    table = s.delivery.c
    told = [table.tenant == tenant]
    if wanted.channel is not None:
        told.append(table.channel == wanted.channel.value)
    if wanted.states:
        told.append(table.state.in_([state.value for state in wanted.states]))
    if wanted.subject is not None:
        told.append(table.subject == wanted.subject)
    if wanted.webhook is not None:
        told.append(table.webhook == wanted.webhook)
    return told


def _delivery(tx: sa.Connection, row: sa.RowMapping) -> Delivery:
    told = cells.opened(tx, s.delivery, row)
    return Delivery(
        id=DeliveryId(told["delivery"]),
        channel=Channel(told["channel"]),
        kind=told["kind"],
        address=told["webhook"] or told["address"],
        person=None if told["person"] is None else PersonId(told["person"]),
        subject=told["subject"],
        state=State(told["state"]),
        attempts=told["attempts"],
        facts=json.loads(told["facts"]),
        created_at=told["created_at"],
        not_after=told["not_after"],
        next_at=told["next_at"],
        sent_at=told["sent_at"],
        last_error=told["last_error"],
    )
