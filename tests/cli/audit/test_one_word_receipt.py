"""Attacks on a checkpoint, a proof, a receipt: all readers refuse it by one name.

A checkpoint is attacked once and then put under a receipt and on top of a whole log.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from attacked_log import EARLIER, FILES, HONEST, MONITOR, READERS_OF_EXPORTS, Verifiers
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import inclusion_proof
from bayward.ledger.keys import cosigner
from bayward.ledger.note import sign
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64_text
from ledger_bench import IMPOSTOR, LOG, ORIGIN, Bench, ed25519_key, witness

AT = 7
BENCH = Bench.of(40, LOG, witness(7))
RECEIPT = BENCH.receipt(AT)
TREE = Checkpoint(ORIGIN, 40, HONEST.frontier.root)
L = 2**252 + 27742317777372353535851937790883648493

Said = Callable[[str], list[str]]


@pytest.fixture
def said(verifiers: Verifiers) -> Said:
    """The findings about a receipt, on which all its readers must agree."""

    def ask(text: str) -> list[str]:
        first, *others = verifiers.ask_of_receipt(text).values()
        assert all(one == first for one in others)
        return first

    return ask


@pytest.fixture
def said_of(said: Said, verifiers: Verifiers) -> Said:
    """The same about a checkpoint: under a receipt, and on top of a log read by everybody."""

    def ask(note: str) -> list[str]:
        first, *others = verifiers.ask(replace(HONEST, note=note)).values()
        assert all(one == first for one in others)
        assert said(with_note(note)) == first
        return first

    return ask


def with_note(note: str) -> str:
    told = json.loads(RECEIPT.text)
    told["tlog_proof"] = told["tlog_proof"].partition("\n\n")[0] + "\n\n" + note
    return json.dumps(told)


def with_proof(change: Callable[[list[str]], list[str]]) -> str:
    """The lines of the proof (`index`, then its hashes) changed."""
    told = json.loads(RECEIPT.text)
    head, _, note = told["tlog_proof"].partition("\n\n")
    version, *lines = head.split("\n")
    told["tlog_proof"] = "\n".join([version, *change(lines)]) + "\n\n" + note
    return json.dumps(told)


def signature_line(raw: bytes, name: str = ORIGIN) -> str:
    return f"\u2014 {name} {base64_text(raw)}\n"


def resigned(blob: Callable[[bytes], bytes]) -> str:
    """The checkpoint with another signature under the log's own name and key id."""
    good = LOG.sign_text(TREE.text.encode())
    return TREE.text + "\n" + signature_line(LOG.key.id + blob(good))


def plus_order(good: bytes) -> bytes:
    """s + L: the equation holds as well, and lax libraries take it."""
    s = int.from_bytes(good[32:], "little") + L
    return good[:32] + s.to_bytes(32, "little")


def test_what_nobody_touched(said: Said, said_of: Said) -> None:
    assert said(RECEIPT.text) == []
    assert said_of(HONEST.note) == []
    assert said_of(resigned(lambda good: good)) == []


# --- 6: signatures and notes -------------------------------------------------------------------

