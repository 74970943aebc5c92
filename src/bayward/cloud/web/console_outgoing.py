"""What leaves the house: webhooks, and every message with what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.notify import service as notifications
from bayward.cloud.notify import webhooks
from bayward.cloud.notify.store import Channel, Delivery, DeliveryId, State, Wanted
from bayward.cloud.notify.webhook_store import Webhook, WebhookId
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify, shell
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.errors import Invalid, LimitExceeded
from bayward.core.events import EventType
from bayward.core.ids import TenantId
from bayward.core.policy import Action
from bayward.ui.views.base import FieldProblem, Say
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.console_admin import (
    DeliveryRow,
    DeliveryState,
    Notifications,
    WebhookRow,
    Webhooks,
)

ROWS = 50
CALLS_SHOWN = 20
AGAIN = 422
URL_CHARS_MAX = 600
SHOWN = {
    State.QUEUED: DeliveryState.QUEUED,
    State.RETRYING: DeliveryState.RETRYING,
    State.SENT: DeliveryState.SENT,
    State.DEAD: DeliveryState.DEAD,
    State.EXPIRED: DeliveryState.DEAD,
}
LISTS: dict[str, tuple[State, ...]] = {
    "all": (),
    "delivered": (State.SENT,),
    "retrying": (State.QUEUED, State.RETRYING),
    "dead": (State.DEAD, State.EXPIRED),
}


class WebhookFields(Struct, frozen=True):
    """A new subscription; no events means all."""

    url: Annotated[str, Meta(max_length=URL_CHARS_MAX)] = ""
    events: list[str] | str = []


@show("/console/webhooks", Action.WEBHOOK_READ)
async def hooks(asker: Asking) -> Response[str]:
    """All subscriptions."""
    return await console(asker, places.everything, lambda words, _, frame: _webhooks(words, frame))


@do("/console/webhooks/new", Action.WEBHOOK_CREATE)
async def subscribe(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[WebhookFields]
) -> Response[str]:
    """Subscribe; the secret that signs the calls is shown this once."""
    wanted = (data.events,) if isinstance(data.events, str) else tuple(data.events)

    def take(work: Work, you: You) -> Webhooks:
        ref, secret = webhooks.create(
            work, you.tenant, url=data.url.strip(), events=wanted, actor=you.person
        )
        words = Words(work, you.tenant)
        view = _webhooks(words, shell(words, you))
        rows = [replace(one, secret_once=secret) if one.ref == ref else one for one in view.rows]
        return replace(view, rows=tuple(rows))

    try:
        view = await asker.write(
            places.everything, take, lambda _, __: Say("add_webhook", {"url": data.url[:80]})
        )
    except (Invalid, LimitExceeded) as error:
        field = "events" if error.code == "webhook.event" else "url"
        problem = FieldProblem(field, error.code, error.facts)
        return await console(
            asker.also(Action.WEBHOOK_READ),
            places.everything,
            lambda words, _, frame: _webhooks(words, frame, data.url, (problem,)),
            status=AGAIN,
        )
    return page(request, view)


@do("/console/webhooks/{webhook:str}/delete", Action.WEBHOOK_DELETE)
async def unsubscribe(request: AnyRequest, asker: Asking, webhook: FromPath[str]) -> Redirect:
    """No more calls."""
    ref = places.parse(WebhookId, webhook)
    await asker.write(
        places.everything,
        lambda work, you: webhooks.delete(work, you.tenant, ref, actor=you.person),
        lambda _, __: Say("remove_webhook", {}),
    )
    notify(request, "webhook.removed")
    return back("/console/webhooks")


@do("/console/webhooks/{webhook:str}/retry", Action.WEBHOOK_RETRY)
async def call_again(request: AnyRequest, asker: Asking, webhook: FromPath[str]) -> Redirect:
    """Make the calls again that were given up."""
    ref = places.parse(WebhookId, webhook)

    def take(work: Work, you: You) -> None:
        webhooks.enable(work, you.tenant, ref)
        dead = Wanted(channel=Channel.WEBHOOK, states=(State.DEAD,), webhook=ref)
        for one in notifications.deliveries(work, you.tenant, dead, count=ROWS):
            if work.now < one.not_after:
                notifications.retry(work, you.tenant, one.id)

    await asker.write(places.everything, take)
    notify(request, "notification.queued")
    return back("/console/webhooks")


@show("/console/notifications", Action.NOTIFICATION_READ)
async def messages(request: AnyRequest, asker: Asking) -> Response[str]:
    """What was sent to whom and what became of it."""
    query = request.query_params
    key = query.get("state", "all") if query.get("state", "all") in LISTS else "all"
    before = _cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Notifications:
        wanted = Wanted(channel=Channel.EMAIL, states=LISTS[key])
        found = notifications.deliveries(
            words.work, you.tenant, wanted, before=before, count=ROWS + 1
        )
        shown = found[:ROWS]
        older = None
        if len(found) > ROWS:
            last = shown[-1]
            older = f"/console/notifications?state={key}&after={last.created_at}-{last.id}"
        return Notifications(
            shell=frame,
            rows=tuple(_delivery(one, words.work.now) for one in shown),
            has_mail=asker.desk.settings.mail is not None,
            filters=_filters(words, you.tenant, key),
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@do("/console/notifications/{delivery:str}/retry", Action.NOTIFICATION_RETRY)
async def send_again(request: AnyRequest, asker: Asking, delivery: FromPath[str]) -> Redirect:
    """Try a message again that was given up."""
    ref = places.parse(DeliveryId, delivery)
    await asker.write(
        places.everything, lambda work, you: notifications.retry(work, you.tenant, ref)
    )
    notify(request, "notification.queued")
    return back("/console/notifications")


def masked(address: str) -> str:
    """An address that can be recognised but not copied."""
    name, _, host = address.partition("@")
    return f"{name[:1]}…{name[-1:]}@{host}" if host else address


def _webhooks(
    words: Words,
    frame: Shell,
    url: str = "",
    problems: tuple[FieldProblem, ...] = (),
) -> Webhooks:
    work, tenant = words.work, words.tenant
    found = webhooks.webhooks(work, tenant)
    urls = {one.id: one.url for one in found}
    calls = notifications.deliveries(
        work, tenant, Wanted(channel=Channel.WEBHOOK), count=CALLS_SHOWN
    )
    return Webhooks(
        shell=frame,
        rows=tuple(_webhook(work, tenant, one) for one in found),
        deliveries=tuple(
            _delivery(one, work.now, urls.get(WebhookId(one.address), "")) for one in calls
        ),
        event_types=tuple(kind.value for kind in EventType),
        url=url,
        problems=problems,
    )


def _webhook(work: Work, tenant: TenantId, webhook: Webhook) -> WebhookRow:
    def count(*states: State) -> int:
        wanted = Wanted(channel=Channel.WEBHOOK, states=states, webhook=webhook.id)
        return notifications.count(work, tenant, wanted)

    return WebhookRow(
        ref=webhook.id,
        url=webhook.url,
        events=webhook.events,
        is_enabled=webhook.is_enabled,
        last_ok_at=webhook.last_ok_at,
        failing_since=webhook.failing_since,
        waiting=count(State.QUEUED, State.RETRYING),
        dead=count(State.DEAD),
    )


def _delivery(delivery: Delivery, now: Instant, to: str | None = None) -> DeliveryRow:
    can_retry = delivery.state is State.DEAD and now < delivery.not_after
    return DeliveryRow(
        kind=delivery.kind,
        to=masked(delivery.address) if to is None else to,
        channel=delivery.channel.value,
        state=SHOWN[delivery.state],
        attempts=delivery.attempts,
        at=delivery.sent_at or delivery.created_at,
        next_at=delivery.next_at,
        problem=delivery.last_error or "",
        retry_href=f"/console/notifications/{delivery.id}/retry" if can_retry else None,
    )


def _filters(words: Words, tenant: TenantId, current: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            href=f"/console/notifications?state={key}",
            key=key,
            count=notifications.count(
                words.work, tenant, Wanted(channel=Channel.EMAIL, states=states)
            ),
            is_current=key == current,
        )
        for key, states in LISTS.items()
    )


def _cursor(text: str) -> tuple[Instant, str] | None:
    if not text:
        return None
    at, _, ref = text.partition("-")
    if not (at.isascii() and at.isdigit()):
        raise Invalid("http.invalid", field="after")
    return Instant(int(at[:15])), ref
