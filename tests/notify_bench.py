"""Messages and calls sent by real workers to real peers on this machine."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

from standardwebhooks import Webhook as Signature

from bayward.cloud import workers
from bayward.cloud.audit import service as audit
from bayward.cloud.notify import service as notify
from bayward.cloud.notify import webhooks
from bayward.cloud.notify.caller import Caller
from bayward.cloud.notify.mailer import Mailer
from bayward.cloud.notify.store import Channel, Delivery, Wanted
from bayward.cloud.notify.webhook_store import WebhookId
from bayward.cloud.settings import MailSettings
from bayward.cloud.unit import Work
from bayward.cloud.web.links import LINKS
from bayward.core.events import EventType
from bayward.core.ids import GrantId, PersonId, TenantId
from cloud_bench import NOTIFIER, BankTwin, CloudBench, named
from mail_bench import MailServer, Request
from shared_renderer import RENDERER

CODE = "48219037"
PASSES: list[str] = []
ADA = PersonId(named(PersonId, 7))


def recorded_pass(work: Work, tenant: TenantId, grant: GrantId) -> str:
    PASSES.append(LINKS.pickup_pass(work, tenant, grant))
    return PASSES[-1]


def mailer(cloud: CloudBench, port: int, **more: object) -> Mailer:
    smtp = MailSettings(
        host="127.0.0.1", port=port, sender="lockers@example.com", is_starttls=False
    )
    return Mailer(
        unit=cloud.unit,
        smtp=more.get("smtp", smtp),  # type: ignore[arg-type]  # as named
        password=None,
        render=RENDERER.mail,
        links=replace(LINKS, pickup_pass=recorded_pass),
        notifier=more.get("notifier", NOTIFIER),  # type: ignore[arg-type]  # as named
    )


async def work_off(cloud: CloudBench, post: MailServer, **more: object) -> None:
    """Everything that is due, by the workers of one process."""
    caller = Caller(cloud.unit, audit.event_at, is_loopback_allowed=True)
    made = mailer(cloud, post.port, **more)
    for worker in workers.lanes(cloud.unit, mailer=made, caller=caller, random=lambda: 0.0):
        await worker.run_due()


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def deliveries(cloud: CloudBench, bank: BankTwin) -> list[Delivery]:
    return await cloud.do(notify.deliveries, bank.tenant, Wanted())


async def subscribe(
    cloud: CloudBench, bank: BankTwin, url: str, *events: EventType
) -> tuple[WebhookId, str]:
    names = tuple(event.value for event in events)
    return await cloud.do(webhooks.create, bank.tenant, url=url, events=names, actor=ADA)


async def call_off(cloud: CloudBench, *, loopback: bool = True) -> None:
    caller = Caller(cloud.unit, audit.event_at, is_loopback_allowed=loopback)
    for worker in workers.lanes(cloud.unit, mailer=None, caller=caller, random=lambda: 0.0):
        await worker.run_due()


async def calls(cloud: CloudBench, bank: BankTwin) -> list[Delivery]:
    return await cloud.do(notify.deliveries, bank.tenant, Wanted(channel=Channel.WEBHOOK))


async def open_door(cloud: CloudBench, bank: BankTwin) -> None:
    bank.record(EventType.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)


def verified(secret: str, request: Request) -> dict[str, object]:
    """What the subscriber knows after checking with the reference library."""
    told = Signature(secret).verify(request.body, request.headers)
    assert isinstance(told, dict)
    return told
