"""Evidence packs: asking for one, making it, fetching it.

A pack holds every entry of a range of one log, opened as far as the authority it is asked for
by allows. Asking is an event with that authority, the recipient and the reason; having made it
is another, which names the hash that the whole pack hangs on.

The pack itself is not kept. It is made from the logs when it is asked for, to learn its hash,
and once more when it is fetched; it must come out the same. So no copy of personal data lies
about, and what has been erased in between cannot be fetched: the pack is refused, and asked for
anew without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bayward.cloud.audit import (
    anchor,
    chains,
    pack_custody,
    pack_item,
    papers,
    reader,
    service,
    store,
    times,
)
from bayward.cloud.audit import evidence_store as packs
from bayward.cloud.audit.custody_paper import Row
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.hideable import ALWAYS_SHOWN
from bayward.cloud.audit.pack_custody import Forms
from bayward.cloud.audit.paper_words import Above
from bayward.cloud.audit.papers import Shown
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.errors import Conflict, Denied, Invalid, NotFound
from bayward.core.events import FIELDS, NUMBERS, Event, EventType
from bayward.core.ids import ItemId, PersonId, TenantId, base32
from bayward.ledger.chain import chain_text
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import Disclosure
from bayward.ledger.note import split_note
from bayward.ledger.pack import bag
from bayward.ledger.pack.build import LogSlice, build
from bayward.ledger.pack.range import prove_range
from bayward.ledger.pack.records import Record
from bayward.ledger.pack.stamped import ISSUER, LIST, STAMPS
from bayward.ledger.pack.verify import ANCHOR
from bayward.ledger.receipt import Receipt, lines_of_chain, parse_receipt

MAKE_JOB = "evidence.make"
NAME_BYTES = 10  # 80 bits: 16 characters in a file's name
ENTRIES_MAX = 20_000  # of one pack: some 30 MB, made in seconds and in memory
FETCH_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: a log, a range by entries or by time, and what stays hidden.

    With an `item` only entries about it are opened; without a range it begins with their first.
    `first`/`until` count entries; without them `since`/`before` (milliseconds) choose, and
    without those it is the whole log.
    """

    origin: str
    authority: str
    handed_to: str
    reason: str
    first: int | None = None
    until: int | None = None
    since: Instant | None = None
    before: Instant | None = None
    hidden: frozenset[str] = frozenset()
    item: ItemId | None = None


def ask(work: Work, tenant: TenantId, wanted: Wanted, actor: PersonId) -> Evidence:
    """Ask for a pack; raises `Invalid`, `NotFound` or `Conflict` and logs nothing then."""
    for name in ("authority", "handed_to", "reason"):
        if not getattr(wanted, name).strip():
            raise Invalid("evidence.missing", field=name)
    if wanted.hidden & ALWAYS_SHOWN:
        raise Invalid("evidence.hidden", field=min(wanted.hidden & ALWAYS_SHOWN))
    head = reader.head(work, tenant, wanted.origin)
    if not head.note:
        raise Conflict("log.empty")
    first, until = _bounds(work, tenant, wanted, head.size)
    name = f"evidence-{base32(work.ids.random(NAME_BYTES))}"
    work.emit(
        Event(
            type=EventType.EVIDENCE_REQUESTED,
            time=work.now,
            actor=actor,
            subject=name,
            origin=wanted.origin,
            authority=wanted.authority.strip(),
            handed_to=wanted.handed_to.strip(),
            reason=wanted.reason.strip(),
            detail=_asked_for(first, until, wanted.item),
            log_size=head.size,
        ),
        tenant=tenant,
    )
    own = reader.head(work, tenant, service.origin_of(work, tenant))
    asked = Evidence(
        tenant=tenant,
        name=name,
        person=actor,
        asked_at=work.now,
        origin=wanted.origin,
        first=first,
        until=until,
        size=head.size,
        note=head.note,
        asked_index=own.size - 1,
        hidden=wanted.hidden,
        item=wanted.item,
    )
    packs.insert(work.tx, asked)
    work.enqueue(MAKE_JOB, name, {"tenant": tenant, "evidence": name})
    work.wake(f"tenant/{tenant}")
    return asked


def get(work: Work, tenant: TenantId, name: str) -> Evidence:
    """One pack; raises `NotFound`."""
    return packs.get(work.tx, tenant, name)


def listed(work: Work, tenant: TenantId) -> list[Evidence]:
    """The newest packs."""
    return packs.listed(work.tx, tenant)


