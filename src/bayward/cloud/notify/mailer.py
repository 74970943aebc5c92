"""Sending mail: the only place where a letter is opened, and only for as long as it takes.

At least once: a message that was sent just before the power went is sent again with the same
`Message-ID`, by which mail programs show it once.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import aiosmtplib
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.jobs import Again, Duty, Hopeless, Settle
from bayward.cloud.notify import messages, service, store
from bayward.cloud.notify.messages import Draft, Links, Void
from bayward.cloud.notify.store import Delivery, Letter, State
from bayward.cloud.settings import MailSettings, is_loopback
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import SECOND_MS, Instant
from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.core.events import Event, EventType
from bayward.core.ids import GrantId, PersonId, TenantId
from bayward.ui.render import Mail
from bayward.ui.views.mail import MailView
from bayward.wire.letters import open_letter

SMTP_MS_MAX = 20 * SECOND_MS  # a slow server; ends before the job does
SUBMISSIONS = 465  # TLS from the first byte (RFC 8314)
PERMANENT = 500  # SMTP replies from here on will not change by trying again (RFC 5321 §4.2.1)
# Never longer than half an hour, for 21 hours: somebody waits for a code, and a mail server that
# is back must not be waited out.
LADDER_MS = tuple(s * SECOND_MS for s in (10, 60, 300, 900, *[1800] * 42))


class Render(Protocol):
    """`ui.render.Renderer.mail`."""

    def __call__(
        self, view: MailView, *, now: Instant, language: str = "en", zone: tzinfo = UTC
    ) -> Mail:
        """Subject, text and HTML of a message."""
        ...


class Mailer:
    """Does the jobs that send mail; `notifier` opens the banks' letters.

    Raises `Misconfigured` when mail would leave this machine in clear.
    """

    def __init__(
        self,
        *,
        unit: Unit,
        smtp: MailSettings,
        password: str | None,
        render: Render,
        links: Links,
        notifier: ec.EllipticCurvePrivateKey,
    ) -> None:
        if not smtp.is_starttls and smtp.port != SUBMISSIONS and not is_loopback(smtp.host):
            raise Misconfigured("mail.unencrypted", host=smtp.host)
        self._unit = unit
        self._smtp = smtp
        self._password = password
        self._render = render
        self._links = links
        self._notifier = notifier

    def duty(self) -> Duty:
        """How jobs of the kinds `mail` and `mail.alert` are done."""
        return Duty(self.send, failed_note, LADDER_MS)

    async def send(self, job: Job) -> Settle | None:
        """Write a message and hand it to the mail server."""
        tenant, delivery_id = TenantId(job.payload["tenant"]), str(job.payload["delivery"])

        def prepare(work: Work) -> tuple[Delivery, Draft | str] | None:
            delivery = store.find_delivery(work.tx, tenant, delivery_id)
            if delivery is None or delivery.state not in (State.QUEUED, State.RETRYING):
                return None
            try:
                return delivery, messages.draft(work, tenant, delivery, self._links)
            except Void as void:
                return delivery, str(void)

        prepared = await self._unit.write(prepare)
        if prepared is None:
            return None
        delivery, draft = prepared
        if isinstance(draft, str):
            why = draft
            return lambda work: _expired(work, tenant, delivery, why)
        await self._hand_over(delivery, draft)
        return lambda work: _sent(work, tenant, delivery, job.attempts)

    async def _hand_over(self, delivery: Delivery, draft: Draft) -> None:
        code = "" if draft.letter is None else self._open(draft.letter)
        now = self._unit.clock.now()
        mail = self._render(draft.write(code), now=now, language=draft.language, zone=draft.zone)
        await self._submit(self._compose(delivery, mail, now))

    def _open(self, letter: Letter) -> str:
        subject = GrantId(letter.subject) if letter.kind == "pickup" else PersonId(letter.subject)
        try:
            return open_letter(letter.sealed, self._notifier, letter.bank, subject)
        except (Denied, Invalid) as error:  # sealed for another key: nothing will ever open it
            raise Hopeless(error.code) from error

    def _compose(self, delivery: Delivery, mail: Mail, now: Instant) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._smtp.sender
        message["To"] = delivery.address
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, tz=UTC))
        message["Message-ID"] = f"<{delivery.id}@{self._smtp.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from holiday robots
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        html = message.get_body(("html",))
        assert html is not None, "it was just added"
        for cid, png in mail.pictures:
            html.add_related(
                png, "image", "png", cid=f"<{cid}>", disposition="inline", filename="code.png"
            )
        return message

    async def _submit(self, message: EmailMessage) -> None:
        smtp = self._smtp
        try:
            await aiosmtplib.send(
                message,
                hostname=smtp.host,
                port=smtp.port,
                username=smtp.username,
                password=self._password,
                start_tls=smtp.is_starttls and smtp.port != SUBMISSIONS,
                use_tls=smtp.port == SUBMISSIONS,
                timeout=SMTP_MS_MAX / 1000,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            _refused(error.recipients[0].code, "recipient")
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Again(f"smtp.login {error.code}") from error
        except aiosmtplib.SMTPResponseException as error:
            _refused(error.code, "message")
        except aiosmtplib.SMTPException as error:
            raise Again(f"smtp.{type(error).__name__}") from error


def failed_note(work: Work, job: Job, reason: str, next_at: Instant | None) -> None:
    """Make a failed attempt visible (`Duty.failed`, for mail and webhooks)."""
    tenant, delivery_id = TenantId(job.payload["tenant"]), str(job.payload["delivery"])
    state = State.DEAD if next_at is None else State.RETRYING
    values = {"attempts": job.attempts, "next_at": next_at, "last_error": reason}
    store.update_delivery(work.tx, tenant, delivery_id, state=state.value, **values)
    delivery = store.find_delivery(work.tx, tenant, delivery_id)
    if next_at is not None or delivery is None:
        return
    service.given_up(work, tenant, delivery)
    work.emit(_told(work, EventType.NOTIFICATION_FAILED, delivery, reason), tenant=tenant)


async def remind(job: Job) -> Settle | None:
    """Do a job of the kind `remind`."""
    tenant, grant = TenantId(job.payload["tenant"]), str(job.payload["grant"])
    return lambda work: service.remind(work, tenant, grant)


async def purge(job: Job) -> Settle | None:
    """Do a job of the kind `letter.purge`."""
    tenant, letter = TenantId(job.payload["tenant"]), str(job.payload["letter"])
    return lambda work: service.purge(work, tenant, letter)


def _refused(code: int, what: str) -> None:
    """4xx: the server wants to be asked again; 5xx: it never will."""
    if code >= PERMANENT:
        raise Hopeless(f"smtp.{what} {code}")
    raise Again(f"smtp.{what} {code}")


def _sent(work: Work, tenant: TenantId, delivery: Delivery, attempts: int) -> None:
    store.update_delivery(
        work.tx,
        tenant,
        delivery.id,
        state=State.SENT.value,
        sent_at=work.now,
        attempts=attempts,
        next_at=None,
        last_error=None,
    )
    _forget_letter(work, tenant, delivery)
    work.emit(_told(work, EventType.NOTIFICATION_SENT, delivery, None), tenant=tenant)


def _expired(work: Work, tenant: TenantId, delivery: Delivery, why: str) -> None:
    service.expire(work, tenant, delivery, why)
    _forget_letter(work, tenant, delivery)


def _forget_letter(work: Work, tenant: TenantId, delivery: Delivery) -> None:
    letter = delivery.facts.get("letter")
    if letter is not None:
        store.delete_letter(work.tx, tenant, str(letter))


def _told(work: Work, kind: EventType, delivery: Delivery, reason: str | None) -> Event:
    is_incident = delivery.kind == service.INCIDENT_ALERT
    return Event(
        type=kind,
        time=work.now,
        channel=delivery.channel.value,
        subject=delivery.id,
        recipient=delivery.person,
        incident=delivery.subject if is_incident else None,
        detail=delivery.kind,
        reason=reason,
    )
