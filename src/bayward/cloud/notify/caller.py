"""Calling webhooks: signed, in time, and never into our own network.

An address is resolved once, every answer is checked, and the connection goes to the checked
address itself, so that a name cannot point elsewhere a moment later. Redirects are failures, the
answer's body is not read beyond a few bytes. Only 2xx is success; 410 ends the subscription.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook as Signature

from bayward.cloud.jobs import Again, Duty, Hopeless, Settle
from bayward.cloud.notify import store, webhook_store, webhooks
from bayward.cloud.notify.mailer import failed_note
from bayward.cloud.notify.store import Delivery, State
from bayward.cloud.notify.webhook_store import Webhook
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Place, Unit, Work
from bayward.core.clock import SECOND_MS, Instant, iso
from bayward.core.events import Event
from bayward.core.ids import TenantId

CALL_MS_MAX = 15 * SECOND_MS
WAIT_MS_MAX = 24 * 3600 * SECOND_MS  # of a Retry-After
LADDER_MS = tuple(
    s * SECOND_MS for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)  # Standard Webhooks
_GONE = 410
_SUCCESS = range(200, 300)


ReadEvent = Callable[[Work, TenantId, Place], Event | None]


@dataclass(frozen=True, slots=True)
class _Call:
    delivery: Delivery
    webhook: Webhook
    secret: bytes
    event: Event


class Caller:
    """Does the jobs that call webhooks; `read_event` reads the log (`audit.service.event_at`).

    `is_loopback_allowed` is for demos and tests, where the subscriber is on this machine; it
    also allows http there. Production leaves it off.
    """

    def __init__(
        self, unit: Unit, read_event: ReadEvent, *, is_loopback_allowed: bool = False
    ) -> None:
        self._unit = unit
        self._read_event = read_event
        self._is_loopback_allowed = is_loopback_allowed

    def duty(self) -> Duty:
        """How jobs of the kind `webhook` are done."""
        return Duty(self.call, _failed, LADDER_MS)

    async def call(self, job: Job) -> Settle | None:
        """Make one call."""
        tenant = TenantId(job.payload["tenant"])
        found = await self._unit.read(
            lambda work: self._find(work, tenant, str(job.payload["delivery"]))
        )
        if found is None:
            return None
        if isinstance(found, str):
            delivery_id, why = str(job.payload["delivery"]), found
            return lambda work: _expired(work, tenant, delivery_id, why)
        async with asyncio.timeout(CALL_MS_MAX / 1000):
            status, retry_after = await self._post(found)
        if status == _GONE:
            return lambda work: _gone(work, tenant, found)
        if status not in _SUCCESS:
            raise Again(f"http {status}", retry_after)
        return lambda work: _done(work, tenant, found, job.attempts)

    async def _post(self, call: _Call) -> tuple[int, int | None]:
        """Status, and how long the other side asks us to wait."""
        url = httpx.URL(call.webhook.url)
        address = await self._resolve(url)
        now = self._unit.clock.now()
        body = json.dumps(
            {
                "type": call.delivery.kind,
                "timestamp": iso(call.delivery.created_at),
                "data": call.event.public().to_fields(),
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )
        headers = _signed(call, body, now) | {"host": url.netloc.decode("ascii")}
        request = httpx.Request(
            "POST",
            url.copy_with(host=address),
            headers=headers,
            content=body.encode(),
            extensions={"sni_hostname": url.host},
        )
        try:
            async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as client:
                response = await client.send(request, stream=True)
                await response.aclose()  # what it says beyond the status is of no interest
        except httpx.HTTPError as error:
            raise Again(f"http.{type(error).__name__}") from error
        return response.status_code, _retry_after_ms(response)

    def _find(self, work: Work, tenant: TenantId, delivery_id: str) -> _Call | str | None:
        """The call to make; a word when it is pointless by now; None when it was made."""
        delivery = store.find_delivery(work.tx, tenant, delivery_id)
        if delivery is None or delivery.state not in (State.QUEUED, State.RETRYING):
            return None
        webhook = webhook_store.find(work.tx, tenant, delivery.address)
        if webhook is None:
            return "deleted"
        if not webhook.is_enabled:
            return "disabled"
        told = delivery.facts
        place = Place(str(told["origin"]), int(told["index"] or 0))
        event = self._read_event(work, tenant, place)
        if event is None:
            return "gone"
        secret = work.house.keys.unseal(webhooks.context(tenant, webhook.id), webhook.secret)
        return _Call(delivery, webhook, secret, event)

    async def _resolve(self, url: httpx.URL) -> str:
        """The address to connect to; raises `Hopeless` for one nobody outside may make us call."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                url.host, url.port or 443, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
        except OSError as error:
            raise Again("http.resolve") from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        is_local = all(address.is_loopback for address in addresses)
        if is_local and self._is_loopback_allowed:
            return str(addresses[0])
        if url.scheme != "https":
            raise Hopeless("webhook.not_https")
        if not all(_is_public(address) for address in addresses):
            raise Hopeless("webhook.forbidden_address")
        return str(addresses[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is out there; an IPv4 address in IPv6 clothes is judged by what is inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return _is_public(inner)
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _signed(call: _Call, body: str, now: Instant) -> dict[str, str]:
    moment = datetime.fromtimestamp(now / 1000, tz=UTC)
    signature = Signature(base64.b64encode(call.secret).decode())
    return {
        "content-type": "application/json",
        "user-agent": "bayward-webhooks/1",
        "webhook-id": call.delivery.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature.sign(call.delivery.id, moment, body),
    }


def _retry_after_ms(response: httpx.Response) -> int | None:
    told = response.headers.get("retry-after", "")
    if not told.isascii() or not told.isdigit():
        return None  # a date, or nothing: the ladder will do
    return min(int(told[:9]) * SECOND_MS, WAIT_MS_MAX)


def _expired(work: Work, tenant: TenantId, delivery: str, why: str) -> None:
    values = {"state": State.EXPIRED.value, "next_at": None, "last_error": why}
    store.update_delivery(work.tx, tenant, delivery, **values)


def _done(work: Work, tenant: TenantId, call: _Call, attempts: int) -> None:
    store.update_delivery(
        work.tx,
        tenant,
        call.delivery.id,
        state=State.SENT.value,
        sent_at=work.now,
        attempts=attempts,
        next_at=None,
        last_error=None,
    )
    webhook = webhook_store.find(work.tx, tenant, call.webhook.id)
    if webhook is not None and webhook.is_enabled:  # another call may have found it gone meanwhile
        values = {"last_ok_at": work.now, "failing_since": None, "problem": None}
        webhook_store.update(work.tx, tenant, webhook.id, **values)


def _gone(work: Work, tenant: TenantId, call: _Call) -> None:
    """The subscriber has said 410: it does not want to be called any more."""
    _expired(work, tenant, call.delivery.id, "gone")
    values = {"is_enabled": False, "problem": "gone"}
    webhook_store.update(work.tx, tenant, call.webhook.id, **values)


def _failed(work: Work, job: Job, reason: str, next_at: Instant | None) -> None:
    failed_note(work, job, reason, next_at)
    tenant = TenantId(job.payload["tenant"])
    delivery = store.find_delivery(work.tx, tenant, str(job.payload["delivery"]))
    webhook = None
    if delivery is not None:
        webhook = webhook_store.find(work.tx, tenant, delivery.address)
    if webhook is not None:
        since = webhook.failing_since or work.now
        webhook_store.update(work.tx, tenant, webhook.id, failing_since=since, problem=reason)
