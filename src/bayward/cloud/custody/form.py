"""The custody form of an item: its line of custody as rows, from the entries of the log.

The fields are those of the sample form of NIST (date and time, released by, received by, seal,
comments), each with the place of its entry, so that whoever has the row can ask for its receipt.
Beside a name stands the id that the entry holds: what somebody is called no entry proves.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from bayward.cloud.unit import Place
from bayward.core.clock import Instant
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId
from bayward.core.item_chain import DOUBTS, REPORTS, Link, chain
from bayward.core.items import NOBODY, Holder, HolderKind
from bayward.core.signed import signed_of
from bayward.core.whose import is_party
from bayward.ui.i18n import FALLBACK, catalogues

LEADS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute it


def _called(holder: Holder) -> str:
    return holder.called


@dataclass(frozen=True, slots=True)
class Names:
    """What people, doors and places are called; as it stands, by their ids.

    `gone` is what a cell says where an entry does not tell any more, or not here.
    """

    holder: Callable[[Holder], str] = _called
    door: Callable[[str], str] = str
    place: Callable[[str], str] = str
    gone: str = "(erased)"

    def cell(self, text: str | None) -> str:
        """A text of an entry."""
        return self.gone if text == ERASED else text or ""

    def both(self, holder: Holder) -> tuple[str, str]:
        """Name and id of a holder; what a party is called is in the entry itself."""
        is_outside = holder.kind is HolderKind.PARTY
        has_id = not is_outside or is_party(holder.ref) or holder.ref == ERASED
        told = self.cell(holder.ref) if has_id else ""
        if holder.kind is HolderKind.NOBODY:
            return "", ""
        if holder.called == ERASED:
            return self.gone, told
        return holder.called if is_outside else self.holder(holder), told

    def person(self, ref: str | None) -> tuple[str, str]:
        """The same of a person."""
        return self.both(NOBODY if not ref else Holder(HolderKind.PERSON, ref))

    def party(self, event: Event) -> tuple[str, str]:
        """The same of who is outside, as the event names him."""
        called = event.party or ""
        told = Holder(HolderKind.PARTY, event.party_id or called, called)
        return self.both(told if called else NOBODY)


PLAIN = Names()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the form says of the item itself; "" where there is nothing to say."""

    item: str  # its label
    item_id: str
    case: str = ""
    exhibit: str = ""
    kind: str = ""
    description: str = ""
    received_from: str = ""
    received_from_id: str = ""
    where_and_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the form; "" where there is nothing to say.

    `not_released_by` is who the record has as holder where somebody else moved it: a bank reports
    what happened, and he gave nothing away. `seal_before` is the number that `seal` stands in place
    of, where somebody outside has changed it.
    """

    number: int
    time: Instant  # milliseconds since 1970
    time_utc: str
    what: str
    in_words: str
    released_by: str
    released_by_id: str
    received_by: str
    received_by_id: str
    by: str
    by_id: str
    signed: str  # `signed.Signed`
    witness: str
    witness_id: str
    offered_to: str
    offered_to_id: str
    kept_at: str
    purpose: str
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
    not_released_by_id: str
    seal_before: str
    is_seal_broken: bool  # or changed: found so by who wrote this line


@dataclass(frozen=True, slots=True)
class Told:
    """One event of an item with its place in the log; `shown`: as much of it as may be told."""

    place: Place
    event: Event
    shown: Event | None = None

    @property
    def told(self) -> Event:
        """What may be told of it."""
        return self.shown or self.event


def facts(item: ItemId, beginning: Event | None, names: Names = PLAIN) -> Facts:
    """The head of the form, by the event that took the item in; None: it may not be told."""
    if beginning is None:
        gone = dict.fromkeys([field.name for field in fields(Facts)], names.gone)
        return Facts(**(gone | {"item": item.label, "item_id": item}))
    who, ref = names.party(beginning)
    return Facts(
        item=item.label,
        item_id=item,
        case=names.cell(beginning.case),
        exhibit=names.cell(beginning.exhibit),
        kind=names.cell(beginning.purpose),
        description=names.cell(beginning.detail),
        received_from=who,
        received_from_id=ref,
        where_and_why=names.cell(beginning.reason),
    )


def rows(told: Iterable[Told], names: Names = PLAIN) -> list[Row]:
    """The lines of the form of one item; `told` are its events, oldest first."""
    lines = list(told)
    links = chain(one.event for one in lines)
    return [
        _row(number, one, link, names, _mover(lines, links, number))
        for number, (one, link) in enumerate(zip(lines, links, strict=True), 1)
    ]


def csv_text(head: Facts, found: Iterable[Row]) -> str:
    """Rows as a table (RFC 4180), each with the item it is of; no cell can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([field.name for kind in (Facts, Row) for field in fields(kind)])
    of_item = list(asdict(head).values())
    for row in found:
        writer.writerow([_harmless(cell) for cell in (*of_item, *asdict(row).values())])
    return out.getvalue()


