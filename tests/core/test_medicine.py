from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bayward.core import medicine
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import Event, EventType
from bayward.core.ids import CompartmentId, ItemId, PersonId
from bayward.core.item_chain import chain
from bayward.core.item_rules import follow, registered
from bayward.core.items import OFFER_LIFE_MS, Item, ItemState, OfferKind, Stock

_T = EventType
START = 1_800_000_000_000  # 2027-01-15
ITEM = ItemId.of(b"i" * 16)
ANNE, BEN, CARA = (PersonId.of(bytes([number]) * 16) for number in (1, 2, 3))
PILLS: dict[str, Any] = {
    "count": 28,
    "unit": "tablets",
    "lot": "L-7",
    "expires_on": "2027-03-31",
    "control": "controlled",
}
STOCK = Stock(count=28, unit="tablets", lot="L-7", expires_on="2027-03-31", is_controlled=True)


def told(kind: EventType, at: int = 0, **more: Any) -> Event:
    return Event(type=kind, time=Instant(START + at), item=ITEM, **more)


def new(**more: Any) -> Event:
    fields = {"actor": ANNE, "purpose": "medicine", "detail": "morphine 10 mg"} | PILLS | more
    return told(_T.ITEM_REGISTERED, **fields)


def offer(kind: OfferKind, at: int = 0, **more: Any) -> Event:
    fields = {"actor": ANNE, "purpose": kind.value, "not_after": START + at + OFFER_LIFE_MS} | more
    return told(_T.CUSTODY_OFFERED, at, **fields)


def drawn(kind: OfferKind, left: int, **more: Any) -> Event:
    fields = {"actor": ANNE, "witness": BEN, "purpose": kind.value, "count": left} | more
    return told(_T.ITEM_DRAWN, **fields)


def after(*events: Event) -> Item:
    item = registered(events[0])
    for event in events[1:]:
        item = follow(item, event)
    return item


def stock(item: Item) -> Stock:
    assert item.stock is not None
    return item.stock


def test_medicine_begins_with_a_count_and_a_knife_has_none() -> None:
    assert after(new()).stock == STOCK
    assert after(new(**dict.fromkeys(PILLS))).stock is None
    for wrong in (
        {"purpose": "evidence"},
        {"count": 0},
        {"count": medicine.COUNT_MAX + 1},
        {"count": None},
        {"unit": None},
        {"lot": None},
        {"expires_on": "31.3.2027"},
        {"control": "yes"},
    ):
        with pytest.raises(Invalid):
            registered(new(**wrong))


def test_who_takes_a_controlled_medicine_counts_it_and_counts_the_same() -> None:
    offered = after(new(), offer(OfferKind.HAND_OVER, recipient=BEN))
    accept: dict[str, Any] = {"actor": BEN, "subject": ANNE}
    with pytest.raises(Invalid, match="count"):
        follow(offered, told(_T.CUSTODY_ACCEPTED, **accept))
    for wrong in (27, 29, -1):
        with pytest.raises(Invalid):
            follow(offered, told(_T.CUSTODY_ACCEPTED, **accept, count=wrong))
    assert follow(offered, told(_T.CUSTODY_ACCEPTED, **accept, count=28)).holder.ref == BEN
    plain = after(new(control=None), offer(OfferKind.HAND_OVER, recipient=BEN))
    assert follow(plain, told(_T.CUSTODY_ACCEPTED, **accept)).holder.ref == BEN


@pytest.mark.parametrize("count", [28, 27])
def test_a_count_says_what_it_is_and_changes_no_number(count: int) -> None:
    result = "agrees" if count == 28 else "differs"
    counted = told(_T.ITEM_COUNTED, actor=ANNE, count=count, result=result)
    item = follow(after(new()), counted)
    assert (stock(item).count, stock(item).is_doubted) == (28, count != 28)
    lie = {"agrees": "differs", "differs": "agrees"}[result]
    with pytest.raises(Invalid):
        follow(after(new()), replace(counted, result=lie))
    with pytest.raises(Conflict):
        follow(after(new()), replace(counted, actor=CARA))


def test_what_comes_out_of_a_compartment_is_counted_before_it_goes_on() -> None:
    from_bank: dict[str, Any] = {
        "compartment": CompartmentId.of(b"d" * 16),
        "parcel": "prc_x",
        "origin": "o",
    }
    place: dict[str, Any] = {"actor": ANNE, "detail": "7", **from_bank}
    out = after(new(), told(_T.CUSTODY_STORED, **place), told(_T.CUSTODY_FETCHED, **place))
    assert stock(out).is_count_due
    for kind, more in (
        (OfferKind.HAND_OVER, {"recipient": BEN}),
        (OfferKind.DISPENSE, {"count": 1, "authority": "R 12"}),
        (OfferKind.WASTE, {"count": 1, "reason": "broken"}),
    ):
        with pytest.raises(Conflict, match="count_due"):
            follow(out, offer(kind, **more))
    counted = follow(out, told(_T.ITEM_COUNTED, actor=ANNE, count=28, result="agrees"))
    assert follow(counted, offer(OfferKind.HAND_OVER, recipient=BEN)).state is ItemState.OFFERED