def with_chain(work: Work, asked: Evidence) -> Evidence:
    """The pack with the links above its checkpoint; those that are kept stay.

    The tenant's own log is shown as the anchor holds it: under the first checkpoint there that
    covers the range. The range stays what it was.
    """
    if asked.chain is not None:
        return asked
    head = reader.head(work, asked.tenant, asked.origin)
    if head.bank is not None:
        links = chains.of_bank_checkpoint(work, asked.tenant, head.bank, asked.origin, asked.size)
    else:
        found = chains.anchored(work, asked.tenant, asked.size)
        if found is None:
            return asked
        asked = replace(asked, size=found.size, note=found.note)
        links = [chains.link_to_anchor(work, found)]
    if not links:
        return asked
    asked = replace(asked, chain=chain_text(links))
    top = links[-1]
    is_anchored = top.key.name == anchor.origin_of(work)
    stamped = anchor.stamped(work, top.proof.checkpoint) if is_anchored else None
    if stamped is None:
        return asked
    return replace(asked, anchor_note=stamped[0], anchor_stamp=stamped[1])


def page(work: Work, asked: Evidence, first: int, count: int) -> tuple[bytes, list[Shown]]:
    """Records from `first` on as lines, and their fields for the papers."""
    lines, shown = [], []
    count = min(count, asked.until - first)
    about = pack_item.entries(work, asked.tenant, asked.origin, asked.item)
    for entry in reader.entries(work, asked.tenant, asked.origin, first, count):
        is_open = about is None or entry.index in about
        opened = [(one, Disclosure.parse(one)) for one in entry.disclosures if is_open]
        seen = [(text, one) for text, one in opened if one.name not in asked.hidden]
        lines.append(Record.of(entry.index, entry.leaf, tuple(text for text, _ in seen)).line)
        shown.append(Shown(entry.index, {one.name: one.value for _, one in seen}))
    if len(lines) != count:
        raise Conflict("log.moved", origin=asked.origin)
    return b"".join(lines), shown


def finish(
    work: Work,
    asked: Evidence,
    records: bytes,
    shown: list[Shown],
    verifiers: Mapping[str, bytes],
    *,
    forms: Forms | None = None,
) -> dict[str, bytes]:
    """The sealed files of a pack whose records have been read; no time stamp in it yet."""
    head = reader.head(work, asked.tenant, asked.origin)
    hashes = store.rows(work.tx, asked.tenant, asked.origin)
    proof = prove_range(asked.origin, asked.first, asked.until, asked.size, hashes)
    parent = service.origin_of(work, asked.tenant)
    key = parse_vkey(head.vkey)
    folder = "bank" if head.bank is not None else "tenant"
    told = order(work, asked)
    chain = [parse_receipt(one) for one in lines_of_chain(asked.chain)] if asked.chain else []
    custody: list[Row] = []
    if forms is not None and head.kind == store.TENANT_LOG:
        custody = pack_custody.rows(work, asked, (one.fields for one in shown), forms)
    made = papers.Papers(
        asked, told, head.vkey, shown, verifiers, _above(work, asked, chain), custody
    )
    clocks = {}
    if asked.anchor_note is not None and asked.anchor_stamp is not None:
        clocks = {ANCHOR: asked.anchor_note.encode(), ANCHOR + STAMPS: asked.anchor_stamp}
    if asked.tsa_list is not None and asked.tsa_issuer is not None:
        clocks |= {LIST: asked.tsa_list, ISSUER: asked.tsa_issuer}
    if head.bank is not None:
        entries = [(one.index, one.fields) for one in shown if one.fields or asked.item is None]
        clocks |= times.files(work, asked.tenant, asked.origin, entries, size=asked.size)
    return build(
        asked.name,
        [LogSlice(folder, key, asked.note, proof, records)],
        work.house.keys.log_signer(parent),
        chain=chain,
        papers={**made.files(), **clocks},
        info=made.info(),
    )


def order(work: Work, asked: Evidence) -> Event:
    """The event with authority, recipient and reason, as far as it can still be read."""
    parent = service.origin_of(work, asked.tenant)
    (entry,) = reader.entries(work, asked.tenant, parent, asked.asked_index, 1)
    told = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
    plain = {name: one for name, one in told.items() if not isinstance(one, list | dict)}
    for name in FIELDS[EventType.EVIDENCE_REQUESTED]:
        plain.setdefault(name, 0 if name in NUMBERS else "erased")
    return Event.from_fields(plain)


