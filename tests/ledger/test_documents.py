"""Our formats as docs/SPEC.md has them, by vectors that were made without this library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import Disclosure, open_leaf, parse_leaf, seal
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.verdict import Trust, Verdict
from bayward.ledger.verify import verify_log, verify_receipt

HERE = Path(__file__).parents[1] / "vectors" / "ledger"
FILE: dict[str, Any] = json.loads((HERE / "documents.json").read_text())
TRUSTED = [parse_vkey(FILE["vkey"]), parse_vkey(FILE["witness"])]


def found(verdict: Verdict) -> list[str]:
    """Name and place of each fault; details may differ from verifier to verifier."""
    return [one.fault + ("" if one.at is None else f" at {one.at}") for one in verdict.findings]


@pytest.mark.parametrize("case", FILE["leaves"])
def test_leaves_are_sealed_and_opened(case: dict[str, Any]) -> None:
    salts = bytes.fromhex("".join(case["salts"][name] for name in case["fields"]))
    sealed = seal(case["fields"], salts)
    assert sealed.leaf.decode() == case["leaf"]
    assert list(sealed.disclosures) == case["disclosures"]
    assert leaf_hash(sealed.leaf).hex() == case["leaf_hash"]
    assert open_leaf(sealed.leaf, case["disclosures"]) == case["fields"]


@pytest.mark.parametrize("what", FILE["bad_leaves"])
def test_a_leaf_has_one_spelling(what: str) -> None:
    with pytest.raises(LedgerError, match=r"^leaf\."):
        parse_leaf(FILE["bad_leaves"][what].encode())


@pytest.mark.parametrize("what", FILE["bad_disclosures"])
def test_a_disclosure_has_one_spelling(what: str) -> None:
    with pytest.raises(LedgerError, match=r"^disclosure\."):
        Disclosure.parse(FILE["bad_disclosures"][what])


@pytest.mark.parametrize("case", FILE["receipts"], ids=lambda case: case["what"])
def test_receipts_have_the_verdict_of_the_specification(case: dict[str, Any]) -> None:
    verdict = verify_receipt(case["text"], TRUSTED)
    assert found(verdict) == case["findings"]
    if verdict.ok:
        assert verdict.trust is Trust.TRUSTED
        assert list(verdict.cosigned) == [TRUSTED[1].name]


@pytest.mark.parametrize("case", FILE["logs"], ids=lambda case: case["what"])
def test_logs_have_the_verdict_of_the_specification(case: dict[str, Any]) -> None:
    lines = [f"{line}\n".encode() for line in case["lines"]]
    assert found(verify_log(lines, TRUSTED, case["older"])) == case["findings"]
