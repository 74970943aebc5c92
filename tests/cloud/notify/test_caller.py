from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from bayward.cloud.audit import service as audit
from bayward.cloud.jobs import Hopeless
from bayward.cloud.notify import caller as calling
from bayward.cloud.notify import service as notify
from bayward.cloud.notify import webhooks
from bayward.cloud.notify.caller import LADDER_MS, Caller
from bayward.cloud.notify.store import State
from bayward.core.clock import MINUTE_MS
from bayward.core.errors import Conflict
from bayward.core.events import EventType
from cloud_bench import BankTwin, CloudBench
from mail_bench import Subscriber
from notify_bench import (
    ADA,
    call_off,
    calls,
    open_door,
    subscribe,
    verified,
)

_T = EventType


async def test_m43_a_subscriber_is_called_and_can_check_who_calls(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    cloud.clock.at = type(cloud.clock.at)(int(datetime.now(tz=UTC).timestamp() * 1000))
    webhook, secret = await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud)
    [request] = subscriber.requests
    assert request.path == "/hook?x=1"
    assert request.headers["host"] == f"127.0.0.1:{subscriber.port}"
    told = verified(secret, request)
    assert told["type"] == "door.opened"
    data = told["data"]
    assert isinstance(data, dict)
    assert (data["bank"], data["compartment"]) == (bank.id, bank.door(1))
    [delivery] = await calls(cloud, bank)
    assert request.headers["webhook-id"] == delivery.id
    assert (delivery.state, delivery.attempts) == (State.SENT, 1)
    [kept] = await cloud.do(webhooks.webhooks, bank.tenant)
    assert (kept.id, kept.last_ok_at, kept.problem) == (webhook, cloud.clock.at, None)
    with pytest.raises(WebhookVerificationError):
        verified("whsec_" + "A" * 44, request)
    request.body = request.body.replace(b"opened", b"closed")
    with pytest.raises(WebhookVerificationError):
        verified(secret, request)


async def test_no_code_and_no_secret_is_told_or_kept_in_clear(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    _, secret = await subscribe(cloud, bank, subscriber.url)
    bank.deposit(1, recipient=ADA, courier=ADA, code="48219037")
    await bank.upload(cloud.ingest)
    await call_off(cloud)
    assert subscriber.requests
    told = b"".join(one.body for one in subscriber.requests)
    assert b"48219037" not in told
    raw = secret.removeprefix("whsec_").encode()
    assert raw not in cloud.dump()


async def test_failures_are_retried_along_the_ladder_and_end_dead(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    subscriber.answers = [(500, {})] * (len(LADDER_MS) + 1)
    await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    began = cloud.clock.at
    for wait_ms in LADDER_MS:
        await call_off(cloud)
        [delivery] = await calls(cloud, bank)
        assert (delivery.state, delivery.last_error) == (State.RETRYING, "http 500")
        assert delivery.next_at == cloud.clock.at + wait_ms
        cloud.wait(wait_ms)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.attempts) == (State.DEAD, len(LADDER_MS) + 1)
    assert len({one.headers["webhook-id"] for one in subscriber.requests}) == 1
    [kept] = await cloud.do(webhooks.webhooks, bank.tenant)
    assert (kept.failing_since, kept.problem, kept.is_enabled) == (began, "http 500", True)
    [failed] = cloud.events(_T.NOTIFICATION_FAILED)
    assert failed.channel == "webhook"
    await cloud.do(notify.retry, bank.tenant, delivery.id)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert delivery.state is State.SENT
    [kept] = await cloud.do(webhooks.webhooks, bank.tenant)
    assert kept.failing_since is None


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 503])
async def test_only_2xx_is_success_and_nobody_is_followed(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber, status: int
) -> None:
    async with Subscriber() as elsewhere:
        subscriber.answers = [(status, {"location": elsewhere.url})]
        await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
        await open_door(cloud, bank)
        await call_off(cloud)
        assert elsewhere.requests == []
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.RETRYING, f"http {status}")


@pytest.mark.parametrize(
    ("told", "wait_ms"),
    [("600", 600_000), ("1", LADDER_MS[0]), ("9" * 30, 86_400_000), ("soon", LADDER_MS[0])],
)
async def test_a_wait_that_is_asked_for_is_kept_within_reason(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber, told: str, wait_ms: int
) -> None:
    subscriber.answers = [(429, {"retry-after": told})]
    await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert delivery.next_at == cloud.clock.at + wait_ms