def made(work: Work, asked: Evidence, files: Mapping[str, bytes], stamp: bytes | None) -> None:
    """A pack is made: log the hash it hangs on, and let the one who asked fetch it."""
    told = order(work, asked)
    digest = papers.digest(files[bag.TAG_MANIFEST])
    work.emit(
        replace(
            told,
            type=EventType.EVIDENCE_EXPORTED,
            time=work.now,
            tq=None,
            detail=digest,
            log_size=asked.size,
        ),
        tenant=asked.tenant,
    )
    own = reader.head(work, asked.tenant, service.origin_of(work, asked.tenant))
    packs.update(
        work.tx,
        asked.tenant,
        asked.name,
        state="ready",
        done=asked.until - asked.first,
        size=asked.size,
        note=asked.note,
        chain=asked.chain,
        anchor_note=asked.anchor_note,
        anchor_stamp=asked.anchor_stamp,
        tsa_list=asked.tsa_list,
        tsa_issuer=asked.tsa_issuer,
        digest=digest,
        stamp=stamp,
        exported_index=own.size - 1,
        fetch_until=after(work.now, FETCH_MS),
    )
    work.wake(f"tenant/{asked.tenant}")


def fetchable(work: Work, tenant: TenantId, name: str, person: PersonId) -> Evidence:
    """A pack that this person may fetch now; raises `NotFound`, `Denied` or `Conflict`."""
    found = packs.get(work.tx, tenant, name)
    if found.person != person:
        raise Denied("evidence.not_yours")
    if found.state != "ready" or found.fetch_until is None:
        raise Conflict("evidence.not_ready")
    if work.now >= found.fetch_until:
        raise Conflict("evidence.expired")
    return found


def receipt(work: Work, tenant: TenantId, name: str) -> str:
    """The receipt of the event that names the pack's hash, with the logs above it by now."""
    found = packs.get(work.tx, tenant, name)
    if found.exported_index is None:
        raise NotFound("evidence")
    place = Place(service.origin_of(work, tenant), found.exported_index)
    return chains.text_of(work, tenant, service.receipt(work, tenant, place))


def progress(work: Work, asked: Evidence, done: int) -> None:
    """Note how many entries were read."""
    packs.update(work.tx, asked.tenant, asked.name, done=done)
    work.wake(f"tenant/{asked.tenant}")


def failed(work: Work, asked: Evidence, problem: str) -> None:
    """Note that a pack cannot be made."""
    packs.update(work.tx, asked.tenant, asked.name, state="failed", problem=problem)
    work.wake(f"tenant/{asked.tenant}")


def _above(work: Work, asked: Evidence, chain: Sequence[Receipt]) -> Above:
    """What the papers say of the logs above."""
    if not chain:
        return Above()
    last = chain[-1]
    signed = {one.name for one in split_note(last.proof.checkpoint)[1]}
    return Above(
        last.key.name,
        is_anchored=last.key.name == anchor.origin_of(work),
        witnesses=tuple(sorted(signed - {last.key.name})),
        is_stamped=asked.anchor_stamp is not None,
    )


def _asked_for(first: int, until: int, item: ItemId | None) -> str:
    """The range, and the one item, as the event of asking says it."""
    return f"{first}-{until - 1}" + ("" if item is None else f"; {item.label}")


def _bounds(work: Work, tenant: TenantId, wanted: Wanted, size: int) -> tuple[int, int]:
    about = pack_item.entries(work, tenant, wanted.origin, wanted.item)
    begins = min(about, default=0) if about is not None else 0
    first = begins if wanted.first is None else wanted.first
    until = size if wanted.until is None else wanted.until
    if wanted.since is not None or wanted.before is not None:
        since = Instant(0) if wanted.since is None else wanted.since
        before = after(work.now, DAY_MS) if wanted.before is None else wanted.before
        found = packs.bounds(work.tx, tenant, wanted.origin, since, before)
        if found is None:
            raise Invalid("evidence.range", entries=0)
        first, until = found
    if not 0 <= first < until <= size or until - first > ENTRIES_MAX:
        raise Invalid("evidence.range", entries=max(0, until - first), limit=ENTRIES_MAX)
    if about is not None and not any(first <= one < until for one in about):
        raise Invalid("evidence.item", field="item")
    return first, until
