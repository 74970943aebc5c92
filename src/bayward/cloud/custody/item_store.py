"""SQL of items. What an item looks like and why it changed hands is in the log, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.keyring import cells
from bayward.cloud.storage.schema import bank
from bayward.cloud.storage.schema import item as table
from bayward.core.clock import Instant
from bayward.core.events import ERASED
from bayward.core.ids import ItemId, PartyId, PersonId, Subject, TenantId
from bayward.core.items import (
    Holder,
    HolderKind,
    Item,
    ItemKind,
    ItemState,
    Offer,
    OfferKind,
    SealState,
    Stock,
)
from bayward.core.roles import Node

STOCK = ("stock_count", "stock_unit", "stock_lot", "stock_expires_on", "stock_marks")
_ADD = insert(table)
_KEY = ("tenant", "item")
_PUT = _ADD.on_conflict_do_update(
    index_elements=_KEY,
    set_={one.name: _ADD.excluded[one.name] for one in table.c if one.name not in _KEY},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item with what it is called; `parcel` while a bank has it under that id."""

    item: Item
    case: str | None
    exhibit: str | None
    registered_at: Instant
    changed_at: Instant
    parcel: str | None = None
    scope: str | None = None

    def node(self, tenant: TenantId) -> Node:
        """Where it is kept, and so who may see it."""
        return Node(tenant) if self.scope is None else Node.parse(self.scope)

    def answered_at(self, tenant: TenantId) -> Node:
        """Where whoever answers its offer has to have a say: of a transfer, the other place."""
        offer = self.item.offer
        if offer is None or offer.scope is None:
            return self.node(tenant)
        return Node.parse(offer.scope)


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see: everything kept in these places, and what concerns him himself."""

    places: tuple[Node, ...]
    person: PersonId


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items to list; None: any. `text` is a part of label, case, exhibit or seal.

    `concerns` has or is offered it; `is_out`: was taken out of a compartment and is not back.
    """

    states: tuple[ItemState, ...] = ()
    kind: ItemKind | None = None
    holder: str | None = None
    concerns: Subject | None = None
    case: str | None = None
    seal: str | None = None
    text: str | None = None
    is_out: bool = False
    is_broken: bool = False
    sight: Sight | None = None


def put(tx: sa.Connection, tenant: TenantId, view: ItemView) -> None:
    """Write an item, known or not."""
    item, offer = view.item, view.item.offer
    if item.holder.kind is HolderKind.PARTY and item.holder.ref != ERASED:
        PartyId.parse(item.holder.ref)  # a name must not get into a column that is not sealed
    values = {
        "kind": item.kind.value,
        "label": item.id.label,
        "case": view.case,
        "exhibit": view.exhibit,
        "state": item.state.value,
        "holder_kind": item.holder.kind.value,
        "holder": item.holder.ref,
        "holder_party": item.holder.name or None,
        "since": item.since,
        "offer_kind": None if offer is None else offer.kind.value,
        "offer_to": None if offer is None else offer.to or offer.party_id,
        "offer_party": None if offer is None else offer.party,
        "offer_authority": None if offer is None else offer.authority,
        "offer_until": None if offer is None else offer.until,
        "seal": item.seal,
        "seal_state": None if item.seal_state is None else item.seal_state.value,
        "is_broken": item.is_broken,
        "seal_broken_at": item.seal_broken_at,
        "parcel": view.parcel,
        "registered_at": view.registered_at,
        "changed_at": view.changed_at,
        "scope": view.scope,
        "out_since": item.out_since,
        "offer_count": None if offer is None else offer.count,
        "offer_scope": None if offer is None else offer.scope,
        **_stock_row(item.stock),
    }
    named = {"tenant": tenant, "item": item.id}
    tx.execute(_PUT, cells.sealed(tx, table, values | named))


def find(tx: sa.Connection, tenant: TenantId, item: str) -> ItemView | None:
    """An item of this tenant."""
    return _one(tx, (table.c.tenant == tenant) & (table.c.item == item))


def labelled(tx: sa.Connection, tenant: TenantId, label: str) -> ItemView | None:
    """The item with this label."""
    return _one(tx, (table.c.tenant == tenant) & (table.c.label == label))


def as_parcel(tx: sa.Connection, tenant: TenantId, parcel: str) -> ItemView | None:
    """The item a bank has as this parcel."""
    return _one(tx, (table.c.tenant == tenant) & (table.c.parcel == parcel))


def inside(tx: sa.Connection, tenant: TenantId, compartment: str) -> list[ItemView]:
    """What a compartment holds."""
    is_inside = table.c.holder_kind == HolderKind.COMPARTMENT.value
    here = (table.c.tenant == tenant) & is_inside & (table.c.holder == compartment)
    rows = tx.execute(sa.select(table).where(here).order_by(table.c.item)).mappings()
    return [_view(tx, row) for row in rows]


def items(
    tx: sa.Connection,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None,
    count: int,
) -> list[ItemView]:
    """Newest change first; what is out, longest out first."""
    query = sa.select(table).where(*_matches(tenant, wanted))
    by = table.c.out_since if wanted.is_out else table.c.changed_at
    if before is not None:
        at, item = before
        is_next = by > at if wanted.is_out else by < at
        query = query.where(is_next | ((by == at) & (table.c.item < item)))
    order = by.asc() if wanted.is_out else by.desc()
    rows = tx.execute(query.order_by(order, table.c.item.desc()).limit(count)).mappings()
    return [_view(tx, row) for row in rows]


def count(tx: sa.Connection, tenant: TenantId, wanted: Wanted) -> int:
    """How many there are."""
    matching = sa.select(sa.func.count()).select_from(table).where(*_matches(tenant, wanted))
    found: int = tx.execute(matching).scalar_one()
    return found


