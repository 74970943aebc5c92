from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import merkle_oracle as oracle
from bayward.ledger.errors import LedgerError, OutOfRange, Unverified
from bayward.ledger.merkle import (
    EMPTY_ROOT,
    check_subtree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from ledger_bench import refused

VECTORS = Path(__file__).parents[1] / "vectors" / "ledger" / "merkle.json"
FILE: dict[str, Any] = json.loads(VECTORS.read_text())
HASHES = [bytes.fromhex(one) for one in FILE["hashes"]]


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except LedgerError:
        return False
    return True


def cases(kind: str) -> list[tuple[dict[str, Any], list[bytes]]]:
    found = []
    for case in FILE[kind]:
        for name in ("leaf", "root", "root1", "root2"):
            if name in case:
                case[name] = HASHES[case[name]]
        found.append((case, [HASHES[place] for place in case["proof"]]))
    assert len(found) > 250
    return found


def test_audit_08_inclusion_vectors() -> None:
    for c, proof in cases("inclusion"):
        found = holds(partial(verify_inclusion, c["index"], c["size"], c["leaf"], proof, c["root"]))
        assert found == c["true"], c


def test_audit_08_consistency_vectors() -> None:
    for c, proof in cases("consistency"):
        found = holds(
            partial(verify_consistency, c["size1"], c["size2"], c["root1"], c["root2"], proof)
        )
        assert found == c["true"], c


def test_audit_08_subtree_inclusion_vectors() -> None:
    for c, proof in cases("subtree_inclusion"):
        found = holds(
            partial(
                verify_subtree_inclusion,
                c["index"],
                c["start"],
                c["end"],
                c["leaf"],
                proof=proof,
                root=c["root"],
            )
        )
        assert found == c["true"], c


def test_audit_08_subtree_consistency_vectors() -> None:
    for c, proof in cases("subtree_consistency"):
        found = holds(
            partial(
                verify_subtree_consistency,
                *(c["start"], c["end"], c["size"]),
                proof=proof,
                subtree_root=c["root1"],
                root=c["root2"],
            )
        )
        assert found == c["true"], c


ENTRIES = [b"entry %d" % n for n in range(70)]


@given(st.integers(1, 70), st.data())
def test_proofs_of_the_definition_verify(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    older = data.draw(st.integers(1, size))
    root = oracle.mth(ENTRIES[:size])
    leaf = leaf_hash(ENTRIES[index])
    verify_inclusion(index, size, leaf, oracle.path(index, ENTRIES[:size]), root)
    proof = oracle.subproof(0, older, ENTRIES[:size])
    verify_consistency(older, size, oracle.mth(ENTRIES[:older]), root, proof)


@given(
    st.integers(-1, 80),
    st.integers(-1, 80),
    st.lists(st.sampled_from([leaf_hash(b""), EMPTY_ROOT, leaf_hash(b"x")]), max_size=8),
)
def test_we_agree_with_the_loops_of_the_rfc(a: int, b: int, proof: list[bytes]) -> None:
    """Whatever numbers and hashes: the library and RFC 9162's own loops say the same."""
    leaf, root = leaf_hash(b""), EMPTY_ROOT
    found = holds(lambda: verify_inclusion(a, b, leaf, proof, root))
    assert found == oracle.included(a, b, leaf, proof, root)
    found = holds(lambda: verify_consistency(a, b, leaf, leaf, proof))
    assert found == oracle.consistent(a, b, leaf, leaf, proof)


def test_audit_07_a_node_is_not_a_leaf() -> None:
    """The hash of an inner node cannot pass for that of an entry made of its two children."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    root = node_hash(left, right)
    with refused(Unverified, "proof.root"):
        verify_inclusion(0, 1, leaf_hash(left + right), [], root)
    assert leaf_hash(left + right) != root


def test_audit_07_a_proof_for_another_index_or_size() -> None:
    root, leaf = oracle.mth(ENTRIES[:8]), leaf_hash(ENTRIES[3])
    proof = oracle.path(3, ENTRIES[:8])
    verify_inclusion(3, 8, leaf, proof, root)
    with refused(Unverified, "proof.root"):
        verify_inclusion(2, 8, leaf, proof, root)
    with refused(Unverified, "proof.length"):
        verify_inclusion(3, 9, leaf, proof, root)


def test_audit_08_sizes_at_the_end_of_the_numbers() -> None:
    some = [leaf_hash(b"%d" % n) for n in range(63)]
    with pytest.raises(OutOfRange):
        verify_inclusion(2**63 - 1, 2**63, some[0], some, EMPTY_ROOT)
    with pytest.raises(OutOfRange):
        verify_consistency(1, 2**63, some[0], EMPTY_ROOT, some)
    with pytest.raises(OutOfRange):
        verify_subtree_consistency(0, 0, 2**63, proof=[], subtree_root=EMPTY_ROOT, root=some[0])
    root = some[0]
    for one in some[1:]:
        root = node_hash(root, one)
    with refused(Unverified, "proof.length"):
        verify_inclusion(0, 2**63 - 1, some[0], some[1:], root)
    verify_inclusion(0, 2**62, some[0], some[1:], root)
    with refused(Unverified, "proof.root"):
        verify_inclusion(0, 2**63 - 1, some[0], some, EMPTY_ROOT)


def test_audit_08_there_is_nothing_before_the_first() -> None:
    with refused(OutOfRange, "proof.index"):
        verify_inclusion(-1, 8, EMPTY_ROOT, [], EMPTY_ROOT)
    with refused(OutOfRange, "proof.sizes"):
        verify_consistency(-1, 8, EMPTY_ROOT, EMPTY_ROOT, [])


def test_empty_tree() -> None:
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")
    with refused(OutOfRange, "proof.sizes"):
        verify_consistency(0, 5, EMPTY_ROOT, leaf_hash(b""), [])


def test_subtrees_are_aligned() -> None:
    check_subtree(8, 11)
    check_subtree(5, 5)
    for start, end in ((1, 3), (4, 12), (3, 2), (-1, 1), (0, 2**63)):
        with refused(OutOfRange, "proof.subtree"):
            check_subtree(start, end)