async def test_who_says_gone_is_not_called_again(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    subscriber.answers = [(410, {})]
    webhook, _ = await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    for _ in range(2):
        await open_door(cloud, bank)
    await call_off(cloud)
    await open_door(cloud, bank)
    await call_off(cloud)
    [kept] = await cloud.do(webhooks.webhooks, bank.tenant)
    assert (kept.is_enabled, kept.problem) == (False, "gone")
    assert {one.state for one in await calls(cloud, bank)} <= {State.EXPIRED, State.SENT}
    count = len(subscriber.requests)
    await cloud.do(webhooks.enable, bank.tenant, webhook)
    await open_door(cloud, bank)
    await call_off(cloud)
    assert len(subscriber.requests) == count + 1


async def test_a_silent_subscriber_is_given_up_in_time(
    cloud: CloudBench,
    bank: BankTwin,
    subscriber: Subscriber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "CALL_MS_MAX", 100)
    subscriber.is_silent = True
    await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    async with asyncio.timeout(5):
        await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.RETRYING, "TimeoutError")


async def test_a_subscriber_that_is_away_is_waited_for(cloud: CloudBench, bank: BankTwin) -> None:
    async with Subscriber() as gone:
        pass
    await subscribe(cloud, bank, gone.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.RETRYING, "http.ConnectError")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://127.0.0.1/", "webhook.forbidden_address"),
        ("https://[::1]/", "webhook.forbidden_address"),
        ("https://[::ffff:127.0.0.1]/", "webhook.forbidden_address"),
        ("https://[64:ff9b::7f00:1]/", "webhook.forbidden_address"),
        ("https://[2002:7f00:1::]/", "webhook.forbidden_address"),
        ("https://10.1.2.3/", "webhook.forbidden_address"),
        ("https://192.168.1.1:8443/x", "webhook.forbidden_address"),
        ("https://169.254.169.254/latest/meta-data", "webhook.forbidden_address"),
        ("https://100.64.0.1/", "webhook.forbidden_address"),
        ("https://0.0.0.0/", "webhook.forbidden_address"),
        ("https://224.0.0.1/", "webhook.forbidden_address"),
        ("https://[fe80::1]/", "webhook.forbidden_address"),
        ("https://[fd00::1]/", "webhook.forbidden_address"),
        ("https://2130706433/", "webhook.forbidden_address"),  # 127.0.0.1 as one number
        ("http://192.0.2.7/", "webhook.not_https"),
    ],
)
async def test_identity_84_nobody_makes_us_call_into_our_own_network(
    cloud: CloudBench, bank: BankTwin, url: str, problem: str
) -> None:
    await subscribe(cloud, bank, url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud, loopback=False)
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.DEAD, problem)


async def test_identity_84_a_name_that_points_inside_is_refused_like_the_address(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    url = f"https://localhost:{subscriber.port}/"
    await subscribe(cloud, bank, url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud, loopback=False)
    [delivery] = await calls(cloud, bank)
    assert delivery.last_error == "webhook.forbidden_address"
    assert subscriber.requests == []


async def test_identity_84_one_bad_answer_among_good_ones_spoils_a_name(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the checked address, so a name cannot change its mind later."""
    loop = asyncio.get_running_loop()
    answers: list[list[str]] = []

    async def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, 1, 6, "", (one, 443)) for one in answers.pop(0)]

    monkeypatch.setattr(loop, "getaddrinfo", answer)
    caller, url = Caller(cloud.unit, audit.event_at), httpx.URL("https://hooks.example.com/")
    answers.append(["93.184.215.14", "10.0.0.1"])
    with pytest.raises(Hopeless):
        await caller._resolve(url)
    answers.append(["93.184.215.14"])
    assert await caller._resolve(url) == "93.184.215.14"


async def test_a_name_that_is_not_known_now_may_be_later(cloud: CloudBench, bank: BankTwin) -> None:
    await subscribe(cloud, bank, "https://nowhere.invalid/", _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.RETRYING, "http.resolve")


async def test_a_call_that_was_made_is_not_repeated_by_hand(
    cloud: CloudBench, bank: BankTwin, subscriber: Subscriber
) -> None:
    await subscribe(cloud, bank, subscriber.url, _T.DOOR_OPENED)
    await open_door(cloud, bank)
    await call_off(cloud)
    [delivery] = await calls(cloud, bank)
    with pytest.raises(Conflict):
        await cloud.do(notify.retry, bank.tenant, delivery.id)
    cloud.wait(MINUTE_MS)
    await call_off(cloud)
    assert len(subscriber.requests) == 1
