"""The inclusion vectors of transparency-dev/merkle, by the two verifiers that stand alone."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

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
