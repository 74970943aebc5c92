"""Which entries of a log are about one item: those that name it, and those its lines repeat.

A court that asks for one exhibit gets the entries about it. The others of the range are in the
pack as leaves without a field: they prove that nothing is missing, and tell nothing.
"""

from __future__ import annotations

from bayward.cloud.audit import reader
from bayward.cloud.audit.store import Wanted
from bayward.cloud.unit import Work
from bayward.core.ids import ItemId, TenantId
from bayward.core.item_chain import REPORTS

_PAGE = 200


def entries(
    work: Work, tenant: TenantId, origin: str, item: ItemId | None
) -> frozenset[int] | None:
    """Their indexes; None where no item is asked for, so that all are meant.

    Of a bank's log they are those that a line of the item says it repeats.
    """
    if item is None:
        return None
    found: set[int] = set()
    before: int | None = None
    while True:
        page = reader.happenings(work, tenant, Wanted(item=item), before=before, count=_PAGE)
        for one in page:
            event, detail = one.event, one.event.detail or ""
            if one.place.origin == origin:
                found.add(one.place.index)
            elif event.type in REPORTS and event.origin == origin and detail.isdecimal():
                found.add(int(detail))
        if len(page) < _PAGE:
            return frozenset(found)
        before = page[-1].seq
