"""From a receipt to the witnesses: chains as documents, by all three verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.ledger.chain import LINKS_MAX, chain_text, verify_chained, verify_link
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import Unverified
from bayward.ledger.keys import ecdsa_signer
from bayward.ledger.known import Known, read_known
from bayward.ledger.receipt import Receipt, lines_of_chain, own_receipt
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import Trust
from ledger_bench import refused
from pack_bench import (
    ANCHOR,
    ANCHOR_TOO,
    BANK,
    OUTSIDE,
    TENANT,
    Findings,
    PackBench,
    by_library,
    by_script_here,
    policy,
    recorded,
)
from page_bench import Page

BENCH = PackBench()
LOWER, UPPER = BENCH.chain
OWN = BENCH.receipt(17)
ANCHOR_TOO_ID = base64_text(ANCHOR_TOO.key.id)[:5]
CHAIN = [OWN, LOWER, UPPER]
ONLY_ANCHOR = policy("group two 2 a b c", "quorum two", logs=[ANCHOR.key])
Judge = Callable[..., tuple[Findings, str]]


@pytest.fixture
def judged(tmp_path: Path, page: Page) -> Judge:
    """Findings and trust about a text, on which all three verifiers must agree."""

    def judge(text: str, given: str = ONLY_ANCHOR) -> tuple[Findings, str]:
        known = read_known(given)
        said = by_library(verify_chained(text, known.keys, known.demand))
        (tmp_path / "chain.jsonl").write_text(text)
        (tmp_path / "policy").write_text(given)
        script = by_script_here(tmp_path / "chain.jsonl", "--policy", str(tmp_path / "policy"))
        assert script == said
        assert page.verify(text.encode(), [], policy=given) == said
        return said

    return judge


def test_an_entry_is_believed_by_who_knows_the_anchor_and_its_witnesses(judged: Judge) -> None:
    assert judged(chain_text(CHAIN)) == ([], "trusted")
    known = read_known(ONLY_ANCHOR)
    verdict = verify_chained(chain_text(CHAIN), known.keys, known.demand)
    assert (verdict.origin, verdict.index) == (BANK.key.name, 17)
    assert verdict.fields["type"] == "door.opened"
    assert [(one.origin, one.size, one.trust) for one in verdict.chain] == [
        (TENANT.key.name, 2, Trust.TRUSTED),
        (ANCHOR.key.name, 2, Trust.TRUSTED),
    ]
    assert set(verdict.chain[1].cosigned) == {one.key.name for one in OUTSIDE[:2]}


def test_without_keys_it_vouches_for_itself(judged: Judge) -> None:
    assert judged(chain_text(CHAIN), "") == ([], "self-asserted")
    assert judged(chain_text(CHAIN), f"log {BANK.key.vkey}\n") == ([], "trusted")
    assert judged(chain_text(CHAIN), f"log {TENANT.key.vkey}\n") == ([], "trusted")


def test_any_of_the_keys_of_a_log_that_has_signed_is_good(judged: Judge) -> None:
    """The anchor signs with two, and the reader may know the one that no receipt names."""
    assert judged(chain_text(CHAIN), policy("quorum a", logs=[ANCHOR_TOO.key])) == ([], "trusted")
    assert judged(UPPER.text, policy(logs=[ANCHOR_TOO.key])) == ([], "trusted")
    other = ecdsa_signer(ANCHOR.key.name, ec.derive_private_key(5, ec.SECP256R1()))
    assert judged(UPPER.text, policy(logs=[other.key])) == ([("unknown key", None)], "unknown")
    line = next(one for one in UPPER.proof.checkpoint.splitlines() if ANCHOR_TOO_ID in one)
    bent = line[:-8] + ("A" if line[-8] != "A" else "B") + line[-7:]
    note = UPPER.proof.checkpoint.replace(line, bent)
    spoilt = replace(UPPER, proof=replace(UPPER.proof, checkpoint=note))
    assert judged(spoilt.text, policy(logs=[ANCHOR.key])) == ([], "trusted")
    found, trust = judged(spoilt.text, policy(logs=[ANCHOR.key, ANCHOR_TOO.key]))
    assert (found, trust) == ([("signature invalid", None)], "trusted")


def test_a_chain_of_one_is_a_receipt(judged: Judge) -> None:
    for text in (OWN.text, chain_text([OWN]), OWN.text + "\n\n"):
        assert judged(text, "") == ([], "self-asserted")
        assert lines_of_chain(text) == [text]
    assert own_receipt(chain_text(CHAIN)) == chain_text([OWN]).rstrip("\n")


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([OWN], [("unknown key", None), ("not witnessed", None)]),
        ([OWN, LOWER], [("unknown key", None), ("not witnessed", None)]),
        ([OWN, UPPER], [("unknown key", None), ("not witnessed", None), ("chain mismatch", 2)]),
        (
            [OWN, UPPER, LOWER],
            [("unknown key", None), ("not witnessed", None), ("chain mismatch", 2)],
        ),
    ],
)
def test_audit_07_cut_or_swapped(judged: Judge, chain: list[Receipt], expected: Findings) -> None:
    assert judged(chain_text(chain)) == (expected, "unknown")


def test_audit_07_of_another_log_or_checkpoint(judged: Judge) -> None:
    """What the links record is not the checkpoint below, in origin, size or root."""
    size, root = len(BENCH.events), LOWER.proof.checkpoint.split("\n")[2]
    for at in (("demo/bank/8/1", size, root), (BANK.key.name, size - 1, root)):
        link, _ = recorded("bank_log.accepted", at, TENANT)
        found, trust = judged(chain_text([OWN, link]))
        assert ("chain mismatch", 2) in found
        assert trust == "unknown"


def test_audit_05_another_tree_for_another_auditor_is_not_in_the_anchor(judged: Judge) -> None:
    """The tenant's log shown to one auditor differs from the one that was anchored."""
    told = json.loads(LOWER.text)
    other, _ = recorded(
        "bank_log.accepted",
        (BANK.key.name, len(BENCH.events), BENCH.note.split("\n")[2]),
        TENANT,
        OUTSIDE[2],
    )
    assert json.loads(other.text)["leaf"] == told["leaf"]
    moved = replace(other, proof=replace(other.proof, index=0))
    found, _ = judged(chain_text([OWN, moved, UPPER]))
    assert ("proof invalid", 2) in found
    assert ("chain mismatch", 3) in found


