from __future__ import annotations

import json

import pytest

from bayward.cloud.notify import webhooks
from bayward.cloud.storage import schema as s
from bayward.core.errors import Invalid, LimitExceeded, NotFound
from bayward.core.events import EventType
from cloud_bench import BankTwin, CloudBench
from mail_bench import Subscriber
from notify_bench import (
    ADA,
    call_off,
    calls,
    open_door,
    subscribe,
)

_T = EventType


async def test_only_what_was_asked_for_is_told(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    await subscribe(cloud, bank, subscriber.url, _T.INCIDENT_OPENED)
    stranger = await cloud.bank(await cloud.tenant(2), 2)
    stranger.force()
    await stranger.upload(cloud.ingest)
    await open_door(cloud, bank)
    await call_off(cloud)
    assert subscriber.requests == []
    bank.force()
    await bank.upload(cloud.ingest)
    await call_off(cloud)
    assert [json.loads(one.body)["type"] for one in subscriber.requests] == ["incident.opened"]


async def test_calls_of_a_deleted_subscription_are_dropped(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    webhook, _ = await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await cloud.do(webhooks.delete, bank.tenant, webhook, actor=ADA)
    await call_off(cloud)
    assert subscriber.requests == []
    assert [one.last_error for one in await calls(cloud, bank)] == ["deleted"]
    assert cloud.events(_T.WEBHOOK_DELETED)[0].subject == webhook


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https:///nobody",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://[::1/",
        "example.com",
        "https://" + "x" * 500,
    ],
)
async def test_an_address_that_cannot_be_called_is_refused_when_it_is_given(
    cloud: CloudBench, bank: BankTwin, url: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await subscribe(cloud, bank, url)
    assert caught.value.code == "webhook.url"


async def test_events_nobody_knows_and_too_many_subscriptions_are_refused(
    cloud: CloudBench, bank: BankTwin
) -> None:
    with pytest.raises(Invalid):
        await cloud.do(
            webhooks.create,
            bank.tenant,
            url="https://example.com",
            events=("door.melted",),
            actor=ADA,
        )
    for _ in range(webhooks.WEBHOOKS_MAX):
        await subscribe(cloud, bank, "https://example.com")
    with pytest.raises(LimitExceeded):
        await subscribe(cloud, bank, "https://example.com")


async def test_identity_62_a_subscription_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    webhook, _ = await subscribe(cloud, bank, "https://example.com")
    stranger = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(webhooks.delete, stranger, webhook, actor=ADA)
    with pytest.raises(NotFound):
        await cloud.do(webhooks.enable, stranger, webhook)
    assert await cloud.do(webhooks.webhooks, stranger) == []
    assert len(cloud.rows(s.webhook)) == 1
