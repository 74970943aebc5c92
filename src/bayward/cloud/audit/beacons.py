"""Time from outside the banks: what our witness has cosigned, and what banks wrote of it.

Each accepted checkpoint of a bank is cosigned in the transaction that accepts it, and the
cosignature goes down with the acknowledgement. The bank writes its hash into its log as a beacon,
above the next thing that happens there. Between the two lies every entry (`ledger.sandwich`).

A log that does not grow is cosigned again when its bank asks and the last time is `FRESH_S` ago, so
that the beacon above whatever happens next is young. Of these only the newest few are kept, and
those that became beacons.

A beacon counts only when it is one of ours: its hash is that of a cosignature we have kept. Any
other stays in the log as evidence, and proves nothing about time.
"""

from __future__ import annotations

import structlog

from bayward.cloud.audit import beacon_store as store
from bayward.cloud.audit.store import LogHead
from bayward.cloud.unit import Place, Work
from bayward.core.clock import SECOND_MS
from bayward.core.events import Event
from bayward.core.ids import TenantId
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.keys import Signer, VerifierKey, parse_vkey
from bayward.ledger.note import Note, split_note
from bayward.ledger.sandwich import Cosigned
from bayward.ledger.witness import note_of
from bayward.wire.upload import Accepted

FRESH_S = 10 * 60  # below wire.limits.TENANT_LOG_MS: each question of a quiet bank is answered anew
SPARE = 3  # a bank may log one that was replaced while its answer was lost

_log = structlog.get_logger()


def vkeys(work: Work) -> list[str]:
    """The keys our witness cosigns with, for banks to pin."""
    return [one.key.vkey for one in _cosigners(work)]


def cosign(work: Work, tenant: TenantId, key: VerifierKey, accepted: Accepted) -> Cosigned:
    """Cosign what was just accepted, and keep that."""
    cosigned = _cosigned(work, key, accepted.checkpoint, accepted.note)
    store.insert(work.tx, tenant, cosigned)
    return cosigned


def is_stale(work: Work, tenant: TenantId, head: LogHead) -> bool:
    """Is a bank's log to be cosigned again?"""
    kept = store.newest_kept(work.tx, tenant, head.origin)
    return kept is not None and work.now // SECOND_MS - kept.time >= FRESH_S


def refresh(work: Work, tenant: TenantId, head: LogHead) -> None:
    """Cosign a bank's log as it is once more; only what may become a beacon is kept."""
    if is_stale(work, tenant, head):
        point = Checkpoint(head.origin, head.size, head.root)
        cosigned = _cosigned(work, parse_vkey(head.vkey), point, head.note)
        store.insert(work.tx, tenant, cosigned)
        store.prune(work.tx, tenant, cosigned, spare=SPARE)


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


def _cosigned(work: Work, key: VerifierKey, point: Checkpoint, signed: str) -> Cosigned:
    """Cosign a note that the log's key has signed; verified when it was accepted."""
    signers = _cosigners(work)
    text, signatures = split_note(signed)
    theirs = tuple(one for one in signatures if (one.name, one.key_id) == (key.name, key.id))
    note = note_of(Note(text, theirs[:1], ()), signers)
    return Cosigned(point, signers[0].key.name, work.now // SECOND_MS, note)


def _cosigners(work: Work) -> list[Signer]:
    name = f"{work.house.name}/witness"
    return list(work.house.keys.cosigners("witness", name, work.now // SECOND_MS))
