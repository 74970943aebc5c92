from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.errors import LedgerError, Malformed, OutOfRange, Unverified
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proof import PROOF_CHARS_MAX, Proof, parse_proof
from bayward.ledger.strict import base64_text
from ledger_bench import LOG, ORIGIN, TPM_LOG, WITNESS, Bench, attempt, refused, witness

BENCH = Bench.of(11, LOG, witness(4))
PROOF = BENCH.log.prove(5)
ENTRY = BENCH.events[5].leaf


def test_there_and_back() -> None:
    assert parse_proof(PROOF.text) == PROOF
    assert PROOF.text.startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    signed = parse_proof(PROOF.text).verify(ENTRY, LOG.key, [witness().key])
    assert (signed.checkpoint.origin, signed.checkpoint.size) == (ORIGIN, 11)
    assert signed.cosignatures == {WITNESS: 4}


def test_extra_data_travels_along() -> None:
    proof = Proof(5, PROOF.hashes, PROOF.checkpoint, b"hint")
    assert proof.text.split("\n")[1] == "extra aGludA=="
    assert parse_proof(proof.text) == proof
    assert parse_proof(proof.text).verify(ENTRY, LOG.key).checkpoint.size == 11


def test_a_log_of_one_entry_needs_no_hashes() -> None:
    bench = Bench.of(1)
    text = bench.log.prove(0).text
    assert text.split("\n\n")[0] == "c2sp.org/tlog-proof@v1\nindex 0"
    assert parse_proof(text).verify(bench.events[0].leaf, LOG.key).checkpoint.size == 1


def test_the_form_of_the_specification() -> None:
    """The example of c2sp.org/tlog-proof, without what it elides or abbreviates."""
    root = "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08="
    head = """c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

"""
    checkpoint = f"example.com/fancylog\n109482\n{root}\n\n— example.com/fancylog AAAAAAA=\n"
    proof = parse_proof(head + checkpoint)
    assert (proof.index, len(proof.hashes), proof.extra) == (73894, 2, b"")
    assert proof.text == head + checkpoint


HASH_TEXT = base64_text(PROOF.hashes[0])
MALFORMED = {
    "nothing": "",
    "another version": PROOF.text.replace("@v1", "@v2"),
    "only the first line": "c2sp.org/tlog-proof@v1\n\n" + PROOF.checkpoint,
    "no index": PROOF.text.replace("index 5\n", ""),
    "an index with a leading zero": PROOF.text.replace("index 5", "index 05"),
    "an index of 2^63": PROOF.text.replace("index 5", "index 9223372036854775808"),
    "an empty extra line": PROOF.text.replace("index 5", "extra \nindex 5"),
    "an extra line behind the index": PROOF.text.replace("index 5\n", "index 5\nextra aGludA==\n"),
    "two extra lines": PROOF.text.replace("index 5", "extra aGk=\nextra aGk=\nindex 5"),
    "an extra line that is no base64": PROOF.text.replace("index 5", "extra hi\nindex 5"),
    "31-byte hash": PROOF.text.replace(HASH_TEXT, base64_text(bytes(31))),
    "33-byte hash": PROOF.text.replace(HASH_TEXT, base64_text(bytes(33))),
    "a hash with surplus bits": PROOF.text.replace(HASH_TEXT, HASH_TEXT[:-2] + "B="),
    "no empty line": PROOF.text.replace("\n\n", "\n"),
    "no checkpoint": PROOF.text.split("\n\n")[0] + "\n\n",
    "no signature": PROOF.text.rpartition("\n\n")[0],
    "CRLF": PROOF.text.replace("\n", "\r\n"),
    "64 hashes": PROOF.text.replace("index 5\n", "index 5\n" + (HASH_TEXT + "\n") * 61),
    "too long": PROOF.text.replace("index", "extra " + "A" * PROOF_CHARS_MAX + "\nindex"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_audit_08_malformed_proofs(what: str) -> None:
    with pytest.raises(Malformed):
        parse_proof(MALFORMED[what])


def test_audit_08_surplus_and_missing_hashes() -> None:
    for hashes in (PROOF.hashes[:-1], PROOF.hashes[1:], (*PROOF.hashes, bytes(32)), ()):
        with refused(Unverified, "proof.length"):
            Proof(5, hashes, PROOF.checkpoint).verify(ENTRY, LOG.key)


def test_audit_08_index_beyond_the_size() -> None:
    with refused(OutOfRange, "proof.index"):
        Proof(11, PROOF.hashes, PROOF.checkpoint).verify(ENTRY, LOG.key)
    with refused(Malformed, "proof.index"):
        Proof(2**63, PROOF.hashes, PROOF.checkpoint)
    with refused(Malformed, "proof.index"):
        Proof(-1, PROOF.hashes, PROOF.checkpoint)


def test_audit_07_a_proof_for_another_entry_index_or_checkpoint() -> None:
    with refused(Unverified, "proof.root"):
        PROOF.verify(BENCH.events[4].leaf, LOG.key)
    with refused(Unverified, "proof.root"):
        Proof(4, PROOF.hashes, PROOF.checkpoint).verify(ENTRY, LOG.key)
    other = sign_checkpoint(Checkpoint(ORIGIN, 12, leaf_hash(b"")), [LOG])
    with refused(Unverified, "proof"):
        Proof(5, PROOF.hashes, other).verify(ENTRY, LOG.key)
    with refused(Unverified, "note.unsigned"):
        PROOF.verify(ENTRY, TPM_LOG.key)


@given(st.text())
def test_any_text_is_a_proof_or_refused(text: str) -> None:
    for one in (text, PROOF.text.replace(HASH_TEXT, text), f"c2sp.org/tlog-proof@v1\n{text}"):
        found = attempt(partial(parse_proof, one), "proof.", "note.", "key.")
        assert found is None or found.text == one


@given(st.integers(0, 10**9), st.integers(1, 127))
def test_audit_01_no_byte_of_a_proof_can_change(at: int, change: int) -> None:
    head, _, note = PROOF.text.partition("\n\n")
    place = at % len(head)
    bent = head[:place] + chr(ord(head[place]) ^ change) + head[place + 1 :]
    with pytest.raises(LedgerError):
        parse_proof(f"{bent}\n\n{note}").verify(ENTRY, LOG.key)
