"""Doors for two, as the faces know them: what is asked there, and what agreeing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bayward.cloud.custody import approvals, item_store
from bayward.cloud.custody.approvals import Approval, Door, Kind
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.store import Bank, Built
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import Locate, You
from bayward.core import policy
from bayward.core.compartment import CompartmentState
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.ids import BankId, CompartmentId
from bayward.core.policy import Action, Resource
from bayward.core.roles import Node


def door_of(bank: str, compartment: str, kind: str) -> Door:
    """A door and a kind of question from texts of a form."""
    if kind not in set(Kind):
        raise Invalid("custody.word", field="kind")
    return Door(places.parse(BankId, bank), places.parse(CompartmentId, compartment), Kind(kind))


def at(told: Callable[[], Door]) -> Locate:
    """The door as the policy sees it; read only once it is known who asks."""

    def locate(work: Work, you: You) -> Resource:
        door = told()
        bank = fleet.get_bank(work, you.tenant, door.bank)
        return Resource(node=Node(you.tenant, bank.site, bank.bank, door.compartment))

    return locate


def seen(work: Work, you: You) -> Iterator[tuple[Bank, Built]]:
    """Every door for two at the banks he keeps items at."""
    nodes = policy.places(you.principal, Action.APPROVAL_READ, work.now)
    for bank in fleet_store.banks(work.tx, you.tenant):
        here = Node(you.tenant, bank.site, bank.bank)
        if any(node.contains(here) for node in nodes):
            for built in fleet_store.layout(work.tx, you.tenant, bank.bank):
                if built.compartment.mode.needs_two:
                    yield bank, built


def waiting_for(work: Work, you: You, doors: set[CompartmentId]) -> int:
    """How many questions at these doors wait for somebody like him."""
    found = approvals.all_waiting(work, you.tenant)
    return sum(one.compartment in doors and one.asked_by != you.person for one in found)


def held(work: Work, you: You, built: Built) -> list[ItemView]:
    """The items in a compartment."""
    return item_store.inside(work.tx, you.tenant, built.compartment.id)


def ask(work: Work, you: You, door: Door, reason: str) -> None:
    """Ask a second person; only what could be done then can be asked for."""
    built = _built(work, you, door)
    if not built.compartment.mode.needs_two:
        raise Conflict("approval.not_needed")
    if door.kind is Kind.RESTORE and built.state is not CompartmentState.BLOCKED:
        raise Conflict("compartment.not_blocked")
    approvals.ask(work, you.tenant, door, actor=you.person, reason=reason)


def agree(work: Work, you: You, door: Door) -> Approval:
    """Agree, and do what can be done from here: order the compartment given back."""
    given = approvals.agree(work, you.tenant, door, actor=you.person)
    if door.kind is Kind.RESTORE:
        fleet.restore(
            work,
            you.tenant,
            door.bank,
            door.compartment,
            actor=places.parse(type(you.person), given.asked_by),
            second=you.person,
        )
    return given


def _built(work: Work, you: You, door: Door) -> Built:
    for one in fleet_store.layout(work.tx, you.tenant, door.bank):
        if one.compartment.id == door.compartment:
            return one
    raise NotFound("compartment")
