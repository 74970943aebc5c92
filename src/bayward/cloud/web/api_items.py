"""JSON API: items, their custody, and what is done with them. A fresh code goes in a header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import structs

from bayward.cloud.custody import form, items, stock
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.custody.items import Description, Proposal, Reading
from bayward.cloud.unit import Work
from bayward.cloud.web import item_lines, item_lists, item_powers, places
from bayward.cloud.web.api_item_types import (
    CountIn,
    ItemIn,
    ItemOut,
    OfferIn,
    PhotoIn,
    ReadingIn,
    SealIn,
    WhyIn,
)
from bayward.cloud.web.api_types import PageOut
from bayward.cloud.web.asking import Asker, Consequence, Locate, You
from bayward.cloud.web.console_items import CSV
from bayward.cloud.web.console_parcels import cursor
from bayward.cloud.web.item_lists import LISTS
from bayward.cloud.web.routes import AnyRequest, Asking, api
from bayward.cloud.web.words import Words
from bayward.core.errors import Invalid, NotFound
from bayward.core.ids import ItemId
from bayward.core.items import ItemKind, OfferKind
from bayward.core.policy import Action
from bayward.ui.views.base import Say

ROWS = 100

Verb = Callable[[Work, You, ItemId], object]


@api("get", "/items", Action.ITEM_READ)
async def listed(request: AnyRequest, asker: Asking) -> PageOut:
    """Items, newest change first; `state` as in the console, `after` from the page before.

    `state=out` has what was taken out of a compartment and is not back, longest out first.
    `case`, `seal`, `kind` and `holder` (an id) are exact; `q` is a part of label, case, exhibit,
    seal.
    """
    query = request.query_params
    state = query.get("state", "all")
    if state not in LISTS:
        raise NotFound("item")
    before = cursor(query.get("after", ""))
    kind = query.get("kind", "")
    if kind and kind not in set(ItemKind):
        raise Invalid("custody.word", field="kind")

    def read(work: Work, you: You) -> PageOut:
        wanted = item_lists.wanted(
            state,
            you,
            work.now,
            text=query.get("q", ""),
            kind=kind,
            holder=query.get("holder", ""),
            case=query.get("case", ""),
            seal=query.get("seal", ""),
        )
        found = items.items(work, you.tenant, wanted, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        after = item_lists.place_of(shown[-1], wanted) if len(found) > ROWS else None
        return PageOut(rows=[_item(one) for one in shown], after=after)

    return await asker.read(places.widest(Action.ITEM_READ), read)


@api("post", "/items", Action.ITEM_REGISTER)
async def register(asker: Asking, data: JSONBody[ItemIn]) -> ItemOut:
    """Take something into custody; whoever does it holds it."""

    def take(work: Work, you: You) -> ItemOut:
        if data.kind not in set(ItemKind):
            raise Invalid("custody.word", field="kind")
        fields: dict[str, Any] = structs.asdict(data)
        told = Description(**fields | {
            "kind": ItemKind(data.kind),
            "text": fields.pop("detail"),
            "kept_at": places.kept_at(data.kept_at)(work, you).node,
        })  # fmt: skip
        item = items.register(work, you.tenant, told, actor=you.person)
        return _item(items.get_item(work, you.tenant, item))

    return await asker.write(places.kept_at(data.kept_at), take, _tried(asker, take))


@api("get", "/items/{item:str}", Action.ITEM_READ)
async def one(asker: Asking, item: FromPath[str]) -> ItemOut:
    """One item."""
    item_id = places.parse(ItemId, item)
    return await asker.read(
        places.item_to_read(item),
        lambda work, you: _item(items.get_item(work, you.tenant, item_id)),
    )


@api("get", "/items/{item:str}/custody", Action.ITEM_READ)
async def custody(asker: Asking, item: FromPath[str]) -> PageOut:
    """Its line of custody, oldest first, each line with the place of its entry in a log."""
    told = await _story(asker, item)
    return PageOut(rows=list(told.rows), after=None)


@api("get", "/items/{item:str}/custody.csv", Action.ITEM_READ)
async def custody_csv(asker: Asking, item: FromPath[str]) -> Response[str]:
    """The same as a table."""
    told = await _story(asker, item)
    head = form.facts(places.parse(ItemId, item), told.beginning)
    return Response(form.csv_text(head, told.rows), media_type=CSV)


@api("post", "/items/{item:str}/offer", Action.CUSTODY_OFFER)
async def offer(asker: Asking, item: FromPath[str], data: JSONBody[OfferIn]) -> ItemOut:
    """Offer it; it stays with its holder until the other side says yes."""

    def verb(work: Work, you: You, item_id: ItemId) -> object:
        if data.kind not in set(OfferKind):
            raise Invalid("custody.word", field="kind")
        kind = OfferKind(data.kind)
        view = items.get_item(work, you.tenant, item_id)
        to, kept_at = None, None
        if data.kept_at:
            there = f"{data.to}|{data.kept_at}"
            to, kept_at = item_powers.moved_to(work, you, view, there)
        elif kind is OfferKind.HAND_OVER:
            to = item_powers.receiver(work, you, view, data.to)
        proposal = Proposal(
            kind=kind,
            to=to,
            kept_at=kept_at,
            party=data.party,
            authority=data.authority,
            reason=data.reason,
            photo=data.photo,
            count=data.count,
        )
        return items.offer(work, you.tenant, item_id, proposal, actor=you.person)

    is_given_out = data.kind in {OfferKind.RELEASE.value, OfferKind.DISPOSAL.value}
    who = asker.also(Action.CUSTODY_GIVE_OUT) if is_given_out else asker
    return await _done(who, places.item(item), item, verb)


@api("post", "/items/{item:str}/withdraw", Action.CUSTODY_WITHDRAW)
async def withdraw(asker: Asking, item: FromPath[str]) -> ItemOut:
    """Take an offer back."""
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.withdraw(work, you.tenant, one, actor=you.person),
    )


@api("post", "/items/{item:str}/accept", Action.CUSTODY_ACCEPT)
async def accept(asker: Asking, item: FromPath[str], data: JSONBody[ReadingIn]) -> ItemOut:
    """Take over what was offered to me."""
    read = _reading(data)
    return await _done(
        asker,
        places.offer(item),
        item,
        lambda work, you, one: stock.accept(work, you.tenant, one, read, actor=you.person),
    )


@api("post", "/items/{item:str}/witness", Action.CUSTODY_WITNESS)
async def witness(asker: Asking, item: FromPath[str], data: JSONBody[ReadingIn]) -> ItemOut:
    """See it leave the house, or see it destroyed, as the second person."""
    read = _reading(data)
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.witness(work, you.tenant, one, read, actor=you.person),
    )


@api("post", "/items/{item:str}/refuse", Action.CUSTODY_REFUSE)
async def refuse(asker: Asking, item: FromPath[str], data: JSONBody[WhyIn]) -> ItemOut:
    """Say no to an offer."""
    return await _done(
        asker,
        places.offer(item),
        item,
        lambda work, you, one: items.refuse(
            work, you.tenant, one, actor=you.person, reason=data.reason
        ),
    )


@api("post", "/items/{item:str}/return", Action.CUSTODY_RETURN)
async def take_back(asker: Asking, item: FromPath[str], data: JSONBody[ReadingIn]) -> ItemOut:
    """Receive it again from outside."""
    read = _reading(data)
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.take_back(
            work, you.tenant, one, read, actor=you.person, reason=data.reason
        ),
    )


@api("post", "/items/{item:str}/take", Action.CUSTODY_TAKE)
async def take(asker: Asking, item: FromPath[str], data: JSONBody[WhyIn]) -> ItemOut:
    """Take it over without a hand-over; its custody is interrupted by that."""
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.take(
            work, you.tenant, one, actor=you.person, reason=data.reason
        ),
    )


@api("post", "/items/{item:str}/seal", Action.SEAL_CHECK)
async def seal(asker: Asking, item: FromPath[str], data: JSONBody[SealIn]) -> ItemOut:
    """Put a seal on."""
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.seal(
            work, you.tenant, one, data.seal, actor=you.person, reason=data.reason
        ),
    )


@api("post", "/items/{item:str}/check", Action.SEAL_CHECK)
async def check(asker: Asking, item: FromPath[str], data: JSONBody[ReadingIn]) -> ItemOut:
    """Write down what is read on the seal."""
    read = _reading(data)
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.check_seal(work, you.tenant, one, read, actor=you.person),
    )


@api("post", "/items/{item:str}/photo", Action.SEAL_CHECK)
async def photo(asker: Asking, item: FromPath[str], data: JSONBody[PhotoIn]) -> ItemOut:
    """Write down the SHA-256 of a photograph of it."""
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: items.photograph(
            work, you.tenant, one, data.photo, actor=you.person, detail=data.detail
        ),
    )


@api("post", "/items/{item:str}/count", Action.SEAL_CHECK)
async def count(asker: Asking, item: FromPath[str], data: JSONBody[CountIn]) -> ItemOut:
    """Write down how many there are; another number than the record's opens an incident."""
    return await _done(
        asker,
        places.item(item),
        item,
        lambda work, you, one: stock.count(work, you.tenant, one, data.count, actor=you.person),
    )