NOTE, LINE = HONEST.note, signature_line(LOG.key.id + LOG.sign_text(TREE.text.encode()))
SURPLUS = base64.b64encode(LOG.key.id + LOG.sign_text(TREE.text.encode())).decode()
WRONG_SIGNATURES = {
    "another size": NOTE.replace("\n40\n", "\n41\n"),
    "another root": NOTE.replace(base64_text(TREE.root), base64_text(bytes(32))),
    "a bit of R": resigned(lambda good: bytes([good[0] ^ 1]) + good[1:]),
    "a bit of s": resigned(lambda good: good[:32] + bytes([good[32] ^ 1]) + good[33:]),
    "s plus the order": resigned(plus_order),
    "R of low order": resigned(lambda good: b"\1" + bytes(31) + good[32:]),
    "63 bytes": resigned(lambda good: good[:-1]),
    "65 bytes": resigned(lambda good: good + b"\0"),
    "wrong key, same name": sign_checkpoint(TREE, [IMPOSTOR]),
    "same name and key id, another key": (
        TREE.text + "\n" + signature_line(LOG.key.id + IMPOSTOR.sign_text(TREE.text.encode()))
    ),
    "leading zero in the size": NOTE.replace("\n40\n", "\n040\n"),
    "an extension line put in": NOTE.replace("\n\n", "\nmore\n\n"),
    "an empty line put in": NOTE.replace("\n\n", "\n\n\n"),
    "nobody we know": TREE.text + "\n" + signature_line(bytes(68), "example.com/else"),
}
MALFORMED = {
    "CRLF": NOTE.replace("\n", "\r\n"),
    "no signature": TREE.text + "\n",
    "no empty line": NOTE.replace("\n\n", "\n"),
    "no newline at the end": NOTE[:-1],
    "an empty line behind": NOTE + "\n",
    "17 signatures": TREE.text + "\n" + LINE * 17,
    "base64 without its padding": NOTE[:-1].rstrip("=") + "\n",
    "surplus bits of base64": NOTE.replace(LINE, f"\u2014 {ORIGIN} {SURPLUS[:-2]}B=\n"),
    "base64 with a space": NOTE.replace(LINE, LINE[:-3] + " " + LINE[-3:]),
    "a hyphen for the dash": NOTE.replace("\u2014", "-"),
    "a control character": NOTE.replace("\n40\n", "\n40\x00\n"),
    "a signed leading zero": sign(TREE.text.replace("\n40\n", "\n040\n"), [LOG]),
    "a signed extension line": sign(TREE.text + "more\n", [LOG]),
    "a signed root of 31 bytes": sign(f"{ORIGIN}\n40\n{base64_text(bytes(31))}\n", [LOG]),
    "a signed size of 0 with a root": sign(TREE.text.replace("\n40\n", "\n0\n"), [LOG]),
}


@pytest.mark.parametrize("what", WRONG_SIGNATURES)
def test_audit_06_signatures(said_of: Said, what: str) -> None:
    assert said_of(WRONG_SIGNATURES[what]) == ["signature invalid"]


@pytest.mark.parametrize("what", MALFORMED)
def test_audit_06_malformed_notes(said_of: Said, what: str) -> None:
    assert said_of(MALFORMED[what]) == ["malformed"]


def test_audit_06_a_forged_line_of_a_known_witness(said_of: Said) -> None:
    assert said_of(sign_checkpoint(TREE, [LOG]) + witness_line(bytes(72))) == ["signature invalid"]


def test_audit_06_lines_of_strangers_do_no_harm(said_of: Said) -> None:
    assert said_of(NOTE + signature_line(bytes(68), "example.com/else")) == []


def witness_line(blob: bytes) -> str:
    key = witness().key
    return signature_line(key.id + blob, key.name)


# --- 7: one thing as another -------------------------------------------------------------------


def test_audit_07_a_cosignature_as_signature_of_the_log(said_of: Said) -> None:
    own = cosigner(ORIGIN, ed25519_key("log"), 1)
    assert said_of(sign_checkpoint(TREE, [own])) == ["signature invalid"]
    assert said_of(sign_checkpoint(TREE, [witness(7)])) == ["signature invalid"]


def test_audit_07_a_signature_of_the_log_as_cosignature(said_of: Said) -> None:
    plain = ed25519_key("witness").sign(TREE.text.encode())
    note = sign_checkpoint(TREE, [LOG]) + witness_line(bytes(8) + plain)
    assert said_of(note) == ["signature invalid"]


def test_audit_07_a_checkpoint_of_another_origin(said: Said, verifiers: Verifiers) -> None:
    """Static files name no log beside it, so to who reads those it is one he has no key of."""
    note = sign_checkpoint(replace(TREE, origin="audit.example.com/d/bank-8/1"), [LOG])
    assert said(with_note(note)) == ["wrong origin"]
    found = verifiers.ask(replace(HONEST, note=note))
    assert all(found[one] == ["wrong origin"] for one in READERS_OF_EXPORTS)
    assert found[FILES] == found[MONITOR] == ["unknown key"]


def test_audit_07_a_proof_for_another_index_or_size(said: Said) -> None:
    moved = replace(RECEIPT, proof=replace(RECEIPT.proof, index=AT + 1))
    assert said(moved.text) == ["proof invalid"]
    assert said(with_note(EARLIER.note)) == ["proof invalid"]
    smaller = tuple(inclusion_proof(AT, 25, BENCH.store))
    assert said(replace(RECEIPT, proof=replace(RECEIPT.proof, hashes=smaller)).text) == [
        "proof invalid"
    ]


