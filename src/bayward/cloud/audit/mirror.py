"""The banks' logs as we have accepted them: mirror, witness, and memory of what does not fit.

What is verified is decided by `wire.upload`; here it is kept, and what was refused is kept too,
because two checkpoints that contradict each other are proof by themselves.
"""

from __future__ import annotations

from dataclasses import replace

from bayward.cloud.audit import store
from bayward.cloud.audit.store import Growth, LogHead
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Denied, Invalid
from bayward.core.events import Event, EventType, Scalar
from bayward.core.ids import BankId, TenantId
from bayward.ledger.dense import Frontier
from bayward.ledger.keys import parse_vkey
from bayward.ledger.strict import base64_text
from bayward.wire.upload import Accepted, AcceptedEntry, Fork, KnownLog, UploadRefused


def begun(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank was enrolled with a new log; the one it had before takes nothing more (a reaction).

    Its key is in `detail` of the event, and thereby in the tenant's log.
    """
    del place
    for head in store.logs(work.tx, tenant):
        if head.bank == event.bank and head.state == "live":
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
    hashes = store.Hashes(work.tx, tenant, head.origin)
    frontier = Frontier.load(head.size, hashes)
    assert frontier.root == head.root, "the stored hashes lead to the accepted root"
    return KnownLog(parse_vkey(head.vkey), frontier, head.note, hashes)


def keep(work: Work, tenant: TenantId, bank: BankId, accepted: Accepted) -> None:
    """Store accepted entries, and make their checkpoint an entry of the tenant's log."""
    origin = accepted.checkpoint.origin
    growth = Growth(
        first=accepted.entries[0].index,
        leaves=[entry.leaf for entry in accepted.entries],
        disclosures=[entry.disclosures for entry in accepted.entries],
        hashes=accepted.stored_hashes,
        size=accepted.frontier.size,
        root=accepted.frontier.root,
        note=accepted.note,
    )
    store.grow(work.tx, tenant, origin, growth, work.now)
    work.emit(
        Event(
            type=EventType.BANK_LOG_ACCEPTED,
            time=work.now,
            bank=bank,
            origin=origin,
            log_size=growth.size,
            log_root=base64_text(growth.root),
        ),
        tenant=tenant,
    )


def event_of(bank: BankId, entry: AcceptedEntry) -> Event:
    """What a bank's entry says happened; raises `Invalid` when it is not of the vocabulary.

    The bank is who uploaded it, whatever the entry claims.
    """
    told: dict[str, Scalar] = {}
    for name, value in entry.fields.items():
        if isinstance(value, list | dict):
            raise Invalid("event.field_kind", field=name)
        told[name] = value
    return replace(Event.from_fields(told), bank=bank)


def refuse(
    work: Work, tenant: TenantId, bank: BankId, known: KnownLog, refused: UploadRefused
) -> None:
    """Keep the evidence of a refusal; a fork ends the log until somebody has looked.

    The same note offered again is in evidence already and changes nothing.
    """
    origin = known.key.name
    head = store.get_log(work.tx, tenant, origin)
    if store.has_evidence(work.tx, tenant, origin, refused.offered):
        return
    store.insert_evidence(
        work.tx, tenant, head, reason=refused.code, offered=refused.offered, now=work.now
    )
    if isinstance(refused, Fork):
        store.set_state(work.tx, tenant, origin, "forked")
    work.emit(
        Event(
            type=EventType.BANK_LOG_REFUSED,
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
    head: LogHead | None = store.find_log(work.tx, tenant, origin)
    return head.note if head is not None and head.note else None
