"""Items in a pack of a tenant's log: their events, and the custody form made of them.

The form itself is the one of the console's page (`cloud.custody.form`); that slice is not known
here, so it is given as `Forms`. Only entries that are in the pack become rows. What stands before
them is used to know in which state an item was, with everybody's name taken out.

Ids stand in the entries. What people, doors and places are called is what the directory says when
the pack is made; who was renamed since makes it come out otherwise, and then it is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bayward.cloud.audit import custody_paper, reader, sheets
from bayward.cloud.audit.custody_paper import Row
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.store import Wanted
from bayward.cloud.unit import Place, Work
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.leaf import Value

CSV, HTML = "data/custody.csv", "data/custody.html"
TYPES = frozenset(
    kind for kind in EventType if kind.value.split(".")[0] in {"item", "custody", "seal"}
)
_NAMES = (
    "actor", "recipient", "subject", "witness", "party", "party_id", "authority", "reason",
    "detail", "compartment",
)  # fmt: skip
"""Fields that say who or where; the rules of custody go on without them."""
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One event of an item; `is_shown`: its entry is in the pack.

    `event` is as much of it as the rules need, `told` as much as the pack may tell.
    """

    place: Place
    event: Event
    told: Event
    is_shown: bool


Forms = Callable[[Work, TenantId, Sequence[Line]], list[Row]]
"""The custody form of one item, oldest event first: the rows of those lines that are shown."""


def rows(
    work: Work, asked: Evidence, shown: Iterable[Mapping[str, Value]], forms: Forms
) -> list[Row]:
    """The rows of all items that the pack shows, item by item."""
    kinds = {kind.value for kind in TYPES}
    items = {
        str(fields["item"]) for fields in shown if fields.get("type") in kinds and "item" in fields
    }
    return [
        row
        for item in sorted(items)
        for row in forms(work, asked.tenant, _story(work, asked, item))
    ]


def files(found: Sequence[Row], asked: Evidence) -> dict[str, bytes]:
    """The form as a table and as a paper; none when no item is in the pack."""
    if not found:
        return {}
    named_at = sheets.time_text(asked.asked_at)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*found[0], "names_as_of"])
    for row in found:
        writer.writerow([*(sheets.harmless(cell) for cell in row.values()), named_at])
    paper = custody_paper.paper(found, asked.name, named_at)
    return {CSV: out.getvalue().encode(), HTML: paper}


def _story(work: Work, asked: Evidence, item: str) -> list[Line]:
    """What happened to an item up to the end of the range, oldest first.

    Names that are not in the pack are taken out, so that no row can tell them.
    """
    found: list[Line] = []
    before: int | None = None
    wanted = Wanted(item=item, origin=asked.origin)
    names = frozenset(_NAMES)
    while True:
        page = reader.happenings(work, asked.tenant, wanted, before=before, count=_PAGE)
        for one in page:
            is_shown = asked.first <= one.place.index < asked.until
            if one.place.index < asked.until and one.event.type in TYPES:
                event = _without(one.event, asked.hidden & names if is_shown else names)
                told = _without(one.event, asked.hidden)
                found.append(Line(one.place, event, told, is_shown))
        if len(page) < _PAGE:
            return sorted(found, key=lambda line: line.place.index)
        before = page[-1].seq


def _without(event: Event, hidden: frozenset[str]) -> Event:
    gone = [name for name in hidden if getattr(event, name) is not None]
    return replace(event, **dict.fromkeys(gone, ERASED))  # type: ignore[arg-type]  # said, not read
