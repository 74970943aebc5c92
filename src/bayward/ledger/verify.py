"""Verification of a receipt and of a whole exported log, for people who trust nobody.

Both give a `Verdict`, never an exception: a broken document is a finding, not a failure of
the verifier. Whom to trust comes from outside. Without trusted keys the signature is checked
with the key the document brings, and the verdict says that it is self-asserted.

One attack leaves no trace in the document itself: a log cut short *together with* its
checkpoint is, byte for byte, what it once was. Only memory from outside shows it, so
`verify_log` takes older checkpoints or receipts and holds them against the log: each must be
a prefix of it. Shorter than one of them is a rollback, different from one of them a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bayward.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import LedgerError, Malformed
from bayward.ledger.export import LogEntry, LogHeader, parse_entry, parse_header
from bayward.ledger.kept import objection_words, open_kept, rollback_words
from bayward.ledger.keys import VerifierKey
from bayward.ledger.known import Demand
from bayward.ledger.leaf import Value, open_leaf
from bayward.ledger.lines import Plain, in_turn, plain_entry
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.receipt import Receipt, parse_receipt
from bayward.ledger.verdict import (
    FINDINGS_MAX,
    Above,
    Fault,
    Finding,
    Held,
    Standing,
    Trust,
    Unexamined,
    Verdict,
)

_BATCH = 512
"""Leaf hashes folded into the tree at once; the memory a verification needs."""


@dataclass(frozen=True, slots=True)
class OpenReceipt:
    """A receipt looked into: its checkpoint, who saw that, its fields; and what is wrong."""

    receipt: Receipt
    signed: SignedCheckpoint | None
    opened: Mapping[str, Value]
    of_checkpoint: tuple[Finding, ...]
    of_fields: tuple[Finding, ...]

    @property
    def fields(self) -> Mapping[str, Value]:
        """The fields that are proven."""
        return self.opened if self.signed and not self.of_fields else {}

    def trust(self, trusted: Collection[VerifierKey]) -> Trust:
        """Where its key comes from; another key of this log is as good, if it has signed, too."""
        others = _others_of(self.receipt.key, trusted)
        if self.signed is not None and any(self.signed.note.signed_by(one) for one in others):
            return Trust.TRUSTED
        return trust_of(self.receipt.key, trusted)


def open_receipt(text: str, trusted: Collection[VerifierKey]) -> OpenReceipt:
    """Look into a receipt by the key it brings; whose that is stays open. Raises `Malformed`."""
    receipt = parse_receipt(text)
    signed: SignedCheckpoint | None = None
    faults: list[Finding] = []
    try:
        also = [*witnesses_of(trusted), *_others_of(receipt.key, trusted)]
        signed = receipt.proof.verify(receipt.leaf, receipt.key, also)
    except LedgerError as error:
        faults.append(checkpoint_finding(error))
    opened, wrong = open_fields(receipt.leaf, receipt.disclosures, receipt.proof.index)
    return OpenReceipt(receipt, signed, opened, tuple(faults), tuple(wrong))


def verify_receipt(
    text: str, trusted: Collection[VerifierKey] = (), demand: Demand | None = None
) -> Verdict:
    """Verify a receipt; `trusted` are keys of logs and of witnesses known from elsewhere."""
    try:
        found = open_receipt(text, trusted)
    except LedgerError as error:
        return Verdict((Finding(Fault.MALFORMED, None, str(error)),), Trust.UNKNOWN)
    seen = seen_by(found.signed, trusted)
    return receipt_verdict(found, found.trust(trusted), seen, demand)


def receipt_verdict(
    found: OpenReceipt,
    trust: Trust,
    seen: Collection[VerifierKey],
    demand: Demand | None,
    above: tuple[tuple[Finding, ...], tuple[Above, ...]] = ((), ()),
) -> Verdict:
    """What is to be said of it; `seen` are the witnesses that saw it, by itself or from above."""
    receipt, signed = found.receipt, found.signed
    unexamined = [Unexamined.KEY] if trust is Trust.SELF_ASSERTED else []
    if signed is not None and not seen and not above[1]:
        unexamined.append(Unexamined.CHAIN)
    findings = [*_key_findings(receipt.key, trust), *found.of_checkpoint]
    if signed is not None:
        findings += witness_findings(signed, seen, demand)
    return Verdict(
        (*findings, *found.of_fields, *above[0]),
        trust,
        tuple(unexamined),
        origin=receipt.key.name,
        size=signed.checkpoint.size if signed else 0,
        root=signed.checkpoint.root if signed else b"",
        entries=1,
        index=receipt.proof.index,
        fields=found.fields,
        cosigned=signed.cosignatures if signed else {},
        chain=above[1],
    )


def verify_log(
    lines: Iterable[bytes],
    trusted: Collection[VerifierKey] = (),
    older: Sequence[str] = (),
    demand: Demand | None = None,
    read: Callable[[Iterable[bytes]], Iterable[tuple[bytes, Plain]]] = in_turn,
) -> Verdict:
    """Verify an exported log as its lines come in (see `export.bounded_lines`).

    `older` are documents kept from before: checkpoints, tlog-proofs or receipts of this log.
    `read` is who goes the short way through them. Memory does not grow with the log.
    """
    stream = iter(lines)
    try:
        header = parse_header(next(stream, b""))
    except LedgerError as error:
        return Verdict((Finding(Fault.MALFORMED, 1, str(error)),), Trust.UNKNOWN)
    examination = examine(header, trusted, older, demand)
    for number, (line, plain) in enumerate(read(stream), start=2):
        if not examination.take_read(number, line, plain):
            break
    return examination.conclude()


def verify_entries(
    header: LogHeader,
    entries: Iterable[LogEntry],
    trusted: Collection[VerifierKey] = (),
    older: Sequence[str] = (),
) -> Verdict:
    """The same for a log that is not lines: entries straight from a database or from tiles."""
    examination = examine(header, trusted, older)
    for entry in entries:
        if not examination.take(entry):
            break
    return examination.conclude()


class Examination:
    """One pass over an exported log; holds the edge of the tree and nothing behind it.

    For who gets a log piece by piece: `examine` begins it, `take_line` or `take` get each entry
    in turn, `conclude` says what was found.
    """

    def __init__(self, header: LogHeader, trust: Trust) -> None:
        self.header = header
        self.trust = trust
        self.findings = _key_findings(header.key, trust)
        self.signed: SignedCheckpoint | None = None
        self.older: dict[int, list[bytes]] = {}
        self.kept: list[tuple[int, int, bytes]] = []
        self.agreed: set[tuple[int, bytes]] = set()
        self.frontier = Frontier()
        self.waiting: list[bytes] = []
        self.next = 0
        self.last: int | None = None
        self.intact = True

    def find(self, fault: Fault, at: int | None = None, detail: str = "") -> None:
        self.findings.append(Finding(fault, at, detail))

    def take_checkpoint(self, witnesses: Sequence[VerifierKey]) -> None:
        try:
            self.signed = open_checkpoint(self.header.checkpoint, self.header.key, witnesses)
        except LedgerError as error:
            self.findings.append(checkpoint_finding(error))

    def take_older(self, documents: Sequence[str], keys: Sequence[VerifierKey]) -> None:
        """Note the roots the log had at earlier sizes, once their signatures are verified."""
        for number, document in enumerate(documents):
            try:
                checkpoint = open_kept(document, keys, {self.header.key.name}).tree
            except LedgerError as error:
                self.find(checkpoint_finding(error).fault, None, objection_words(number, error))
                continue
            if checkpoint.origin != self.header.key.name:
                self.find(
                    Fault.WRONG_ORIGIN, None, f"older document {number + 1}: of {checkpoint.origin}"
                )
                continue
            self.kept.append((number, checkpoint.size, checkpoint.root))
            self.older.setdefault(checkpoint.size, []).append(checkpoint.root)

    def take_line(self, number: int, line: bytes) -> bool:
        """Examine one line; False when there are findings enough and reading on is pointless."""
        return self.take_read(number, line, plain_entry(line))

    def take_read(self, number: int, line: bytes, plain: Plain) -> bool:
        """The same for a line that the short way was tried for."""
        if plain is not None:
            index, hashed = plain
            if self._place(index):
                self._grow(index, hashed)
            return self._goes_on()
        try:
            entry = parse_entry(line)
        except LedgerError as error:
            self.intact = False
            self.next += 1
            self.find(Fault.MALFORMED, number, str(error))
            return self._goes_on()
        return self.take(entry)

    def take(self, entry: LogEntry) -> bool:
        """The same for an entry that is read already."""
        if self._place(entry.index):
            self._examine(entry)
            self._grow(entry.index, entry.hash)
        return self._goes_on()

    def _goes_on(self) -> bool:
        if len(self.findings) < FINDINGS_MAX:
            return True
        self.intact = False
        return False

    def _place(self, index: int) -> bool:
        """See whether an entry is where it belongs; False when it was there before."""
        if index == self.last:
            self.find(Fault.REPEATED, index)
            return False
        if index > self.next:
            self.intact = False
            self.find(Fault.GAP, self.next, f"{index} follows")
        elif index < self.next:
            self.intact = False
            self.find(Fault.OUT_OF_ORDER, index, f"in the place of {self.next}")
        self.last = index
        self.next = max(self.next, index + 1)
        return True

    def _examine(self, entry: LogEntry) -> None:
        if leaf_hash(entry.leaf) != entry.hash:
            self.find(Fault.BODY_MISMATCH, entry.index)
        _, faults = open_fields(entry.leaf, entry.disclosures, entry.index)
        for one in faults:
            self.find(one.fault, one.at, one.detail)

    def _grow(self, index: int, hashed: bytes) -> None:
        if self.intact:
            self.waiting.append(hashed)
            if len(self.waiting) == _BATCH or index + 1 in self.older:
                self._fold()

    def _fold(self) -> None:
        if not self.waiting:
            return
        self.frontier = self.frontier.grow(self.waiting)
        self.waiting.clear()
        for root in self.older.get(self.frontier.size, ()):
            if root == self.frontier.root:
                self.agreed.add((self.frontier.size, root))
            else:
                self.find(Fault.FORK, self.frontier.size, "an older checkpoint has another root")

    def conclude(self) -> Verdict:
        self._fold()
        checkpoint = self.signed.checkpoint if self.signed else None
        if checkpoint and self.intact:
            self._compare(checkpoint)
        for size in sorted(self.older):
            known = checkpoint.size if checkpoint else self.next
            if size > known:
                self.find(Fault.ROLLBACK, size, rollback_words(size, known))
        unexamined = [Unexamined.KEY] if self.trust is Trust.SELF_ASSERTED else []
        if not self.kept:
            unexamined.append(Unexamined.ROLLBACK)
        return Verdict(
            tuple(dict.fromkeys(self.findings)),
            self.trust,
            tuple(unexamined),
            origin=self.header.key.name,
            size=checkpoint.size if checkpoint else 0,
            root=checkpoint.root if checkpoint else b"",
            entries=self.next,
            cosigned=self.signed.cosignatures if self.signed else {},
            held=tuple(
                Held(number, size, Standing.CONSISTENT)
                for number, size, root in self.kept
                if not size or (size, root) in self.agreed
            ),
        )

    def _compare(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size != self.next:
            told = f"checkpoint {checkpoint.size} vs {self.next} entries"
            self.find(Fault.SIZE_MISMATCH, None, told)
        elif checkpoint.root != self.frontier.root:
            self.find(Fault.ROOT_MISMATCH, checkpoint.size)


def examine(
    header: LogHeader,
    trusted: Collection[VerifierKey],
    older: Sequence[str],
    demand: Demand | None = None,
) -> Examination:
    """Begin with a log whose first line is read; the rest is as for `verify_log`."""
    examination = Examination(header, trust_of(header.key, trusted))
    examination.take_checkpoint(witnesses_of(trusted))
    if examination.signed is not None:
        seen = seen_by(examination.signed, trusted)
        examination.findings += witness_findings(examination.signed, seen, demand)
    examination.take_older(older, [header.key, *trusted])
    return examination


def open_fields(
    leaf: bytes, disclosures: Sequence[str], index: int
) -> tuple[dict[str, Value], list[Finding]]:
    """The fields that are proven, or what is wrong with them."""
    try:
        return open_leaf(leaf, disclosures), []
    except LedgerError as error:
        names = {"disclosure.foreign": Fault.DISCLOSURE_MISMATCH}
        names["disclosure.twice"] = Fault.DISCLOSURE_TWICE
        about_leaf = error.code.startswith("leaf.")
        other = Fault.LEAF_MALFORMED if about_leaf else Fault.DISCLOSURE_MALFORMED
        return {}, [Finding(names.get(error.code, other), index, error.detail)]


def checkpoint_finding(error: LedgerError) -> Finding:
    """The name for what is wrong with a checkpoint or a proof."""
    if isinstance(error, Malformed):
        fault = Fault.MALFORMED
    elif error.code == "checkpoint.origin":
        fault = Fault.WRONG_ORIGIN
    elif error.code.startswith("proof."):
        fault = Fault.PROOF_INVALID
    else:
        fault = Fault.SIGNATURE_INVALID
    return Finding(fault, None, str(error))


def trust_of(key: VerifierKey, trusted: Collection[VerifierKey]) -> Trust:
    """Where a key comes from that a document brings."""
    if key in trusted:
        return Trust.TRUSTED
    of_logs = any(not one.is_cosigner for one in trusted)
    return Trust.UNKNOWN if of_logs else Trust.SELF_ASSERTED


def _others_of(key: VerifierKey, trusted: Collection[VerifierKey]) -> list[VerifierKey]:
    """Further keys of the same log: some sign with two, for witnesses that know one kind only."""
    return [one for one in trusted if one.name == key.name and one != key and not one.is_cosigner]


def witnesses_of(trusted: Collection[VerifierKey]) -> list[VerifierKey]:
    """Those of the keys that witnesses sign with."""
    return [one for one in trusted if one.is_cosigner]


def seen_by(
    signed: SignedCheckpoint | None, trusted: Collection[VerifierKey]
) -> frozenset[VerifierKey]:
    """The witnesses whose cosignature is on a checkpoint, and holds."""
    if signed is None:
        return frozenset()
    return frozenset(one for one in witnesses_of(trusted) if signed.note.signed_by(one))


def witness_findings(
    signed: SignedCheckpoint, seen: Collection[VerifierKey], demand: Demand | None
) -> list[Finding]:
    """Whether as many witnesses as are demanded have seen a checkpoint, or a log above it."""
    if demand is None or demand.is_met(seen):
        return []
    told = f"{signed.checkpoint.origin}: seen by {len(seen)} of your witnesses"
    return [Finding(Fault.NOT_WITNESSED, None, told)]


def _key_findings(key: VerifierKey, trust: Trust) -> list[Finding]:
    return [Finding(Fault.UNKNOWN_KEY, None, key.vkey)] if trust is Trust.UNKNOWN else []
