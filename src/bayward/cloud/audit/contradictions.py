"""Logs that contradict each other, told so that a person can act.

Either a bank showed what does not fit what was accepted of it, or a bank was shown what does not
fit what it remembers of us: then it is our log that is in doubt (`edge.tenant_log`).

Two checkpoints, both signed by the bank's key, are proof by themselves; which of the two stories
is true they do not say. What can be said is what each kind usually is, and what to do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bayward.cloud.audit import service, store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.events import Event
from bayward.core.ids import BankId, TenantId
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, parse_text
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import parse_vkey
from bayward.ledger.note import split_note
from bayward.wire import tenant_log

SHOWN_MAX = 20
DOUBTS_MAX = 20  # of one bank: one that tells ever new nonsense fills no disk


class Kind(StrEnum):
    """What it looks like."""

    ROLLBACK = "rollback"  # a true, but older state: a restored image, a card that was swapped
    FORK = "fork"  # another history under the same key: an image that went on, or a cloned key
    SIGNATURE = "signature"  # not signed by the bank's key: somebody else, or a damaged note
    CONTENT = "content"  # signed, but entries and checkpoint do not fit each other
    # A bank has told these of our own log.
    OURS_ROLLBACK = "ours_rollback"  # it has seen more of our log than there is
    OURS_FORK = "ours_fork"  # it has seen another log of ours
    OURS_UNPROVEN = "ours_unproven"  # it was not shown what it should have been


_FORKS = ("hello.fork", "upload.fork", "upload.other_entry", "upload.other_root")
_SIGNATURES = ("hello.checkpoint", "upload.signature")


_OURS = {tenant_log.ROLLBACK: Kind.OURS_ROLLBACK, tenant_log.FORK: Kind.OURS_FORK}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One contradiction: `known` is the note that was held true, `offered` the one shown after it.

    Of a log of ours, `known` is what the bank remembers and `offered` what we have shown it.
    """

    number: int
    at: Instant
    bank: BankId
    origin: str
    vkey: str
    reason: str
    known: str
    offered: str

    @property
    def kind(self) -> Kind:
        """What it looks like, by which check refused it."""
        if self.is_ours:
            return _OURS.get(self.reason, Kind.OURS_UNPROVEN)
        if self.reason == "hello.rollback":
            return Kind.ROLLBACK
        if self.reason in _FORKS:
            return Kind.FORK
        return Kind.SIGNATURE if self.reason in _SIGNATURES else Kind.CONTENT

    @property
    def is_ours(self) -> bool:
        """Is it our own log that is in doubt?"""
        return self.reason in tenant_log.REASONS

    @property
    def accepted(self) -> Checkpoint | None:
        """What we had accepted; None before the first upload."""
        try:
            return parse_text(split_note(self.known)[0]) if self.known else None
        except LedgerError:  # what a bank says it remembers
            return None

    @property
    def shown(self) -> Checkpoint | None:
        """What we were shown, if it can be read; see `is_signed`."""
        try:
            return parse_text(split_note(self.offered)[0])
        except LedgerError:
            return None

    @property
    def is_signed(self) -> bool:
        """Did the log's key sign it: what a bank showed, or what it says it has seen of ours?"""
        try:
            open_checkpoint(self.known if self.is_ours else self.offered, parse_vkey(self.vkey))
        except LedgerError:
            return False
        return True

    @property
    def lost(self) -> int:
        """How many entries are missing on the side that was set back, when that is known."""
        if (
            self.kind not in (Kind.ROLLBACK, Kind.OURS_ROLLBACK)
            or self.accepted is None
            or self.shown is None
        ):
            return 0
        return self.accepted.size - self.shown.size

    @property
    def text(self) -> str:
        """The evidence as one file, which needs nobody's word: the key and both signed notes."""
        told = {
            "v": 1,
            "kind": "bayward-contradiction",
            "origin": self.origin,
            "vkey": self.vkey,
            "refused": self.reason,
            "at": self.at,
            "known": self.known,
            "offered": self.offered,
        }
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def doubted(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A bank doubts our log (a reaction): keep both notes, as far as it has told them."""
    del place
    origin = service.origin_of(work, tenant)
    known, offered = event.known or "", event.offered or ""
    if event.origin != origin or event.reason not in tenant_log.REASONS:
        return  # it stays in the bank's log, and proves nothing
    table = s.fork_evidence.c
    mine = (table.tenant == tenant) & (table.origin == origin) & (table.bank == event.bank)
    rows = work.tx.execute(
        sa.select(table.reason, table.known_note, table.offered_note).where(mine)
    )
    told = [tuple(row) for row in rows]
    if (event.reason, known, offered) in told or len(told) >= DOUBTS_MAX:
        return
    row = {"tenant": tenant, "origin": origin, "bank": event.bank, "reason": event.reason}
    notes = {"known_note": known, "offered_note": offered}
    work.tx.execute(s.fork_evidence.insert().values(**row, at=max(work.now, event.time), **notes))


def of_bank(
    work: Work, tenant: TenantId, bank: BankId, since: Instant, *, are_ours: bool = False
) -> list[Contradiction]:
    """What a bank was refused for since then (or doubts of our own log), newest first."""
    table = s.fork_evidence.c
    mine = (table.tenant == tenant) & (table.bank == bank) & (table.at >= since)
    is_ours = table.reason.in_(tenant_log.REASONS)
    mine &= is_ours if are_ours else sa.not_(is_ours)
    query = sa.select(s.fork_evidence).where(mine).order_by(table.evidence.desc())
    return [_read(work, tenant, row) for row in work.tx.execute(query.limit(SHOWN_MAX))]


def get(work: Work, tenant: TenantId, bank: BankId, number: int) -> Contradiction:
    """One of them; raises `NotFound`."""
    table = s.fork_evidence.c
    mine = (table.tenant == tenant) & (table.bank == bank) & (table.evidence == number)
    row = work.tx.execute(sa.select(s.fork_evidence).where(mine)).one_or_none()
    if row is None:
        raise NotFound("evidence")
    return _read(work, tenant, row)


def _read(work: Work, tenant: TenantId, row: sa.Row[tuple[object, ...]]) -> Contradiction:
    return Contradiction(
        number=row.evidence,
        at=row.at,
        bank=BankId(row.bank),
        origin=row.origin,
        vkey=store.get_log(work.tx, tenant, row.origin).vkey,
        reason=row.reason,
        known=row.known_note,
        offered=row.offered_note,
    )
