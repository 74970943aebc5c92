"""Sealing the rows that an older program kept in plain text, at start, before anybody is served.

The migration has put them aside; as in `audit.moving` each round seals some and deletes the plain
text in the same transaction, and the database file is written anew when nothing is left.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Unit, Work
from bayward.core.errors import Misconfigured
from bayward.core.events import ERASED

ROUND = 500  # rows of one transaction


async def seal_all(unit: Unit) -> int:
    """Seal everything that is still plain; returns how many rows that were."""
    total = 0
    while count := await unit.write(seal_some):
        total += count
    return total


def seal_some(work: Work, count: int = ROUND) -> int:
    """Seal up to `count` rows, people first: it gives them their keys. Returns how many."""
    plain = s.plain_row.c
    is_person = sa.case((plain.relation == s.person.name, 0), else_=1)
    query = sa.select(s.plain_row).order_by(is_person, plain.relation, plain.tenant, plain.row)
    rows = work.tx.execute(query.limit(count)).all()
    for row in rows:
        table, key = s.metadata.tables[row.relation], json.loads(row.row)
        mine = sa.and_(*(table.c[name] == value for name, value in key.items()))
        found = work.tx.execute(sa.select(table).where(mine)).mappings().one_or_none()
        if found is not None and not _is_nobody(table, found):
            sealed = cells.sealed(work.tx, table, dict(found) | _told(table, row.told))
            work.tx.execute(table.update().where(mine).values(sealed))
        this = (plain.tenant == row.tenant) & (plain.relation == row.relation)
        work.tx.execute(s.plain_row.delete().where(this, plain.row == row.row))
    return len(rows)


def check(work: Work) -> None:
    """Refuse a keyring that is older than its database: whom it lacks would read as erased.

    Raises `Misconfigured("keyring.missing")`.
    """
    ring = work.house.keyring
    for table in (s.person, s.party):
        named = (table.c.tenant, table.c[table.name])
        for tenant, whom in work.tx.execute(sa.select(*named).where(table.c.state != ERASED)):
            if not ring.is_known(tenant, whom):
                raise Misconfigured("keyring.missing", tenant=tenant)


def reindex(work: Work) -> int:
    """Let rows be found again whose index key ended with an epoch; returns in how many tenants.

    That is so in a database that was restored beside a younger keyring.
    """
    lost = cells.lost_index(work.tx)
    for tenant in lost:
        cells.reindex(work.tx, tenant)
    return len(lost)


def _is_nobody(table: sa.Table, row: sa.RowMapping) -> bool:
    return table is s.person and row["state"] == ERASED


def _told(table: sa.Table, text: str) -> dict[str, object]:
    """As it goes in today: a truth was a number in these tables."""
    told: dict[str, object] = json.loads(text)
    if table is s.person:
        told["needs_low"] = bool(told["needs_low"])
    return told
