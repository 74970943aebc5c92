"""The banks' logs as we have accepted them: mirror, witness, and memory of what does not fit.

What is verified is decided by `wire.upload`; here it is kept, and what was refused is kept too,
because two checkpoints that contradict each other are proof by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bayward.cloud.audit import beacons, reader, store, vault, vault_store
from bayward.cloud.audit.store import LogHead
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Denied, Invalid
from bayward.core.events import FIELDS, Event, EventType, Scalar
from bayward.core.ids import BankId, TenantId
from bayward.core.whose import ABOUT
from bayward.ledger.dense import Frontier
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.log import Append
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.strict import base64_text
from bayward.wire.upload import Accepted, AcceptedEntry, Fork, KnownLog, UploadRefused

EVIDENCE_MAX = 100  # of one log: a bank that offers ever new nonsense fills no disk

_T = EventType
FROM_BANKS = frozenset({
    _T.BANK_STARTED, _T.TIME_SUSPECTED, _T.BEACON_SEEN, _T.STORAGE_RECOVERED,
    _T.TENANT_LOG_DOUBTED,
    _T.COURIER_ADMITTED, _T.COURIER_DISMISSED,
    _T.COURIER_SIGNED_IN, _T.ACCESS_GRANTED, _T.ACCESS_REFUSED, _T.ACCESS_AWAITED,
    _T.ACCESS_SECONDED, _T.UNLOCK_REQUESTED, _T.UNLOCK_ENDED,
    _T.DOOR_OPENED, _T.DOOR_CLOSED, _T.DOOR_FORCED_OPEN, _T.DOOR_OPEN_TOO_LONG,
    _T.DOOR_LOST, _T.DOOR_FOUND, _T.COMPARTMENT_RESERVED, _T.COMPARTMENT_RELEASED,
    _T.COMPARTMENT_BLOCKED, _T.COMPARTMENT_RESTORED, _T.PARCEL_DEPOSITED, _T.PARCEL_COLLECTED,
    _T.GRANT_ISSUED, _T.GRANT_EXPIRED, _T.GRANT_REVOKED, _T.CODE_ROTATED, _T.LOCKDOWN_ENGAGED,
    _T.LOCKDOWN_RELEASED, _T.COMMAND_DONE, _T.COMMAND_REFUSED, _T.KEYPAD_PAUSED,
})  # fmt: skip
"""What a bank can tell. Anything else it says has no effect: a stolen bank must not make
tenants, roles, or logs of other banks."""


def begun(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank was enrolled with a new log; the one it had before takes nothing more (a reaction).

    Its key is in `detail` of the event, and thereby in the tenant's log. The same log under the
    same key goes on: the bank has only fetched a new certificate.
    """
    del place
    for head in store.logs(work.tx, tenant):
        if head.bank != event.bank or head.state != "live":
            continue
        if (head.origin, head.vkey) == (event.origin, event.detail):
            return
        store.set_state(work.tx, tenant, head.origin, "closed")
    store.create_log(
        work.tx,
        tenant,
        event.origin or "",
        kind=store.BANK_LOG,
        bank=BankId(event.bank or ""),
        vkey=event.detail or "",
        now=work.now,
    )


def known(work: Work, tenant: TenantId, bank: BankId, origin: str | None) -> KnownLog:
    """A bank's log as accepted so far; raises `Denied` when it is not its present, sound log."""
    head = store.find_log(work.tx, tenant, origin or "")
    if head is None or head.bank != bank:
        raise Denied("log.not_yours")
    if head.state != "live":
        raise Denied(f"log.{head.state}")
    hashes = store.rows(work.tx, tenant, head.origin)
    frontier = Frontier.load(head.size, hashes)
    assert frontier.root == head.root, "the stored hashes lead to the accepted root"
    return KnownLog(parse_vkey(head.vkey), frontier, head.note, hashes)


def head(work: Work, tenant: TenantId, bank: BankId, origin: str | None) -> LogHead | None:
    """A bank's present log as far as it was accepted; None before its first entry."""
    found = store.find_log(work.tx, tenant, origin or "")
    return found if found is not None and found.bank == bank and found.size else None


def keep(work: Work, tenant: TenantId, bank: BankId, key: VerifierKey, accepted: Accepted) -> None:
    """Store accepted entries, cosign their checkpoint, and enter it in the tenant's log."""
    origin = accepted.checkpoint.origin
    leaves = tuple(entry.leaf for entry in accepted.entries)
    append = Append(
        accepted.entries[0].index,
        leaves,
        tuple(leaf_hash(leaf) for leaf in leaves),
        accepted.stored_hashes,
        accepted.frontier,
    )
    store.grow(work.tx, tenant, origin, append, note=accepted.note, now=work.now)
    beacons.cosign(work, tenant, key, accepted)
    sealed = [
        row
        for entry in accepted.entries
        for row in vault.seal(
            work, tenant, Place(origin, entry.index), entry.fields, entry.disclosures
        )
    ]
    vault_store.insert(work.tx, sealed)
    work.emit(
        Event(
            type=_T.BANK_LOG_ACCEPTED,
            time=work.now,
            bank=bank,
            origin=origin,
            log_size=append.new_size,
            log_root=base64_text(append.new_root),
        ),
        tenant=tenant,
    )


def event_of(bank: BankId, entry: AcceptedEntry) -> Event:
    """What a bank's entry says happened; raises `Invalid` when it is none of a bank's events.

    The bank is who uploaded it, whatever the entry claims.
    """
    told: dict[str, Scalar] = {}
    for name, value in entry.fields.items():
        if isinstance(value, list | dict):
            raise Invalid("event.field_kind", field=name)
        told[name] = value
    if "time" not in told:
        raise Invalid("event.field_missing", field="time")
    event = Event.from_rest(told) if _is_rest(told) else Event.from_fields(told)
    if event.type not in FROM_BANKS:
        raise Invalid("event.not_of_a_bank", type=event.type.value)
    return replace(event, bank=bank)


def _is_rest(told: Mapping[str, Scalar]) -> bool:
    """Whether only what is somebody's is missing.

    A bank that has forgotten him uploads such an entry when our database was set back.
    """
    try:
        wanted = FIELDS[EventType(str(told["type"]))]
    except (KeyError, ValueError):
        return False
    return all(name in told or name in ABOUT for name in wanted)


def refuse(
    work: Work, tenant: TenantId, bank: BankId, known: KnownLog, refused: UploadRefused
) -> None:
    """Keep the evidence of a refusal; a fork ends the log until somebody has looked.

    A note that is in evidence already changes nothing, and past `EVIDENCE_MAX` nothing is new.
    """
    origin = known.key.name
    head = store.get_log(work.tx, tenant, origin)
    notes = store.evidence(work.tx, tenant, origin)
    if refused.offered in notes or len(notes) >= EVIDENCE_MAX:
        return
    store.insert_evidence(
        work.tx, tenant, head, reason=refused.code, offered=refused.offered, now=work.now
    )
    if isinstance(refused, Fork):
        store.set_state(work.tx, tenant, origin, "forked")
    work.emit(
        Event(
            type=_T.BANK_LOG_REFUSED,
            time=work.now,
            bank=bank,
            origin=origin,
            reason=refused.code,
            log_size=refused.size,
        ),
        tenant=tenant,
    )


def newest_note(work: Work, tenant: TenantId, origin: str) -> str | None:
    """The latest checkpoint of a log, for a bank to remember."""
    head = reader.find_head(work, tenant, origin)
    return head.note if head is not None and head.note else None