def test_audit_07_a_node_as_a_leaf(said: Said) -> None:
    proof = RECEIPT.proof
    pair = proof.hashes[0] + HONEST.hash_of(AT)
    shorter = Proof(AT >> 1, proof.hashes[1:], proof.checkpoint)
    found = said(Receipt(LOG.key, shorter, pair, ()).text)
    assert found == ["proof invalid", "leaf malformed at 3"]


# --- 8: proofs ---------------------------------------------------------------------------------

BAD_PROOFS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "31 bytes": (lambda lines: [*lines[:-1], base64_text(bytes(31))], "malformed"),
    "33 bytes": (lambda lines: [*lines[:-1], base64_text(bytes(33))], "malformed"),
    "a surplus hash": (lambda lines: [*lines, base64_text(bytes(32))], "proof invalid"),
    "a missing hash": (lambda lines: lines[:-1], "proof invalid"),
    "no hash": (lambda lines: lines[:1], "proof invalid"),
    "two swapped": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "proof invalid"),
    "64 hashes": (lambda lines: [lines[0], *[lines[1]] * 64], "malformed"),
    "index at the size": (lambda lines: ["index 40", *lines[1:]], "proof invalid"),
    "index 2^63 - 1": (lambda lines: [f"index {2**63 - 1}", *lines[1:]], "proof invalid"),
    "index 2^63": (lambda lines: [f"index {2**63}", *lines[1:]], "malformed"),
    "index 2^64 and more": (lambda lines: [f"index {2**64 + AT}", *lines[1:]], "malformed"),
    "index with a leading zero": (lambda lines: ["index 07", *lines[1:]], "malformed"),
    "index below zero": (lambda lines: ["index -1", *lines[1:]], "malformed"),
    "no index": (lambda lines: lines[1:], "malformed"),
    "two indexes": (lambda lines: [lines[0], *lines], "malformed"),
}


@pytest.mark.parametrize("what", BAD_PROOFS)
def test_audit_08_proofs(said: Said, what: str) -> None:
    change, fault = BAD_PROOFS[what]
    assert said(with_proof(change)) == [fault]


def test_audit_08_a_tree_of_2_63_entries(said_of: Said) -> None:
    note = sign(TREE.text.replace("\n40\n", f"\n{2**63}\n"), [LOG])
    assert said_of(note) == ["malformed"]


def test_audit_08_a_tree_of_2_63_entries_but_one(said: Said) -> None:
    note = sign_checkpoint(replace(TREE, size=2**63 - 1), [LOG])
    assert said(with_note(note)) == ["proof invalid"]


# --- 12: disclosures ---------------------------------------------------------------------------

OWN, FOREIGN = BENCH.events[AT].disclosures, BENCH.events[AT + 1].disclosures


def disclosure(*parts: object) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode())
        .decode()
        .rstrip("=")
    )


def salt_of(text: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(text + "=="))[0])


BAD_DISCLOSURES = {
    "a wrong salt": ([disclosure("A" * 24, "type", "door.opened")], "does not match leaf"),
    "moved from another record": ([FOREIGN[0]], "does not match leaf"),
    "one too many": ([*OWN, FOREIGN[0]], "does not match leaf"),
    "two for one name": ([*OWN, OWN[0]], "disclosed twice"),
    "a changed value": ([disclosure(salt_of(OWN[1]), "seq", 8)], "does not match leaf"),
    "the name _sd": ([disclosure(salt_of(OWN[0]), "_sd", [])], "malformed"),
    "the name ...": ([disclosure(salt_of(OWN[0]), "...", "x")], "malformed"),
    "no name": ([disclosure(salt_of(OWN[0]), "x")], "malformed"),
    "padding": ([OWN[0] + "="], "malformed"),
    "nothing": ([""], "malformed"),
}


@pytest.mark.parametrize("what", BAD_DISCLOSURES)
def test_audit_12_disclosures(said: Said, what: str) -> None:
    shown, fault = BAD_DISCLOSURES[what]
    (found,) = said(BENCH.receipt(AT, shown).text)
    assert fault in found
    assert found.endswith(f" at {AT}")


def test_audit_12_decoys_open_nothing(said: Said) -> None:
    assert said(BENCH.receipt(AT, []).text) == []
