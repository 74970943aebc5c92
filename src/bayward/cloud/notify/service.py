"""What has to be told to whom, written down in the transaction that makes it true.

A delivery is one message or call to one address; a job does it after the commit. Codes are not
in it: a bank's sealed letter waits in its own table, is opened in the sending worker alone, and
is deleted in the transaction that records that it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bayward.cloud.notify import address_store, store
from bayward.cloud.notify.store import Channel, Delivery, DeliveryId, Facts, Letter, State, Wanted
from bayward.cloud.storage import outbox
from bayward.cloud.unit import JOBS, Place, Work
from bayward.core.clock import DAY_MS, MINUTE_MS, Instant, after
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.wire.messages import Letter as WireLetter
from bayward.wire.messages import LetterKind

LIST_MAX = 200  # rows of one page
MAIL_JOB = "mail"
CALL_JOB = "webhook"
ALERT_JOB = "mail.alert"  # a worker of its own: parcels never delay an alarm
REMIND_JOB = "remind"
PURGE_JOB = "letter.purge"
REMIND_BEFORE_MS = DAY_MS
ALERT_LIFE_MS = DAY_MS
LINK_LIFE_MS = 15 * MINUTE_MS
INVITATION_LIFE_MS = 7 * DAY_MS
COLLECTED_LIFE_MS = DAY_MS
FORCED_LIFE_MS = DAY_MS
ERASURE_LIFE_MS = 3 * DAY_MS

PARCEL_READY = "parcel_ready"
REMINDER = "reminder"
OVERDUE = "overdue"
COLLECTED = "collected"
DOOR_FORCED = "door_forced"
COURIER_CODE = "courier_code"
SIGN_IN_LINK = "sign_in_link"
INVITATION = "invitation"
INCIDENT_ALERT = "incident_alert"
ERASURE_ASKED = "erasure_asked"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be sent: `kind` names it, `subject` is what it is about."""

    kind: str
    subject: str
    not_after: Instant
    facts: Facts


def send_sign_in_link(work: Work, tenant: TenantId, person: PersonId) -> None:
    """Mail a one-time link; its token is made in the sending worker and nowhere kept."""
    until = after(work.now, LINK_LIFE_MS)
    _mail(work, tenant, person, Message(SIGN_IN_LINK, person, until, {}))


def send_invitation(work: Work, tenant: TenantId, person: PersonId, role: str) -> None:
    """Mail somebody the link to set up an account."""
    until = after(work.now, INVITATION_LIFE_MS)
    _mail(work, tenant, person, Message(INVITATION, person, until, {"role": role}))


def take_letter(
    work: Work, tenant: TenantId, bank: BankId, origin: str, letter: WireLetter
) -> None:
    """A bank has sealed a code for somebody: have it opened and sent.

    A bank writes only to recipients of its own live grants and to couriers admitted at it;
    anything else is dropped.
    """
    key = f"{origin}#{letter.id}"
    facts = {"letter": key, "bank": bank}
    if letter.kind is LetterKind.PICKUP:
        found = address_store.waiting(work.tx, tenant, letter.subject)
        is_live = found is not None and found.grant_state is GrantState.ACTIVE
        if found is None or found.bank != bank or not is_live:
            _log.warning("notify.letter_dropped", bank=bank, subject=letter.subject)
            return
        message = Message(PARCEL_READY, letter.subject, found.not_after, facts)
        person = found.recipient
    else:
        admitted = address_store.admission(work.tx, tenant, bank, letter.subject)
        if admitted is None:
            _log.warning("notify.letter_dropped", bank=bank, subject=letter.subject)
            return
        message = Message(COURIER_CODE, letter.subject, admitted.until, facts)
        person = PersonId(letter.subject)
    kept = Letter(key, bank, letter.kind.value, letter.subject, letter.sealed)
    if not store.insert_letter(work.tx, tenant, kept, work.now):
        return
    if not _mail(work, tenant, person, message):
        store.delete_letter(work.tx, tenant, key)


def deliveries(
    work: Work,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None = None,
    count: int = 50,
) -> list[Delivery]:
    """Deliveries, newest first; `before` is (`created_at`, `id`) of the last one shown."""
    count = min(count, LIST_MAX)
    return store.deliveries(work.tx, tenant, wanted, before=before, count=count)


def count(work: Work, tenant: TenantId, wanted: Wanted) -> int:
    """How many deliveries match."""
    return store.count(work.tx, tenant, wanted)


def retry(work: Work, tenant: TenantId, delivery: DeliveryId) -> None:
    """Try a dead delivery again, from the start; raises `NotFound` or `Conflict`."""
    found = store.find_delivery(work.tx, tenant, delivery)
    if found is None:
        raise NotFound("notification")
    if found.state is not State.DEAD:
        raise Conflict("notification.not_dead", state=found.state.value)
    if work.now >= found.not_after:
        raise Conflict("notification.expired")
    letter = found.facts.get("letter")
    if letter is not None and store.find_letter(work.tx, tenant, str(letter)) is None:
        raise Conflict("notification.code_gone")  # a new code has to be drawn: `access.rotate`
    kind = CALL_JOB if found.channel is Channel.WEBHOOK else _job_kind(found.kind)
    if not outbox.revive(work.tx, work.now, kind, delivery):
        work.enqueue(kind, delivery, {"tenant": tenant, "delivery": delivery})
    work.wake(JOBS)
    values = {"state": State.QUEUED.value, "next_at": work.now, "attempts": 0}
    store.update_delivery(work.tx, tenant, delivery, **values)


