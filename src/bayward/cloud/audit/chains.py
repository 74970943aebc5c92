"""Chains: from an entry of any log up to the anchor, whose witnesses are outside (`ledger.chain`).

A checkpoint of a bank is an entry of its tenant's log, one of a tenant's log an entry of the
anchor. What is newer than the last round of anchoring has no chain yet; `Anchoring.settle` makes
a round at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bayward.cloud.audit import anchor, beacon_store, evidence_store, reader, service, store
from bayward.cloud.audit.store import LogHead
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import OPERATOR, Place, Work
from bayward.core.errors import NotFound
from bayward.core.ids import BankId, TenantId
from bayward.ledger.chain import chain_text
from bayward.ledger.leaf import Disclosure
from bayward.ledger.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Anchored:
    """A checkpoint of a tenant's log, and where the anchor holds it."""

    size: int
    note: str
    index: int


def anchored(work: Work, tenant: TenantId, size: int) -> Anchored | None:
    """The first checkpoint of at least `size` entries that stands in the anchor."""
    table = s.anchored.c
    mine = (table.tenant == tenant) & (table.origin == service.origin_of(work, tenant))
    query = sa.select(s.anchored).where(mine, table.size >= size).order_by(table.size).limit(1)
    row = work.tx.execute(query).one_or_none()
    return None if row is None else Anchored(row.size, row.note, row.idx)


def link_to_anchor(work: Work, found: Anchored) -> Receipt:
    """The receipt of such a checkpoint in the anchor, with the witnesses' lines."""
    note = anchor.note_over(work, found.index)
    return anchor.receipt_under(work, OPERATOR, Place(anchor.origin_of(work), found.index), note)


def of_tenant_entry(work: Work, tenant: TenantId, index: int) -> list[Receipt]:
    """An entry of a tenant's log and the anchor above it; the entry alone when not anchored yet."""
    place = Place(service.origin_of(work, tenant), index)
    found = anchored(work, tenant, index + 1)
    if found is None:
        return [service.receipt(work, tenant, place)]
    return [anchor.receipt_under(work, tenant, place, found.note), link_to_anchor(work, found)]


def of_bank_checkpoint(
    work: Work, tenant: TenantId, bank: BankId, origin: str, size: int
) -> list[Receipt]:
    """The links above a bank's checkpoint, as far as they reach; none when it is not recorded."""
    for index, told, of in _recorded(work, tenant, bank):
        if (told, of) == (origin, size):
            return of_tenant_entry(work, tenant, index)
    return []


def of_receipt(work: Work, tenant: TenantId, own: Receipt) -> list[Receipt]:
    """A receipt and the links above it, up to the anchor.

    It is shown under the newest checkpoint from which they reach that far; alone when there is
    none yet.
    """
    place = Place(own.key.name, own.proof.index)
    head = store.get_log(work.tx, tenant, place.origin)
    if head.bank is not None:
        return _of_bank_entry(work, tenant, head, own) or [own]
    found = anchored(work, tenant, place.index + 1) if head.kind == store.TENANT_LOG else None
    if found is None:
        return [own]
    under = anchor.receipt_under(work, tenant, place, found.note)
    return [replace(under, disclosures=own.disclosures), link_to_anchor(work, found)]


def text_of(work: Work, tenant: TenantId, own: Receipt) -> str:
    """What somebody keeps: the chain of a receipt, or the receipt alone."""
    found = of_receipt(work, tenant, own)
    return chain_text(found) if len(found) > 1 else own.text


def _of_bank_entry(work: Work, tenant: TenantId, head: LogHead, own: Receipt) -> list[Receipt]:
    assert head.bank is not None, "of a bank"
    for index, origin, size in _recorded(work, tenant, head.bank):
        if origin != head.origin or size <= own.proof.index:
            break
        note = _note_of(work, tenant, head, size)
        if note is not None and anchored(work, tenant, index + 1) is not None:
            place = Place(head.origin, own.proof.index)
            under = anchor.receipt_under(work, tenant, place, note)
            shown = replace(under, disclosures=own.disclosures)
            return [shown, *of_tenant_entry(work, tenant, index)]
    return []


def _note_of(work: Work, tenant: TenantId, head: LogHead, size: int) -> str | None:
    """A bank's checkpoint of some size, as far as it is still kept."""
    if size == head.size:
        return head.note
    kept = beacon_store.find(work.tx, tenant, head.origin, size)
    return kept[0].note if kept else None


def _recorded(work: Work, tenant: TenantId, bank: BankId) -> Iterator[tuple[int, str, int]]:
    """Where the tenant's log recorded which checkpoint of a bank, newest first."""
    parent = service.origin_of(work, tenant)
    for index in evidence_store.records_of_checkpoints(work.tx, tenant, parent, bank):
        (entry,) = reader.entries(work, tenant, parent, index, 1)
        told = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
        size = told.get("log_size")
        if type(size) is int:
            yield index, str(told.get("origin")), size


def of_bank(work: Work, tenant: TenantId, bank: BankId) -> list[Receipt]:
    """Why a bank's newest anchored checkpoint can be believed: its record and the anchor above.

    Raises `NotFound("log.anchor")` when none was anchored.
    """
    parent = service.origin_of(work, tenant)
    for index in evidence_store.records_of_checkpoints(work.tx, tenant, parent, bank):
        if anchored(work, tenant, index + 1) is not None:
            return of_tenant_entry(work, tenant, index)
    raise NotFound("log.anchor")
