"""Appending to our own logs: what one unit of work logs is one segment under one checkpoint.

An entry is sealed and has its place at once. It is written with all others of its log when the
unit of work ends, or when somebody reads the log before: still in the transaction that caused it,
so nothing is done that is not logged, and nothing logged that was not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bayward.cloud.audit import store, vault, vault_store
from bayward.cloud.audit.store import LogHead
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Conflict
from bayward.core.ids import TenantId
from bayward.ledger.keys import Signer, parse_vkey
from bayward.ledger.leaf import SALT_BYTES, Value, seal
from bayward.ledger.log import Append, Log

BATCH_MAX = 2_048  # entries of one segment; the same as the sequencer's


def enter(
    work: Work, tenant: TenantId, origin: str, fields: Mapping[str, Value], *, kind: str
) -> Place:
    """Seal fields as the next entry of one of our own logs, begun when this is its first."""
    pending = work.pending.get((tenant, origin))
    if not isinstance(pending, _Entries):
        pending = _Entries(work, tenant, _own_log(work, tenant, origin, kind))
        work.pending[tenant, origin] = pending
    place = pending.add(fields)
    if len(pending.leaves) == BATCH_MAX:
        del work.pending[tenant, origin]
        pending.settle()
    return place


def open_log(work: Work, tenant: TenantId, head: LogHead) -> Log:
    """The log of `ledger` over our tables; only our own can be appended to."""
    if head.kind in store.OURS:
        signers = [work.house.keys.log_signer(head.origin)]
    else:
        signers = [Signer(parse_vkey(head.vkey), _refuse)]
    if head.kind == store.ANCHOR_LOG:
        signers.append(work.house.keys.anchor_signer(head.origin))
    return Log(_Kept(work, tenant, head), lambda: signers)


@dataclass(slots=True)
class _Entries:
    """What is to be appended to one log; `head` is as the transaction found it."""

    work: Work
    tenant: TenantId
    head: LogHead
    leaves: list[bytes] = field(default_factory=list)

    def add(self, fields: Mapping[str, Value]) -> Place:
        """Give an entry its place; what opens it is kept at once."""
        work, place = self.work, Place(self.head.origin, self.head.size + len(self.leaves))
        sealed = seal(fields, work.ids.random(SALT_BYTES * len(fields)))
        vault_store.insert(
            work.tx, vault.seal(work, self.tenant, place, fields, sealed.disclosures)
        )
        self.leaves.append(sealed.leaf)
        return place

    def settle(self) -> None:
        """Append them all."""
        open_log(self.work, self.tenant, self.head).append(self.leaves)


def _own_log(work: Work, tenant: TenantId, origin: str, kind: str) -> LogHead:
    found = store.find_log(work.tx, tenant, origin)
    if found is not None:
        return found
    vkey = work.house.keys.log_signer(origin).key.vkey
    store.create_log(work.tx, tenant, origin, kind=kind, bank=None, vkey=vkey, now=work.now)
    return store.get_log(work.tx, tenant, origin)


def _refuse(text: bytes) -> bytes:
    del text
    raise Conflict("log.not_ours")


class _Kept:
    """A log in the database, as `ledger.log.Store` wants it."""

    def __init__(self, work: Work, tenant: TenantId, head: LogHead) -> None:
        self._work = work
        self._tenant = tenant
        self._head = head
        self.read_hashes = store.rows(work.tx, tenant, head.origin).read_hashes

    def read_head(self) -> str | None:
        """The signed checkpoint, if there is one."""
        return self._head.note or None

    def commit(self, append: Append, note: str) -> None:
        """Keep everything; durable when the unit of work commits."""
        work = self._work
        store.grow(work.tx, self._tenant, self._head.origin, append, note=note, now=work.now)
