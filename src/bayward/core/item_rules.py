"""Which event may follow which in the life of an item.

`follow` is the whole theory: the item after one more event of its log, or an error of the tree
when the rules do not allow it; `item_chain` replays a log with it. A bank's reports are facts: a
door that was opened is not undone by a rule, so they always move the item, and what contradicts
the record before them is a `custody.broken`, in red for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from bayward.core import medicine
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import CompartmentId, ItemId, PartyId, PersonId
from bayward.core.items import (
    ENDS,
    NOBODY,
    Holder,
    HolderKind,
    Item,
    ItemKind,
    ItemMove,
    ItemState,
    Offer,
    OfferKind,
    SealFound,
    SealState,
    Stock,
    moved,
)

PHOTO_HASH_CHARS = 64  # SHA-256 in hex
BREAKS = frozenset({EventType.CUSTODY_BROKEN, EventType.CUSTODY_TAKEN})
"""After one of these the custody of an item is not unbroken."""
NOT_THE_HOLDER, NOT_IN_THERE = "not_the_holder", "not_in_there"
"""Why a bank's report does not continue a custody."""


def registered(event: Event) -> Item:
    """The item that an `item.registered` begins: whoever registers it holds it."""
    if event.type is not EventType.ITEM_REGISTERED:
        raise Conflict("item.unknown")
    _photo(event)
    return Item(
        id=ItemId(event.item or ""),
        kind=_one_of(ItemKind, event.purpose, "kind"),
        state=ItemState.HELD,
        holder=_person(event.actor),
        since=event.time,
        seal=event.seal,
        seal_state=None if event.seal is None else SealState.INTACT,
        stock=medicine.registered(event),
    )


def follow(item: Item, event: Event) -> Item:
    """The item after one more event; raises `Conflict` or `Invalid` when it must not be."""
    rule = _RULES.get(event.type)
    if rule is None:
        raise Conflict("item.move", state=item.state.value, move=event.type.value)
    _photo(event)
    return rule(item, event)


def doubts(item: Item, event: Event) -> str | None:
    """Why a bank's report about `item` does not continue its custody; None: it does.

    `event` is a `custody.stored` or `custody.fetched` that has not been followed yet.
    """
    if event.type is EventType.CUSTODY_STORED and not _is(item.holder, _person(event.actor)):
        return NOT_THE_HOLDER
    if event.type is EventType.CUSTODY_FETCHED and not _is(item.holder, _inside(event)):
        return NOT_IN_THERE
    return None


# One rule per type of event.


def _offered(item: Item, event: Event) -> Item:
    _only_holder(item, event.actor)
    kind = _one_of(OfferKind, event.purpose, "purpose")
    if kind is OfferKind.HAND_OVER:
        if event.recipient is None:
            raise Invalid("custody.to_whom", field="recipient")
        if _surely(event.recipient, event.actor):
            raise Conflict("custody.same_person")
    elif event.scope is not None:
        raise Invalid("custody.to_where", field="scope")  # only a person takes it elsewhere
    if kind is OfferKind.RELEASE and not event.party:
        raise Invalid("custody.to_whom", field="party")
    if kind is OfferKind.DISPOSAL and not event.authority:
        raise Invalid("custody.authority", field="authority")
    if kind in medicine.DRAWS:
        medicine.draws(_stock(item), kind, event.count)
        medicine.check_words(kind, event.authority, event.reason)
    if item.stock is not None:
        medicine.check_offer(item.stock, kind, event.time)
    offer = Offer(
        kind=kind,
        count=event.count,
        until=Instant(event.not_after or 0),
        to=None if event.recipient is None else PersonId(event.recipient),
        party=event.party,
        party_id=None if event.party_id is None else PartyId(event.party_id),
        authority=event.authority,
        scope=event.scope,
    )
    return replace(item, state=moved(item.state, ItemMove.OFFER), offer=offer)


def _accepted(item: Item, event: Event) -> Item:
    offer = _live(item, event, OfferKind.HAND_OVER)
    if not _same(offer.to, event.actor):
        raise Conflict("custody.not_offered_to_you")
    if event.scope != offer.scope:  # what is accepted is what was offered, the place included
        raise Invalid("custody.to_where", field="scope")
    counted = _agreed(_seal_read(item, event), event)
    return _ended(counted, ItemMove.ACCEPT, _person(event.actor), event.time)


def _released(item: Item, event: Event) -> Item:
    offer = _live(item, event, OfferKind.RELEASE)
    _only_another(item, event.witness)
    party = Holder(HolderKind.PARTY, offer.party_id or offer.party or "", offer.party or "")
    return _ended(_seal_read(item, event), ItemMove.RELEASE, party, event.time)


def _disposed(item: Item, event: Event) -> Item:
    _live(item, event, OfferKind.DISPOSAL)
    _only_another(item, event.witness)
    gone = replace(_seal_read(item, event), out_since=None)
    return _ended(gone, ItemMove.DISPOSE, NOBODY, event.time)


