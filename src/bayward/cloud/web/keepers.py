"""Who may open doors for two: people who keep or carry items, admitted at a bank for its modes.

The role is ours, the admission is the bank's: it knows no roles and needs none, and so decides with
the cable cut. Whoever loses the role loses the admission with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bayward.cloud.access import couriers
from bayward.cloud.access.store import AdmissionState, AdmissionView
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.store import Bank
from bayward.cloud.people import service as people
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import Locate, You
from bayward.core import policy
from bayward.core.clock import Instant
from bayward.core.compartment import Mode
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.core.policy import Action
from bayward.core.roles import Node, active

CARRIER = "custody"  # whom somebody delivers for who delivers for nobody
LIVE = {AdmissionState.ADMITTED, AdmissionState.REQUESTED}


def at(person: str) -> Locate:
    """Somebody who is given a code: it is a way in, so it needs a fresh factor."""
    return places.person(person, None, lambda _, __, ___: True)


def modes_at(work: Work, tenant: TenantId, bank: BankId) -> frozenset[Mode]:
    """The modes of the doors for two that a bank has."""
    built = fleet_store.layout(work.tx, tenant, bank)
    return frozenset(one.compartment.mode for one in built if one.compartment.mode.needs_two)


def admit(
    work: Work, you: You, person: PersonId, bank: BankId, *, modes: frozenset[Mode], until: Instant
) -> None:
    """Have the bank draw him a code for doors of these modes.

    Raises `Conflict("keeper.role")` for one who has no role for items there, and `Invalid` for a
    mode that bank has no doors of. A courier's carrier stays what it was.
    """
    found = people.get(work, you.tenant, person)
    place = fleet.get_bank(work, you.tenant, bank)
    if not modes or not modes <= modes_at(work, you.tenant, bank):
        raise Invalid("compartment.mode", field="modes")
    here = Node(you.tenant, place.site, bank)
    if not any(node.contains(here) for node in _nodes(work, you.tenant, person)):
        raise Conflict("keeper.role", field="bank")
    before = couriers.admissions(work, you.tenant, person, bank)
    couriers.admit(
        work,
        you.tenant,
        bank,
        person=person,
        name=found.name,
        carrier=before[0].carrier if before else CARRIER,
        until=until,
        actor=you.person,
        modes=modes,
    )


def banks_for(
    work: Work, tenant: TenantId, person: PersonId
) -> Iterator[tuple[Bank, frozenset[Mode]]]:
    """Where he could be admitted: banks with doors for two that a role of his reaches."""
    nodes = _nodes(work, tenant, person)
    for bank in fleet_store.banks(work.tx, tenant):
        here = Node(tenant, bank.site, bank.bank)
        modes = modes_at(work, tenant, bank.bank)
        if modes and any(node.contains(here) for node in nodes):
            yield bank, modes


def admission(work: Work, you: You, person: PersonId, bank: BankId) -> AdmissionView:
    """How far his admission at a bank has come."""
    for one in couriers.admissions(work, you.tenant, person, bank):
        return one
    raise NotFound("courier")


def admissions(work: Work, tenant: TenantId, person: PersonId) -> list[AdmissionView]:
    """Where he may open doors for two, or will as soon as the bank hears of it."""
    found = couriers.admissions(work, tenant, person)
    return [one for one in found if one.modes and one.state in LIVE and work.now < one.until]


def dismiss(work: Work, you: You, person: PersonId, bank: BankId | None = None) -> None:
    """Take it back, at one bank or everywhere his roles do not reach any more."""
    nodes = _nodes(work, you.tenant, person)
    for one in admissions(work, you.tenant, person):
        place = fleet.get_bank(work, you.tenant, one.bank)
        here = Node(you.tenant, place.site, one.bank)
        is_meant = one.bank == bank
        is_lost = bank is None and not any(node.contains(here) for node in nodes)
        if is_meant or is_lost:
            couriers.dismiss(work, you.tenant, one.bank, person=person, actor=you.person)


def _nodes(work: Work, tenant: TenantId, person: PersonId) -> list[Node]:
    """Where he has a role for items."""
    roles = policy.TABLE[Action.CUSTODY_ACCEPT]
    held = people.principal(work, tenant, person).bindings
    return [one.node for one in active(held, work.now) if one.role in roles]
