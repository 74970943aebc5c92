"""The Merkle tree of RFC 6962 and RFC 9162: hashing, and verification of proofs.

A leaf is hashed as SHA-256(0x00 ‖ entry), an inner node as SHA-256(0x01 ‖ left ‖ right): the
first byte keeps a node from being presented as an entry. A tree of n leaves splits at k, the
largest power of two below n; the left part is complete and never changes again.

All four proofs of this family are one and the same. Given a subtree [start, end) of a tree of
`size` leaves, walk down from the root to that subtree. Every step leaves one half behind, and
the proof is the list of those halves, lowest first:

    after    the half to the right; it belongs to the bigger tree only
    before   the half to the left, outside the subtree; it belongs to the bigger tree only
    inside   the left half *of* the subtree; it belongs to both (the walk goes on in the rest)

If the walk passed an `inside` step, the verifier does not know the node it ended at, and the
proof starts with it. Reading the list back up rebuilds both the root of the subtree and the
root of the tree.

    inclusion of leaf i in n                subtree [i, i+1)    RFC 9162 §2.1.3
    consistency of m with n                 subtree [0, m)      RFC 9162 §2.1.4
    inclusion and consistency of subtrees   draft-ietf-plants-merkle-tree-certs §4

Writing proofs is in `dense.py`, over whatever stores the hashes; nothing here reads anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bayward.ledger.errors import OutOfRange, Unverified
from bayward.ledger.strict import MAX_NUMBER

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without leaves (RFC 9162 §2.1.1)."""

Side = Literal["after", "before", "inside"]


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Prove that `leaf` (a leaf hash) is at `index` of the tree of `size` leaves with `root`.

    Raises `OutOfRange` unless 0 ≤ index < size, `Unverified` when the proof does not hold.
    """
    if not 0 <= index < size:
        raise OutOfRange("proof.index", f"index {index} is not in a tree of {size}")
    _verify(index, index + 1, size, proof=proof, subtree_root=leaf, root=root)


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Prove that the tree of `size1` leaves with `root1` is a prefix of the other one.

    Raises `OutOfRange` unless 0 < size1 ≤ size2 (everything begins with the empty tree, so
    such a proof would prove nothing), `Unverified` when the proof does not hold.
    """
    if not 0 < size1 <= size2:
        raise OutOfRange("proof.sizes", f"no consistency proof from {size1} to {size2}")
    _verify(0, size1, size2, proof=proof, subtree_root=root1, root=root2)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, *, proof: Sequence[bytes], root: bytes
) -> None:
    """Prove that `leaf` is the leaf `index` of the subtree [start, end) with `root`.

    Raises `OutOfRange` for a range that is no subtree or does not hold the index, and
    `Unverified` when the proof does not hold.
    """
    check_subtree(start, end)
    if not start <= index < end:
        raise OutOfRange("proof.index", f"index {index} is not in [{start}, {end})")
    verify_inclusion(index - start, end - start, leaf, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, *, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """Prove that the subtree [start, end) with `subtree_root` is part of the tree of `size`.

    An empty subtree is part of every tree that reaches it. Raises `OutOfRange` for a range
    that is no subtree of the tree, and `Unverified` when the proof does not hold.
    """
    check_subtree(start, end)
    if not end <= size <= MAX_NUMBER:
        raise OutOfRange("proof.sizes", f"[{start}, {end}) is not in a tree of {size}")
    if start < end:
        _verify(start, end, size, proof=proof, subtree_root=subtree_root, root=root)
        return
    _check_hashes((subtree_root, root))
    if proof or subtree_root != EMPTY_ROOT or (size == 0 and root != EMPTY_ROOT):
        raise Unverified("proof.empty", "an empty subtree has the empty root and no proof")


def check_subtree(start: int, end: int) -> None:
    """Raise `OutOfRange` unless [start, end) can be a subtree: `start` is aligned to its width."""
    if not 0 <= start <= end <= MAX_NUMBER:
        raise OutOfRange("proof.subtree", f"[{start}, {end}) is not a range")
    if start < end and start % (1 << (end - start - 1).bit_length()):
        raise OutOfRange("proof.subtree", f"[{start}, {end}) is not aligned")


@dataclass(frozen=True, slots=True)
class Walk:
    """The way down from the root to a subtree: the halves left behind, highest first."""

    steps: tuple[tuple[Side, int, int], ...]
    bottom: tuple[int, int]
    bottom_known: bool


def walk(start: int, end: int, size: int) -> Walk:
    """Walk from the root of `size` leaves to the subtree [start, end), which must be in it."""
    steps: list[tuple[Side, int, int]] = []
    low, high, known = 0, size, True
    while (low, high) != (start, end):
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= middle:
            steps.append(("after", middle, high))
            high = middle
        elif start >= middle:
            steps.append(("before", low, middle))
            low = middle
        else:
            steps.append(("inside", low, middle))
            low = start = middle
            known = False
    return Walk(tuple(steps), (start, end), known)


def _verify(
    start: int, end: int, size: int, *, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    if size > MAX_NUMBER:
        raise OutOfRange("proof.sizes", f"a tree of {size} leaves is too large")
    _check_hashes((subtree_root, root, *proof))
    way = walk(start, end, size)
    expected = len(way.steps) + (not way.bottom_known)
    if len(proof) != expected:
        raise Unverified("proof.length", f"{len(proof)} hashes instead of {expected}")
    rest = iter(proof)
    small = big = subtree_root if way.bottom_known else next(rest)
    for (side, _, _), sibling in zip(reversed(way.steps), rest, strict=True):
        if side == "after":
            big = node_hash(big, sibling)
        else:
            big = node_hash(sibling, big)
            if side == "inside":
                small = node_hash(sibling, small)
    if small != subtree_root:
        raise Unverified("proof.subtree_root", "the proof belongs to another smaller tree")
    if big != root:
        raise Unverified("proof.root", "the proof leads to another root")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Unverified("proof.hash", f"a hash that is not {HASH_BYTES} bytes")
