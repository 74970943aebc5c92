"""Items and their hand-overs: what staff can do, asked of `core.item_rules` before it is said.

Each verb makes one event, asks the rules whether it may follow, and emits it; `item_reacts`
carries it into the view in the same transaction. That both sides have shown a fresh second
factor is the policy's business (`CUSTODY_OFFER`, `CUSTODY_ACCEPT`, `CUSTODY_WITNESS`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from bayward.cloud.custody import item_store, parties
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.unit import Work
from bayward.core import item_rules as rules
from bayward.core import medicine
from bayward.core.clock import Instant, after
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId, PersonId, TenantId
from bayward.core.items import (
    OFFER_LIFE_MS,
    Holder,
    HolderKind,
    ItemKind,
    OfferKind,
    SealFound,
)
from bayward.core.roles import Node

LIST_MAX = 200  # rows of one page
WORD_CHARS_MAX = 60  # a case, exhibit or seal number fits a line of a form
LAPSE_JOB = "custody.lapse"

_T = EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is written down about an item when it comes into our hands."""

    kind: ItemKind
    text: str
    case: str = ""
    exhibit: str = ""
    party: str = ""  # received from
    seal: str = ""
    photo: str = ""
    reason: str = ""  # where and why it was taken
    count: int | None = None  # of medicine: how many, and of what
    unit: str = ""
    lot: str = ""
    expires_on: str = ""
    is_controlled: bool = False
    kept_at: Node | None = None  # who may see it; None: everybody who sees items of the tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the holder is ready to do."""

    kind: OfferKind
    to: PersonId | None = None
    party: str = ""
    authority: str = ""
    reason: str = ""
    photo: str = ""
    count: int | None = None  # of a draw from a stock
    kept_at: Node | None = None  # of a transfer: where it is kept once it is accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the other side sees: the number on the seal and whether it is whole."""

    seal: str = ""
    result: str = ""
    photo: str = ""
    count: int | None = None  # of a stock


NOTHING_READ = Reading()


def get_item(work: Work, tenant: TenantId, item: ItemId) -> ItemView:
    """One item; raises `NotFound` for another tenant's as for none."""
    found = item_store.find(work.tx, tenant, item)
    if found is None:
        raise NotFound("item")
    return found


def asked_for(work: Work, tenant: TenantId, text: str) -> ItemId | None:
    """The item of this label or id; None for nothing. Raises `Invalid` where there is none."""
    text = text.strip()
    if not text:
        return None
    found = item_store.labelled(work.tx, tenant, text.upper())
    found = found or item_store.find(work.tx, tenant, text.lower())
    if found is None:
        raise Invalid("evidence.item", field="item")
    return found.item.id


def items(
    work: Work,
    tenant: TenantId,
    wanted: Wanted,
    *,
    before: tuple[Instant, str] | None = None,
    count: int = 50,
) -> list[ItemView]:
    """Items, newest change first; `before` is (`changed_at`, `id`) of the last one shown."""
    count = min(count, LIST_MAX)
    return item_store.items(work.tx, tenant, wanted, before=before, count=count)


def count(work: Work, tenant: TenantId, wanted: Wanted) -> int:
    """How many items match."""
    return item_store.count(work.tx, tenant, wanted)


def holders(work: Work, tenant: TenantId, wanted: Wanted) -> list[Holder]:
    """Who has what matches, each once; no more than fit a list to choose from."""
    return item_store.holders(work.tx, tenant, wanted, count=LIST_MAX)


def register(work: Work, tenant: TenantId, told: Description, *, actor: PersonId) -> ItemId:
    """Take something into custody; whoever registers it holds it."""
    item = work.ids.new(ItemId)
    event = Event(
        type=_T.ITEM_REGISTERED,
        time=work.now,
        actor=actor,
        item=item,
        purpose=told.kind.value,
        detail=_text("detail", told.text) or _missing("detail"),
        case=_word("case", told.case),
        exhibit=_word("exhibit", told.exhibit),
        party=_outside(told.party),
        seal=_word("seal", told.seal),
        photo=_photo(told.photo),
        reason=_text("reason", told.reason),
        count=told.count,
        unit=_word("unit", told.unit),
        lot=_word("lot", told.lot),
        expires_on=told.expires_on.strip() or None,
        control=medicine.CONTROLLED if told.is_controlled else None,
        scope=None if told.kept_at is None else told.kept_at.path,
    )
    rules.registered(event)
    work.emit(_known(work, tenant, event), tenant=tenant)
    return item


