"""What a bank checks of its tenant's log: the control plane watches banks, and they watch it.

A bank remembers the newest checkpoint of the tenant's log that held, as a witness does
(c2sp.org/tlog-witness). When it is shown a newer one,

    signature     it is signed by the key that was pinned at enrolment
    consistency   the log it remembers is the beginning of the one it is shown
    vouching      an entry of it says what was accepted of this bank's own log, it is in the tree
                  that was signed, and what it says is true and not older than the last
                  acknowledgement

A control plane whose database was set back, or that shows this bank another log than others, is
found by each bank that remembers more. Nothing here reads or stores anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.core.errors import Conflict
from bayward.ledger.chain import verify_link
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import open_leaf
from bayward.ledger.merkle import verify_consistency
from bayward.ledger.note import split_note
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.wire.messages import TenantLog, Vouching

ROLLBACK = "tenant_log.rollback"  # it is shorter than it was
FORK = "tenant_log.fork"  # what was remembered is not its beginning
SIGNATURE = "tenant_log.signature"  # not signed by the pinned key
NOT_IN_IT = "tenant_log.not_in_it"  # what was acknowledged is not in it, or is told otherwise
WITHHELD = "tenant_log.withheld"  # it is not shown at all

REASONS = (ROLLBACK, FORK, SIGNATURE, NOT_IN_IT, WITHHELD)


class Doubted(Conflict):
    """Raised when what was shown does not hold; `code` is one of `REASONS`, `why` says more.

    `seen` is set when the checkpoint itself continues what is known, and is to be remembered.
    """

    def __init__(self, code: str, why: str, seen: Seen | None = None) -> None:
        super().__init__(code, why=why[:200])
        self.why = why
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint of the tenant's log that held; `note` has that log's signature only."""

    checkpoint: Checkpoint
    note: str


def claimed_size(shown: TenantLog) -> int | None:
    """How much of our log the shown entry speaks of, unproven; None when it says nothing."""
    if shown.vouching is None:
        return None
    try:
        told = open_leaf(shown.vouching.leaf.encode(), shown.vouching.disclosures)
    except LedgerError:
        return None
    size = told.get("log_size")
    return size if type(size) is int and size > 0 else None


def open_seen(note: str, key: VerifierKey) -> Seen:
    """A checkpoint of the tenant's log, without lines of others; raises `LedgerError`."""
    opened = open_checkpoint(note, key)
    text, signatures = split_note(note)
    mine = next(one for one in signatures if (one.name, one.key_id) == (key.name, key.id))
    return Seen(opened.checkpoint, f"{text}\n{mine.line}")


def check_tenant_log(
    shown: TenantLog, key: VerifierKey, known: Seen | None, own: Checkpoint | None, acked: int
) -> Seen:
    """Judge what was shown; gives what is to be remembered from now on.

    `own` is our log at `claimed_size` (None when that is no size of it), `acked` how much of it
    was acknowledged when we asked. Raises `Doubted`.
    """
    try:
        seen = open_seen(shown.checkpoint, key)
    except LedgerError as error:
        raise Doubted(SIGNATURE, str(error)) from error
    if known is not None:
        _check_continues(known.checkpoint, seen.checkpoint, shown)
    if shown.vouching is None or own is None or own.size < acked:
        told = "nothing" if own is None else f"{own.size} entries"
        raise Doubted(NOT_IN_IT, f"{acked} entries were acknowledged, it tells of {told}", seen)
    try:
        verify_link(own, _receipt(key, seen.note, shown.vouching), key)
    except LedgerError as error:
        raise Doubted(NOT_IN_IT, str(error), seen) from error
    return seen


def _check_continues(known: Checkpoint, now: Checkpoint, shown: TenantLog) -> None:
    sizes = f"it had {known.size} entries and shows {now.size}"
    if now.size < known.size:
        raise Doubted(ROLLBACK, sizes)
    try:
        verify_consistency(known.size, now.size, known.root, now.root, shown.consistency)
    except LedgerError as error:
        raise Doubted(FORK, f"{sizes}: {error}") from error


def _receipt(key: VerifierKey, note: str, entry: Vouching) -> Receipt:
    proof = Proof(entry.index, tuple(entry.proof), note)
    return Receipt(key, proof, entry.leaf.encode(), tuple(entry.disclosures))