@pytest.mark.parametrize(
    ("kind", "more", "left"),
    [
        (OfferKind.DISPENSE, {"count": 2, "authority": "R 12"}, 26),
        (OfferKind.WASTE, {"count": 28, "reason": "ampoule broke"}, 0),
        (OfferKind.CORRECTION, {"count": 27, "reason": "miscounted on Monday"}, 27),
        (OfferKind.CORRECTION, {"count": 30, "reason": "two more in the box"}, 30),
    ],
)
def test_a_controlled_stock_changes_before_a_witness_only(
    kind: OfferKind, more: dict[str, Any], left: int
) -> None:
    offered = after(new(), offer(kind, **more))
    for witness in (ANNE, None):
        with pytest.raises((Conflict, Invalid)):
            follow(offered, drawn(kind, left, witness=witness))
    with pytest.raises(Invalid):
        follow(offered, drawn(kind, left + 1))
    item = follow(offered, drawn(kind, left))
    assert (item.state, stock(item).count, item.offer) == (ItemState.HELD, left, None)
    with pytest.raises(Conflict):
        follow(after(new()), drawn(kind, left))
    with pytest.raises(Conflict):
        follow(offered, drawn(kind, left, actor=CARA))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (OfferKind.DISPENSE, {"count": 2}),
        (OfferKind.DISPENSE, {"count": 0, "authority": "R 12"}),
        (OfferKind.DISPENSE, {"count": 29, "authority": "R 12"}),
        (OfferKind.WASTE, {"count": 2}),
        (OfferKind.WASTE, {"reason": "broken"}),
        (OfferKind.CORRECTION, {"count": 27}),
        (OfferKind.CORRECTION, {"count": -1, "reason": "x"}),
    ],
)
def test_a_draw_says_how_many_and_by_what_right_or_why(
    kind: OfferKind, more: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        follow(after(new()), offer(kind, **more))


def test_what_is_not_controlled_is_dispensed_by_one_and_wasted_by_two() -> None:
    plain = after(new(control=None))
    right: dict[str, Any] = {"witness": None, "authority": "R 12"}
    assert stock(follow(plain, drawn(OfferKind.DISPENSE, 26, **right))).count == 26
    for left in (28, 29, -1):
        with pytest.raises(Invalid):
            follow(plain, drawn(OfferKind.DISPENSE, left, **right))
    with pytest.raises(Conflict, match="witness"):
        follow(plain, drawn(OfferKind.WASTE, 26, **right, reason="x"))


def test_an_expired_lot_is_neither_handed_over_nor_dispensed_but_can_be_wasted() -> None:
    last_moment = 75 * DAY_MS  # 2027-03-31, still
    late = last_moment + DAY_MS
    assert not medicine.is_expired(STOCK, Instant(START + last_moment))
    assert medicine.is_expired(STOCK, Instant(START + late))
    item = after(new())
    follow(item, offer(OfferKind.HAND_OVER, last_moment, recipient=BEN))
    for kind, more in (
        (OfferKind.HAND_OVER, {"recipient": BEN}),
        (OfferKind.DISPENSE, {"count": 1, "authority": "R 12"}),
    ):
        with pytest.raises(Conflict, match="expired"):
            follow(item, offer(kind, late, **more))
    follow(item, offer(OfferKind.WASTE, late, count=28, reason="expired"))
    follow(item, offer(OfferKind.RELEASE, late, party="the wholesaler"))


def test_a_correction_ends_the_doubt_and_the_line_is_whole() -> None:
    told_all = (
        new(),
        told(_T.ITEM_COUNTED, actor=ANNE, count=27, result="differs"),
        offer(OfferKind.CORRECTION, count=27, reason="one was missing"),
        drawn(OfferKind.CORRECTION, 27),
    )
    item = after(*told_all)
    assert (stock(item).count, stock(item).is_doubted) == (27, False)
    assert not any(link.is_broken for link in chain(told_all))


def test_a_knife_is_not_counted() -> None:
    knife = after(new(purpose="evidence", **dict.fromkeys(PILLS)))
    for event in (
        told(_T.ITEM_COUNTED, actor=ANNE, count=1, result="agrees"),
        offer(OfferKind.WASTE, count=1, reason="x"),
        drawn(OfferKind.WASTE, 0),
    ):
        with pytest.raises(Conflict):
            follow(knife, event)
