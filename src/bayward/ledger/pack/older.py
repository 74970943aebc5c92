"""What somebody kept from before, held against a pack: a receipt, a proof or a checkpoint.

A pack holds a part of a log, not all of it. Its range and the hashes beside that tell the root the
log had at every size from the start to the end of the range, and at a few others. Where they do not
tell it, the document says nothing, and that stays open.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.kept import Kept, objection_words, open_kept, rollback_words
from bayward.ledger.keys import VerifierKey
from bayward.ledger.pack.range import RangeProof, earlier_root
from bayward.ledger.verdict import Fault, Finding, Held, Standing
from bayward.ledger.verify import checkpoint_finding


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
        if self.leaves is None or size > self.tree.size:
            return None
        return earlier_root(self.proof, self.tree.size, self.leaves, size)

    def leaf_at(self, index: int) -> bytes | None:
        """The hash of an entry, when it is in the range."""
        if self.leaves is None or not self.proof.start <= index < self.proof.end:
            return None
        return self.leaves[index - self.proof.start]


class Older:
    """Holds documents against what a pack shows; gives findings, and whether all was compared."""

    def __init__(
        self, shown: Sequence[Shown], trusted: Collection[VerifierKey], digest: str
    ) -> None:
        self.shown = shown
        self.keys = [*(one.key for one in shown), *trusted]
        self.origins = {one.tree.origin for one in shown}
        self.digest = digest
        self.findings: list[Finding] = []
        self.held: list[Held] = []
        self.compared: set[str] = set()

    @property
    def remembers(self) -> bool:
        """Whether every log was compared with a root of before, and every document was of use."""
        return self.compared == self.origins and all(
            one.standing is Standing.CONSISTENT for one in self.held
        )

    def take(self, number: int, document: str) -> None:
        """Hold one document against the logs of its origin."""
        try:
            kept = open_kept(document, self.keys, self.origins)
        except LedgerError as error:
            self._find(checkpoint_finding(error).fault, None, objection_words(number, error))
            return
        if kept.tree.origin not in self.origins:
            told = f"older document {number + 1}: of {kept.tree.origin}"
            self._find(Fault.WRONG_ORIGIN, None, told)
        for log in self.shown:
            if log.tree.origin == kept.tree.origin:
                self._compare(number, kept, log)

    def _compare(self, number: int, kept: Kept, log: Shown) -> None:
        size, here = kept.tree.size, log.tree.size
        root = log.root_at(size)
        if size > here and kept.is_of_export(self.digest):
            self.held.append(Held(number, size, Standing.YOUNGER))
        elif size > here:
            self._find(Fault.ROLLBACK, size, rollback_words(size, here))
        elif root is None:
            self.held.append(Held(number, size, Standing.NOT_COMPARED))
        elif root != kept.tree.root:
            self._find(Fault.FORK, size, "an older checkpoint has another root")
        else:
            self.compared.add(kept.tree.origin)
            self.held.append(Held(number, size, Standing.CONSISTENT))
        told = None if kept.index is None else log.leaf_at(kept.index)
        if told not in {None, kept.hash}:
            self._find(Fault.FORK, kept.index, "an older receipt has another entry")

    def _find(self, fault: Fault, at: int | None, detail: str) -> None:
        self.findings.append(Finding(fault, at, detail))