async def _done(asker: Asker, at: Locate, item: str, verb: Verb) -> ItemOut:
    item_id = places.parse(ItemId, item)

    def run(work: Work, you: You) -> ItemOut:
        verb(work, you, item_id)
        return _item(items.get_item(work, you.tenant, item_id))

    return await asker.write(at, run, _tried(asker, run))


def _tried(asker: Asker, run: Callable[[Work, You], object]) -> Consequence:
    """Done and undone before a code is spent on it: what is wrong is said instead of asking."""

    def says(work: Work, you: You) -> Say:
        run(work, you)
        return Say(asker.action.value)

    return says


async def _story(asker: Asker, item: str) -> item_lines.Story:
    item_id = places.parse(ItemId, item)
    return await asker.read(
        places.item_to_read(item),
        lambda work, you: item_lines.story(Words(work, you.tenant), you.tenant, item_id),
    )


def _reading(data: ReadingIn) -> Reading:
    return Reading(seal=data.seal, result=data.result, photo=data.photo, count=data.count)


def _item(view: ItemView) -> ItemOut:
    item, offer, held = view.item, view.item.offer, view.item.stock
    return ItemOut(
        item=item.id,
        label=item.id.label,
        kind=item.kind.value,
        case=view.case,
        exhibit=view.exhibit,
        state=item.state.value,
        holder_kind=item.holder.kind.value,
        holder=item.holder.ref,
        holder_name=item.holder.name or None,
        since=item.since,
        offered_to=None if offer is None else offer.to or offer.party_id,
        offered_name=None if offer is None else offer.party,
        offer_kind=None if offer is None else offer.kind.value,
        offer_until=None if offer is None else offer.until,
        seal=item.seal,
        seal_state=None if item.seal_state is None else item.seal_state.value,
        is_broken=item.is_broken,
        seal_broken_at=item.seal_broken_at,
        kept_at=view.scope,
        out_since=item.out_since,
        count=None if held is None else held.count,
        unit=None if held is None else held.unit,
        lot=None if held is None else held.lot,
        expires_on=None if held is None else held.expires_on,
        is_controlled=held is not None and held.is_controlled,
        is_count_due=held is not None and held.is_count_due,
        is_doubted=held is not None and held.is_doubted,
    )
