"""Broken seals from before they were kept in mind: read from the log of each item, once, at start.

Until revision 27 an item whose broken seal was replaced looked like any other in the lists. Each
round looks at some items in one transaction, so that it can be stopped anywhere and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa

from bayward.cloud.storage.schema import item as table
from bayward.cloud.unit import Unit, Work
from bayward.core.events import Event
from bayward.core.ids import ItemId, TenantId
from bayward.core.item_chain import chain

NOT_LOOKED = -1  # what the migration writes into `seal_broken_at`
ROUND = 100  # items of one transaction; each has its whole log read

Story = Callable[[Work, TenantId, ItemId], Iterable[Event]]
"""Everything the log tells of an item, oldest first."""


async def look_back(unit: Unit, story: Story) -> int:
    """Find out about all that are left; returns of how many a seal was found broken."""
    total = 0
    while (found := await unit.write(lambda work: look_at_some(work, story))) is not None:
        total += found
    return total


def look_at_some(work: Work, story: Story, count: int = ROUND) -> int | None:
    """Find out about up to `count`; of how many a seal was broken, None when none was left."""
    left = table.c.seal_broken_at == NOT_LOOKED
    names = sa.select(table.c.tenant, table.c.item).where(left).limit(count)
    rows = work.tx.execute(names).all()
    broken = 0
    for tenant, item in rows:
        lines = chain(story(work, TenantId(tenant), ItemId(item)))
        first = next((line.event.time for line in lines if line.is_seal_broken), None)
        mine = (table.c.tenant == tenant) & (table.c.item == item)
        work.tx.execute(table.update().where(mine).values(seal_broken_at=first))
        broken += first is not None
    return broken if rows else None