# Reactions.


def letters_void(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A code is dead (used, withdrawn, replaced): its letter must not leave any more."""
    del place
    subject = event.grant or event.actor or ""
    store.delete_letters_about(work.tx, tenant, event.bank or "", subject)
    for delivery in store.live_about(work.tx, tenant, subject):
        letter = str(delivery.facts.get("letter", ""))
        if letter and store.find_letter(work.tx, tenant, letter) is None:
            expire(work, tenant, delivery, "superseded")


def remind_later(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Look again a day before a grant ends."""
    del place
    due = Instant((event.not_after or 0) - REMIND_BEFORE_MS)
    if due > work.now:
        payload = {"tenant": tenant, "grant": event.grant}
        work.enqueue(REMIND_JOB, event.grant, payload, due)


def remind_overdue(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """The time to collect is over, and the parcel is still there."""
    del place
    _tell_recipient(work, tenant, event.grant or "", OVERDUE, after(work.now, DAY_MS))


def tell_collected(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Whoever was waiting learns that it was taken out, and when."""
    del place
    until = after(work.now, COLLECTED_LIFE_MS)
    _tell_recipient(work, tenant, event.grant or "", COLLECTED, until)


def tell_forced(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A door was forced open with a parcel behind it: its recipient learns it, once."""
    del place
    grant = address_store.grant_inside(work.tx, tenant, event.parcel or "")
    if grant is None:
        return
    told = store.deliveries(work.tx, tenant, Wanted(subject=grant), before=None, count=LIST_MAX)
    if all(one.kind != DOOR_FORCED for one in told):
        _tell_recipient(work, tenant, grant, DOOR_FORCED, after(work.now, FORCED_LIFE_MS))


def alert_staff(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Tell everybody who can do something about an incident."""
    del place
    until = after(work.now, ALERT_LIFE_MS)
    message = Message(INCIDENT_ALERT, event.incident or "", until, {})
    for contact in address_store.staff(work.tx, tenant, event.bank or "", work.now):
        _mail(work, tenant, contact.person, message)


def tell_administrators(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """Somebody is to be erased: tell who can confirm it; whoever asked, where he alone can."""
    del place
    message = Message(ERASURE_ASKED, event.subject or "", after(work.now, ERASURE_LIFE_MS), {})
    for contact in address_store.staff(work.tx, tenant, "", work.now):
        is_his_own = contact.person == event.actor and event.not_after is None
        if not is_his_own and contact.person != event.subject:
            _mail(work, tenant, contact.person, message)


# For the workers.


def remind(work: Work, tenant: TenantId, grant: str) -> None:
    """Remind a recipient, unless the parcel has gone meanwhile."""
    found = address_store.waiting(work.tx, tenant, grant)
    if found is not None and found.grant_state is GrantState.ACTIVE and work.now < found.not_after:
        message = Message(REMINDER, grant, found.not_after, {})
        _mail(work, tenant, found.recipient, message)


def given_up(work: Work, tenant: TenantId, delivery: Delivery) -> None:
    """A letter that could not be sent waits for a retry by hand, but not for ever."""
    letter = delivery.facts.get("letter")
    if letter is not None:
        payload = {"tenant": tenant, "letter": letter}
        work.enqueue(PURGE_JOB, str(letter), payload, delivery.not_after)


def purge(work: Work, tenant: TenantId, letter: str) -> None:
    """Nobody needs this letter any more."""
    store.delete_letter(work.tx, tenant, letter)


def expire(work: Work, tenant: TenantId, delivery: Delivery, why: str) -> None:
    """Do not send it any more: it would only confuse."""
    values = {"state": State.EXPIRED.value, "next_at": None, "last_error": why}
    store.update_delivery(work.tx, tenant, delivery.id, **values)


def _tell_recipient(
    work: Work, tenant: TenantId, grant: str, kind: str, not_after: Instant
) -> None:
    found = address_store.waiting(work.tx, tenant, grant)
    if found is not None:
        _mail(work, tenant, found.recipient, Message(kind, grant, not_after, {}))


def _mail(work: Work, tenant: TenantId, person: PersonId, message: Message) -> bool:
    """Queue a message; False: the person has no address, and the delivery is dead, and visible."""
    contact = address_store.contact(work.tx, tenant, person)
    address = contact.email if contact is not None and not contact.is_disabled else None
    delivery = Delivery(
        id=work.ids.new(DeliveryId),
        channel=Channel.EMAIL,
        kind=message.kind,
        address=address or "",
        person=person,
        subject=message.subject,
        state=State.QUEUED if address else State.DEAD,
        attempts=0,
        facts=message.facts,
        created_at=work.now,
        not_after=message.not_after,
        next_at=work.now if address else None,
        sent_at=None,
        last_error=None if address else "no_address",
    )
    store.insert_delivery(work.tx, tenant, delivery)
    if address:
        payload = {"tenant": tenant, "delivery": delivery.id}
        work.enqueue(_job_kind(message.kind), delivery.id, payload)
    return address is not None


def _job_kind(kind: str) -> str:
    return ALERT_JOB if kind == INCIDENT_ALERT else MAIL_JOB