def _refused(item: Item, event: Event) -> Item:
    state = moved(item.state, ItemMove.REFUSE)
    offer = item.offer
    if offer is not None and offer.to is not None and not _same(offer.to, event.actor):
        raise Conflict("custody.not_offered_to_you")
    if offer is not None and offer.to is None:
        _only_another(item, event.actor)
    return replace(item, state=state, offer=None)


def _withdrawn(item: Item, event: Event) -> Item:
    _only_holder(item, event.actor)
    return replace(item, state=moved(item.state, ItemMove.WITHDRAW), offer=None)


def _lapsed(item: Item, event: Event) -> Item:
    if item.offer is not None and event.time < item.offer.until:
        raise Conflict("custody.not_lapsed")
    return replace(item, state=moved(item.state, ItemMove.LAPSE), offer=None)


def _stored(item: Item, event: Event) -> Item:
    back = replace(item, out_since=None)
    return _ended(back, ItemMove.STORE, _inside(event), event.time)


def _fetched(item: Item, event: Event) -> Item:
    return _ended(_out(item, event), ItemMove.FETCH, _person(event.actor), event.time)


def _returned(item: Item, event: Event) -> Item:
    item = replace(item, stock=medicine.out_of_hands(item.stock))
    if event.result is not None:  # else a look at the record's seal follows
        item = _seal_changed(item, event)
    return _ended(item, ItemMove.RETURN, _person(event.actor), event.time)


def _taken(item: Item, event: Event) -> Item:
    _only_another(item, event.actor)
    taken = replace(item, is_broken=True)
    taken = replace(taken, stock=medicine.out_of_hands(item.stock))
    if item.state is ItemState.STORED:
        taken = _out(taken, event)
    return _ended(taken, ItemMove.TAKE, _person(event.actor), event.time)


def _broken(item: Item, event: Event) -> Item:
    del event
    return replace(item, is_broken=True)


def _sealed(item: Item, event: Event) -> Item:
    _in_hand(item, event)
    if item.seal is not None and not event.reason:
        raise Invalid("seal.reason", field="reason")
    if item.seal is not None and item.seal == event.seal:
        raise Conflict("seal.same")
    return replace(item, seal=event.seal, seal_state=SealState.INTACT)


def _checked(item: Item, event: Event) -> Item:
    _in_hand(item, event)
    if item.seal is None:
        raise Conflict("seal.none")
    return _seal_read(item, event)


def _counted(item: Item, event: Event) -> Item:
    """Its holder counts, or who is about to take it over."""
    offer = item.offer
    is_receiver = offer is not None and offer.to is not None and _same(offer.to, event.actor)
    if not is_receiver:
        _only_holder(item, event.actor)
    stock, result = medicine.counted(_stock(item), event.count)
    if not _same(event.result, result):
        raise Invalid("custody.word", field="result")
    return replace(item, stock=stock)


def _drawn(item: Item, event: Event) -> Item:
    """A stock has become another one, before a witness; `count` is what is left."""
    kind, stock = _one_of(OfferKind, event.purpose, "purpose"), _stock(item)
    if kind not in medicine.DRAWS:
        raise Invalid("custody.word", field="purpose")
    _only_holder(item, event.actor)
    if item.state is ItemState.OFFERED:
        offer = _live(item, event, kind)
        _only_another(item, event.witness)
        if event.witness is None or event.count != medicine.draws(stock, kind, offer.count):
            raise Invalid("stock.number", field="count", least=0, limit=stock.count)
    elif medicine.needs_witness(stock, kind):
        raise Conflict("stock.witness")
    else:
        medicine.check_offer(stock, kind, event.time)
        medicine.check_words(kind, event.authority, event.reason)
        medicine.draws(stock, kind, stock.count - (event.count or 0))
    is_doubted = stock.is_doubted and kind is not OfferKind.CORRECTION
    left = replace(stock, count=event.count or 0, is_doubted=is_doubted)
    state = moved(item.state, ItemMove.DRAW)
    return replace(item, state=state, offer=None, stock=left)


def _photographed(item: Item, event: Event) -> Item:
    """Only who has it in his hands can say that this is what it looks like."""
    _only_holder(item, event.actor)
    return item


_RULES: Mapping[EventType, Callable[[Item, Event], Item]] = {
    EventType.CUSTODY_OFFERED: _offered,
    EventType.CUSTODY_ACCEPTED: _accepted,
    EventType.CUSTODY_RELEASED: _released,
    EventType.CUSTODY_REFUSED: _refused,
    EventType.CUSTODY_WITHDRAWN: _withdrawn,
    EventType.CUSTODY_LAPSED: _lapsed,
    EventType.CUSTODY_STORED: _stored,
    EventType.CUSTODY_FETCHED: _fetched,
    EventType.CUSTODY_RETURNED: _returned,
    EventType.CUSTODY_TAKEN: _taken,
    EventType.CUSTODY_BROKEN: _broken,
    EventType.SEAL_APPLIED: _sealed,
    EventType.SEAL_CHECKED: _checked,
    EventType.ITEM_PHOTOGRAPHED: _photographed,
    EventType.ITEM_COUNTED: _counted,
    EventType.ITEM_DRAWN: _drawn,
    EventType.ITEM_DISPOSED: _disposed,
}