def offer(
    work: Work, tenant: TenantId, item: ItemId, proposal: Proposal, *, actor: PersonId
) -> Instant:
    """Offer it to a person, to a party outside, or for disposal; tells until when it stands."""
    lapse(work, tenant, item)
    if proposal.to is not None and proposal.party:
        raise Invalid("custody.to_whom", field="party")  # it goes to one
    until = after(work.now, OFFER_LIFE_MS)
    _do(work, tenant, Event(
        type=_T.CUSTODY_OFFERED, time=work.now, actor=actor, item=item,
        purpose=proposal.kind.value, not_after=until, recipient=proposal.to,
        party=_outside(proposal.party), authority=_text("authority", proposal.authority),
        reason=_text("reason", proposal.reason), photo=_photo(proposal.photo),
        count=proposal.count,
        scope=None if proposal.kept_at is None else proposal.kept_at.path,
    ))  # fmt: skip
    work.enqueue(LAPSE_JOB, f"{item}/{until}", {"tenant": tenant, "item": item}, due=until)
    return until


def accept(
    work: Work,
    tenant: TenantId,
    item: ItemId,
    read: Reading = NOTHING_READ,
    *,
    actor: PersonId,
) -> None:
    """Take over what was offered to me; a controlled stock is counted first.

    Whoever counts another number than the record has refused by it, see `stock.accept`.
    """
    found = get_item(work, tenant, item).item
    giver, offered = found.holder.ref, found.offer
    _do(work, tenant, Event(
        type=_T.CUSTODY_ACCEPTED, time=work.now, actor=actor, item=item, subject=giver,
        seal=_word("seal", read.seal), result=read.result or None, photo=_photo(read.photo),
        count=read.count, scope=None if offered is None else offered.scope,
    ))  # fmt: skip


def witness(
    work: Work,
    tenant: TenantId,
    item: ItemId,
    read: Reading = NOTHING_READ,
    *,
    actor: PersonId,
) -> None:
    """See it leave the house, or see it destroyed, as the second person."""
    found = get_item(work, tenant, item).item
    if found.offer is None or found.offer.kind is OfferKind.HAND_OVER:
        raise Conflict("custody.nothing_to_witness")
    kind = found.offer.kind
    if kind in medicine.DRAWS:
        if found.stock is None:
            raise Conflict("stock.none")
        _do(work, tenant, Event(
            type=_T.ITEM_DRAWN, time=work.now, actor=found.holder.ref, witness=actor, item=item,
            purpose=kind.value, count=medicine.draws(found.stock, kind, found.offer.count),
            authority=found.offer.authority,
        ))  # fmt: skip
        return
    is_disposal = kind is OfferKind.DISPOSAL
    _do(work, tenant, Event(
        type=_T.ITEM_DISPOSED if is_disposal else _T.CUSTODY_RELEASED,
        time=work.now, actor=found.holder.ref, witness=actor, item=item,
        party=found.offer.party, party_id=found.offer.party_id, authority=found.offer.authority,
        seal=_word("seal", read.seal), result=read.result or None, photo=_photo(read.photo),
    ))  # fmt: skip


def refuse(work: Work, tenant: TenantId, item: ItemId, *, actor: PersonId, reason: str) -> None:
    """Say no to an offer; it stays with its holder, and the no is in the log."""
    told = _text("reason", reason) or _missing("reason")
    _do(work, tenant, Event(
        type=_T.CUSTODY_REFUSED, time=work.now, actor=actor, item=item, reason=told,
    ))  # fmt: skip


def withdraw(work: Work, tenant: TenantId, item: ItemId, *, actor: PersonId) -> None:
    """Take an offer back."""
    _do(work, tenant, Event(type=_T.CUSTODY_WITHDRAWN, time=work.now, actor=actor, item=item))


def lapse(work: Work, tenant: TenantId, item: ItemId) -> None:
    """End an offer nobody answered in time."""
    found = get_item(work, tenant, item).item
    if found.offer is not None and work.now >= found.offer.until:
        _do(work, tenant, Event(type=_T.CUSTODY_LAPSED, time=work.now, item=item))


