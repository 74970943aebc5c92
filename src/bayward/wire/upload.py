"""What the control plane checks before it stores a bank's entries.

The control plane is witness and mirror of every bank's log (C2SP tlog-witness and tlog-mirror,
carried in our frames). It knows the log it has accepted: its size, its root, its right edge. An
upload must begin exactly where that ends, and then

    signature     the checkpoint is signed by the log key of this bank, under this origin
    root          the leaves, appended to what is stored, lead to the root that was signed
    consistency   the proof shows the same, without the leaves
    disclosures   each opens a field of its leaf, and none is a field that stays at the edge

Nothing here reads or stores anything. The caller commits what `Accepted` holds and only then
acknowledges. An upload of entries that are already stored, with the same content, is a replay:
nothing to store, acknowledged again. With other content it is a fork, and both checkpoints are
evidence: the known one and `offered`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bayward.core.errors import Conflict
from bayward.core.events import LOCAL
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.dense import Frontier, HashReader, stored_hash_index, tree_hash
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import Value, open_leaf
from bayward.ledger.merkle import leaf_hash, verify_consistency
from bayward.wire.messages import Entry, ErrorCode, Hello, Letter, Upload


@dataclass(frozen=True, slots=True)
class KnownLog:
    """The log of a bank as it was accepted so far.

    `note` is its last accepted checkpoint (empty before the first); `hashes` reads its dense
    array (`ledger.dense`) and is asked only about replays, forks and rollbacks.
    """

    key: VerifierKey
    frontier: Frontier
    note: str
    hashes: HashReader

    @property
    def size(self) -> int:
        """Entries stored."""
        return self.frontier.size

    @property
    def root(self) -> bytes:
        """Root of the entries stored."""
        return self.frontier.root


class UploadRefused(Conflict):
    """Base of the refusals; `code` says which check failed.

    `size` and `root` are those of the known log, `offered` is the checkpoint that was shown.
    """

    wire_code: ClassVar[ErrorCode] = ErrorCode.BAD_UPLOAD

    def __init__(self, code: str, known: KnownLog, offered: str, **facts: str | int) -> None:
        super().__init__(code, known_size=known.size, **facts)
        self.size = known.size
        self.root = known.root
        self.offered = offered


class Gap(UploadRefused):
    """Raised when the entries do not begin where the known log ends; go on from `size`."""

    wire_code = ErrorCode.GAP


class Fork(UploadRefused):
    """Raised when the bank signed a log that contradicts the known one; keep the evidence."""

    wire_code = ErrorCode.FORK


class Rollback(UploadRefused):
    """Raised when the bank's log is a true but older state of the known one."""

    wire_code = ErrorCode.ROLLBACK


class BadRoot(UploadRefused):
    """Raised when the leaves or the proof are not those of the signed checkpoint."""


class BadSignature(UploadRefused):
    """Raised when the checkpoint is not one that this log's key has signed."""


class BadDisclosure(UploadRefused):
    """Raised when a leaf is malformed, or a disclosure does not belong to it."""


