"""Range proofs against every range of small trees, and against forgeries of them."""

from __future__ import annotations

import pytest

from bayward.ledger.dense import Frontier
from bayward.ledger.errors import LedgerError, Malformed, OutOfRange
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.pack.range import RangeProof, parse_range, prove_range, verify_range
from ledger_bench import refused

MAX = 20


class Tree:
    def __init__(self, size: int) -> None:
        self.leaves = [leaf_hash(bytes([n])) for n in range(size)]
        frontier, self.stored = Frontier().extend(self.leaves)
        self.size, self.root = size, frontier.root

    def read_hashes(self, indexes: list[int]) -> list[bytes]:
        return [self.stored[index] for index in indexes]

    def proof(self, start: int, end: int) -> RangeProof:
        return prove_range("x", start, end, self.size, self)  # type: ignore[arg-type]  # a list will do


@pytest.mark.parametrize("size", range(1, MAX))
def test_every_range_of_every_small_tree(size: int) -> None:
    tree = Tree(size)
    for start in range(size):
        for end in range(start + 1, size + 1):
            proof = tree.proof(start, end)
            assert parse_range(proof.text) == proof
            verify_range(proof, size, tree.leaves[start:end], tree.root)
            others = [(a, b) for a in range(size) for b in range(a + 1, size + 1)]
            for other in others:
                if other != (start, end):
                    moved = RangeProof("x", *other, proof.left, proof.right)
                    with pytest.raises(LedgerError):
                        verify_range(moved, size, tree.leaves[start:end], tree.root)


def test_bounds() -> None:
    tree = Tree(5)
    for start, end in ((-1, 2), (2, 2), (3, 2), (0, 6)):
        with pytest.raises(OutOfRange):
            tree.proof(start, end)
    for text in (
        tree.proof(1, 2).text.replace("true", "false"),
        tree.proof(1, 2).text.replace('"from": 1', '"from": 2'),
        tree.proof(1, 2).text.replace('"v": 1', '"v": 2'),
        tree.proof(1, 2).text.replace('"left": [', '"left": [1,'),
        tree.proof(1, 2).text.replace("=", "", 1),
        "[]",
    ):
        with pytest.raises(Malformed):
            parse_range(text)


def test_a_huge_tree_costs_no_more_than_its_height() -> None:
    proof = RangeProof("x", 0, 1, (), tuple(bytes(32) for _ in range(63)))
    with refused(LedgerError, "range.root"):
        verify_range(proof, 2**63 - 1, [bytes(32)], bytes(32))
