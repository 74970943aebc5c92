"""Who may do what with an item: what a page offers, and to whom an item can be offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bayward.cloud.custody import parties
from bayward.cloud.custody.item_store import ItemView, Sight
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import You
from bayward.cloud.web.words import places_of
from bayward.core import policy
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import PersonId, TenantId
from bayward.core.items import HolderKind, ItemState, Offer, OfferKind
from bayward.core.policy import Aal, Action, Allow, Context, Resource
from bayward.core.roles import Node, Role

ACTIONS: Mapping[str, Action] = {
    "hand-over": Action.CUSTODY_OFFER,
    "transfer": Action.CUSTODY_OFFER,
    "release": Action.CUSTODY_GIVE_OUT,
    "dispose": Action.CUSTODY_GIVE_OUT,
    "withdraw": Action.CUSTODY_WITHDRAW,
    "accept": Action.CUSTODY_ACCEPT,
    "witness": Action.CUSTODY_WITNESS,
    "refuse": Action.CUSTODY_REFUSE,
    "return": Action.CUSTODY_RETURN,
    "take": Action.CUSTODY_TAKE,
    "seal": Action.SEAL_CHECK,
    "check": Action.SEAL_CHECK,
    "photo": Action.SEAL_CHECK,
    "count": Action.SEAL_CHECK,
    "dispense": Action.CUSTODY_OFFER,
    "waste": Action.CUSTODY_OFFER,
    "correct": Action.CUSTODY_OFFER,
}
"""What an act of the pages is for the policy."""

# What can be done with what nobody here has in his hands.
ELSEWHERE: Mapping[ItemState, tuple[str, ...]] = {
    ItemState.DISPOSED: (),
    ItemState.OUTSIDE: ("return", "take"),
    ItemState.STORED: ("take",),
}
OF_OFFERS = {"accept", "refuse"}  # asked of the offer, not of the item


def sight(you: You, now: Instant) -> Sight:
    """What of all items he may see."""
    return Sight(policy.places(you.principal, Action.ITEM_READ, now), you.person)


def acts(view: ItemView, you: You, now: Instant) -> tuple[str, ...]:
    """What this person can do with it now, as rules and roles will allow it."""
    return tuple(act for act in _possible(view, you, now) if _may(act, view, you, now))


def elsewhere(work: Work, you: You, view: ItemView) -> list[tuple[str, str]]:
    """Who can accept it at another site, except oneself: `person|path`, and how to say it."""
    here = view.node(you.tenant)
    found = []
    for path, place in places_of(work.tx, you.tenant):
        node = Node.parse(path)
        if node.site is not None and node.bank is None and node.site != here.site:
            for person, name in _who_accept(work, you, node):
                found.append((f"{person}|{path}", f"{place}: {name}"))
    return sorted(found, key=lambda one: one[1])


def moved_to(work: Work, you: You, view: ItemView, text: str) -> tuple[PersonId, Node]:
    """To whom and where an item is transferred; raises `Invalid` for who could not accept it."""
    if text not in dict(elsewhere(work, you, view)):
        raise Invalid("custody.to_whom", field="to")
    person, _, path = text.partition("|")
    return PersonId(person), Node.parse(path)


def receivers(work: Work, you: You, view: ItemView) -> list[tuple[str, str]]:
    """Who can accept it: whoever has a role for that where it is kept, except oneself."""
    return _who_accept(work, you, view.node(you.tenant))


def _who_accept(work: Work, you: You, node: Node) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for role in policy.TABLE[Action.CUSTODY_ACCEPT]:
        for person, name in _with_role(work, you.tenant, role):
            found.setdefault(person, name)
    held = people_store.bindings_of_all(
        work.tx, you.tenant, [PersonId(one) for one in found], work.now
    )
    fitting = {
        person
        for person, bindings in held.items()
        for one in bindings
        if one.role in policy.TABLE[Action.CUSTODY_ACCEPT] and one.node.contains(node)
    }
    named = [one for one in found.items() if one[0] in fitting and one[0] != you.person]
    return sorted(named, key=lambda one: one[1])


def receiver(work: Work, you: You, view: ItemView, text: str) -> PersonId:
    """The person an item is offered to; raises `Invalid` for one who could not accept it."""
    if text not in dict(receivers(work, you, view)):
        raise Invalid("custody.to_whom", field="to")
    return PersonId(text)


def known_parties(work: Work, you: You) -> tuple[str, ...]:
    """Names of parties to offer while typing: of items he may see, and of no others."""
    return tuple(parties.suggested(work, you.tenant, sight(you, work.now)))


def _possible(view: ItemView, you: You, now: Instant) -> tuple[str, ...]:
    item, offer = view.item, view.item.offer
    holds = item.holder.kind is HolderKind.PERSON and item.holder.ref == you.person
    if item.state is ItemState.OFFERED and offer is not None and now < offer.until:
        return _answers(offer, you, holds=holds)
    if item.state in ELSEWHERE:
        return ELSEWHERE[item.state]
    if not holds:
        return ("take",)
    seals = ("seal", "check") if item.seal is not None else ("seal",)
    counts = () if item.stock is None else ("count", "dispense", "waste", "correct")
    return ("hand-over", *counts, *seals, "photo", "transfer", "release", "dispose")


def _answers(offer: Offer, you: You, *, holds: bool) -> tuple[str, ...]:
    if holds:
        return ("withdraw",)
    if offer.kind is not OfferKind.HAND_OVER:
        return ("witness", "refuse")
    return ("accept", "refuse") if offer.to == you.person else ()


def _may(act: str, view: ItemView, you: You, now: Instant) -> bool:
    """Whether he may, once he has shown whatever it takes."""
    holder = places.holder_of(view)
    if act in OF_OFFERS:
        holder = places.answers(view, you, now)
    node = view.answered_at(you.tenant) if act in OF_OFFERS else view.node(you.tenant)
    asked = Resource(node=node, holder=holder)
    shown = Context(now=now, aal=Aal.TWO, is_stepped_up=True)
    return isinstance(policy.decide(you.principal, ACTIONS[act], asked, shown), Allow)


def _with_role(work: Work, tenant: TenantId, role: Role) -> Iterator[tuple[str, str]]:
    last: PersonId | None = None
    while True:
        page = people_store.search(work.tx, tenant, role=role, after=last, now=work.now)
        shown = page[: people_store.PAGE_ROWS]
        yield from ((one.person, one.name) for one in shown)
        if len(page) <= people_store.PAGE_ROWS:
            return
        last = shown[-1].person
