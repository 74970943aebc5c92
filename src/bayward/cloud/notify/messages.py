"""From a delivery to the message it stands for: whom it goes to and what it says.

`draft` runs in a transaction, because a link in a message gets its token here, and only the
hash of it is kept. It sees no code: a draft of a message with one takes the code afterwards, in
the worker that opened the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bayward.cloud.notify import address_store, service, store
from bayward.cloud.notify.address_store import Contact, Waiting
from bayward.cloud.notify.store import Delivery, Letter
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS
from bayward.core.compartment import modes_of
from bayward.core.grants import GrantState
from bayward.core.ids import GrantId, PersonId, TenantId
from bayward.ui.views import mail
from bayward.ui.views.wall import Reach

TRACKING_SHOWN = 4  # characters left readable at each end


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the tokens of links; each is told once, to the message that carries it."""

    parcel: Callable[[Work, TenantId, GrantId], str]  # of /p/{token}
    pickup_pass: Callable[[Work, TenantId, GrantId], str]  # text of the QR picture
    sign_in: Callable[[Work, TenantId, PersonId], str]  # of /l/{token}
    set_up: Callable[[Work, TenantId, PersonId], str]  # of /setup/{token}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message but for the code; `write` takes it ("" when there is none)."""

    address: str
    language: str
    zone: ZoneInfo
    write: Callable[[str], mail.MailView]
    letter: Letter | None = None


class Void(Exception):
    """Raised when the message would only confuse by now; says why."""


def draft(work: Work, tenant: TenantId, delivery: Delivery, links: Links) -> Draft:
    """What a delivery says now; raises `Void` when it should say nothing any more."""
    if work.now >= delivery.not_after:
        raise Void("too_late")
    to = address_store.contact(work.tx, tenant, delivery.person or "")
    if to is None or to.is_disabled:
        raise Void("no_recipient")
    return _WRITERS[delivery.kind](_Desk(work, tenant, delivery, links, to))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Everything a writer needs."""

    work: Work
    tenant: TenantId
    delivery: Delivery
    links: Links
    to: Contact

    def url(self, path: str) -> str:
        return f"{self.work.house.base_url}{path}"

    def sealed(self) -> Letter:
        """The letter that goes with it; it is gone when the code in it is dead."""
        key = str(self.delivery.facts["letter"])
        found = store.find_letter(self.work.tx, self.tenant, key)
        if found is None:
            raise Void("superseded")
        return found

    def waiting(self) -> Waiting:
        found = address_store.waiting(self.work.tx, self.tenant, self.delivery.subject or "")
        if found is None:
            raise Void("gone")
        return found

    def finish(
        self,
        zone: str,
        write: Callable[[str], mail.MailView],
        letter: Letter | None = None,
    ) -> Draft:
        return Draft(self.delivery.address, self.to.language, ZoneInfo(zone), write, letter)

    def parcel_link(self) -> str:
        grant = GrantId(self.delivery.subject or "")
        return self.url(f"/p/{self.links.parcel(self.work, self.tenant, grant)}")

    def pickup_pass(self) -> str:
        """What the QR picture says: signed, and good at the kiosk's camera without a network."""
        grant = GrantId(self.delivery.subject or "")
        return self.links.pickup_pass(self.work, self.tenant, grant)


def _parcel_ready(desk: _Desk) -> Draft:
    letter, waiting = desk.sealed(), desk.waiting()
    if waiting.grant_state is not GrantState.ACTIVE:
        raise Void("superseded")
    link, pickup_pass = desk.parcel_link(), desk.pickup_pass()

    def write(code: str) -> mail.ParcelReady:
        return mail.ParcelReady(
            site=waiting.place.site,
            person=desk.to.name,
            code=code,
            pickup_pass=pickup_pass,
            link=f"{link}#c={code}",  # behind the #: no server, proxy or log sees it
            compartment=_door(waiting.number),
            reach=Reach(waiting.reach),
            where=waiting.place.bank,
            until=waiting.not_after,
            carrier=waiting.carrier,
            tracking_masked=_masked(waiting.tracking),
        )

    return desk.finish(waiting.place.time_zone, write, letter)


def _reminder(desk: _Desk) -> Draft:
    waiting = desk.waiting()
    is_overdue = desk.delivery.kind == service.OVERDUE
    if waiting.ended_at is not None:
        raise Void("collected")
    view = mail.Reminder(
        site=waiting.place.site,
        person=desk.to.name,
        link=desk.parcel_link(),
        compartment=_door(waiting.number),
        where=waiting.place.bank,
        until=waiting.not_after,
        is_overdue=is_overdue,
    )
    return desk.finish(waiting.place.time_zone, lambda _: view)


def _collected(desk: _Desk) -> Draft:
    waiting = desk.waiting()
    view = mail.Collected(
        site=waiting.place.site,
        person=desk.to.name,
        link=desk.parcel_link(),
        compartment=_door(waiting.number),
        where=waiting.place.bank,
        at=waiting.ended_at or desk.work.now,
        forced_at=address_store.forced_at(desk.work.tx, desk.tenant, waiting.parcel),
    )
    return desk.finish(waiting.place.time_zone, lambda _: view)


