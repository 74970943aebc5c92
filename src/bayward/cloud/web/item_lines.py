"""Items in words: rows of lists and lines of custody, each with its proof."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import form
from bayward.cloud.custody.form import Names, Row, Told
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.web.asking import You
from bayward.cloud.web.words import Words
from bayward.core import medicine
from bayward.core.clock import Instant
from bayward.core.errors import LimitExceeded
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId, TenantId
from bayward.core.item_chain import DOUBTS
from bayward.core.items import Holder, HolderKind, OfferKind, SealState, Stock
from bayward.ui.views import custody as views
from bayward.ui.views.custody import CustodyLine, ItemRow

LINES_MAX = 5_000  # a form of more than two hundred pages is another kind of case
_PAGE = 200
OFFERED = {
    OfferKind.DISPOSAL.value: "for disposal",
    OfferKind.DISPENSE.value: "to be dispensed",
    OfferKind.WASTE.value: "to be wasted",
    OfferKind.CORRECTION.value: "to be corrected",
}
COUNTS = {
    EventType.ITEM_COUNTED: {"agrees": "agrees:", "differs": "differs:"},
    EventType.ITEM_DRAWN: {
        "dispense": "dispensed, left:",
        "waste": "wasted, left:",
        "correction": "corrected to",
    },
    EventType.CUSTODY_ACCEPTED: {"": "counted", "intact": "counted", "broken": "counted"},
}
# Why a bank's report broke the custody (`item_reacts`, `item_rules.doubts`).
BREAKS = {
    "not_the_holder": "put it in without being its holder",
    "not_in_there": "took it out of where it was not by the record",
    "emptied_by_staff": "compartment emptied by staff",
    "door_forced_open": "door forced open",
    "opened_with_key": "door opened with the key, as two people had agreed",
    "after_disposal": "a bank has it after it was disposed of",
}


@dataclass(frozen=True, slots=True)
class Story:
    """Everything a log tells about one item, oldest first."""

    happened: tuple[Happened, ...]
    rows: tuple[Row, ...]

    @property
    def beginning(self) -> Event:
        """The event that took it into custody."""
        return self.happened[0].event


def story(words: Words, tenant: TenantId, item: ItemId) -> Story:
    """All of it: a line of custody that leaves out its beginning is none."""
    found: list[Happened] = []
    before: int | None = None
    while True:
        page = audit.happenings(words.work, tenant, Wanted(item=item), before=before, count=_PAGE)
        found += page
        if len(page) < _PAGE:
            break
        if len(found) > LINES_MAX:
            raise LimitExceeded("item.lines", limit=LINES_MAX)
        before = page[-1].seq
    found.reverse()
    rows = form.rows((Told(one.place, one.event) for one in found), names(words))
    return Story(tuple(found), tuple(rows))


def names(words: Words, gone: str = "(erased)") -> Names:
    """What the custody form calls people, doors and places; `gone`: what cannot be told."""
    return Names(
        holder=lambda one: holder(words, one),
        door=lambda ref: words.door(ref) or ref,
        place=words.place,
        gone=gone,
    )


def holder(words: Words, one: Holder) -> str:
    """Who has it, in words."""
    if one.ref == ERASED:
        return called(ERASED)
    if one.kind is HolderKind.PERSON:
        return words.person(one.ref)
    if one.kind is HolderKind.COMPARTMENT:
        return f"door {words.door_and_bank(one.ref) or one.ref}"
    return called(one.called)


def called(name: str | None) -> str:
    """What somebody was called who has no account; "" for nobody."""
    return "(erased)" if name == ERASED else name or ""


def row(words: Words, you: You, view: ItemView) -> ItemRow:
    """One line of the list."""
    item, offer = view.item, view.item.offer
    is_asked = offer is not None and words.work.now < offer.until
    return ItemRow(
        href=f"/console/items/{item.id}",
        label=item.id.label,
        kind=item.kind.value,
        case=view.case or "",
        exhibit=view.exhibit or "",
        holder=holder(words, item.holder),
        state=item.state.value,
        since=item.since,
        seal=item.seal or "",
        is_seal_broken=item.seal_state is SealState.BROKEN,
        is_broken=item.is_broken,
        was_seal_broken=item.seal_broken_at is not None,
        stock=None if item.stock is None else _stock(item.stock, words.work.now),
        out_since=item.out_since,
        is_for_you=is_asked and offer is not None and offer.to == you.person,
    )


def _stock(held: Stock, now: Instant) -> views.Stock:
    return views.Stock(
        count=held.count,
        unit=held.unit,
        lot=held.lot,
        expires_on=held.expires_on or "",
        is_expired=medicine.is_expired(held, now),
        is_controlled=held.is_controlled,
        is_count_due=held.is_count_due,
        is_doubted=held.is_doubted,
    )


def lines(words: Words, told: Story) -> tuple[CustodyLine, ...]:
    """The line of custody as pages show it."""
    return tuple(_line(words, one, row) for one, row in zip(told.happened, told.rows, strict=True))


def _line(words: Words, one: Happened, row: Row) -> CustodyLine:
    event = one.event
    proof = words.proof(one)
    receipt_href = f"/console/items/{event.item}/receipt/{row.number}"
    notes = (_offer(words, event), row.authority, _reason(event, row), *_against(words, event, row))
    return CustodyLine(
        number=row.number,
        at=row.time,
        kind=row.what,
        facts=words.facts(event),
        before=row.released_by,
        after=row.received_by,
        who=row.by or ("somebody unknown" if row.not_released_by else ""),
        signed=row.signed,
        witness=row.witness,
        note=" · ".join(note for note in notes if note),
        seal=row.seal,
        result=row.seal_state,
        photo=row.photo_sha256,
        log=row.log,
        entry=row.entry,
        bank_log=row.bank_log,
        bank_entry=row.bank_entry,
        bank=words.bank(event.bank),
        is_broken=row.is_broken,
        not_released_by=row.not_released_by,
        seal_before=row.seal_before,
        is_seal_broken=row.is_seal_broken,
        proof=None if proof is None else replace(proof, receipt_href=receipt_href),
    )


def _offer(words: Words, event: Event) -> str:
    if event.type is not EventType.CUSTODY_OFFERED:
        return ""
    if event.recipient is not None:
        where = "" if event.scope is None else f", {words.place(event.scope)}"
        return f"to {words.person(event.recipient)}{where}"
    return OFFERED.get(event.purpose or "", f"to {called(event.party)}")


def _reason(event: Event, row: Row) -> str:
    if event.type is EventType.ITEM_REGISTERED:
        return ""  # the description has a place of its own
    if event.type in COUNTS and event.count is not None:
        return f"{COUNTS[event.type].get(event.result or event.purpose or '', '')} {event.count}"
    if event.type is EventType.CUSTODY_BROKEN or row.comments in DOUBTS:
        return BREAKS.get(row.comments, row.comments)
    return row.comments


def _against(words: Words, event: Event, row: Row) -> tuple[str, ...]:
    """Who gave nothing away where it was moved without him; and of a break, behind which door."""
    said = [f"not released by {row.not_released_by}, who held it"] if row.not_released_by else []
    if event.type is EventType.CUSTODY_BROKEN and words.door(event.compartment):
        said.append(f"door {words.door_and_bank(event.compartment)}")
    return tuple(said)


def anchor_origins(told: Story) -> tuple[str, ...]:
    """The logs the lines stand in, the tenant's own first."""
    own = [one.place.origin for one in told.happened]
    banks = [row.bank_log for row in told.rows if row.bank_log]
    return tuple(dict.fromkeys(own + banks))
