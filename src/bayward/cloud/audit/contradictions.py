"""What a bank showed that does not fit what was accepted of it, told so that a person can act.

Two checkpoints, both signed by the bank's key, are proof by themselves; which of the two stories
is true they do not say. What can be said is what each kind usually is, and what to do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bayward.cloud.audit import store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.ids import BankId, TenantId
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, parse_text
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import parse_vkey
from bayward.ledger.note import split_note

SHOWN_MAX = 20


class Kind(StrEnum):
    """What it looks like."""

    ROLLBACK = "rollback"  # a true, but older state: a restored image, a card that was swapped
    FORK = "fork"  # another history under the same key: an image that went on, or a cloned key
    SIGNATURE = "signature"  # not signed by the bank's key: somebody else, or a damaged note
    CONTENT = "content"  # signed, but entries and checkpoint do not fit each other


_FORKS = ("hello.fork", "upload.fork", "upload.other_entry", "upload.other_root")
_SIGNATURES = ("hello.checkpoint", "upload.signature")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One refusal: `known` is the note we had accepted, `offered` the one we were shown."""

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
        if self.reason == "hello.rollback":
            return Kind.ROLLBACK
        if self.reason in _FORKS:
            return Kind.FORK
        return Kind.SIGNATURE if self.reason in _SIGNATURES else Kind.CONTENT

    @property
    def accepted(self) -> Checkpoint | None:
        """What we had accepted; None before the first upload."""
        return parse_text(split_note(self.known)[0]) if self.known else None

    @property
    def shown(self) -> Checkpoint | None:
        """What we were shown, if it can be read; see `is_signed`."""
        try:
            return parse_text(split_note(self.offered)[0])
        except LedgerError:
            return None

    @property
    def is_signed(self) -> bool:
        """Did the bank's key sign what we were shown?"""
        try:
            open_checkpoint(self.offered, parse_vkey(self.vkey))
        except LedgerError:
            return False
        return True

    @property
    def lost(self) -> int:
        """How many entries we hold that the bank did not have any more, when that is known."""
        if self.kind is not Kind.ROLLBACK or self.accepted is None or self.shown is None:
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


def of_bank(work: Work, tenant: TenantId, bank: BankId, since: Instant) -> list[Contradiction]:
    """What a bank was refused for since then, newest first."""
    table = s.fork_evidence.c
    mine = (table.tenant == tenant) & (table.bank == bank) & (table.at >= since)
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