def holders(tx: sa.Connection, tenant: TenantId, wanted: Wanted, *, count: int) -> list[Holder]:
    """Who has what matches, each once."""
    who = (table.c.holder_kind, table.c.holder)
    one_each = sa.select(sa.func.min(table.c.item)).where(*_matches(tenant, wanted))
    each = one_each.group_by(*who).order_by(*who).limit(count)
    query = sa.select(table).where(table.c.tenant == tenant, table.c.item.in_(each))
    found = [_holder(cells.opened(tx, table, row)) for row in tx.execute(query).mappings()]
    return sorted(found, key=lambda one: (one.kind, one.ref))


def _matches(tenant: TenantId, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    told: list[sa.ColumnElement[bool]] = [table.c.tenant == tenant]
    if wanted.states:
        told.append(table.c.state.in_([one.value for one in wanted.states]))
    if wanted.holder is not None:
        told.append(table.c.holder == wanted.holder)
    if wanted.kind is not None:
        told.append(table.c.kind == wanted.kind.value)
    if wanted.concerns is not None:
        told.append(_concerns(wanted.concerns))
    if wanted.is_out:
        told.append(table.c.out_since.is_not(None))
    if wanted.is_broken:
        told.append(table.c.is_broken | table.c.seal_broken_at.is_not(None))
    if wanted.sight is not None:
        told.append(seen(tenant, wanted.sight))
    if wanted.seal is not None:
        told.append(table.c.seal == wanted.seal)
    if wanted.case is not None:
        told.append(table.c.case == wanted.case)
    if wanted.text is not None:
        named = (table.c.label, table.c.case, table.c.exhibit, table.c.seal)
        told.append(sa.or_(*(one.icontains(wanted.text, autoescape=True) for one in named)))
    return told


def _concerns(person: Subject) -> sa.ColumnElement[bool]:
    return (table.c.holder == person) | (table.c.offer_to == person)


def seen(tenant: TenantId, sight: Sight) -> sa.ColumnElement[bool]:
    """What of all items somebody may see."""
    scope = sa.func.coalesce(table.c.scope, str(tenant))
    inside = [
        (scope == node.path) | scope.startswith(f"{node.path}/", autoescape=True)
        for node in sight.places
    ]
    return sa.or_(_concerns(sight.person), *inside)


def _stock_row(stock: Stock | None) -> dict[str, object]:
    if stock is None:
        return dict.fromkeys(STOCK)
    marks = {"controlled": stock.is_controlled, "due": stock.is_count_due}
    marks["doubted"] = stock.is_doubted
    told = ",".join(name for name, is_set in marks.items() if is_set)
    return dict(
        zip(STOCK, (stock.count, stock.unit, stock.lot, stock.expires_on, told), strict=True)
    )


def _stock_of(told: Mapping[str, Any]) -> Stock | None:
    if told["stock_count"] is None:
        return None
    marks = set((told["stock_marks"] or "").split(","))
    return Stock(
        count=told["stock_count"],
        unit=told["stock_unit"] or "",
        lot=told["stock_lot"] or "",
        expires_on=told["stock_expires_on"],
        is_controlled="controlled" in marks,
        is_count_due="due" in marks,
        is_doubted="doubted" in marks,
    )


def bank_near(tx: sa.Connection, tenant: TenantId, view: ItemView) -> str | None:
    """A bank at the place where an item is kept: whose keepers must know of it."""
    mine = (bank.c.tenant == tenant) & (bank.c.state == "enrolled")
    banks = tx.execute(sa.select(bank.c.site, bank.c.bank).where(mine).order_by(bank.c.bank))
    inside = [one for one in banks if (view.scope or "") in f"{tenant}/{one.site}/{one.bank}"]
    return inside[0].bank if inside else None


def _one(tx: sa.Connection, where: sa.ColumnElement[bool]) -> ItemView | None:
    row = tx.execute(sa.select(table).where(where)).mappings().one_or_none()
    return None if row is None else _view(tx, row)


def _holder(told: Mapping[str, Any]) -> Holder:
    kind = HolderKind(told["holder_kind"])
    return Holder(kind, told["holder"], told["holder_party"])


def _instant(at: int | None) -> Instant | None:
    return None if at is None else Instant(at)


def _view(tx: sa.Connection, row: sa.RowMapping) -> ItemView:
    told = cells.opened(tx, table, row)
    offer = None
    if told["offer_kind"] is not None:
        to, kind = told["offer_to"], OfferKind(told["offer_kind"])
        is_of_person = to is not None and kind is OfferKind.HAND_OVER
        offer = Offer(
            kind=kind,
            until=Instant(told["offer_until"]),
            to=PersonId(to) if is_of_person else None,
            party_id=None if to is None or is_of_person else PartyId(to),
            party=told["offer_party"],
            authority=told["offer_authority"],
            count=told["offer_count"],
            scope=told["offer_scope"],
        )
    item = Item(
        id=ItemId(told["item"]),
        kind=ItemKind(told["kind"]),
        state=ItemState(told["state"]),
        holder=_holder(told),
        since=Instant(told["since"]),
        offer=offer,
        seal=told["seal"],
        seal_state=None if told["seal_state"] is None else SealState(told["seal_state"]),
        is_broken=told["is_broken"],
        seal_broken_at=_instant(told["seal_broken_at"]),
        out_since=_instant(told["out_since"]),
        stock=_stock_of(told),
    )
    return ItemView(
        item=item,
        case=told["case"],
        exhibit=told["exhibit"],
        registered_at=Instant(told["registered_at"]),
        changed_at=Instant(told["changed_at"]),
        parcel=told["parcel"],
        scope=told["scope"],
    )
