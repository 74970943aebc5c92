"""Controlled medicine: what is counted when, and who must see it become less.

An item of the kind `medicine` can have a stock: so many units of one lot, until a date. Each time a
controlled one changes hands it is counted by who takes it, and after it was out of somebody's
hands its holder counts before he passes it on. It becomes less only by a row of `DRAWS`, and a
second person sees that. A count that differs changes nothing but what is known: the stock stays
in doubt until it is counted right, or corrected before a witness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from bayward.core.clock import SECOND_MS, Instant
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import ERASED, Event
from bayward.core.items import ItemKind, OfferKind, Stock

COUNT_MAX = 1_000_000  # units of one item; a pallet has fewer tablets
CONTROLLED = "controlled"
AGREES, DIFFERS = "agrees", "differs"


@dataclass(frozen=True, slots=True)
class Draw:
    """How a stock may become another one."""

    needs_authority: bool = False  # a prescription or an order, by its number
    needs_reason: bool = False
    needs_witness: bool = False  # also where the medicine is not controlled


DRAWS: Mapping[OfferKind, Draw] = {
    OfferKind.DISPENSE: Draw(needs_authority=True),
    OfferKind.WASTE: Draw(needs_reason=True, needs_witness=True),
    OfferKind.CORRECTION: Draw(needs_reason=True, needs_witness=True),
}
"""The whole of it: given to somebody, destroyed, counted anew."""

NEVER_EXPIRED = frozenset({OfferKind.HAND_OVER, OfferKind.DISPENSE})
"""What is not done with an expired lot; it can be wasted, corrected, given out, disposed of."""


def registered(event: Event) -> Stock | None:
    """The stock an item begins with; raises `Invalid` for half a stock, or one of a knife."""
    if event.count is None:
        if any((event.unit, event.lot, event.expires_on, event.control)):
            raise Invalid("stock.count", field="count")
        return None
    if event.purpose != ItemKind.MEDICINE.value:
        raise Invalid("stock.medicine", field="count")
    _number(event.count, least=1)
    for field in ("unit", "lot"):
        if not getattr(event, field):
            raise Invalid("field.empty", field=field)
    _day(event.expires_on)
    if event.control not in {None, ERASED, CONTROLLED}:
        raise Invalid("stock.control", field="control")
    return Stock(
        count=event.count,
        unit=event.unit or "",
        lot=event.lot or "",
        expires_on=event.expires_on,
        is_controlled=event.control is not None,
    )


def counted(stock: Stock, count: int | None) -> tuple[Stock, str]:
    """The stock after somebody has counted it, and whether the count agrees."""
    agrees = _number(count, least=0) == stock.count
    after = replace(stock, is_count_due=False, is_doubted=not agrees)
    return after, AGREES if agrees else DIFFERS


def draws(stock: Stock, kind: OfferKind, count: int | None) -> int:
    """How many there are after a draw of `count`; of a correction, `count` itself."""
    if kind is OfferKind.CORRECTION:
        return _number(count, least=0)
    taken = _number(count, least=1)
    if taken > stock.count:
        raise Invalid("stock.too_many", field="count", limit=stock.count)
    return stock.count - taken


def check_offer(stock: Stock, kind: OfferKind, at: Instant) -> None:
    """Raise `Conflict` when this stock must not be passed on, or drawn from, now."""
    if stock.is_controlled and stock.is_count_due:
        raise Conflict("stock.count_due")
    if kind in NEVER_EXPIRED and is_expired(stock, at):
        raise Conflict("stock.expired")


def is_expired(stock: Stock, at: Instant) -> bool:
    """Whether its last day is over, everywhere on Earth that day is over in UTC."""
    if stock.expires_on is None:
        return False
    today = datetime.fromtimestamp(at / SECOND_MS, tz=UTC).date()
    return today > _day(stock.expires_on)


def check_words(kind: OfferKind, authority: str | None, reason: str | None) -> None:
    """Raise `Invalid` for a draw that does not say by what right, or why."""
    draw = DRAWS[kind]
    if draw.needs_authority and not authority:
        raise Invalid("field.empty", field="authority")
    if draw.needs_reason and not reason:
        raise Invalid("field.empty", field="reason")


def out_of_hands(stock: Stock | None) -> Stock | None:
    """It comes back into somebody's hands from where nobody could see it: he counts."""
    if stock is None or not stock.is_controlled:
        return stock
    return replace(stock, is_count_due=True)


def needs_witness(stock: Stock, kind: OfferKind) -> bool:
    """Whether a second person must see this draw."""
    return stock.is_controlled or DRAWS[kind].needs_witness


def _number(count: int | None, *, least: int) -> int:
    if count is None:
        raise Invalid("stock.count", field="count")
    if not least <= count <= COUNT_MAX:
        raise Invalid("stock.number", field="count", least=least, limit=COUNT_MAX)
    return count


def _day(text: str | None) -> date:
    try:
        return date.max if text in {None, ERASED} else date.fromisoformat(text or "")
    except ValueError:
        raise Invalid("stock.day", field="expires_on") from None
