"""Time from outside the banks: what our witness has cosigned, and what banks wrote of it.

Each accepted checkpoint of a bank is cosigned in the transaction that accepts it, and the
cosignature goes down with the acknowledgement. The bank writes its hash into its log as a beacon,
above the next thing that happens there. Between the two lies every entry (`ledger.sandwich`).

A beacon counts only when it is one of ours: its hash is that of a cosignature we have kept. Any
other stays in the log as evidence, and proves nothing about time.
"""

from __future__ import annotations

import structlog

from bayward.cloud.audit import beacon_store as store
from bayward.cloud.unit import Place, Work
from bayward.core.clock import SECOND_MS
from bayward.core.events import Event
from bayward.core.ids import TenantId
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.note import Note, split_note
from bayward.ledger.sandwich import Cosigned
from bayward.ledger.witness import note_of
from bayward.wire.upload import Accepted

_log = structlog.get_logger()


def vkeys(work: Work) -> list[str]:
    """The keys our witness cosigns with, for banks to pin."""
    return [one.key.vkey for one in _cosigners(work)]


def cosign(work: Work, tenant: TenantId, key: VerifierKey, accepted: Accepted) -> Cosigned:
    """Cosign what was just accepted, and keep that."""
    signers = _cosigners(work)
    text, signatures = split_note(accepted.note)  # verified by `wire.upload` a moment ago
    theirs = tuple(one for one in signatures if (one.name, one.key_id) == (key.name, key.id))
    note = note_of(Note(text, theirs[:1], ()), signers)
    time = work.now // SECOND_MS
    cosigned = Cosigned(accepted.checkpoint, signers[0].key.name, time, note)
    store.insert(work.tx, tenant, cosigned)
    return cosigned


def newest(work: Work, tenant: TenantId, origin: str) -> str | None:
    """The newest cosigned checkpoint of a log."""
    return store.newest(work.tx, tenant, origin)


def seen(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank has written a beacon (a reaction)."""
    if place is None:
        return
    size, at = event.log_size or 0, (event.cosigned_at or 0) // SECOND_MS
    known = store.find(work.tx, tenant, place.origin, size)
    is_ours = any((one.time, one.digest) == (at, event.detail) for one in known)
    if event.origin != place.origin or size > place.index or not is_ours:
        _log.warning("beacon.not_ours", origin=place.origin, index=place.index)
        return
    store.insert_beacon(work.tx, tenant, place, at)


def _cosigners(work: Work) -> list[Signer]:
    name = f"{work.house.name}/witness"
    return list(work.house.keys.cosigners("witness", name, work.now // SECOND_MS))
