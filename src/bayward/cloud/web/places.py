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
from bayward.cloud.custody import items, parties
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.fleet import service as fleet
from bayward.cloud.incidents import service as incidents
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import Person
from bayward.cloud.unit import Work
from bayward.cloud.web.asking import Locate, You
from bayward.core import policy
from bayward.core.clock import Instant
from bayward.core.errors import Invalid, NotFound
from bayward.core.ids import (
    BankId,
    GrantId,
    Id,
    IncidentId,
    ItemId,
    ParcelId,
    PartyId,
    PersonId,
    TenantId,
)
from bayward.core.items import HolderKind
from bayward.core.policy import Action, Resource
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
        view = items.get_item(work, you.tenant, item_id)
        return Resource(node=view.node(you.tenant), holder=holder_of(view))

    return locate


def item_to_read(text: str) -> Locate:
    """An item as something to look at: who is asked to take it may see what it is."""
    item_id = parse(ItemId, text)

    def locate(work: Work, you: You) -> Resource:
        view = items.get_item(work, you.tenant, item_id)
        offer = view.item.offer
        is_asked = offer is not None and offer.to == you.person
        if is_asked:
            return Resource(node=view.answered_at(you.tenant), holder=you.person)
        return Resource(node=view.node(you.tenant), holder=holder_of(view))

    return locate


def holder_of(view: ItemView) -> PersonId | None:
    """The person who has it, if a person has it."""
    held = view.item.holder
    return PersonId(held.ref) if held.kind is HolderKind.PERSON else None


def widest(action: Action) -> Locate:
    """The widest place in which the asker has a say: what a list shows is what lies in there."""

    def locate(work: Work, you: You) -> Resource:
        node = policy.widest(you.principal, action, work.now)
        return Resource(node=node or home(you.tenant), holder=you.person)

    return locate


def kept_at(text: str) -> Locate:
    """Where a new item is to be kept; nothing said: the widest place of who registers it."""
    if not text:
        return widest(Action.ITEM_REGISTER)

    def locate(work: Work, you: You) -> Resource:
        del work
        return Resource(node=Node.parse(text), holder=you.person)

    return locate


def offer(text: str) -> Locate:
    """The offer of an item, which belongs to whoever may answer it.

    A hand-over is for one person, and a transfer is answered at the other place; what leaves the
    house is nobody's to answer but of those who keep items there, and `core.item_rules` keeps the
    holder from being that one. Where there is no offer any more the rules say so, which tells more
    than a refusal.
    """
    item_id = parse(ItemId, text)

    def locate(work: Work, you: You) -> Resource:
        view = items.get_item(work, you.tenant, item_id)
        return Resource(node=view.answered_at(you.tenant), holder=answers(view, you, work.now))

    return locate


def answers(view: ItemView, you: You, now: Instant) -> PersonId | None:
    """Whose word an offer waits for: of those that wait for a second person, any keeper's."""
    offer = view.item.offer
    if offer is None:
        return you.person
    keeps = policy.places(you.principal, Action.CUSTODY_WITNESS, now)
    is_keeper = any(node.contains(view.node(you.tenant)) for node in keeps)
    return you.person if offer.to is None and is_keeper else offer.to


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
    """An incident at its bank, or of the tenant when it is about no bank."""
    incident_id = parse(IncidentId, text)

    def locate(work: Work, you: You) -> Resource:
        found = incidents.get_incident(work, you.tenant, incident_id)
        if not found.bank:
            return Resource(node=home(you.tenant))
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


def party(text: str) -> Locate:
    """Somebody outside, who may be named anywhere in the tenant."""
    party_id = parse(PartyId, text)

    def locate(work: Work, you: You) -> Resource:
        parties.get(work, you.tenant, party_id)
        return Resource(node=home(you.tenant))

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
