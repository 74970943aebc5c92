"""Items in a pack of a tenant's log: their events, and the custody form made of them.

The form itself is the one of the console's page (`cloud.custody.form`); that slice is not known
here, so it is given as `Forms`. Only entries that are in the pack become rows. What stands before
them is used to know in which state an item was, with everybody's name taken out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from bayward.cloud.audit import reader, sheets
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.store import Wanted
from bayward.cloud.unit import Place, Work
from bayward.core.events import ERASED, Event, EventType
from bayward.ledger.leaf import Value

CSV, HTML = "data/custody.csv", "data/custody.html"
TYPES = frozenset(
    kind for kind in EventType if kind.value.split(".")[0] in {"item", "custody", "seal"}
)
NOT_HERE = "(not in this pack)"
_NAMES = (
    "actor", "recipient", "subject", "witness", "party", "party_id", "authority", "reason",
    "detail", "compartment",
)  # fmt: skip
"""Fields that say who or where; the rules of custody go on without them."""
_FROM = {"seal": "seal", "seal_state": "result", "photo_sha256": "photo", "bank_log": "origin"}
_PAGE = 200
_COLUMNS = (
    ("No.", ("number",)), ("Date and time", ("time",)), ("What", ("what",)),
    ("Released by", ("released_by",)), ("Received by", ("received_by",)),
    ("Witness", ("witness",)), ("Seal, state", ("seal", "seal_state")), ("Entry", ("entry",)),
    ("Authority, photo, remarks", ("authority", "photo_sha256", "comments")),
)  # fmt: skip

_COUNTED = frozenset({"count", "unit", "result", "purpose", "reason", "detail"})


@dataclass(frozen=True, slots=True)
class Line:
    """One event of an item; `is_shown`: its entry is in the pack."""

    place: Place
    event: Event
    is_shown: bool


Row = Mapping[str, str]
Forms = Callable[[Sequence[Line]], list[Row]]
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
        {name: _cell(name, text, asked.hidden) for name, text in row.items()}
        for item in sorted(items)
        for row in forms(_story(work, asked, item))
    ]


def files(found: Sequence[Row], name: str) -> dict[str, bytes]:
    """The form as a table and as a paper; none when no item is in the pack."""
    if not found:
        return {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(found[0])
    writer.writerows([sheets.harmless(cell) for cell in row.values()] for row in found)
    return {CSV: out.getvalue().encode(), HTML: _paper(found, name)}


def _story(work: Work, asked: Evidence, item: str) -> list[Line]:
    """What happened to an item up to the end of the range, oldest first.

    Names that are not in the pack are taken out, so that no row can tell them.
    """
    found: list[Line] = []
    before: int | None = None
    wanted = Wanted(item=item, origin=asked.origin)
    while True:
        page = reader.happenings(work, asked.tenant, wanted, before=before, count=_PAGE)
        for one in page:
            is_shown = asked.first <= one.place.index < asked.until
            if one.place.index < asked.until and one.event.type in TYPES:
                hidden = asked.hidden if is_shown else frozenset(_NAMES)
                found.append(Line(one.place, _without(one.event, hidden), is_shown))
        if len(page) < _PAGE:
            return sorted(found, key=lambda line: line.place.index)
        before = page[-1].seq


def _without(event: Event, hidden: frozenset[str]) -> Event:
    names = [name for name in _NAMES if name in hidden and getattr(event, name) is not None]
    return replace(event, **dict.fromkeys(names, ERASED))  # type: ignore[arg-type]  # texts, all


def _cell(name: str, text: str, hidden: frozenset[str]) -> str:
    if name == "comments" and text.startswith("count "):  # so many, of what, and why
        return NOT_HERE if hidden & _COUNTED else text
    return NOT_HERE if _FROM.get(name) in hidden and text else text


def _paper(found: Sequence[Row], name: str) -> bytes:
    body = Markup(
        "<p>Who held which item when, by the entries of the log that are in this pack. Each line"
        " names its entry, which the verifiers prove. A name in brackets stands in an entry that"
        " is not in the pack, or was not to be handed over.</p>\n"
    )
    heads = Markup("").join(Markup("<th>{}</th>").format(head) for head, _ in _COLUMNS)
    for item in dict.fromkeys(row["item"] for row in found):
        lines = Markup("").join(_line(row) for row in found if row["item"] == item)
        body += Markup(
            "<h2>Item {item}</h2>\n<table><thead><tr>{heads}</tr></thead><tbody>\n{lines}</tbody>"
            "</table>\n"
        ).format(item=item, heads=heads, lines=lines)
    return sheets.page(f"Chain of custody in {name}", body + sheets.HAND_OVERS)


def _line(row: Row) -> Markup:
    texts = (", ".join(row[name] for name in names if row[name]) for _, names in _COLUMNS)
    cells = Markup("").join(Markup("<td>{}</td>").format(text) for text in texts)
    mark = Markup(' class="broken"') if row["is_broken"] == "yes" else ""
    return Markup("<tr{}>{}</tr>\n").format(mark, cells)
