"""The checkpoints of a log that stand in the anchor log, held against the log as it is shown.

The anchor's entries are sealed, so only who may read a log is told where it stands there: each
answer is receipts under a checkpoint of the anchor, which must be signed, cosigned by the quorum of
the anchor's policy, and a continuation of the one before. What they say of the log must be true of
the log that we are shown: smaller than it, and its beginning.

What cannot be seen from here is an entry that nobody tells us of. Whoever was shown another log was
told of another entry; both are in one anchor, and their two receipts are the proof.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.remote import RemoteLog
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.dense import tree_hash
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import Value, open_leaf
from bayward.ledger.policy import POLICY_BYTES_MAX, Policy, parse_policy
from bayward.ledger.proven import ProvenReader
from bayward.ledger.receipt import Receipt, parse_receipt
from bayward.ledger.strict import base64_text, json_object
from bayward.ledger.verdict import Fault, Finding
from bayward.ledger.verify import checkpoint_finding
from bayward.ledger.witness import parse_kept

ANSWER_BYTES_MAX = 4 * 1024 * 1024
STATE_BYTES_MAX = 256 * 1024
TYPE = "tenant_log.anchored"
_STATE = {"v": int, "note": str, "size": int}
_FAULTS = {"policy.log": Fault.UNKNOWN_KEY, "policy.quorum": Fault.NOT_WITNESSED}


class Mismatch(Exception):
    """Raised with the finding, and what shows it: file name ending → text."""

    def __init__(self, finding: Finding, evidence: dict[str, str]) -> None:
        super().__init__(str(finding))
        self.finding = finding
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Told:
    """One checkpoint of the log, as the anchor holds it."""

    size: int
    root: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered: the anchor's checkpoint, and up to which size the log was compared."""

    note: str = ""
    size: int = 0


@dataclass
class Anchored:
    """The anchor beside one log; `prefix` is the anchor's address, `path` the file remembered in.

    `policy` says whose cosignatures the anchor's checkpoints must carry.
    """

    prefix: str
    policy: Policy
    path: Path
    kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        self.kept = _read(self.path)

    @classmethod
    def open(cls, prefix: str, policy: Path | None, state: Path) -> Anchored:
        """Read policy and memory; raises `Unusable`."""
        if policy is None:
            raise told.Unusable(
                "--anchor needs --anchor-policy: the anchor's key and its witnesses"
            )
        parsed = parse_policy(told.read_bytes(policy, POLICY_BYTES_MAX))
        return cls(prefix, parsed, state.with_name(state.name + ".anchor"))

    def ask(self, log: RemoteLog) -> list[Told]:
        """What the anchor holds of the log that was not compared yet, each receipt verified.

        Call before the log's own checkpoint is fetched, so that the log cannot have less. Raises
        `Mismatch`, or `Unreachable`.
        """
        raw = log.fetch(f"anchored/{self.kept.size}", ANSWER_BYTES_MAX)
        try:
            receipts = parse_chain_lines(raw.decode())
        except (LedgerError, UnicodeDecodeError) as error:
            finding = Finding(Fault.MALFORMED, None, f"receipts of the anchor: {error}")
            raise Mismatch(finding, {}) from error
        return [self._verified(one) for one in receipts]

    def compare(self, found: list[Told], log: RemoteLog, tree: Checkpoint, note: str) -> None:
        """Hold what was found against the log as it is shown; raises `Mismatch`."""
        if not found:
            return
        anchor_note = found[0].receipt.proof.checkpoint
        self._follow(anchor_note)
        reader = ProvenReader(tree.size, tree.root, log)
        for one in found:
            fields = open_leaf(one.receipt.leaf, one.receipt.disclosures)
            evidence = {"anchored.json": one.receipt.text, "shown.note": note}
            if fields.get("type") != TYPE or fields.get("origin") != tree.origin:
                raise Mismatch(
                    Finding(Fault.WRONG_ORIGIN, None, "an entry of the anchor"), evidence
                )
            if one.size > tree.size:
                sizes = f"the anchor holds {one.size} entries of it, it shows {tree.size}"
                raise Mismatch(Finding(Fault.ROLLBACK, one.size, sizes), evidence)
            root = tree.root if one.size == tree.size else tree_hash(one.size, reader)
            if base64_text(root) != one.root:
                detail = "the anchor holds another log than the one shown"
                raise Mismatch(Finding(Fault.FORK, one.size, detail), evidence)
        self._keep(Kept(anchor_note, found[-1].size))

    def _verified(self, receipt: Receipt) -> Told:
        evidence = {"anchored.json": receipt.text}
        try:
            self.policy.open(receipt.proof.checkpoint)
            receipt.proof.verify(receipt.leaf, self._key(receipt), self.policy.witness_keys)
            fields = open_leaf(receipt.leaf, receipt.disclosures)
        except LedgerError as error:
            by_code = _FAULTS.get(error.code)
            finding = Finding(by_code, None, str(error)) if by_code else checkpoint_finding(error)
            raise Mismatch(finding, evidence) from error
        size, root = fields.get("log_size"), fields.get("log_root")
        if type(size) is not int or not isinstance(root, str):
            raise Mismatch(Finding(Fault.MALFORMED, None, "an entry of the anchor"), evidence)
        return Told(size, root, receipt)

    def _key(self, receipt: Receipt) -> VerifierKey:
        """The policy's own key, never the one that came with the receipt."""
        return next(
            (one.key for one in self.policy.logs if one.key == receipt.key),
            self.policy.logs[0].key,
        )

    def _follow(self, note: str) -> None:
        """The anchor goes on from what is remembered of it."""
        if not self.kept.note or note == self.kept.note:
            return
        before, now = parse_kept(self.kept.note), parse_kept(note)
        evidence = {"anchor-before.note": self.kept.note, "anchor-now.note": note}
        if now.size < before.size:
            sizes = f"the anchor had {before.size} entries and shows {now.size}"
            raise Mismatch(Finding(Fault.ROLLBACK, before.size, sizes), evidence)
        with RemoteLog(self.prefix) as anchor:
            root = tree_hash(before.size, ProvenReader(now.size, now.root, anchor))
        if root != before.root:
            detail = "what was seen of the anchor is not its beginning any more"
            raise Mismatch(Finding(Fault.FORK, before.size, detail), evidence)

    def _keep(self, kept: Kept) -> None:
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump({"v": 1, "note": kept.note, "size": kept.size}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self.kept = kept


def parse_chain_lines(text: str) -> list[Receipt]:
    """Receipts, one a line, as many as there are; raises `Malformed`."""
    return [parse_receipt(line) for line in text.splitlines()]


def _read(path: Path) -> Kept:
    if not path.exists():
        return Kept()
    try:
        found: dict[str, Value] = json_object(
            told.read_text(path, STATE_BYTES_MAX), _STATE, "state"
        )
    except LedgerError as error:
        raise told.Unusable(f"{path}: {error}") from error
    if found["v"] != 1:
        raise told.Unusable(f"{path}: not a state of this program")
    return Kept(str(found["note"]), int(str(found["size"])))