def _door_forced(desk: _Desk) -> Draft:
    waiting = desk.waiting()
    forced_at = address_store.forced_at(desk.work.tx, desk.tenant, waiting.parcel)
    if waiting.ended_at is not None or forced_at is None:
        raise Void("collected")
    view = mail.DoorForced(
        site=waiting.place.site,
        person=desk.to.name,
        link=desk.parcel_link(),
        compartment=_door(waiting.number),
        where=waiting.place.bank,
        at=forced_at,
    )
    return desk.finish(waiting.place.time_zone, lambda _: view)


def _courier_code(desk: _Desk) -> Draft:
    letter = desk.sealed()
    place = address_store.place_of(desk.work.tx, desk.tenant, letter.bank)
    admitted = address_store.admission(desk.work.tx, desk.tenant, letter.bank, letter.subject)
    if place is None or admitted is None:
        raise Void("superseded")

    def write(code: str) -> mail.CourierCode:
        return mail.CourierCode(
            site=place.site,
            person=desk.to.name,
            carrier=admitted.carrier,
            code=code,
            where=place.bank,
            until=admitted.until,
            modes=tuple(sorted(modes_of(admitted.modes))),
        )

    return desk.finish(place.time_zone, write, letter)


def _sign_in_link(desk: _Desk) -> Draft:
    token = desk.links.sign_in(desk.work, desk.tenant, desk.to.person)
    minutes = service.LINK_LIFE_MS // MINUTE_MS
    view = mail.SignInLink(
        site=address_store.tenant_name(desk.work.tx, desk.tenant),
        link=desk.url(f"/l/{token}"),
        minutes=minutes,
    )
    return desk.finish("UTC", lambda _: view)


def _invitation(desk: _Desk) -> Draft:
    token = desk.links.set_up(desk.work, desk.tenant, desk.to.person)
    tenant = address_store.tenant_name(desk.work.tx, desk.tenant)
    view = mail.Invitation(
        site=tenant,
        person=desk.to.name,
        role=str(desk.delivery.facts.get("role", "")),
        tenant=tenant,
        link=desk.url(f"/setup/{token}"),
        until=desk.delivery.not_after,
    )
    return desk.finish("UTC", lambda _: view)


def _incident_alert(desk: _Desk) -> Draft:
    tx, incident = desk.work.tx, desk.delivery.subject or ""
    alarm = address_store.alarm(tx, desk.tenant, incident)
    if alarm is None or alarm.is_closed:
        raise Void("closed")
    if alarm.bank:
        place = address_store.place_of(tx, desk.tenant, alarm.bank)
    else:
        place = address_store.place_without_bank(tx, desk.tenant)
    if place is None:
        raise Void("closed")
    number = address_store.door_number(tx, desk.tenant, alarm.bank, alarm.compartment or "")
    door = None if number is None else _door(number)
    view = mail.IncidentAlert(
        site=place.site,
        kind=alarm.kind,
        facts={"door": door, "bank": place.bank},
        severity=mail.Severity(alarm.severity),
        where=place.bank,
        at=alarm.opened_at,
        link=desk.url(f"/console/incidents/{incident}"),
        is_locked_down=address_store.lockdowns_of(tx, desk.tenant, incident) > 0,
    )
    return desk.finish(place.time_zone, lambda _: view)


def _erasure_asked(desk: _Desk) -> Draft:
    asked = address_store.erasure(desk.work.tx, desk.tenant, desk.delivery.subject or "")
    place = address_store.place_without_bank(desk.work.tx, desk.tenant)
    if asked is None or place is None:
        raise Void("gone")
    view = mail.ErasureAsked(site=place.site, due=asked.due, link=desk.url("/console/privacy"))
    return desk.finish(place.time_zone, lambda _: view)


_WRITERS: dict[str, Callable[[_Desk], Draft]] = {
    service.PARCEL_READY: _parcel_ready,
    service.REMINDER: _reminder,
    service.OVERDUE: _reminder,
    service.COLLECTED: _collected,
    service.DOOR_FORCED: _door_forced,
    service.COURIER_CODE: _courier_code,
    service.SIGN_IN_LINK: _sign_in_link,
    service.INVITATION: _invitation,
    service.INCIDENT_ALERT: _incident_alert,
    service.ERASURE_ASKED: _erasure_asked,
}


def _door(number: int) -> str:
    """The number as it is painted on the door."""
    return f"{number:02d}"


def _masked(tracking: str) -> str:
    """Enough of a tracking number to recognise it, too little to look it up."""
    if len(tracking) <= 2 * TRACKING_SHOWN:
        return ""
    return f"{tracking[:TRACKING_SHOWN]}…{tracking[-TRACKING_SHOWN:]}"
