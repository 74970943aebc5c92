from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import merkle_oracle as oracle
from bayward.ledger.dense import (
    Frontier,
    consistency_proof,
    hashes_to_store,
    inclusion_proof,
    stored_hash_count,
    stored_hash_index,
    subtree_consistency_proof,
    subtree_hash,
    subtree_inclusion_proof,
    tree_hash,
)
from bayward.ledger.errors import OutOfRange
from bayward.ledger.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion

CLASSIC = [b"", b"\0", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
CLASSIC += [bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
CLASSIC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Array(list[bytes]):
    """The dense array in memory; counts how often it is read."""

    reads = 0

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        self.reads += 1
        return [self[index] for index in indexes]


def array_of(entries: Sequence[bytes]) -> Array:
    array = Array()
    for size, entry in enumerate(entries):
        array += hashes_to_store(size, leaf_hash(entry), array)
    array.reads = 0
    return array


ENTRIES = [bytes([n]) for n in range(130)]
ARRAY = array_of(ENTRIES)


def test_the_classic_tree_of_eight_leaves() -> None:
    array = array_of(CLASSIC)
    for size, root in enumerate(CLASSIC_ROOTS, start=1):
        assert tree_hash(size, array).hex() == root
    assert tree_hash(0, array) == EMPTY_ROOT


def test_places_in_the_array() -> None:
    assert [stored_hash_index(0, n) for n in range(7)] == [0, 1, 3, 4, 7, 8, 10]
    assert [stored_hash_index(1, n) for n in range(4)] == [2, 5, 9, 12]
    assert (stored_hash_index(2, 0), stored_hash_index(2, 1), stored_hash_index(3, 0)) == (
        6,
        13,
        14,
    )
    assert [stored_hash_count(n) for n in range(9)] == [0, 1, 3, 4, 7, 8, 10, 11, 15]


def test_every_node_has_a_place_of_its_own() -> None:
    places = [stored_hash_index(level, n) for level in range(8) for n in range(130 >> level)]
    assert sorted(places) == list(range(stored_hash_count(130))) == list(range(len(ARRAY)))


@given(st.integers(0, 130), st.data())
def test_roots_and_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    entries = ENTRIES[:size]
    assert tree_hash(size, ARRAY) == oracle.mth(entries)
    if not size:
        return
    index = data.draw(st.integers(0, size - 1))
    older = data.draw(st.integers(1, size))
    proof = inclusion_proof(index, size, ARRAY)
    assert proof == oracle.path(index, entries)
    verify_inclusion(index, size, leaf_hash(entries[index]), proof, oracle.mth(entries))
    steps = consistency_proof(older, size, ARRAY)
    assert steps == oracle.subproof(0, older, entries)
    verify_consistency(older, size, oracle.mth(entries[:older]), oracle.mth(entries), steps)


def test_one_read_for_each_operation() -> None:
    ARRAY.reads = 0
    tree_hash(107, ARRAY)
    inclusion_proof(31, 107, ARRAY)
    consistency_proof(31, 107, ARRAY)
    subtree_inclusion_proof(67, 64, 107, ARRAY)
    subtree_consistency_proof(64, 107, 130, ARRAY)
    Frontier.load(107, ARRAY)
    assert ARRAY.reads == 6


def subtrees(most: int) -> Iterator[tuple[int, int]]:
    for end in range(most + 1):
        for start in range(end + 1):
            if oracle.is_subtree(start, end):
                yield start, end


def line(head: str, proof: list[bytes]) -> bytes:
    return (head + "".join(f" {one.hex()}" for one in proof) + "\n").encode()


def test_all_subtree_hashes_give_the_digest_of_the_draft() -> None:
    """draft-ietf-plants-merkle-tree-certs, appendix "Subtree Test Vectors"."""
    total = hashlib.sha256()
    for start, end in subtrees(130):
        total.update(f"[{start}, {end}) {subtree_hash(start, end, ARRAY).hex()}\n".encode())
    assert total.hexdigest() == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"


def test_all_subtree_inclusion_proofs_give_the_digest_of_the_draft() -> None:
    total = hashlib.sha256()
    for start, end in subtrees(130):
        for index in range(start, end):
            proof = subtree_inclusion_proof(index, start, end, ARRAY)
            total.update(line(f"{index} [{start}, {end})", proof))
    assert total.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def test_all_subtree_consistency_proofs_give_the_digest_of_the_draft() -> None:
    total = hashlib.sha256()
    for size in range(131):
        for start, end in subtrees(size):
            proof = subtree_consistency_proof(start, end, size, ARRAY)
            total.update(line(f"[{start}, {end}) {size}", proof))
    assert total.hexdigest() == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"


@given(st.integers(0, 130), st.integers(0, 130))
def test_the_frontier_keeps_up_with_the_array(a: int, b: int) -> None:
    before, after = min(a, b), max(a, b)
    frontier = Frontier.load(before, ARRAY)
    assert frontier.root == oracle.mth(ENTRIES[:before])
    grown, stored = frontier.extend(leaf_hash(one) for one in ENTRIES[before:after])
    assert grown == Frontier.load(after, ARRAY)
    assert frontier.grow([leaf_hash(one) for one in ENTRIES[before:after]]) == grown
    assert stored == ARRAY[stored_hash_count(before) : stored_hash_count(after)]
    assert grown.root == oracle.mth(ENTRIES[:after])
    assert frontier.size == before, "a frontier is a value"


def test_what_the_tree_does_not_have() -> None:
    for call in (
        lambda: inclusion_proof(5, 5, ARRAY),
        lambda: inclusion_proof(-1, 5, ARRAY),
        lambda: inclusion_proof(0, 2**63, ARRAY),
        lambda: consistency_proof(0, 5, ARRAY),
        lambda: consistency_proof(6, 5, ARRAY),
        lambda: consistency_proof(5, 2**63, ARRAY),
        lambda: subtree_hash(1, 3, ARRAY),
        lambda: subtree_inclusion_proof(4, 0, 4, ARRAY),
        lambda: subtree_inclusion_proof(3, 4, 8, ARRAY),
        lambda: subtree_consistency_proof(0, 4, 2**63, ARRAY),
        lambda: subtree_consistency_proof(0, 4, 3, ARRAY),
    ):
        with pytest.raises(OutOfRange):
            call()
