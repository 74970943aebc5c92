"""Sealing what an older program kept in plain text or under another key, at start.

Nobody is served before.

The migration has put it aside; each round here seals some of it and deletes the plain text in
the same transaction, so that it can be stopped anywhere and goes on. When nothing is left, the
database file is written anew (`Store.scrub`), because deleted rows leave traces in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import sqlalchemy as sa

from bayward.cloud.audit import vault, vault_store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Unit, Work
from bayward.core.clock import Instant
from bayward.core.errors import Misconfigured
from bayward.core.ids import PartyId, TenantId
from bayward.ledger.leaf import Disclosure

ROUND = 500  # entries of one transaction: a few milliseconds


# `user_version` of a database in which nothing is plain and the file written anew; grows whenever
# something else is sealed (1: disclosures, 2: cells, 3: names of outside parties, 4: under their
# own keys, 5: in entries from before, too).
SEALED = 5

NAMING = (
    "item.registered",
    "custody.offered",
    "custody.released",
    "custody.returned",
    "item.disposed",
)
"""Types of entries that name a party."""

Naming: TypeAlias = Callable[[Work, TenantId, str, Instant], PartyId | None]
"""Whose name this is; None where it is nobody's."""


def is_pending(work: Work) -> bool:
    """Whether there may be plain text in the file, deleted or not."""
    return int(work.tx.exec_driver_sql("PRAGMA user_version").scalar_one()) < SEALED


def done(work: Work) -> None:
    """Remember that there is none."""
    work.tx.exec_driver_sql(f"PRAGMA user_version = {SEALED}")


def check(work: Work) -> None:
    """Refuse a database without its keyring, before everything in it reads as erased.

    Raises `Misconfigured("keyring.missing")`: the keyring is gone, or so old that the KEK of its
    epoch was destroyed since, or the folder of the KEKs is not there.
    """
    for tenant in work.tx.execute(sa.select(s.tenant.c.tenant)).scalars().all():
        theirs = sa.select(s.disclosure.c.idx).where(s.disclosure.c.tenant == tenant).limit(1)
        if work.tx.execute(theirs).first() is not None and not work.house.keyring.can_open(tenant):
            raise Misconfigured("keyring.missing", tenant=tenant)


async def seal_all(unit: Unit) -> int:
    """Seal everything that is still plain; returns how many entries that were."""
    total = 0
    while count := await unit.write(seal_some):
        total += count
    return total


def seal_some(work: Work, count: int = ROUND) -> int:
    """Seal up to `count` entries; returns how many."""
    table = s.plain_disclosure.c
    order = (table.tenant, table.origin, table.idx)
    rows = work.tx.execute(sa.select(s.plain_disclosure).order_by(*order).limit(count)).all()
    for row in rows:
        tenant, place = TenantId(row.tenant), Place(row.origin, row.idx)
        texts = [str(text) for text in json.loads(row.disclosures)]
        fields = {one.name: one.value for one in map(Disclosure.parse, texts)}
        vault_store.insert(work.tx, vault.seal(work, tenant, place, fields, texts))
        mine = (table.tenant == row.tenant) & (table.origin == row.origin) & (table.idx == row.idx)
        work.tx.execute(s.plain_disclosure.delete().where(mine))
    return len(rows)


async def name_parties(unit: Unit, naming: Naming) -> int:
    """Seal what entries from before say of parties under their own keys; returns how many.

    The leaf stays: it holds digests only. Who was meant is written into the index of entries.
    """
    total, behind = 0, 0
    while True:
        count, last = await unit.write(partial(name_some, naming=naming, behind=behind))
        if last is None:
            return total
        total, behind = total + count, last


def name_some(
    work: Work, naming: Naming, behind: int, count: int = ROUND
) -> tuple[int, int | None]:
    """Do it for up to `count` entries; gives how many had a party, and where to go on."""
    line = s.happening.c
    query = sa.select(line.seq, line.tenant, line.origin, line.idx, line.received_at)
    query = query.where(line.type.in_(NAMING), line.party_id.is_(None), line.seq > behind)
    found = work.tx.execute(query.order_by(line.seq).limit(count)).all()
    named = 0
    for one in found:
        tenant, place = TenantId(one.tenant), Place(one.origin, one.idx)
        for row in vault_store.of_places(work.tx, tenant, [place]):
            text = vault.value_in(work, row, "party")
            party = None if text is None else naming(work, tenant, str(text), one.received_at)
            if party is not None:
                vault_store.put_in_place(work.tx, row, vault.apart(work, row, "party", party))
                work.tx.execute(
                    s.happening.update().where(line.seq == one.seq).values(party_id=party)
                )
                named += 1
    return named, found[-1].seq if found else None
