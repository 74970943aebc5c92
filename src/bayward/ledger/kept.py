"""What somebody kept from before of a log: a checkpoint, a tlog-proof or a receipt, opened.

Whether a kept document is older than the one it is held against, no signature tells: a log set
back looks like an earlier one. Witnesses' times do not tell, either; a log that was set back brings
the cosignatures of that day. Only a kept receipt that names the pack it is held against is surely
the younger one (`is_of_export`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, parse_text
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import Value, open_leaf
from bayward.ledger.merkle import leaf_hash, verify_inclusion
from bayward.ledger.note import split_note
from bayward.ledger.proof import HEADER as PROOF_HEADER
from bayward.ledger.proof import parse_proof
from bayward.ledger.receipt import Receipt, own_receipt, parse_receipt

EXPORTED = "evidence.exported"


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept document whose signature holds; of a receipt that holds, its entry as well."""

    tree: Checkpoint
    index: int | None = None
    hash: bytes = b""
    fields: Mapping[str, Value] = field(default_factory=dict)

    def is_of_export(self, digest: str) -> bool:
        """Whether it is the receipt of the export of a pack, and so was signed after that."""
        return self.fields.get("type") == EXPORTED and self.fields.get("detail") == digest


def checkpoint_of(document: str) -> str:
    """The signed checkpoint in a receipt, a tlog-proof, or a bare note; raises `Malformed`."""
    receipt = _receipt_of(document)
    if receipt is not None:
        return receipt.proof.checkpoint
    if document.startswith(PROOF_HEADER + "\n"):
        return parse_proof(document).checkpoint
    return document


def open_kept(document: str, keys: Sequence[VerifierKey], origins: Collection[str]) -> Kept:
    """Open one with the first key that does; when none does, the first key's objection counts.

    Unless it says that it is of another log than those of `origins`: then nobody here has its key,
    and it contradicts nothing. Raises `LedgerError`.
    """
    receipt, note = _receipt_of(document), checkpoint_of(document)
    objections: list[LedgerError] = []
    for key in keys:
        try:
            tree = open_checkpoint(note, key).checkpoint
        except LedgerError as error:
            objections.append(error)
            continue
        return Kept(tree) if receipt is None else _with_entry(tree, receipt)
    try:
        told = parse_text(split_note(note)[0]).origin
    except LedgerError:
        raise objections[0] from None
    if told in origins:
        raise objections[0]
    raise Unverified("checkpoint.origin", f"of {told}, another log")


def objection_words(number: int, error: LedgerError) -> str:
    """Why a kept document, one of several from 0, could not be held against anything.

    The number keeps two of them apart whose faults are worded alike.
    """
    return f"older document {number + 1}: {error.detail or error.code}"


def rollback_words(kept: int, here: int) -> str:
    """What it means to have kept a larger tree; which of the two is younger, nobody here knows."""
    return (
        f"the log had {kept} entries in what you kept, {here} here: set back, unless what you "
        "kept is the younger one; then hold it against a newer export"
    )


def _receipt_of(document: str) -> Receipt | None:
    return parse_receipt(own_receipt(document)) if document.lstrip().startswith("{") else None


def _with_entry(tree: Checkpoint, receipt: Receipt) -> Kept:
    hashed, proof = leaf_hash(receipt.leaf), receipt.proof
    fields: Mapping[str, Value] = {}
    try:
        verify_inclusion(proof.index, tree.size, hashed, proof.hashes, tree.root)
    except LedgerError:
        return Kept(tree)
    with suppress(LedgerError):
        fields = open_leaf(receipt.leaf, receipt.disclosures)
    return Kept(tree, proof.index, hashed, fields)
