"""The anchor log: the operator's own, in which the checkpoints of all tenants' logs are entries.

    bank log  ──bank_log.accepted──►  tenant log  ──tenant_log.anchored──►  anchor log ◄── witnesses

Outside witnesses cosign this one log instead of thousands. An entry is sealed like every other,
so whoever reads the anchor sees that some log has grown and not whose. It belongs to the
platform's tenant and causes no event: an anchor that entered itself would never come to rest.
"""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.audit import appending, beacon_store, reader, service, store
from bayward.cloud.audit.store import LogHead
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import OPERATOR, Place, Work
from bayward.core.clock import HOUR_MS, SECOND_MS, Instant
from bayward.core.errors import NotFound
from bayward.core.ids import TenantId
from bayward.ledger.checkpoint import parse_text
from bayward.ledger.dense import consistency_proof, inclusion_proof
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.leaf import Value
from bayward.ledger.note import SIGNATURES_MAX, add_signatures, split_note
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.sandwich import Cosigned, open_cosigned
from bayward.ledger.strict import base64_text
from bayward.ledger.witness import Request

ANCHORED = "tenant_log.anchored"
LOGS_MAX = 200  # of one transaction; the rest follows with the next
SHOWN_MAX = 50  # receipts of one answer
ALONE_MS = HOUR_MS  # witnesses are asked each minute; after this they are said to be away


def origin_of(work: Work) -> str:
    """The name of the anchor log."""
    return f"{work.house.name}/anchor"


def find(work: Work) -> LogHead | None:
    """The anchor log; None before its first entry."""
    return reader.find_head(work, OPERATOR, origin_of(work))


def grown(work: Work) -> list[tuple[TenantId, LogHead]]:
    """Tenants' logs that have grown since they were anchored."""
    work.settle()
    newest = (
        sa.select(sa.func.max(s.anchored.c.size))
        .where(s.anchored.c.tenant == s.log.c.tenant, s.anchored.c.origin == s.log.c.origin)
        .scalar_subquery()
    )
    query = (
        sa.select(s.log.c.tenant, s.log.c.origin)
        .where(s.log.c.kind == store.TENANT_LOG, s.log.c.size > sa.func.coalesce(newest, 0))
        .order_by(s.log.c.tenant)
        .limit(LOGS_MAX)
    )
    rows = [(TenantId(row.tenant), row.origin) for row in work.tx.execute(query)]
    return [(tenant, store.get_log(work.tx, tenant, origin)) for tenant, origin in rows]


def append_grown(work: Work) -> int:
    """Enter the checkpoint of each log that has grown; gives how many there were."""
    found = grown(work)
    for tenant, head in found:
        fields: dict[str, Value] = {
            "type": ANCHORED,
            "time": work.now,
            "tq": service.TIME_QUALITY,
            "origin": head.origin,
            "log_size": head.size,
            "log_root": base64_text(head.root),
            "log_key": head.vkey,
        }
        place = appending.enter(work, OPERATOR, origin_of(work), fields, kind=store.ANCHOR_LOG)
        row = {"tenant": tenant, "origin": head.origin, "size": head.size}
        work.tx.execute(s.anchored.insert().values(**row, idx=place.index, note=head.note))
    return len(found)


def request_for(work: Work, note: str, old_size: int) -> Request | None:
    """What a witness that has seen `old_size` entries is sent with our checkpoint `note`.

    None: it has seen more. Who has seen exactly that much is asked to sign it (again): his answer
    may have been lost on its way to us.
    """
    size = _size(note)
    if old_size > size:
        return None
    hashes = store.rows(work.tx, OPERATOR, origin_of(work))
    proof = consistency_proof(old_size, size, hashes) if 0 < old_size < size else []
    return Request(old_size, tuple(proof), note)


def published(work: Work) -> str:
    """The checkpoint for everybody: the newest that witnesses have cosigned, with their lines.

    The newest of all where nobody has cosigned for `ALONE_MS`: it shows by itself who is missing.
    Raises `NotFound("log")` before the first entry.
    """
    head = find(work)
    if head is None or not head.note:
        raise NotFound("log")
    newest = beacon_store.newest_kept(work.tx, OPERATOR, head.origin)
    if newest is None:
        return head.note
    is_alone = head.size > newest.size and work.now - newest.time * SECOND_MS >= ALONE_MS
    if is_alone:
        return head.note
    found = beacon_store.find(work.tx, OPERATOR, head.origin, newest.size)
    each = {one.witness: one for one in sorted(found, key=lambda one: one.time)}
    lines = [one.line for kept in each.values() for one in split_note(kept.note)[1]]
    return add_signatures(found[0].note, list(dict.fromkeys(lines))[:SIGNATURES_MAX])


def seen_by(work: Work, witness: str) -> Cosigned | None:
    """The newest checkpoint of the anchor that this witness has cosigned."""
    head = find(work)
    if head is None:
        return None
    kept = beacon_store.newest_of(work.tx, OPERATOR, head.origin, witness)
    if kept is None:
        return None
    return Cosigned(parse_text(split_note(kept.note)[0]), witness, kept.time, kept.note)