def test_audit_07_a_record_of_something_else_is_no_link(judged: Judge) -> None:
    at = (BANK.key.name, len(BENCH.events), BENCH.note.split("\n")[2])
    for kind, receipt in (
        ("door.opened", None),
        ("bank_log.accepted", replace(LOWER, disclosures=())),
    ):
        link = receipt or recorded(kind, at, TENANT)[0]
        assert ("chain mismatch", 2) in judged(chain_text([OWN, link]))[0]


@pytest.mark.parametrize(
    ("lines", "is_met"),
    [
        (["quorum a"], True),
        (["quorum c"], False),
        (["group g all a b", "quorum g"], True),
        (["group g all a b c", "quorum g"], False),
        (["group g any c", "group h 2 a b", "group k any g h", "quorum k"], True),
        (["quorum none"], True),
    ],
)
def test_audit_16_a_missing_quorum_is_named(judged: Judge, lines: list[str], is_met: bool) -> None:
    found = judged(chain_text(CHAIN), policy(*lines, logs=[ANCHOR.key]))
    assert found == ([] if is_met else [("not witnessed", None)], "trusted")


def test_audit_06_a_forged_line_of_a_witness_spoils_the_link(judged: Judge) -> None:
    note = UPPER.proof.checkpoint
    line = next(
        one for one in note.splitlines() if one.startswith(f"\u2014 {OUTSIDE[0].key.name} ")
    )
    bad = note.replace(line, line[:-8] + ("A" if line[-8] != "A" else "B") + line[-7:])
    link = replace(UPPER, proof=replace(UPPER.proof, checkpoint=bad))
    found, _ = judged(chain_text([OWN, LOWER, link]))
    assert ("signature invalid", 3) in found


def test_lines_that_are_none(judged: Judge) -> None:
    for line in ("nonsense", "{}", "[]", '{"a":1}'):
        found, _ = judged(chain_text([OWN]) + line + "\n")
        assert ("malformed", 2) in found
    many = chain_text([OWN]) + chain_text([LOWER]) * (LINKS_MAX + 1)
    assert ("too large", LINKS_MAX + 1) in judged(many)[0]


def test_one_link_alone() -> None:
    below = open_checkpoint(BENCH.note, BANK.key).checkpoint
    verify_link(below, LOWER, TENANT.key)
    for checkpoint, link, key, code in (
        (below, LOWER, ANCHOR.key, "chain.key"),
        (replace(below, size=9), LOWER, TENANT.key, "chain.link"),
        (below, UPPER, ANCHOR.key, "chain.link"),
    ):
        with refused(Unverified, code):
            verify_link(checkpoint, link, key)


def test_the_key_a_log_above_tells() -> None:
    known = Known((ANCHOR.key,))
    verdict = verify_chained(chain_text(CHAIN), known.keys)
    assert verdict.ok
    assert verdict.trust is Trust.TRUSTED
