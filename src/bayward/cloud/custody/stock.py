"""Counting medicine: by its holder, by who takes it over, and what follows when they differ."""

from __future__ import annotations

from bayward.cloud.custody import item_store, items
from bayward.cloud.custody.items import Reading
from bayward.cloud.unit import Work
from bayward.core import medicine
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.ids import ItemId, PersonId, TenantId
from bayward.core.items import OfferKind, Stock

_T = EventType


def count(work: Work, tenant: TenantId, item: ItemId, number: int, *, actor: PersonId) -> bool:
    """Write down what somebody has counted; tells whether it is what the record says.

    A count that differs opens an incident at a bank of the place where the item is kept, if there
    is one.
    """
    view = items.get_item(work, tenant, item)
    _, result = medicine.counted(_stock(view.item.stock), number)
    counted = Event(
        type=_T.ITEM_COUNTED, time=work.now, actor=actor, item=item, count=number, result=result
    )
    items.say(work, tenant, counted)
    if result == medicine.AGREES:
        return True
    bank = item_store.bank_near(work.tx, tenant, view)
    if bank is not None:
        work.emit(
            Event(
                type=_T.STOCK_DIFFERS,
                time=work.now,
                actor=actor,
                bank=bank,
                count=number,
                detail=item.label,
            ),
            tenant=tenant,
        )
    return False


def accept(work: Work, tenant: TenantId, item: ItemId, read: Reading, *, actor: PersonId) -> bool:
    """Take it over when the count agrees; another count is written down, and is a refusal."""
    view = items.get_item(work, tenant, item)
    stock = view.item.stock
    if stock is not None and read.count is not None and read.count != stock.count:
        count(work, tenant, item, read.count, actor=actor)
        why = f"counted {read.count} {stock.unit}, the record says {stock.count}"
        items.refuse(work, tenant, item, actor=actor, reason=why)
        return False
    items.accept(work, tenant, item, read, actor=actor)
    return True


def dispense(
    work: Work, tenant: TenantId, item: ItemId, number: int | None, *, actor: PersonId,
    authority: str, reason: str = "",
) -> None:  # fmt: skip
    """Give some of a stock that is not controlled to somebody, at once; no witness is needed."""
    stock = _stock(items.get_item(work, tenant, item).item.stock)
    items.say(work, tenant, Event(
        type=_T.ITEM_DRAWN, time=work.now, actor=actor, item=item,
        purpose=OfferKind.DISPENSE.value, count=medicine.draws(stock, OfferKind.DISPENSE, number),
        authority=" ".join(authority.split()) or None, reason=" ".join(reason.split()) or None,
    ))  # fmt: skip


def _stock(stock: Stock | None) -> Stock:
    if stock is None:
        raise Conflict("stock.none")
    return stock
