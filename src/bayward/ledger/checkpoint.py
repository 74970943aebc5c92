"""Checkpoints (c2sp.org/tlog-checkpoint): what a log says of itself, signed.

    audit.example.com/t/acme                        the origin: which log
    20852163                                        how many entries it has
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    the root of their tree

The format allows further lines; we write none and accept none, because nobody can audit them.
Time is not in a checkpoint either. Whoever wants to say when adds a cosignature, which has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.merkle import EMPTY_ROOT, HASH_BYTES
from bayward.ledger.note import Note, open_note, sign
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text, decimal

_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin, size (entries) and root of a log at one moment."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text to be signed; raises `Malformed` when it would not read back."""
        if "\n" in self.origin or not 0 <= self.size <= MAX_NUMBER:
            raise Malformed("checkpoint.form", f"{self.size} entries of {self.origin!r}")
        _check(self)
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint its log has signed, and the note that shows it."""

    checkpoint: Checkpoint
    note: Note
    text: str

    @property
    def cosignatures(self) -> dict[str, int]:
        """Name of each known witness that cosigned, and when (POSIX seconds)."""
        return {one.name: one.time for one in self.note.verified if one.time is not None}


def parse_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint (not of a note); raises `Malformed`."""
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines.pop():
        raise Malformed("checkpoint.form", "not three lines")
    origin, size_text, root_text = lines
    size = decimal(size_text, "checkpoint.size")
    root = base64_bytes(root_text, "checkpoint.root")
    checkpoint = Checkpoint(origin, size, root)
    _check(checkpoint)
    return checkpoint


def _check(checkpoint: Checkpoint) -> None:
    if not checkpoint.origin:
        raise Malformed("checkpoint.origin", "empty")
    if len(checkpoint.root) != HASH_BYTES:
        raise Malformed("checkpoint.root", f"{len(checkpoint.root)} bytes")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise Malformed("checkpoint.root_of_none", "a tree without entries has one root only")


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[Signer]) -> str:
    """The signed note of a checkpoint. A log must never sign two that contradict each other."""
    return sign(checkpoint.text, signers)


def open_checkpoint(
    note: str, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> SignedCheckpoint:
    """Verify a checkpoint as one of the log whose key this is.

    The key must have signed as a log (a cosignature is another statement, even by the same
    key) and the origin must be its name. Known witnesses' lines must verify where they exist.
    Raises `Malformed` or `Unverified`.
    """
    if log.is_cosigner:
        raise Unverified("checkpoint.key", "a cosigner's key does not sign for a log")
    opened = open_note(note, [log, *witnesses])
    if opened.signed_by(log) is None:
        raise Unverified("checkpoint.unsigned", f"{log.name} has not signed it")
    checkpoint = parse_text(opened.text)
    if checkpoint.origin != log.name:
        raise Unverified("checkpoint.origin", f"{checkpoint.origin!r} is not {log.name!r}")
    return SignedCheckpoint(checkpoint, opened, note)
