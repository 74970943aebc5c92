"""Northgate House moves in: administrator, bank, people; in the transaction it is handed.

Everything goes through the services the console uses; nothing is written past them. The
administrator's password and authenticator secret are drawn for this run.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud.access import couriers
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet
from bayward.cloud.fleet.deployment import Deployment
from bayward.cloud.people import authn, service, sessions, set_up, totp
from bayward.cloud.people.authn import SignedIn
from bayward.cloud.people.details import Details
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.core.policy import Aal
from bayward.core.roles import Binding, Node, Role
from bayward.sim.demo import people

DIGITS = 6
ADMITTED_MS = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Household:
    """Who and what there is now, and how to get in."""

    tenant: TenantId
    bank: BankId
    ticket: str
    admin: PersonId
    courier: PersonId
    residents: dict[str, PersonId]  # by unit
    authenticator: bytes

    def factor(self, now: Instant) -> str:
        """What the administrator's authenticator app shows now."""
        return totp.hotp(self.authenticator, totp.step_at(now), digits=DIGITS)

    def sign_in(self, work: Work) -> str:
        """A fresh session for the administrator: weeks may have passed since the last."""
        life_ms = sessions.STAFF.absolute_ms
        begun = authn.begin(
            work, self.tenant, self.admin, method=authn.TOTP, aal=Aal.TWO, life_ms=life_ms
        )
        return begun.token

    def admit_courier(self, work: Work, name: str, carrier: str) -> None:
        """Ask the bank to let the courier deposit; it draws his code and seals it for him."""
        couriers.admit(
            work,
            self.tenant,
            self.bank,
            person=self.courier,
            name=name,
            carrier=carrier,
            until=after(work.now, ADMITTED_MS),
            actor=self.admin,
        )


def move_in(
    work: Work, deployment: Deployment, *, setup_link: str, enrol_url: str, password: str
) -> Household:
    """Use the set-up link, add bank and people; `password` is hashed already."""
    link = setup_link.rpartition("/")[2]
    told = set_up.choose(
        work, link, name=people.ADMIN_NAME, email=people.ADMIN_EMAIL, encoded=password
    )
    code = totp.hotp(told.secret, totp.step_at(work.now), digits=DIGITS)
    signed_in = set_up.confirm(work, link, code)
    assert isinstance(signed_in, SignedIn)
    tenant, admin = signed_in.session.tenant, signed_in.session.person
    site = fleet.sites(work.tx, tenant)[0].site
    bank = enrolment.create_bank(work, tenant, site, people.BANK, actor=admin)
    ticket = enrolment.new_ticket(work, tenant, bank, deployment, url=enrol_url)

    def add(details: Details, role: Role) -> PersonId:
        offered = Binding(admin, role, Node(tenant=tenant), work.now, None)
        return service.add(work, tenant, admin, details, offered).person

    courier = add(Details(name=people.COURIER_NAME, email=people.COURIER_EMAIL), Role.COURIER)
    residents = {
        one.unit: add(
            Details(
                name=one.name, email=one.email, unit=one.unit, site=site, needs_low=one.needs_low
            ),
            Role.RESIDENT,
        )
        for one in people.RESIDENTS
    }
    return Household(
        tenant=tenant,
        bank=bank,
        ticket=ticket.encode(),
        admin=admin,
        courier=courier,
        residents=residents,
        authenticator=told.secret,
    )
