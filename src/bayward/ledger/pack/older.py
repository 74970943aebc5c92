"""What somebody kept from before, held against a pack: a receipt, a proof or a checkpoint.

A pack holds a part of a log, not all of it. Its range and the hashes beside that tell the root the
log had at every size from the start to the end of the range, and at a few others. Where they do not
tell it, the document says nothing, and that stays open.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey
from bayward.ledger.merkle import leaf_hash, verify_inclusion
from bayward.ledger.pack.range import RangeProof, earlier_root
from bayward.ledger.receipt import own_receipt, parse_receipt
from bayward.ledger.verdict import Fault, Finding
from bayward.ledger.verify import checkpoint_finding, checkpoint_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What a pack shows of a log; `leaves` are the hashes of its range, or None: not proven."""

    key: VerifierKey
    tree: Checkpoint
    proof: RangeProof
    leaves: Sequence[bytes] | None

    def root_at(self, size: int) -> bytes | None:
        """The root the log had with so many entries, as far as the pack tells."""
        if size == self.tree.size:
            return self.tree.root
        if self.leaves is None:
            return None
        return earlier_root(self.proof, self.tree.size, self.leaves, size)

    def leaf_at(self, index: int) -> bytes | None:
        """The hash of an entry, when it is in the range."""
        if self.leaves is None or not self.proof.start <= index < self.proof.end:
            return None
        return self.leaves[index - self.proof.start]


class Older:
    """Holds documents against what a pack shows; gives findings, and whether all was compared."""

    def __init__(self, shown: Sequence[Shown], trusted: Collection[VerifierKey]) -> None:
        self.shown = shown
        self.keys = [*(one.key for one in shown), *trusted]
        self.findings: list[Finding] = []
        self.compared: set[str] = set()
        self.missed = False

    @property
    def remembers(self) -> bool:
        """Whether every log was compared with a root of before, and every document was of use."""
        return not self.missed and self.compared == {one.tree.origin for one in self.shown}

    def take(self, document: str) -> None:
        """Hold one document against the logs of its origin."""
        try:
            tree = self._open(document)
        except LedgerError as error:
            finding = checkpoint_finding(error)
            self._find(finding.fault, None, f"older checkpoint: {finding.detail}")
            return
        logs = [one for one in self.shown if one.tree.origin == tree.origin]
        if not logs:
            self._find(Fault.WRONG_ORIGIN, None, f"older checkpoint of {tree.origin}")
        entry = _entry_of(document, tree)
        for log in logs:
            self._compare(tree, log)
            told = log.leaf_at(entry[0]) if entry else None
            if entry and told not in {None, entry[1]}:
                self._find(Fault.FORK, entry[0], "an older receipt has another entry")

    def _compare(self, tree: Checkpoint, log: Shown) -> None:
        if tree.size > log.tree.size:
            told = f"the log had {tree.size} entries, this one {log.tree.size}"
            self._find(Fault.ROLLBACK, tree.size, told)
            return
        root = log.root_at(tree.size)
        if root is None:
            self.missed = True
        elif root != tree.root:
            self._find(Fault.FORK, tree.size, "an older checkpoint has another root")
        else:
            self.compared.add(tree.origin)

    def _find(self, fault: Fault, at: int | None, detail: str) -> None:
        self.findings.append(Finding(fault, at, detail))

    def _open(self, document: str) -> Checkpoint:
        """Open with the first key that does; when none does, the first key's objection counts."""
        note = checkpoint_of(document)
        for key in self.keys[1:]:
            with suppress(LedgerError):
                return open_checkpoint(note, key).checkpoint
        return open_checkpoint(note, self.keys[0]).checkpoint


def _entry_of(document: str, tree: Checkpoint) -> tuple[int, bytes] | None:
    """Index and hash of the entry of a receipt that holds, else None."""
    if not document.lstrip().startswith("{"):
        return None
    receipt = parse_receipt(own_receipt(document))
    with suppress(LedgerError):
        found = leaf_hash(receipt.leaf)
        verify_inclusion(receipt.proof.index, tree.size, found, receipt.proof.hashes, tree.root)
        return receipt.proof.index, found
    return None