@dataclass(frozen=True, slots=True)
class AcceptedEntry:
    """One new entry; `fields` are its disclosed fields, each proven against the leaf."""

    index: int
    leaf: bytes
    disclosures: tuple[str, ...]
    fields: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What to store, in one transaction; nothing at all when it is a replay.

    `stored_hashes` go to the end of the dense array; `frontier` is the edge afterwards.
    """

    entries: tuple[AcceptedEntry, ...]
    letters: tuple[Letter, ...]
    checkpoint: Checkpoint
    note: str
    frontier: Frontier
    stored_hashes: tuple[bytes, ...]

    @property
    def is_replay(self) -> bool:
        """Is everything in it stored already?"""
        return not self.entries


def check_hello(known: KnownLog, hello: Hello) -> None:
    """Compare where a bank says its log stands with what was accepted.

    Raises `BadSignature`, `Rollback` or `Fork`. That a longer log does extend the known one is
    shown by its next upload.
    """
    offered = _open(known, hello.checkpoint)
    if hello.origin != offered.origin or hello.size != offered.size:
        raise BadSignature("hello.checkpoint", known, hello.checkpoint)
    if offered.size > known.size:
        return
    if offered.root != _root_at(known, offered.size):
        raise Fork("hello.fork", known, hello.checkpoint, offered_size=offered.size)
    if offered.size < known.size:
        raise Rollback("hello.rollback", known, hello.checkpoint, offered_size=offered.size)


def check_upload(known: KnownLog, upload: Upload) -> Accepted:
    """Judge an upload; gives what is to be stored.

    Raises `BadSignature`, `Gap`, `Fork`, `BadRoot` or `BadDisclosure`.
    """
    offered = _open(known, upload.checkpoint)
    leaves = [entry.leaf.encode() for entry in upload.entries]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    if offered.size != upload.old_size + len(leaves):
        raise BadRoot("upload.count", known, upload.checkpoint, offered_size=offered.size)
    if upload.old_size > known.size:
        raise Gap("upload.gap", known, upload.checkpoint, old_size=upload.old_size)
    if upload.old_size < known.size:
        return _replayed(known, upload, offered, hashes)
    frontier, stored = known.frontier.extend(hashes)
    _check_root(known, upload, offered, frontier)
    return Accepted(
        entries=tuple(
            _opened(known, upload, index, leaf, entry)
            for index, (leaf, entry) in enumerate(
                zip(leaves, upload.entries, strict=True), start=known.size
            )
        ),
        letters=tuple(upload.letters),
        checkpoint=offered,
        note=upload.checkpoint,
        frontier=frontier,
        stored_hashes=tuple(stored),
    )


def _open(known: KnownLog, note: str) -> Checkpoint:
    try:
        return open_checkpoint(note, known.key).checkpoint
    except LedgerError as error:
        raise BadSignature("upload.signature", known, note, why=str(error)) from error


def _check_root(known: KnownLog, upload: Upload, offered: Checkpoint, frontier: Frontier) -> None:
    """The leaves must lead to the signed root, and the proof must say so too.

    When the leaves do not, the proof tells a log that went another way from leaves that are not
    the ones that were signed.
    """
    is_consistent = _is_consistent(known, upload.proof, offered)
    if frontier.root != offered.root:
        if known.size and not is_consistent:
            raise Fork("upload.fork", known, upload.checkpoint, offered_size=offered.size)
        raise BadRoot("upload.root", known, upload.checkpoint)
    if not is_consistent:
        raise BadRoot("upload.proof", known, upload.checkpoint)


def _is_consistent(known: KnownLog, proof: Sequence[bytes], offered: Checkpoint) -> bool:
    if known.size == 0:
        return not proof
    try:
        verify_consistency(known.size, offered.size, known.root, offered.root, proof)
    except LedgerError:
        return False
    return True


def _replayed(
    known: KnownLog, upload: Upload, offered: Checkpoint, hashes: Sequence[bytes]
) -> Accepted:
    """The upload begins before the end: stored already, or another content at the same index."""
    end = min(offered.size, known.size)
    indexes = [stored_hash_index(0, index) for index in range(upload.old_size, end)]
    for index, (mine, theirs) in enumerate(
        zip(known.hashes.read_hashes(indexes), hashes, strict=False), start=upload.old_size
    ):
        if mine != theirs:
            raise Fork("upload.other_entry", known, upload.checkpoint, index=index)
    if offered.size > known.size:  # a part is new, but letters cannot be told apart
        raise Gap("upload.overlap", known, upload.checkpoint, old_size=upload.old_size)
    if offered.root != _root_at(known, offered.size):
        raise Fork("upload.other_root", known, upload.checkpoint, offered_size=offered.size)
    checkpoint = Checkpoint(known.key.name, known.size, known.root)
    return Accepted((), (), checkpoint, known.note, known.frontier, ())


def _root_at(known: KnownLog, size: int) -> bytes:
    return known.root if size == known.size else tree_hash(size, known.hashes)


def _opened(
    known: KnownLog, upload: Upload, index: int, leaf: bytes, entry: Entry
) -> AcceptedEntry:
    try:
        fields = open_leaf(leaf, entry.disclosures)
    except LedgerError as error:
        raise BadDisclosure(
            "upload.disclosure", known, upload.checkpoint, index=index, why=str(error)
        ) from error
    local = LOCAL & fields.keys()
    if local:
        raise BadDisclosure("upload.local_field", known, upload.checkpoint, index=index)
    return AcceptedEntry(index, leaf, tuple(entry.disclosures), fields)
