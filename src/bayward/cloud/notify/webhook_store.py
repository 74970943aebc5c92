"""SQL of webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.storage.schema import webhook as table
from bayward.core.clock import Instant
from bayward.core.ids import Id, PersonId, TenantId

_ALL = (  # asked for by nearly every event, hence built once
    sa.select(table)
    .where(table.c.tenant == sa.bindparam("tenant"))
    .order_by(table.c.created_at, table.c.webhook)
)


class WebhookId(Id):
    """One subscription."""

    __slots__ = ()
    prefix = "whk"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to call for which events (none: for all that can be told); `secret` is sealed."""

    id: WebhookId
    url: str
    events: tuple[str, ...]
    secret: bytes
    is_enabled: bool
    created_by: PersonId
    created_at: Instant
    last_ok_at: Instant | None = None
    failing_since: Instant | None = None
    problem: str | None = None


def insert(tx: sa.Connection, tenant: TenantId, webhook: Webhook) -> None:
    """Add a subscription."""
    tx.execute(
        table.insert().values(
            tenant=tenant,
            webhook=webhook.id,
            url=webhook.url,
            events=json.dumps(webhook.events),
            secret=webhook.secret,
            is_enabled=webhook.is_enabled,
            created_by=webhook.created_by,
            created_at=webhook.created_at,
        )
    )


def update(tx: sa.Connection, tenant: TenantId, webhook: str, **values: object) -> None:
    """Change a subscription."""
    this = (table.c.tenant == tenant) & (table.c.webhook == webhook)
    tx.execute(table.update().where(this).values(**values))


def delete(tx: sa.Connection, tenant: TenantId, webhook: str) -> bool:
    """Take a subscription out."""
    this = (table.c.tenant == tenant) & (table.c.webhook == webhook)
    return tx.execute(table.delete().where(this)).rowcount == 1


def find(tx: sa.Connection, tenant: TenantId, webhook: str) -> Webhook | None:
    """A subscription of this tenant."""
    this = (table.c.tenant == tenant) & (table.c.webhook == webhook)
    row = tx.execute(sa.select(table).where(this)).one_or_none()
    return None if row is None else _webhook(row)


def webhooks(tx: sa.Connection, tenant: TenantId) -> list[Webhook]:
    """All subscriptions of a tenant, oldest first."""
    return [_webhook(row) for row in tx.execute(_ALL, {"tenant": tenant})]


def _webhook(row: sa.Row[tuple[object, ...]]) -> Webhook:
    return Webhook(
        id=WebhookId(row.webhook),
        url=row.url,
        events=tuple(json.loads(row.events)),
        secret=row.secret,
        is_enabled=row.is_enabled,
        created_by=PersonId(row.created_by),
        created_at=row.created_at,
        last_ok_at=row.last_ok_at,
        failing_since=row.failing_since,
        problem=row.problem,
    )
