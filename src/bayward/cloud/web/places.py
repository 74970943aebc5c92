"""From an id in an address to the thing the policy is asked about.

Each function gives a `Locate`: called inside the transaction of the act itself, it finds the
thing in the asker's own tenant or raises `NotFound`. An id of another tenant, of another kind,
malformed or unknown is the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, TypeVar

from bayward.cloud.access import service as access
from bayward.cloud.custody import items
from bayward.cloud.custody import service as custody
from bayward.cloud.fleet import service as fleet
from bayward.cloud.incidents import service as incidents
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import Person
from bayward.cloud.unit import Work
from bayward.cloud.web.asking import Locate, You
from bayward.core.errors import Invalid, NotFound
from bayward.core.ids import BankId, GrantId, Id, IncidentId, ItemId, ParcelId, PersonId, TenantId
from bayward.core.items import HolderKind
from bayward.core.policy import Resource
from bayward.core.roles import PLATFORM, Binding, Node, active

AnyId = TypeVar("AnyId", bound=Id)
WayIn: TypeAlias = Callable[[Work, You, Person], bool]


def parse(kind: type[AnyId], text: str) -> AnyId:
    """An id from an address; raises `NotFound` for what is none of this kind."""
    try:
        return kind.parse(text)
    except Invalid:
        raise NotFound("thing") from None


def home(tenant: TenantId) -> Node:
    """The node of everything that belongs to a tenant."""
    return PLATFORM if tenant == people.PLATFORM_TENANT else Node(tenant)


def everything(work: Work, you: You) -> Resource:
    """The whole tenant: lists, settings, logs."""
    del work
    return Resource(node=home(you.tenant))


def oneself(work: Work, you: You) -> Resource:
    """The asker's own sessions and parcels."""
    del work
    return Resource(node=home(you.tenant), holder=you.person)


def bank(text: str) -> Locate:
    """A bank."""
    bank_id = parse(BankId, text)
    return lambda work, you: Resource(node=_bank_node(work, you.tenant, bank_id))


def parcel(text: str) -> Locate:
    """A parcel in its compartment, held by its recipient."""
    parcel_id = parse(ParcelId, text)

    def locate(work: Work, you: You) -> Resource:
        found = custody.get_parcel(work, you.tenant, parcel_id)
        node = _bank_node(work, you.tenant, found.bank)
        return Resource(
            node=replace(node, compartment=found.compartment),
            holder=found.recipient,
            is_occupied=True,
        )

    return locate


def item(text: str) -> Locate:
    """An item, with whoever holds it now; in a compartment or outside nobody does."""
    item_id = parse(ItemId, text)

    def locate(work: Work, you: You) -> Resource:
        held = items.get_item(work, you.tenant, item_id).item.holder
        is_person = held.kind is HolderKind.PERSON
        return Resource(node=home(you.tenant), holder=PersonId(held.ref) if is_person else None)

    return locate


def offer(text: str) -> Locate:
    """The offer of an item, which belongs to whoever may answer it.

    A hand-over is for one person; what leaves the house may be answered by any second person,
    and `core.item_rules` keeps the holder from being that one. Where there is no offer any more
    the rules say so, which tells more than a refusal.
    """
    item_id = parse(ItemId, text)

    def locate(work: Work, you: You) -> Resource:
        found = items.get_item(work, you.tenant, item_id).item.offer
        to = None if found is None else found.to
        return Resource(node=home(you.tenant), holder=to or you.person)

    return locate


def grant(text: str) -> Locate:
    """A grant with the compartment it opens."""
    grant_id = parse(GrantId, text)

    def locate(work: Work, you: You) -> Resource:
        found = access.get_grant(work, you.tenant, grant_id)
        node = _bank_node(work, you.tenant, found.bank)
        return Resource(
            node=replace(node, compartment=found.compartment),
            holder=found.recipient,
            grant_bank=found.bank,
            is_occupied=True,
        )

    return locate


def incident(text: str) -> Locate:
    """An incident at its bank."""
    incident_id = parse(IncidentId, text)

    def locate(work: Work, you: You) -> Resource:
        found = incidents.get_incident(work, you.tenant, incident_id)
        return Resource(node=_bank_node(work, you.tenant, found.bank))

    return locate


def person(
    text: str, offered: Binding | None = None, changes_way_in: WayIn | None = None
) -> Locate:
    """Somebody, with what he holds now and what he would be given.

    `changes_way_in` tells whether the act changes how he gets in.
    """
    person_id = parse(PersonId, text)

    def locate(work: Work, you: You) -> Resource:
        found = people.get(work, you.tenant, person_id)
        held = active(people_store.bindings_of(work.tx, you.tenant, person_id), work.now)
        return Resource(
            node=offered.node if offered is not None else home(you.tenant),
            subject=person_id,
            subject_bindings=held,
            offered=offered,
            is_last_owner=people.is_last_owner(work, you.tenant, person_id),
            is_way_in_changed=changes_way_in is not None and changes_way_in(work, you, found),
        )

    return locate


def newcomer(offered: Binding) -> Locate:
    """Somebody who is not there yet, with the role he would be given."""

    def locate(work: Work, you: You) -> Resource:
        del work, you
        return Resource(node=offered.node, offered=offered)

    return locate


def _bank_node(work: Work, tenant: TenantId, bank_id: BankId) -> Node:
    found = fleet.get_bank(work, tenant, bank_id)
    return Node(tenant, found.site, bank_id)