def take_back(
    work: Work,
    tenant: TenantId,
    item: ItemId,
    read: Reading = NOTHING_READ,
    *,
    actor: PersonId,
    reason: str = "",
) -> None:
    """Receive it again from the party outside that has it; a seal is looked at first.

    Where another seal is on it, or none, the entry of the return itself says so: by then it was
    in their hands. Raises `Invalid("seal.another")` when what is said to be the record's is not.
    """
    found = get_item(work, tenant, item).item
    holder = found.holder
    if holder.kind is not HolderKind.PARTY:
        raise Conflict("custody.not_outside")
    if holder.ref == ERASED:
        raise Conflict("custody.party_erased")
    is_changed = found.seal is not None and read.result in set(SealFound)
    number = _word("seal", read.seal)
    if found.seal is not None and not is_changed and number not in (None, found.seal):
        raise Invalid("seal.another", field="seal")
    _do(work, tenant, Event(
        type=_T.CUSTODY_RETURNED, time=work.now, actor=actor, item=item,
        party=holder.called, party_id=holder.ref, reason=_text("reason", reason),
        photo=_photo(read.photo),
        result=read.result if is_changed else None,
        seal=number if is_changed else None,
        seal_before=found.seal if is_changed else None,
    ))  # fmt: skip
    if found.seal is not None and not is_changed:
        check_seal(work, tenant, item, read, actor=actor)


def take(work: Work, tenant: TenantId, item: ItemId, *, actor: PersonId, reason: str) -> None:
    """Take over what its holder cannot hand over (he is ill, or gone): this breaks the custody."""
    lapse(work, tenant, item)
    found = get_item(work, tenant, item).item
    is_person = found.holder.kind is HolderKind.PERSON
    _do(work, tenant, Event(
        type=_T.CUSTODY_TAKEN, time=work.now, actor=actor, item=item,
        subject=found.holder.ref if is_person else None,
        reason=_text("reason", reason) or _missing("reason"),
    ))  # fmt: skip


def seal(
    work: Work, tenant: TenantId, item: ItemId, number: str, *, actor: PersonId, reason: str = ""
) -> None:
    """Put a seal on, or another one in its place; that one needs a reason."""
    _do(work, tenant, Event(
        type=_T.SEAL_APPLIED, time=work.now, actor=actor, item=item,
        seal=_word("seal", number) or _missing("seal"), reason=_text("reason", reason),
    ))  # fmt: skip


def check_seal(
    work: Work, tenant: TenantId, item: ItemId, read: Reading, *, actor: PersonId
) -> None:
    """Write down which number is on it and whether the seal is whole."""
    _do(work, tenant, Event(
        type=_T.SEAL_CHECKED, time=work.now, actor=actor, item=item,
        seal=_word("seal", read.seal) or _missing("seal"), result=read.result,
        photo=_photo(read.photo),
    ))  # fmt: skip


def photograph(
    work: Work, tenant: TenantId, item: ItemId, photo: str, *, actor: PersonId, detail: str = ""
) -> None:
    """Write down the hash of a photograph of it; the picture stays with who took it."""
    _do(work, tenant, Event(
        type=_T.ITEM_PHOTOGRAPHED, time=work.now, actor=actor, item=item,
        photo=_photo(photo) or _missing("photo"), detail=_text("detail", detail),
    ))  # fmt: skip


def say(work: Work, tenant: TenantId, event: Event) -> None:
    """Say it, when it may follow what is known of its item."""
    _do(work, tenant, event)


def _do(work: Work, tenant: TenantId, event: Event) -> None:
    """Say it, when it may follow what is known; nothing is logged that the rules forbid."""
    found = get_item(work, tenant, ItemId(event.item or ""))
    rules.follow(found.item, event)
    work.emit(_known(work, tenant, event), tenant=tenant)


def _known(work: Work, tenant: TenantId, event: Event) -> Event:
    """The same with the id of who is outside; he gets his key only once the rules have agreed."""
    if event.party is None or event.party_id is not None:
        return event
    named = parties.named(work, tenant, event.party)
    return replace(event, party=named.name, party_id=named.id)


def _outside(text: str) -> str | None:
    name = _text("party", text)
    return None if name is None else parties.checked(name)


def _word(field: str, text: str) -> str | None:
    told = _text(field, text)
    if told is not None and len(told) > WORD_CHARS_MAX:
        raise Invalid("field.too_long", field=field, limit=WORD_CHARS_MAX)
    return told


def _photo(text: str) -> str | None:
    return text.strip().lower() or None


def _text(field: str, text: str) -> str | None:
    told = " ".join(text.split())
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} for char in told):
        raise Invalid("field.characters", field=field)
    return told or None


def _missing(field: str) -> str:
    raise Invalid("field.empty", field=field)