def _row(number: int, one: Told, link: Link, names: Names, mover: str | None) -> Row:
    event = one.told
    has_moved = link.before != link.after
    giver, taker = (link.before, link.after) if has_moved else (NOBODY, NOBODY)
    if link.doubt is not None:
        giver = NOBODY
    released, received = names.both(giver), names.both(taker)
    by, witness, offered = names.person(mover), names.person(event.witness), _to(event, names)
    is_of_bank = event.type in REPORTS
    robbed = names.both(_robbed(link, event))
    detail = None if is_of_bank else event.detail
    return Row(
        number=number,
        time=event.time,
        time_utc=_utc(event.time),
        what=event.type.value,
        in_words=_in_words(event, names),
        released_by=released[0],
        released_by_id=released[1],
        received_by=received[0],
        received_by_id=received[1],
        by=by[0],
        by_id=by[1],
        signed=signed_of(event).value,
        witness=witness[0],
        witness_id=witness[1],
        offered_to=offered[0],
        offered_to_id=offered[1],
        kept_at="" if event.scope is None else names.cell(_place(event.scope, names)),
        purpose=names.cell(event.purpose),
        seal=names.cell(event.seal),
        seal_state="" if event.type is EventType.ITEM_COUNTED else names.cell(event.result),
        photo_sha256=names.cell(event.photo),
        authority=names.cell(event.authority),
        comments=link.doubt or _counted(event, names) or names.cell(event.reason or detail),
        is_broken=link.is_broken,
        log=one.place.origin,
        entry=one.place.index,
        bank_log=names.cell(event.origin) if is_of_bank else "",
        bank_entry=names.cell(event.detail) if is_of_bank else "",
        not_released_by=robbed[0],
        not_released_by_id=robbed[1],
        seal_before=names.cell(event.seal_before),
        is_seal_broken=link.is_seal_broken,
    )


def _robbed(link: Link, event: Event) -> Holder:
    """Who had it by the record, where it was moved without him; else nobody."""
    is_against = link.doubt is not None or event.reason in DOUBTS
    is_said = event.type in REPORTS | {EventType.CUSTODY_BROKEN}
    return link.before if is_against and is_said else NOBODY


def _mover(lines: Sequence[Told], links: Sequence[Link], number: int) -> str | None:
    """Who did it; a `custody.broken` of an older program left that to the report after it."""
    event = lines[number - 1].told
    if event.actor is None and event.reason in DOUBTS and number < len(links):
        report = lines[number].told
        if report.type in REPORTS and report.time == event.time:
            return report.actor
    return event.actor


def _to(event: Event, names: Names) -> tuple[str, str]:
    """To whom an offer was made."""
    if event.type is not EventType.CUSTODY_OFFERED:
        return "", ""
    return names.person(event.recipient) if event.recipient else names.party(event)


def _place(scope: str, names: Names) -> str:
    return scope if scope == ERASED else names.place(scope)


def _in_words(event: Event, names: Names) -> str:
    """What pages call it, in the language of the form."""
    door = event.compartment or ""
    told = {
        "door": names.cell(door) if door == ERASED else names.door(door),
        "seal": names.cell(event.seal),
    }
    return catalogues()[FALLBACK].tell(f"event.{event.type.value}", told)


def _counted(event: Event, names: Names) -> str:
    """What a line says of how many there are; the words of the events' own reference."""
    if event.count is None:
        return ""
    what = event.unit or event.result or event.purpose or ""
    count = names.cell(str(event.count))
    parts = (f"count {count}", names.cell(what), names.cell(event.reason or event.detail))
    return "; ".join(part for part in parts if part)


def _utc(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(LEADS_A_FORMULA) else text
