"""SQL of parties outside. What somebody is called lies sealed under his own key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from bayward.cloud.custody import item_store
from bayward.cloud.custody.item_store import Sight
from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import PartyId, TenantId
from bayward.core.whose import is_party

KNOWN = "known"
_table = s.party


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody outside; `named_at` is when he was named last."""

    id: PartyId
    name: str
    created_at: Instant
    named_at: Instant


def insert(tx: sa.Connection, tenant: TenantId, party: Party) -> None:
    """Add a party; it gives him his key."""
    row = {
        "tenant": tenant,
        "party": party.id,
        "name": party.name,
        "state": KNOWN,
        "created_at": party.created_at,
        "named_at": party.named_at,
    }
    tx.execute(_table.insert().values(cells.sealed(tx, _table, row)))


def touch(tx: sa.Connection, tenant: TenantId, party: PartyId, at: Instant) -> None:
    """He was named again."""
    mine = (_table.c.tenant == tenant) & (_table.c.party == party) & (_table.c.named_at < at)
    tx.execute(_table.update().where(mine).values(named_at=at))


def find(tx: sa.Connection, tenant: TenantId, party: str) -> Party | None:
    """A party of this tenant that was not erased."""
    mine = _known(tenant) & (_table.c.party == party)
    row = tx.execute(sa.select(_table).where(mine)).mappings().one_or_none()
    return None if row is None else _party(tx, row)


def called(tx: sa.Connection, tenant: TenantId, name: str) -> PartyId | None:
    """Who is called so, in any case."""
    digest = cells.digest(tx, _table.c.name, tenant, name)
    if digest is None:
        return None
    mine = _known(tenant) & (_table.c.name_key == digest)
    found = tx.execute(sa.select(_table.c.party).where(mine)).scalar_one_or_none()
    return None if found is None else PartyId(found)


def everywhere(tx: sa.Connection, text: str) -> list[tuple[TenantId, PartyId]]:
    """Who has this id or is called so, tenant by tenant."""
    if is_party(text):
        mine = (_table.c.party == text) & (_table.c.state == KNOWN)
        rows = tx.execute(sa.select(_table.c.tenant, _table.c.party).where(mine))
        return [(TenantId(row.tenant), PartyId(row.party)) for row in rows]
    tenants = tx.execute(sa.select(s.tenant.c.tenant).order_by(s.tenant.c.tenant)).scalars().all()
    found = ((TenantId(one), called(tx, TenantId(one), text)) for one in tenants)
    return [(tenant, party) for tenant, party in found if party is not None]


def names(tx: sa.Connection, tenant: TenantId, parties: Iterable[str]) -> dict[str, str]:
    """What these are called; who was erased or never was is not in it."""
    mine = _known(tenant) & _table.c.party.in_(set(parties))
    rows = tx.execute(sa.select(_table).where(mine)).mappings()
    return {one.id: one.name for one in (_party(tx, row) for row in rows)}


def listed(
    tx: sa.Connection,
    tenant: TenantId,
    *,
    text: str,
    before: tuple[Instant, str] | None,
    count: int,
) -> list[Party]:
    """Parties, the last named first; of `text` some part of the name.

    What is looked for is sealed, so each is opened and looked at until there are enough.
    """
    query = sa.select(_table).where(_known(tenant))
    if before is not None:
        place = sa.tuple_(_table.c.named_at, _table.c.party)
        query = query.where(place < sa.tuple_(*before))
    query = query.order_by(_table.c.named_at.desc(), _table.c.party.desc())
    part = cells.folded(text)
    if not part:
        query = query.limit(count)
    opened = (_party(tx, row) for row in tx.execute(query).mappings())
    return list(islice((one for one in opened if part in cells.folded(one.name)), count))


def seen(tx: sa.Connection, tenant: TenantId, sight: Sight, *, count: int) -> list[str]:
    """What parties are called that have to do with an item somebody may see, last named first."""
    item, line = s.item.c, s.happening.c
    his = sa.select(item.item).where(item.tenant == tenant, item_store.seen(tenant, sight))
    told = (line.tenant == tenant) & line.party_id.is_not(None) & line.item.in_(his)
    held = (item.tenant == tenant) & item_store.seen(tenant, sight)
    named = _table.c.party.in_(sa.select(line.party_id).where(told))
    has = _table.c.party.in_(sa.select(item.holder).where(held))
    query = sa.select(_table).where(_known(tenant), named | has)
    rows = tx.execute(query.order_by(_table.c.named_at.desc(), _table.c.party).limit(count))
    return [_party(tx, row).name for row in rows.mappings()]


def item_counts(tx: sa.Connection, tenant: TenantId, parties: Iterable[str]) -> dict[str, int]:
    """In how many items each is named, as far as entries name him by his id, or has them now."""
    line, item, wanted = s.happening.c, s.item.c, set(parties)
    told = sa.select(line.party_id.label("party"), line.item.label("item")).where(
        line.tenant == tenant, line.party_id.in_(wanted), line.item.is_not(None)
    )
    held = sa.select(item.holder, item.item).where(item.tenant == tenant, item.holder.in_(wanted))
    asked = sa.select(item.offer_to, item.item).where(
        item.tenant == tenant, item.offer_to.in_(wanted)
    )
    each = sa.union(told, held, asked).subquery()
    query = sa.select(each.c.party, sa.func.count().label("total")).group_by(each.c.party)
    return {row.party: row.total for row in tx.execute(query)}


def _known(tenant: TenantId) -> sa.ColumnElement[bool]:
    return (_table.c.tenant == tenant) & (_table.c.state == KNOWN)


def _party(tx: sa.Connection, row: sa.RowMapping) -> Party:
    told = cells.opened(tx, _table, row)
    named_at = Instant(told["named_at"])
    return Party(PartyId(told["party"]), told["name"], Instant(told["created_at"]), named_at)
