"""Chains: from an entry of any log up to the anchor, whose witnesses are outside (`ledger.chain`).

A checkpoint of a bank is an entry of its tenant's log, one of a tenant's log an entry of the
anchor. What is newer than the last round of anchoring has no chain yet; `Anchoring.settle` makes
a round at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from bayward.cloud.audit import anchor, evidence_store, reader, service, store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import OPERATOR, Place, Work
from bayward.core.errors import NotFound
from bayward.core.ids import BankId, TenantId
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
    parent = service.origin_of(work, tenant)
    for index in evidence_store.records_of_checkpoints(work.tx, tenant, parent, bank):
        (entry,) = reader.entries(work, tenant, parent, index, 1)
        told = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
        if (told.get("origin"), told.get("log_size")) == (origin, size):
            return of_tenant_entry(work, tenant, index)
    return []


def of_entry(
    work: Work, tenant: TenantId, place: Place, shown: frozenset[str] | None = None
) -> list[Receipt]:
    """The receipt of an entry, and the links above it as far as they reach today.

    `shown` names the fields of the entry that are disclosed; None: all.
    """
    head = reader.head(work, tenant, place.origin)
    own = service.receipt(work, tenant, place, shown)
    if head.bank is not None:
        return [own, *of_bank_checkpoint(work, tenant, head.bank, head.origin, head.size)]
    if head.kind != store.TENANT_LOG:
        return [own]
    found = anchored(work, tenant, place.index + 1)
    if found is None:
        return [own]
    under = anchor.receipt_under(work, tenant, place, found.note)
    return [replace(under, disclosures=own.disclosures), link_to_anchor(work, found)]


def of_bank(work: Work, tenant: TenantId, bank: BankId) -> list[Receipt]:
    """Why a bank's newest anchored checkpoint can be believed: its record and the anchor above.

    Raises `NotFound("log.anchor")` when none was anchored.
    """
    parent = service.origin_of(work, tenant)
    for index in evidence_store.records_of_checkpoints(work.tx, tenant, parent, bank):
        if anchored(work, tenant, index + 1) is not None:
            return of_tenant_entry(work, tenant, index)
    raise NotFound("log.anchor")
