"""Subscriptions of other systems to what happens here, by Standard Webhooks.

What is told is an event as it stands in the log: ids, never a code, and no name of a person. A
call that waits holds only where that is: what was erased meanwhile is not told any more.
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from bayward.cloud.notify import store, webhook_store
from bayward.cloud.notify.service import CALL_JOB
from bayward.cloud.notify.store import Channel, Delivery, DeliveryId, State
from bayward.cloud.notify.webhook_store import Webhook, WebhookId
from bayward.cloud.storage import outbox
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, after
from bayward.core.errors import Invalid, LimitExceeded, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId

SECRET_BYTES = 32  # the specification asks for 24 to 64
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the specification marks a secret, not one
URL_CHARS_MAX = 500
WEBHOOKS_MAX = 20  # of one tenant: each event is a call to each
CALL_LIFE_MS = 4 * DAY_MS  # the whole ladder of retries


def create(
    work: Work, tenant: TenantId, *, url: str, events: tuple[str, ...], actor: PersonId
) -> tuple[WebhookId, str]:
    """Subscribe; gives the secret that signs the calls, which is shown this once."""
    _check(url, events)
    if len(webhook_store.webhooks(work.tx, tenant)) >= WEBHOOKS_MAX:
        raise LimitExceeded("webhook.limit", limit=WEBHOOKS_MAX)
    raw = work.ids.random(SECRET_BYTES)
    webhook = WebhookId(work.ids.new(WebhookId))
    kept = Webhook(
        id=webhook,
        url=url,
        events=events,
        secret=work.house.keys.seal(context(tenant, webhook), raw),
        is_enabled=True,
        created_by=actor,
        created_at=work.now,
    )
    webhook_store.insert(work.tx, tenant, kept)
    work.emit(
        Event(
            type=EventType.WEBHOOK_CREATED,
            time=work.now,
            actor=actor,
            subject=webhook,
            detail=urlsplit(url).hostname,
        ),
        tenant=tenant,
    )
    return webhook, SECRET_PREFIX + base64.b64encode(raw).decode()


def delete(work: Work, tenant: TenantId, webhook: WebhookId, *, actor: PersonId) -> None:
    """Unsubscribe; calls still to be made are dropped."""
    if not webhook_store.delete(work.tx, tenant, webhook):
        raise NotFound("webhook")
    work.emit(
        Event(type=EventType.WEBHOOK_DELETED, time=work.now, actor=actor, subject=webhook),
        tenant=tenant,
    )


def enable(work: Work, tenant: TenantId, webhook: WebhookId) -> None:
    """Call again a subscriber that had said it was gone."""
    if webhook_store.find(work.tx, tenant, webhook) is None:
        raise NotFound("webhook")
    values = {"is_enabled": True, "problem": None, "failing_since": None}
    webhook_store.update(work.tx, tenant, webhook, **values)


def webhooks(work: Work, tenant: TenantId) -> list[Webhook]:
    """All subscriptions."""
    return webhook_store.webhooks(work.tx, tenant)


def queue_calls(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Tell every subscriber of this type of event (a reaction)."""
    assert place is not None, "the log comes first"
    for webhook in webhook_store.webhooks(work.tx, tenant):
        is_wanted = not webhook.events or event.type.value in webhook.events
        if webhook.is_enabled and is_wanted:
            _queue(work, tenant, webhook, event, place)


def context(tenant: TenantId, webhook: str) -> str:
    """What a sealed secret is bound to."""
    return f"webhook.secret|{tenant}|{webhook}"


def _queue(work: Work, tenant: TenantId, webhook: Webhook, event: Event, place: Place) -> None:
    delivery = Delivery(
        id=work.ids.new(DeliveryId),
        channel=Channel.WEBHOOK,
        kind=event.type.value,
        address=webhook.id,
        person=None,
        subject=event.incident or event.parcel or event.bank,
        state=State.QUEUED,
        attempts=0,
        facts={"origin": place.origin, "index": place.index},
        created_at=work.now,
        not_after=after(work.now, CALL_LIFE_MS),
        next_at=work.now,
        sent_at=None,
        last_error=None,
    )
    store.insert_delivery(work.tx, tenant, delivery)
    payload: outbox.Payload = {"tenant": tenant, "delivery": delivery.id}
    work.enqueue(CALL_JOB, delivery.id, payload)


def _check(url: str, events: tuple[str, ...]) -> None:
    if len(url) > URL_CHARS_MAX:
        raise Invalid("webhook.url", why="length")
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        raise Invalid("webhook.url", why="form") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or not has_port:
        raise Invalid("webhook.url", why="form")
    if parts.username is not None or parts.fragment:
        raise Invalid("webhook.url", why="form")  # a password in an address ends up in logs
    known = {one.value for one in EventType}
    for event in events:
        if event not in known:
            raise Invalid("webhook.event", event=event[:40])