def _ended(item: Item, move: ItemMove, holder: Holder, at: Instant) -> Item:
    """It has changed hands."""
    return replace(item, state=moved(item.state, move), holder=holder, since=at, offer=None)


def _out(item: Item, event: Event) -> Item:
    """It has left a compartment; who hands it on afterwards does not bring it back."""
    item = replace(item, stock=medicine.out_of_hands(item.stock))
    return item if item.out_since is not None else replace(item, out_since=event.time)


def _live(item: Item, event: Event, kind: OfferKind) -> Offer:
    offer = item.offer
    if offer is None or offer.kind is not kind:
        raise Conflict("item.move", state=item.state.value, move=ENDS[kind].value)
    if event.time >= offer.until:
        raise Conflict("custody.too_late")
    return offer


def _seal_read(item: Item, event: Event) -> Item:
    """Who takes a sealed item says which number he reads, and whether the seal is whole."""
    if item.seal is None:
        return item
    if not _same(event.seal, item.seal):
        raise Invalid("seal.mismatch", field="seal")
    read = replace(item, seal_state=_one_of(SealState, event.result, "result"))
    return _seal_failed(read, event) if read.seal_state is SealState.BROKEN else read


def _seal_changed(item: Item, event: Event) -> Item:
    """It comes back with another seal than it left with, or with none: that stays marked."""
    found = _one_of(SealFound, event.result, "result")
    if item.seal is None:
        raise Conflict("seal.none")
    if not _same(event.seal_before, item.seal):
        raise Invalid("seal.mismatch", field="seal_before")
    changed = _seal_failed(item, event)
    if found is SealFound.MISSING:
        if event.seal is not None:
            raise Invalid("seal.no_number", field="seal")
        return replace(changed, seal=None, seal_state=None)
    if event.seal is None:
        raise Invalid("field.empty", field="seal")
    if event.seal == item.seal:
        raise Invalid("seal.not_another", field="seal")
    return replace(changed, seal=event.seal, seal_state=SealState.INTACT)


def _seal_failed(item: Item, event: Event) -> Item:
    """That it did is not undone by a new seal."""
    return item if item.seal_broken_at is not None else replace(item, seal_broken_at=event.time)


def _stock(item: Item) -> Stock:
    if item.stock is None:
        raise Conflict("stock.none")
    return item.stock


def _agreed(item: Item, event: Event) -> Item:
    """Who takes over a controlled stock has counted it, and counted the same."""
    stock = item.stock
    if stock is None or (event.count is None and not stock.is_controlled):
        return item
    counted, result = medicine.counted(stock, event.count)
    if result != medicine.AGREES:
        raise Invalid("stock.mismatch", field="count")
    return replace(item, stock=counted)


def _in_hand(item: Item, event: Event) -> None:
    """A seal is touched only by who holds the item, and not while it changes hands."""
    if item.state is not ItemState.HELD:
        raise Conflict("item.move", state=item.state.value, move=event.type.value)
    _only_holder(item, event.actor)


def _only_holder(item: Item, actor: str | None) -> None:
    if not _is(item.holder, _person(actor)):
        raise Conflict("custody.not_the_holder")


def _only_another(item: Item, actor: str | None) -> None:
    if item.holder.kind is HolderKind.PERSON and _surely(item.holder.ref, actor):
        raise Conflict("custody.same_person")


def _person(ref: str | None) -> Holder:
    return Holder(HolderKind.PERSON, ref or "")


def _inside(event: Event) -> Holder:
    return Holder(HolderKind.COMPARTMENT, CompartmentId(event.compartment or ""))


def _is(one: Holder, other: Holder) -> bool:
    return one.kind is other.kind and _same(one.ref, other.ref)


def _same(one: str | None, other: str | None) -> bool:
    """Whether two names are the same, as far as they can still be read."""
    return ERASED in (one, other) or one == other


def _surely(one: str | None, other: str | None) -> bool:
    """Whether two names are one; who was erased is nobody in particular."""
    return one == other != ERASED


def _photo(event: Event) -> None:
    text = event.photo
    if text is None or text == ERASED:
        return
    if len(text) != PHOTO_HASH_CHARS or set(text) - set("0123456789abcdef"):
        raise Invalid("photo.hash", field="photo")


_Word = TypeVar("_Word", bound=StrEnum)


def _one_of(kind: type[_Word], text: str | None, field: str) -> _Word:
    try:
        return kind(text or "")
    except ValueError:
        raise Invalid("custody.word", field=field) from None
