"""The custody form of an item: its line of custody as rows, from the entries of the log.

The fields are those of the sample form of NIST (date and time, released by, received by, seal,
comments), each with the place of its entry, so that whoever has the row can ask for its receipt.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.item_chain import DOUBTS, REPORTS, Link, chain
from bayward.core.items import NOBODY, Holder

LEADS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute it

Name = Callable[[Holder], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the form; "" where there is nothing to say.

    `not_released_by` is who the record has as holder where somebody else moved it: a bank reports
    what happened, and he gave nothing away.
    """

    number: int
    time: Instant
    what: str
    released_by: str
    received_by: str
    by: str
    witness: str
    seal: str
    seal_state: str
    photo_sha256: str
    authority: str
    comments: str
    is_broken: bool
    log: str
    entry: int
    bank_log: str
    bank_entry: str
    not_released_by: str


@dataclass(frozen=True, slots=True)
class Told:
    """One event of an item with its place in the log."""

    place: Place
    event: Event


def rows(told: Iterable[Told], name: Name = lambda holder: holder.called) -> list[Row]:
    """The form of one item; `told` are its events, oldest first.

    `name` says what a holder is called; without it he is his id, or a party's name.
    """
    lines = list(told)
    links = chain(one.event for one in lines)
    return [
        _row(number, one.place, link, name, _mover(links, number))
        for number, (one, link) in enumerate(zip(lines, links, strict=True), 1)
    ]


def csv_text(found: Iterable[Row]) -> str:
    """Rows as a table (RFC 4180); no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = [field.name for field in fields(Row)]
    writer.writerow(names)
    for row in found:
        writer.writerow([_harmless(getattr(row, name)) for name in names])
    return out.getvalue()


def _row(number: int, place: Place, link: Link, name: Name, by: str | None) -> Row:
    event = link.event
    has_moved = link.before != link.after
    is_of_bank = event.type in REPORTS
    comments = _counted(event) or event.reason or ("" if is_of_bank else event.detail) or ""
    return Row(
        number=number,
        time=event.time,
        what=event.type.value,
        released_by=name(link.before) if has_moved and link.doubt is None else "",
        received_by=name(link.after) if has_moved else "",
        by=by or "",
        witness=event.witness or "",
        seal=event.seal or "",
        seal_state="" if event.type is EventType.ITEM_COUNTED else event.result or "",
        photo_sha256=event.photo or "",
        authority=event.authority or "",
        comments=link.doubt or comments,
        is_broken=link.is_broken,
        log=place.origin,
        entry=place.index,
        bank_log=(event.origin or "") if is_of_bank else "",
        bank_entry=(event.detail or "") if is_of_bank else "",
        not_released_by=_robbed(link, name),
    )


def _robbed(link: Link, name: Name) -> str:
    """Who had it by the record, where it was moved without him."""
    is_against = link.doubt is not None or link.event.reason in DOUBTS
    is_said = link.event.type in REPORTS | {EventType.CUSTODY_BROKEN}
    return name(link.before) if is_against and is_said and link.before != NOBODY else ""


def _mover(links: Sequence[Link], number: int) -> str | None:
    """Who did it; a `custody.broken` of an older program left that to the report after it."""
    event = links[number - 1].event
    if event.actor is None and event.reason in DOUBTS and number < len(links):
        report = links[number].event
        if report.type in REPORTS and report.time == event.time:
            return report.actor
    return event.actor


def _counted(event: Event) -> str:
    """What a line says of how many there are; the words of the events' own reference."""
    if event.count is None:
        return ""
    what = event.unit or event.result or event.purpose or ""
    parts = (f"count {event.count}", what, event.reason or event.detail or "")
    return "; ".join(part for part in parts if part)


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(LEADS_A_FORMULA) else text
