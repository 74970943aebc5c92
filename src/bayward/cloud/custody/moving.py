"""Parties of items that an older program kept without ids get theirs at start, and a key each.

What they are called was sealed under the tenant's own key, in the columns it stays in. Each round
moves some in one transaction, so that it can be stopped anywhere and goes on; the database file is
written anew afterwards (`cloud.upkeep`), because traces of it open with a key that lives on.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from bayward.cloud.custody import parties
from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import Instant
from bayward.core.events import ERASED
from bayward.core.ids import TenantId
from bayward.core.items import HolderKind

ROUND = 500  # items of one transaction

_log = structlog.get_logger()


async def move_all(unit: Unit) -> int:
    """Move everything that is left; returns how many items that were."""
    total = 0
    while count := await unit.write(move_some):
        total += count
    return total


def move_some(work: Work, count: int = ROUND) -> int:
    """Move the parties of up to `count` items; returns how many."""
    item = s.item.c
    has = (item.holder_kind == HolderKind.PARTY.value) & (item.holder == "")
    is_offered = item.offer_party.is_not(None) & item.offer_to.is_(None)
    query = sa.select(s.item).where(has | is_offered).order_by(item.tenant, item.item)
    rows = list(work.tx.execute(query.limit(count)).mappings())
    for row in rows:
        told = cells.opened(work.tx, s.item, row)  # under the tenant's key: nobody's id is there
        key = {"tenant": row["tenant"], "item": row["item"]}
        moved: dict[str, str | None] = dict(key)
        at = Instant(row["changed_at"])
        if row["holder_kind"] == HolderKind.PARTY.value and row["holder"] == "":
            moved |= _moved(work, key, told["holder_party"], at, ("holder", "holder_party"))
        if row["offer_party"] is not None and row["offer_to"] is None:
            moved |= _moved(work, key, told["offer_party"], at, ("offer_to", "offer_party"))
        mine = (item.tenant == row["tenant"]) & (item.item == row["item"])
        work.tx.execute(s.item.update().where(mine).values(cells.sealed(work.tx, s.item, moved)))
    return len(rows)


def _moved(
    work: Work, key: dict[str, str], name: str | None, at: Instant, columns: tuple[str, str]
) -> dict[str, str | None]:
    """The columns that say who it is and what he is called.

    A name that cannot be opened any more, or that nobody may have, becomes nobody's.
    """
    who, what = columns
    found = parties.named_before(work, TenantId(key["tenant"]), name or "", at)
    if found.id is None:
        _log.warning("parties.nobody", column=what, **key)
    return {who: found.id or ERASED, what: found.name}
