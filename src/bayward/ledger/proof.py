"""Transparency log proofs (c2sp.org/tlog-proof@v1): one entry, proven offline by one text.

    c2sp.org/tlog-proof@v1
    extra <base64>                      optional, and proven by nothing
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=        the leaf's sibling first
    …

    example.com/fancylog                the log's checkpoint, signatures and all
    …

The entry itself is not in it: whoever holds the entry hashes it and checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bayward.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey
from bayward.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from bayward.ledger.note import NOTE_BYTES_MAX, split_note
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text, decimal

HEADER = "c2sp.org/tlog-proof@v1"
HASHES_MAX = 63
"""A tree of 2^63 leaves is 63 levels high."""
PROOF_CHARS_MAX = 2 * NOTE_BYTES_MAX
"""The checkpoint, the hashes, and as much again of extra data."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That some entry is at `index` of the log that signed the note `checkpoint`.

    `extra` travels along unproven; never decide by it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_NUMBER or len(self.hashes) > HASHES_MAX:
            raise Malformed("proof.index", f"index {self.index}, {len(self.hashes)} hashes")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise Malformed("proof.hash", f"a hash that is not {HASH_BYTES} bytes")
        split_note(self.checkpoint)

    @property
    def text(self) -> str:
        """The proof as one text."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64_text(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [base64_text(one) for one in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    def verify(
        self, entry: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
    ) -> SignedCheckpoint:
        """Prove that `entry` is in this log; gives the checkpoint that shows it.

        Raises `Malformed`, `OutOfRange` or `Unverified`.
        """
        signed = open_checkpoint(self.checkpoint, log, witnesses)
        tree = signed.checkpoint
        verify_inclusion(self.index, tree.size, leaf_hash(entry), self.hashes, tree.root)
        return signed


def parse_proof(text: str) -> Proof:
    """Read a proof without verifying it; raises `Malformed`."""
    if len(text) > PROOF_CHARS_MAX:
        raise Malformed("proof.length", f"{len(text)} characters")
    head, found, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not found or lines[0] != HEADER:
        raise Malformed("proof.form", "not a tlog-proof of version 1")
    extra = b""
    if len(lines) > 1 and lines[1].startswith("extra "):
        extra = base64_bytes(lines.pop(1).removeprefix("extra "), "proof.extra")
        if not extra:
            raise Malformed("proof.extra", "an empty extra line")
    if len(lines) < 2 or not lines[1].startswith("index "):  # noqa: PLR2004 - header and index
        raise Malformed("proof.form", "no index line")
    index = decimal(lines[1].removeprefix("index "), "proof.index")
    hashes = tuple(base64_bytes(line, "proof.hash") for line in lines[2:])
    return Proof(index, hashes, checkpoint, extra)
