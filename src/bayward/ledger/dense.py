"""A tree in one dense array of hashes, and the proofs read from it.

The numbering is that of Crosby and Wallach (2009) as used by the Go checksum database: when
entry n arrives, its leaf hash is appended, and behind it the hash of every complete subtree
that n has just finished. Nothing is ever rewritten, so a store is "append at the end", and
the place of the node (level, n) is arithmetic:

    level 0   0   1   3   4   7   8   10   11
    level 1     2       5       9       12
    level 2         6               13
    level 3                 14

Each operation first *plans* which hashes it needs, then makes *one* batched read, then
computes. That keeps the arithmetic free of I/O and lets a store answer with one query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, Self

from bayward.ledger.errors import OutOfRange
from bayward.ledger.merkle import EMPTY_ROOT, check_subtree, node_hash, walk
from bayward.ledger.strict import MAX_NUMBER

Range = tuple[int, int]


class HashReader(Protocol):
    """Whatever holds the dense array."""

    def read_hashes(self, indexes: Sequence[int]) -> Sequence[bytes]:
        """The hashes at these places of the array, in this order, read in one go."""
        ...  # pragma: no cover - a protocol has no body


def stored_hash_index(level: int, n: int) -> int:
    """Place in the array of the n-th complete subtree of 2^level leaves."""
    last_leaf = ((n + 1) << level) - 1
    return 2 * last_leaf - last_leaf.bit_count() + level


def stored_hash_count(size: int) -> int:
    """Length of the array for a tree of `size` leaves: its number of complete subtrees."""
    return 2 * size - size.bit_count()


def hashes_to_store(size: int, leaf: bytes, reader: HashReader) -> list[bytes]:
    """What to append to the array of a tree of `size` leaves when `leaf` (a hash) arrives."""
    finished = (~size & (size + 1)).bit_length() - 1
    indexes = [stored_hash_index(level, (size >> level) - 1) for level in range(finished)]
    stored = [leaf]
    for left in reader.read_hashes(indexes) if indexes else ():
        stored.append(node_hash(left, stored[-1]))
    return stored


def tree_hash(size: int, reader: HashReader) -> bytes:
    """Root of the first `size` leaves."""
    return subtree_hash(0, size, reader)


def subtree_hash(start: int, end: int, reader: HashReader) -> bytes:
    """Root of the subtree [start, end); raises `OutOfRange` when it is none."""
    check_subtree(start, end)
    return _read_ranges([(start, end)], reader)[0] if start < end else EMPTY_ROOT


def inclusion_proof(index: int, size: int, reader: HashReader) -> list[bytes]:
    """Proof that leaf `index` is in the first `size` leaves, leaf's sibling first."""
    if not 0 <= index < size <= MAX_NUMBER:
        raise OutOfRange("proof.index", f"index {index} is not in a tree of {size}")
    return _read_ranges(_proof_ranges(index, index + 1, size), reader)


def consistency_proof(size1: int, size2: int, reader: HashReader) -> list[bytes]:
    """Proof that the first `size1` leaves are the beginning of the first `size2`."""
    if not 0 < size1 <= size2 <= MAX_NUMBER:
        raise OutOfRange("proof.sizes", f"no consistency proof from {size1} to {size2}")
    return _read_ranges(_proof_ranges(0, size1, size2), reader)


def subtree_inclusion_proof(index: int, start: int, end: int, reader: HashReader) -> list[bytes]:
    """Proof that leaf `index` is in the subtree [start, end)."""
    check_subtree(start, end)
    if not start <= index < end:
        raise OutOfRange("proof.index", f"index {index} is not in [{start}, {end})")
    ranges = _proof_ranges(index - start, index - start + 1, end - start)
    return _read_ranges([(start + low, start + high) for low, high in ranges], reader)


def subtree_consistency_proof(start: int, end: int, size: int, reader: HashReader) -> list[bytes]:
    """Proof that the subtree [start, end) is part of the first `size` leaves."""
    check_subtree(start, end)
    if not end <= size <= MAX_NUMBER:
        raise OutOfRange("proof.sizes", f"[{start}, {end}) is not in a tree of {size}")
    return _read_ranges(_proof_ranges(start, end, size), reader) if start < end else []


def subtree_hashes(ranges: Sequence[Range], reader: HashReader) -> list[bytes]:
    """Roots of several non-empty subtrees, in one read; raises `OutOfRange` when one is none."""
    for start, end in ranges:
        check_subtree(start, end)
    return _read_ranges(ranges, reader)


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that appending needs, at most 63 hashes.

    `peaks` are the complete subtrees that make up the tree, widest first, one per set bit of
    `size`. A value, never changed in place: when a commit fails, its owner still has the old.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, size: int, reader: HashReader) -> Self:
        """Take up a stored tree of `size` leaves; one read."""
        indexes = [stored_hash_index(level, n) for level, n in _complete_subtrees(0, size)]
        return cls(size, tuple(reader.read_hashes(indexes)) if indexes else ())

    @property
    def root(self) -> bytes:
        """Root of the tree that ends here."""
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT

    def extend(self, leaves: Iterable[bytes]) -> tuple[Self, list[bytes]]:
        """Append leaf hashes; gives the new edge and what the array of hashes must append."""
        size, peaks = self.size, list(self.peaks)
        stored: list[bytes] = []
        for leaf in leaves:
            node, carry = leaf, size
            stored.append(node)
            while carry & 1:
                node = node_hash(peaks.pop(), node)
                stored.append(node)
                carry >>= 1
            peaks.append(node)
            size += 1
        return type(self)(size, tuple(peaks)), stored

    def grow(self, leaves: Sequence[bytes]) -> Self:
        """The edge that `extend` gives, a level at a time, for who has nothing to append to."""
        peaks, row, waiting = list(self.peaks), list(leaves), self.size
        grown: list[bytes] = []
        while row:
            if waiting & 1:  # a peak of this level waits for its right half
                row.insert(0, peaks.pop())
            if len(row) & 1:
                grown.append(row.pop())
            nodes = iter(row)
            row = [node_hash(left, right) for left, right in zip(nodes, nodes, strict=True)]
            waiting >>= 1
        return type(self)(self.size + len(leaves), (*peaks, *reversed(grown)))


def _proof_ranges(start: int, end: int, size: int) -> list[Range]:
    way = walk(start, end, size)
    bottom = [] if way.bottom_known else [way.bottom]
    return bottom + [(low, high) for _, low, high in reversed(way.steps)]


def _complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Split an aligned range into complete subtrees (level, n), left to right."""
    parts: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append((level, start >> level))
        start += 1 << level
    return parts


def _read_ranges(ranges: Sequence[Range], reader: HashReader) -> list[bytes]:
    plan = [_complete_subtrees(low, high) for low, high in ranges]
    indexes = [stored_hash_index(level, n) for parts in plan for level, n in parts]
    if not indexes:
        return []
    found = iter(reader.read_hashes(indexes))
    return [_fold([next(found) for _ in parts]) for parts in plan]


def _fold(peaks: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))
