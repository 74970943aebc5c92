"""Receipts that are found by the word a kiosk has shown (`wire.receipt_word`).

The bank sends no word: it is worked out from the entry when that is accepted, in the transaction
that makes the entry durable here. Of a word only its hash is kept, as of any link of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bayward.cloud.audit import service as audit
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, after
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, TenantId
from bayward.ledger.receipt import Receipt
from bayward.wire import receipt_word
from bayward.wire.upload import AcceptedEntry

LIFE_MS = 90 * DAY_MS  # carriers want claims within 60 days; the file can be kept for ever


@dataclass(frozen=True, slots=True)
class Found:
    """Where a word leads."""

    tenant: TenantId
    place: Place
    kind: EventType


def keep(
    work: Work, tenant: TenantId, bank: BankId, origin: str, entries: Iterable[AcceptedEntry]
) -> None:
    """Make the deposits and collections among accepted entries findable; forget old words."""
    table = s.receipt_word
    found = []
    for entry in entries:
        try:
            kind = EventType(str(entry.fields.get("type")))
        except ValueError:
            continue
        raw = receipt_word.word_of(kind, origin, entry.disclosures)
        if raw is not None:
            found.append({
                "tenant": tenant, "hash": _hash(raw), "bank": bank, "origin": origin,
                "idx": entry.index, "type": kind.value, "not_after": after(work.now, LIFE_MS),
            })  # fmt: skip
    if found:
        is_old = (table.c.tenant == tenant) & (table.c.not_after <= work.now)
        work.tx.execute(table.delete().where(is_old))
        work.tx.execute(insert(table).on_conflict_do_nothing(), found)


def follow(work: Work, bank: BankId, text: str) -> Found:
    """Where a word of this bank leads.

    Raises `NotFound("receipt")` for a word that is malformed, unknown, another bank's, or old:
    all of them alike, and alike the word of an entry that has not arrived yet.
    """
    try:
        raw = receipt_word.parse(text)
    except Invalid:
        raise NotFound("receipt") from None
    this = (s.receipt_word.c.hash == _hash(raw)) & (s.receipt_word.c.bank == bank)
    row = work.tx.execute(sa.select(s.receipt_word).where(this)).one_or_none()
    if row is None or work.now >= row.not_after:
        raise NotFound("receipt")
    return Found(TenantId(row.tenant), Place(row.origin, row.idx), EventType(row.type))


def receipt(work: Work, found: Found) -> Receipt:
    """What the holder of a word may see: never the recipient."""
    shown = receipt_word.SHOWN[found.kind]
    return audit.receipt(work, found.tenant, found.place, shown=shown)


def _hash(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()
