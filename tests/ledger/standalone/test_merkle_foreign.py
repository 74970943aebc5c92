"""The vectors of transparency-dev/merkle, by the verifiers that stand alone.

No document of ours holds a consistency proof: a pack tells earlier roots by the hashes beside its
range. These are subtrees of the same kind, so each proof is laid out as RFC 9162 has it, and
`root_at`, which packs are checked with, has to come to both roots.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bayward.ledger.pack.range import root_at as library_root_at
from pack_bench import standalone
from page_bench import Page

FILE = json.loads((Path(__file__).parents[2] / "vectors/foreign/merkle.json").read_text())
HASHES = [base64.b64decode(one) for one in FILE["hashes"]]


def test_audit_08_inclusion_by_verify_py() -> None:
    assert len(FILE["inclusion"]) == 98
    assert [case["desc"] for case in FILE["inclusion"] if by_tool(case) == case["wantErr"]] == []


def test_audit_08_inclusion_by_verify_html(page: Page) -> None:
    assert [
        case["desc"] for case in FILE["inclusion"] if by_page(case, page) == case["wantErr"]
    ] == []


def by_tool(case: dict[str, Any]) -> bool:
    """Whether the proof holds, as a receipt's does: a hash of another length is refused before."""
    tool = standalone()
    try:
        found = tool.root_of_path(*place(case), HASHES[case["leafHash"]], path(case))
    except tool.Bad:
        return False
    return is_sound(case) and found == HASHES[case["root"]]


def by_page(case: dict[str, Any], page: Page) -> bool:
    index, size = place(case)
    told = {"index": str(index), "size": str(size)}
    told["leaf"] = base64.b64encode(HASHES[case["leafHash"]]).decode()
    proof = told | {"path": [base64.b64encode(one).decode() for one in path(case)]}
    found = page.ask("path", proof=proof)
    return is_sound(case) and found == base64.b64encode(HASHES[case["root"]]).decode()


def place(case: dict[str, Any]) -> tuple[int, int]:
    return case["leafIdx"], case["treeSize"]


def path(case: dict[str, Any]) -> list[bytes]:
    return [HASHES[number] for number in case["proof"]]


def is_sound(case: dict[str, Any]) -> bool:
    """What `parse_proof` and `leaf_hash` see to: every hash is one of SHA-256."""
    width = hashlib.sha256().digest_size
    return all(len(one) == width for one in (*path(case), HASHES[case["leafHash"]]))


Subtrees = list[tuple[int, int, bytes]]
RootAt = Callable[[int, Subtrees], bytes | None]


def subtrees(case: dict[str, Any]) -> Subtrees | None:
    """The subtrees of a consistency proof (RFC 9162 §2.1.4.1), or None: it has another length."""
    bounds = list(laid_out(case["size1"], 0, case["size2"], is_known=True))
    if len(bounds) != len(case["proof"]):
        return None
    hashes = [HASHES[number] for number in case["proof"]]
    return [(low, high, one) for (low, high), one in zip(bounds, hashes, strict=True)]


def laid_out(size: int, low: int, high: int, *, is_known: bool) -> Iterator[tuple[int, int]]:
    """SUBPROOF: where the hashes of a proof stand, lowest first."""
    if size == high:
        if not is_known:
            yield low, high
        return
    middle = low + (1 << ((high - low - 1).bit_length() - 1))
    if size <= middle:
        yield from laid_out(size, low, middle, is_known=is_known)
        yield middle, high
    else:
        yield from laid_out(size, middle, high, is_known=False)
        yield low, middle


def root_of(number: int) -> bytes:
    """In one true case a root is a few words, since nothing is computed with it: hash these."""
    found = HASHES[number]
    return hashlib.sha256(found).digest() if found.startswith(b"don't care") else found


def is_consistent(case: dict[str, Any], root_at: RootAt) -> bool:
    roots = root_of(case["root1"]), root_of(case["root2"])
    every = [*roots, *(HASHES[number] for number in case["proof"])]
    if not 0 < case["size1"] <= case["size2"] or any(len(one) != 32 for one in every):
        return False
    known = subtrees(case)
    if known is None:
        return False
    if not any(high <= case["size1"] for _, high, _ in known):
        known = [*known, (0, case["size1"], roots[0])]
    return (root_at(case["size1"], known), root_at(case["size2"], known)) == roots


def by_library(size: int, known: Subtrees) -> bytes | None:
    return library_root_at(size, {(low, high): one for low, high, one in known}, 0, [])


def by_script(size: int, known: Subtrees) -> bytes | None:
    found = standalone().root_at(size, {(low, high): one for low, high, one in known}, 0, [])
    assert found is None or isinstance(found, bytes)
    return found


def by_node(page: Page) -> RootAt:
    def ask(size: int, known: Subtrees) -> bytes | None:
        told = [[str(low), str(high), base64.b64encode(one).decode()] for low, high, one in known]
        found = page.ask("rootAt", proof={"size": str(size), "known": told})
        return base64.b64decode(found) if found else None

    return ask


def test_audit_08_consistency_by_the_roots_of_before(page: Page) -> None:
    assert len(FILE["consistency"]) == 98
    for root_at in (by_library, by_script, by_node(page)):
        wrong = [
            case["desc"]
            for case in FILE["consistency"]
            if is_consistent(case, root_at) == case["wantErr"]
        ]
        assert wrong == []