def keep_cosignature(work: Work, request: Request, lines: list[str], witness: VerifierKey) -> None:
    """Keep a witness's answer, for the anchor and for every log whose checkpoint it covers.

    Raises `LedgerError` when it is not the signature of that witness over what we sent.
    """
    head = find(work)
    assert head is not None, "something was sent"
    note = add_signatures(request.note, lines)
    cosigned = open_cosigned(note, parse_vkey(head.vkey), [witness])
    before = seen_by(work, witness.name)
    beacon_store.insert(work.tx, OPERATOR, cosigned)
    covered = sa.select(
        s.anchored.c.tenant, s.anchored.c.origin, sa.func.max(s.anchored.c.size).label("size")
    ).where(
        s.anchored.c.idx >= (0 if before is None else before.checkpoint.size),
        s.anchored.c.idx < cosigned.checkpoint.size,
    )
    for row in work.tx.execute(covered.group_by(s.anchored.c.tenant, s.anchored.c.origin)):
        below = beacon_store.Kept(row.size, cosigned.witness, cosigned.time, note)
        beacon_store.insert_kept(work.tx, TenantId(row.tenant), row.origin, below)


def note_over(work: Work, index: int) -> str:
    """The anchor's checkpoint over an entry that most witnesses have cosigned, all their lines.

    Where as many have cosigned several, the first of them; where none has, the newest. Raises
    `NotFound("log.anchor")`.
    """
    head = find(work)
    if head is None or head.size <= index:
        raise NotFound("log.anchor")
    best: list[str] = []
    for notes in beacon_store.notes_over(work.tx, OPERATOR, head.origin, index):
        best = notes if len(notes) > len(best) else best
    return _signed_by_all(best) if best else head.note


def _signed_by_all(notes: list[str]) -> str:
    """One note of several with the same text, with as many of their lines as a note can hold."""
    lines = dict.fromkeys(one.line for note in notes for one in split_note(note)[1])
    return add_signatures(notes[0], list(lines)[:SIGNATURES_MAX])


def anchored_since(work: Work, tenant: TenantId, after: int) -> list[Receipt]:
    """Where the anchor log holds checkpoints of a tenant's log larger than `after`, oldest first.

    Receipts of those entries, all under one published checkpoint of the anchor.
    """
    table, note = s.anchored.c, published(work)
    mine = (table.tenant == tenant) & (table.origin == service.origin_of(work, tenant))
    mine &= (table.size > after) & (table.idx < _size(note))
    rows = work.tx.execute(sa.select(s.anchored).where(mine).order_by(table.size).limit(SHOWN_MAX))
    places = [Place(origin_of(work), row.idx) for row in rows]
    return [receipt_under(work, OPERATOR, one, note) for one in places]


def receipt_under(work: Work, tenant: TenantId, place: Place, note: str) -> Receipt:
    """The receipt of an entry of any log under a certain checkpoint of it."""
    size = _size(note)
    hashes = inclusion_proof(place.index, size, store.rows(work.tx, tenant, place.origin))
    (entry,) = reader.entries(work, tenant, place.origin, place.index, 1)
    key = parse_vkey(reader.head(work, tenant, place.origin).vkey)
    return Receipt(key, Proof(place.index, tuple(hashes), note), entry.leaf, entry.disclosures)


def _size(note: str) -> int:
    return parse_text(split_note(note)[0]).size


def to_stamp(work: Work) -> str | None:
    """The anchor's checkpoint, when it is not stamped yet: as it was cosigned last, if it was."""
    head = find(work)
    if head is None or not head.note:
        return None
    note = published(work)
    newest = stamp(work)
    return None if newest is not None and newest[0] >= _size(note) else note


def stamped(work: Work, note: str) -> tuple[str, bytes] | None:
    """What an authority has stamped of this very checkpoint: the note as it was then, the token."""
    query = sa.select(s.anchor_stamp).where(s.anchor_stamp.c.size == _size(note))
    row = work.tx.execute(query).one_or_none()
    is_same = row is not None and split_note(row.note)[0] == split_note(note)[0]
    return (row.note, row.token) if row is not None and is_same else None


def keep_stamp(work: Work, note: str, token: bytes) -> None:
    """Keep a verified RFC 3161 response over a checkpoint of the anchor."""
    row = {"size": _size(note), "at": work.now, "note": note, "token": token}
    work.tx.execute(s.anchor_stamp.insert().values(**row))


def stamp(work: Work) -> tuple[int, Instant] | None:
    """How much of the anchor was stamped last, and when."""
    table = s.anchor_stamp.c
    query = sa.select(table.size, table.at).order_by(table.size.desc()).limit(1)
    row = work.tx.execute(query).one_or_none()
    return None if row is None else (row.size, Instant(row.at))


def status(work: Work) -> tuple[LogHead | None, list[tuple[str, int, Instant]]]:
    """The anchor, and per witness what it has cosigned and when."""
    head = find(work)
    if head is None:
        return None, []
    found = beacon_store.newest_by_witness(work.tx, OPERATOR, head.origin)
    return head, [(one.witness, one.size, Instant(one.time * 1000)) for one in found]
