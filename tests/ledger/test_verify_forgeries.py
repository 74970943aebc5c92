"""Forged keys, moved proofs and bent disclosures; each must be called by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogHeader
from bayward.ledger.keys import cosigner, ed25519_signer
from bayward.ledger.leaf import Sealed, seal
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.verdict import Trust, Verdict
from bayward.ledger.verify import verify_log, verify_receipt
from ledger_bench import (
    IMPOSTOR,
    LOG,
    ORIGIN,
    Bench,
    ed25519_key,
    names,
    resigned,
    witness,
)

SIZE = 1000
BENCH = Bench.of(SIZE, LOG, witness(7))
LINES = BENCH.lines()
TRUSTED = [LOG.key, witness().key]
RECEIPT = BENCH.receipt(500)


def with_disclosures(at: int, disclosures: list[str]) -> list[bytes]:
    entry = replace(BENCH.entry(at), disclosures=tuple(disclosures))
    return [*LINES[: at + 1], entry.line, *LINES[at + 2 :]]


def log_verdict(lines: list[bytes]) -> Verdict:
    return verify_log(lines, TRUSTED)


# --- §9 rows 6 and 7: keys and signatures --------------------------------------------------


def test_audit_06_bent_signature() -> None:
    raw = json.loads(LINES[0])
    note: str = raw["checkpoint"]
    raw["checkpoint"] = note.replace("\n1000\n", "\n1001\n")
    verdict = log_verdict([json.dumps(raw).encode() + b"\n", *LINES[1:]])
    assert names(verdict) == ["signature invalid"]
    assert (verdict.size, verdict.entries) == (0, SIZE)


def test_audit_06_unknown_key_but_sound() -> None:
    bench = Bench.of(4, IMPOSTOR)
    for verdict in (
        verify_log(bench.lines(), TRUSTED),
        verify_receipt(bench.receipt(1).text, TRUSTED),
    ):
        assert names(verdict) == ["unknown key"]
        assert verdict.trust is Trust.UNKNOWN


def test_audit_06_extension_lines_and_other_forms_of_checkpoint() -> None:
    raw = json.loads(LINES[0])
    raw["checkpoint"] = BENCH.note.replace("\n\n", "\nextension\n\n")
    verdict = log_verdict([json.dumps(raw).encode() + b"\n", *LINES[1:]])
    assert names(verdict) == ["signature invalid"]
    raw["checkpoint"] = BENCH.note.replace("\n\n", "\n")
    verdict = log_verdict([json.dumps(raw).encode() + b"\n", *LINES[1:]])
    assert names(verdict) == ["malformed"]


def test_audit_06_forged_line_of_a_known_witness() -> None:
    other = sign_checkpoint(Checkpoint(ORIGIN, 0, Frontier().root), [witness(8)])
    line = other.rpartition("\n\n")[2]
    header = LogHeader(LOG.key, resigned([one.leaf for one in BENCH.events]) + line)
    assert names(log_verdict([header.line, *LINES[1:]])) == ["signature invalid"]
    assert verify_log([header.line, *LINES[1:]], [LOG.key]).ok


def test_audit_07_cosigner_in_the_place_of_the_log() -> None:
    own = cosigner(ORIGIN, ed25519_key("log"), 1)
    note = resigned([one.leaf for one in BENCH.events], own)
    header = LogHeader(own.key, note)
    assert names(verify_log([header.line, *LINES[1:]])) == ["signature invalid"]


def test_audit_07_checkpoint_of_another_origin() -> None:
    leaves = [one.leaf for one in BENCH.events]
    header = LogHeader(LOG.key, resigned(leaves, LOG, "audit.example.com/d/bank-8/1"))
    assert names(log_verdict([header.line, *LINES[1:]])) == ["wrong origin"]


def test_audit_07_proof_for_another_index() -> None:
    moved = replace(RECEIPT, proof=replace(RECEIPT.proof, index=501))
    assert names(verify_receipt(moved.text, TRUSTED)) == ["proof invalid"]
    beyond = replace(RECEIPT, proof=replace(RECEIPT.proof, index=SIZE))
    assert names(verify_receipt(beyond.text, TRUSTED)) == ["proof invalid"]


def test_audit_07_receipt_of_another_log() -> None:
    key = ed25519_signer("audit.example.com/d/bank-8/1", ed25519_key("bank 8"))
    verdict = verify_receipt(replace(RECEIPT, key=key.key).text, [*TRUSTED, key.key])
    assert names(verdict) == ["signature invalid"]
    assert verdict.fields == {}


def test_audit_07_a_node_presented_as_an_entry() -> None:
    """Second preimage: the two children of a node, sent as an entry, are no leaf of ours."""
    proof = RECEIPT.proof
    pair = leaf_hash(RECEIPT.leaf) + proof.hashes[0]
    shorter = Proof(proof.index >> 1, proof.hashes[1:], proof.checkpoint)
    verdict = verify_receipt(Receipt(LOG.key, shorter, pair, ()).text, TRUSTED)
    assert names(verdict) == ["proof invalid", "leaf malformed at 250"]


def test_audit_08_surplus_hash_in_a_receipt() -> None:
    proof = replace(RECEIPT.proof, hashes=(*RECEIPT.proof.hashes, bytes(32)))
    assert names(verify_receipt(replace(RECEIPT, proof=proof).text, TRUSTED)) == ["proof invalid"]


# --- §9 row 12: disclosures ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda own, other: [*own[1:], other[0]], "disclosure does not match leaf at 7"),
        (lambda own, other: [*own, other[0]], "disclosure does not match leaf at 7"),
        (lambda own, _: [*own, own[0]], "field disclosed twice at 7"),
        (lambda own, _: [own[0] + "A"], "disclosure malformed at 7"),
        (lambda *_: [""], "disclosure malformed at 7"),
    ],
)
def test_audit_12_disclosures(
    change: Callable[[list[str], list[str]], list[str]], name: str
) -> None:
    own, other = (list(BENCH.events[n].disclosures) for n in (7, 8))
    bad = change(own, other)
    assert names(log_verdict(with_disclosures(7, bad))) == [name]
    receipt = verify_receipt(BENCH.receipt(7, bad).text, TRUSTED)
    assert names(receipt) == [name]
    assert receipt.fields == {}


def test_audit_12_a_leaf_in_another_spelling() -> None:
    """Signed and in the tree, and still refused: two readers could see two things in it."""
    spaced = b'{"_sd": [], "v": 1}'
    bench = Bench.of(2)
    bench.log.append([spaced])
    bench.events.append(Sealed(spaced, ()))
    assert names(verify_log(bench.lines(), TRUSTED)) == ["leaf malformed at 2"]
    assert names(verify_receipt(bench.receipt(2).text, TRUSTED)) == ["leaf malformed at 2"]


def test_audit_12_decoys_do_no_harm() -> None:
    bench = Bench.of(1)
    bench.events.append(seal({"a": 1}, bytes(18), [bytes(32)]))
    bench.log.append([bench.events[1].leaf])
    assert verify_log(bench.lines(), TRUSTED).ok
