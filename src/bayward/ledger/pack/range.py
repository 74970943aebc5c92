"""The proof that a range of a log is complete.

A pack holds every leaf of [from, to). Whoever hashes them, and puts what stands to the left and
to the right of the range beside them, comes to the root that the log has signed, or does not:

    root of 8              left  = the subtrees before the range, first to last
    ├── [0,4)              right = those behind it, first to last
    │   ├── [0,2)   left
    │   └── [2,4)          from 3 to 6:   left [0,2) [2,3)    right [6,8)
    │       ├── 2   left
    │       └── 3
    └── [4,8)
        ├── [4,6)
        └── [6,8)   right

Leave out an entry of the range, or shift its bounds, and no choice of these hashes leads to the
root. So what is *not* in a range can be shown, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bayward.ledger.dense import Frontier, HashReader, Range, subtree_hashes
from bayward.ledger.errors import Malformed, OutOfRange, Unverified
from bayward.ledger.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text, json_object

HASHES_MAX = 64
"""Of either side: one for each level of the tree."""

_MEMBERS = {
    "v": int,
    "origin": str,
    "from": int,
    "to": int,
    "complete": bool,
    "left": list,
    "right": list,
}


@dataclass(frozen=True, slots=True)
class RangeProof:
    """That [start, end) of the log `origin` is complete, given the leaves of the range."""

    origin: str
    start: int
    end: int
    left: tuple[bytes, ...]
    right: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """The proof as one JSON document."""
        return (
            json.dumps(
                {
                    "v": 1,
                    "origin": self.origin,
                    "from": self.start,
                    "to": self.end,
                    "complete": True,
                    "left": [base64_text(one) for one in self.left],
                    "right": [base64_text(one) for one in self.right],
                },
                ensure_ascii=False,
                indent=1,
            )
            + "\n"
        )


def prove_range(origin: str, start: int, end: int, size: int, reader: HashReader) -> RangeProof:
    """The proof for a range that is not empty; one read. Raises `OutOfRange`."""
    _check(start, end, size)
    parts = list(_parts(start, end, 0, size))
    left = [part for part in parts if part[1] <= start]
    right = [part for part in parts if part[0] >= end]
    found = tuple(subtree_hashes(left + right, reader))
    return RangeProof(origin, start, end, found[: len(left)], found[len(left) :])


def parse_range(text: str) -> RangeProof:
    """Read a proof without verifying it; raises `Malformed`."""
    found = json_object(text, _MEMBERS, "range.form")
    if found["v"] != 1 or found["complete"] is not True:
        raise Malformed("range.form", "not a complete range of version 1")
    if not 0 <= found["from"] < found["to"] <= MAX_NUMBER:
        raise Malformed("range.bounds", "an empty range, or none")
    return RangeProof(
        found["origin"],
        found["from"],
        found["to"],
        _hashes(found["left"]),
        _hashes(found["right"]),
    )


def verify_range(proof: RangeProof, size: int, leaves: Sequence[bytes], root: bytes) -> None:
    """Prove that these leaf hashes are all of the range, in a tree of `size` with `root`.

    Raises `OutOfRange` for bounds the tree does not have, `Unverified("range.length")` when the
    number of leaves or hashes does not fit them, `Unverified("range.root")` when they lead to
    another root.
    """
    _check(proof.start, proof.end, size)
    if len(leaves) != proof.end - proof.start:
        raise Unverified("range.length", f"{len(leaves)} leaves")
    if root_at(size, _sides(proof, size), proof.start, leaves) != root:
        raise Unverified("range.root", "the range and its sides lead to another root")


def earlier_root(
    proof: RangeProof, size: int, leaves: Sequence[bytes], earlier: int
) -> bytes | None:
    """The root the tree had at an `earlier` size, given a range that is verified.

    None where its hashes do not tell; they always do from `start` to `end`.
    """
    return root_at(earlier, _sides(proof, size), proof.start, leaves)


def root_at(
    size: int, known: Mapping[Range, bytes], start: int, leaves: Sequence[bytes]
) -> bytes | None:
    """The root of the first `size` leaves of a tree, as far as these subtrees and leaves tell it.

    The leaves begin at `start`. None when something is missing.
    """
    end = start + len(leaves)

    def root(low: int, high: int) -> bytes | None:
        if start <= low and high <= end:
            return Frontier().grow(leaves[low - start : high - start]).root
        found = known.get((low, high))
        if found is not None or high - low == 1:
            return found
        is_across = low < end and start < high
        if not is_across and not any(low <= a and b <= high for a, b in known):
            return None
        middle = _split(low, high)
        left = root(low, middle)
        right = None if left is None else root(middle, high)
        return None if left is None or right is None else node_hash(left, right)

    return root(0, size) if size else EMPTY_ROOT


def _sides(proof: RangeProof, size: int) -> dict[Range, bytes]:
    """The subtrees beside the range; raises `Unverified("range.length")`."""
    parts = list(_parts(proof.start, proof.end, 0, size))
    before = [part for part in parts if part[1] <= proof.start]
    behind = [part for part in parts if part[0] >= proof.end]
    if (len(proof.left), len(proof.right)) != (len(before), len(behind)):
        raise Unverified("range.length", "more or fewer hashes than the bounds need")
    return dict(zip(before + behind, proof.left + proof.right, strict=True))


def _parts(start: int, end: int, low: int, high: int) -> Iterator[Range]:
    """The widest subtrees of [low, high) that lie before, within or behind the range."""
    if high <= start or low >= end or (start <= low and high <= end):
        yield low, high
        return
    middle = _split(low, high)
    yield from _parts(start, end, low, middle)
    yield from _parts(start, end, middle, high)


def _split(low: int, high: int) -> int:
    """Where RFC 9162 splits: the largest power of two below the width."""
    return low + (1 << ((high - low - 1).bit_length() - 1))


def _check(start: int, end: int, size: int) -> None:
    if not 0 <= start < end <= size <= MAX_NUMBER:
        raise OutOfRange("range.bounds", f"[{start}, {end}) is not in a tree of {size}")


def _hashes(found: list[object]) -> tuple[bytes, ...]:
    texts = [one for one in found if isinstance(one, str)]
    if len(texts) != len(found) or len(texts) > HASHES_MAX:
        raise Malformed("range.hashes", "not a list of hashes")
    hashes = tuple(base64_bytes(one, "range.hashes") for one in texts)
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Malformed("range.hashes", f"a hash that is not {HASH_BYTES} bytes")
    return hashes
