"""The tenant's log, proven to one of its banks, which remembers it (`wire.tenant_log`).

Everything is read in one transaction, so the proofs are of the checkpoint they come with. A bank
that remembers more than there is gets what there is: it is the one that can tell.
"""

from __future__ import annotations

from bayward.cloud.audit import beacons, mirror, reader, service, store
from bayward.cloud.audit.store import LogHead, Wanted
from bayward.cloud.unit import Work
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, TenantId
from bayward.ledger.dense import consistency_proof, inclusion_proof
from bayward.wire.messages import TenantLog, Vouching


def show(
    work: Work, tenant: TenantId, bank: BankId, origin: str | None, size: int
) -> tuple[TenantLog, bool]:
    """The log for a bank whose own is `origin` and that remembers `size` entries.

    Also tells whether the bank's own log is to be cosigned again. Raises `NotFound("log")` when
    nothing was logged yet.
    """
    head = reader.head(work, tenant, service.origin_of(work, tenant))
    if not head.note:
        raise NotFound("log")
    hashes = store.rows(work.tx, tenant, head.origin)
    proof = consistency_proof(size, head.size, hashes) if 0 < size <= head.size else []
    below = mirror.head(work, tenant, bank, origin)
    shown = TenantLog(
        checkpoint=head.note,
        consistency=proof,
        vouching=None if below is None else _vouching(work, tenant, head, bank),
        cosigned=None if below is None else beacons.newest(work, tenant, below.origin),
    )
    return shown, below is not None and beacons.is_stale(work, tenant, below)


def _vouching(work: Work, tenant: TenantId, head: LogHead, bank: BankId) -> Vouching | None:
    """The newest entry that says what was accepted of this bank."""
    wanted = Wanted(bank=bank, origin=head.origin, types=(EventType.BANK_LOG_ACCEPTED,))
    found = store.happenings(work.tx, tenant, wanted, before=None, count=1)
    if not found:
        return None
    index = found[0].place.index
    (entry,) = reader.entries(work, tenant, head.origin, index, 1)
    return Vouching(
        index=index,
        leaf=entry.leaf.decode(),
        disclosures=list(entry.disclosures),
        proof=inclusion_proof(index, head.size, store.rows(work.tx, tenant, head.origin)),
    )
