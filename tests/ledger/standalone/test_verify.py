"""verify.py against the library: the same word about every document, and the same curves."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, ecdsa_signer, ed25519_signer, parse_vkey
from bayward.ledger.verify import verify_log, verify_receipt
from ledger_bench import LOG, TPM_LOG, Bench, ed25519_key, witness
from pack_bench import VERIFY_PY, Findings, by_library

OLDEST = (3, 8)


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("standalone_verify", VERIFY_PY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL: Any = load()
VECTORS = Path(__file__).parent.parent.parent / "vectors/ledger"


# --- what it is made of --------------------------------------------------------------------


def test_it_needs_nothing_but_an_old_python() -> None:
    tree = ast.parse(VERIFY_PY.read_text(), feature_version=OLDEST)
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
    text = VERIFY_PY.read_text()
    assert not re.search(r"\.(removeprefix|removesuffix|bit_count|is_relative_to)\(", text)
    assert not re.search(r"zip\([^)]*strict=|^ +match [a-z]+:", text, re.MULTILINE)


# --- curves and keys -----------------------------------------------------------------------


def library_holds(key: VerifierKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except LedgerError:
        return False
    return True


def test_ed25519_on_all_edge_cases() -> None:
    """Those of the vectors, on which libraries disagree; here verifiers must not."""
    accepted = 0
    for key, signature, message, expected in json.loads((VECTORS / "ed25519.json").read_text()):
        public, signed = bytes.fromhex(key), bytes.fromhex(signature)
        holds = TOOL.ed_sound(public) and TOOL.ed25519_holds(public, message.encode(), signed)
        assert holds is expected, (key, signature, message)
        accepted += holds
    assert accepted


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), message=st.binary(max_size=80), at=st.integers(0, 63))
def test_ed25519_on_signatures(seed: int, message: bytes, at: int) -> None:
    key = ed25519_key(str(seed))
    public = key.public_key().public_bytes_raw()
    signature = bytearray(key.sign(message))
    assert TOOL.ed25519_holds(public, message, bytes(signature))
    signature[at] ^= 1
    assert not TOOL.ed25519_holds(public, message, bytes(signature))
    assert not TOOL.ed25519_holds(public, message, bytes(signature) + b"\0")


N = TOOL.P256.n


@settings(max_examples=40, deadline=None)
@given(secret=st.integers(1, N - 1), message=st.binary(max_size=80), bit=st.integers(0, 255))
def test_p256_on_signatures(secret: int, message: bytes, bit: int) -> None:
    private = ec.derive_private_key(secret, ec.SECP256R1())
    signer = ecdsa_signer("x", private)
    good = signer.sign_text(message)
    r, s = decode_dss_signature(good)
    spki = signer.key.public
    assert TOOL.p256_holds(spki, message, good)
    assert TOOL.p256_holds(spki, message, encode_dss_signature(r, N - s)), "both halves"
    for r2, s2 in ((r ^ 1 << bit, s), (r, s ^ 1 << bit), (0, s), (r, 0), (r + N, s), (r, s + N)):
        bad = encode_dss_signature(r2, s2)
        assert TOOL.p256_holds(spki, message, bad) == library_holds(signer.key, message, bad)


@settings(max_examples=300, deadline=None)
@given(
    at=st.integers(0, 80), change=st.sampled_from(["flip", "drop", "add"]), byte=st.integers(0, 255)
)
def test_p256_takes_one_spelling_of_a_signature(at: int, change: str, byte: int) -> None:
    good = TPM_LOG.sign_text(b"text")
    cut = at % len(good)
    rest = {"flip": good[cut + 1 :], "drop": good[cut + 1 :], "add": good[cut:]}[change]
    changed = good[:cut] + (b"" if change == "drop" else bytes([byte])) + rest
    ours = TOOL.p256_holds(TPM_LOG.key.public, b"text", changed)
    assert ours == library_holds(TPM_LOG.key, b"text", changed)


@settings(max_examples=200, deadline=None)
@given(which=st.sampled_from(["ed", "p256", "witness"]), at=st.integers(0), char=st.characters())
def test_keys_in_any_spelling(which: str, at: int, char: str) -> None:
    vkey = {"ed": LOG.key.vkey, "p256": TPM_LOG.key.vkey, "witness": witness().key.vkey}[which]
    at %= len(vkey)
    for text in (vkey, vkey[:at] + char + vkey[at + 1 :], vkey[:at] + vkey[at + 1 :]):
        assert tool_key(text) == library_key(text)


def tool_key(text: str) -> tuple[str, int, bytes] | None:
    try:
        key = TOOL.Key(text)
    except TOOL.Bad:
        return None
    return key.name, key.kind, key.id


def library_key(text: str) -> tuple[str, int, bytes] | None:
    try:
        key = parse_vkey(text)
    except LedgerError:
        return None
    return key.name, key.kind, key.id


def test_audit_08_inclusion_vectors() -> None:
    """The same that the library is held against."""
    told = json.loads((VECTORS / "merkle.json").read_text())
    hashes = [bytes.fromhex(one) for one in told["hashes"]]
    for case in told["inclusion"]:
        proof = [hashes[place] for place in case["proof"]]
        try:
            root = TOOL.root_of_path(case["index"], case["size"], hashes[case["leaf"]], proof)
        except TOOL.Bad:
            root = b""
        assert (root == hashes[case["root"]]) is case["true"], case


# --- documents -----------------------------------------------------------------------------

SMALL = Bench.of(7, LOG, witness(7), first_batch=3)
TPM = Bench.of(3, TPM_LOG)
GIVEN = [LOG.key, witness().key]
TOOL_GIVEN = [TOOL.Key(key.vkey) for key in GIVEN]
RECEIPT = SMALL.receipt(4).text
LINES = SMALL.lines()


def by_tool(outcome: Any) -> tuple[Findings, str]:
    return [(one.fault, one.at) for one in outcome.findings], outcome.trust


def test_true_documents() -> None:
    for bench, given_keys in ((SMALL, GIVEN), (TPM, [TPM_LOG.key]), (SMALL, [])):
        tools = [TOOL.Key(key.vkey) for key in given_keys]
        text, lines = bench.receipt(2).text, bench.lines()
        receipt = TOOL.verify_receipt(text, tools)
        assert by_tool(receipt) == by_library(verify_receipt(text, given_keys))
        assert receipt.proven["fields"] == dict(verify_receipt(text, given_keys).fields)
        log = TOOL.verify_log(lines, tools, [])
        assert by_tool(log) == by_library(verify_log(lines, given_keys))
        assert log.ok


def mutated(text: str, draw: Any) -> str:
    """One to three small changes: characters, lines, values, whole members."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        length = draw(st.integers(0, 6))
        new = draw(
            st.sampled_from(["", "0", "1", "9", '"', "\\n", "A", "=", "\u00e9", " ", "\\ud800",
                             "-0", "1.0", "1e0", "null", "true", "[", "]", "{}", "\n", "\x00"])
        )  # fmt: skip
        text = text[:at] + new + text[at + length :]
    return text


@pytest.mark.system  # `make test` has the first cases of `make fuzz`
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_receipts_changed_at_random(data: st.DataObject) -> None:
    text = mutated(RECEIPT, data.draw)
    ours = by_tool(TOOL.verify_receipt(text, TOOL_GIVEN))
    assert ours == by_library(verify_receipt(text, GIVEN))


@pytest.mark.system  # `make test` has the first cases of `make fuzz`
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_logs_changed_at_random(data: st.DataObject) -> None:
    lines = list(LINES)
    if data.draw(st.booleans()):
        lines = data.draw(st.permutations(lines))[: data.draw(st.integers(0, 8))]
    else:
        at = data.draw(st.integers(0, len(lines) - 1))
        changed = mutated(lines[at].decode(), data.draw).encode("utf-8", "surrogatepass")
        lines[at : at + 1] = changed.splitlines(keepends=True)
    older = [SMALL.store.notes[0], RECEIPT][: data.draw(st.integers(0, 2))]
    ours = by_tool(TOOL.verify_log(lines, TOOL_GIVEN, older))
    assert ours == by_library(verify_log(lines, GIVEN, older))


def test_older_documents() -> None:
    longer = Bench.of(12, LOG).note
    other = Bench.of(3, ed25519_signer(LOG.key.name, ed25519_key("former"))).note
    for older in ([longer], [other], ["{}"], [SMALL.note, longer], ["c2sp.org/tlog-proof@v1\n"]):
        ours = by_tool(TOOL.verify_log(LINES, TOOL_GIVEN, older))
        assert ours == by_library(verify_log(LINES, GIVEN, older))


# --- the command ---------------------------------------------------------------------------


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = TOOL.main(list(arguments))
    out, err = capfd.readouterr()
    return code, out + err


def test_exit_codes_and_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "receipt.json"
    place.write_text(RECEIPT)
    code, said = run(capfd, str(place), "--key", LOG.key.vkey)
    assert code == 0
    assert "KEY       one you gave" in said
    assert f"GIVEN     {LOG.key.vkey} (by you)" in said
    code, said = run(capfd, str(place))
    assert code == 0
    assert "self-asserted" in said
    known = tmp_path / "known-keys.txt"
    known.write_text(f"# from the contract\nlog {TPM_LOG.key.vkey}\n")
    code, said = run(capfd, str(place), "--policy", str(known))
    assert code == 1
    assert "WRONG     unknown key" in said
    assert "DOES NOT VERIFY" in said
    assert run(capfd, str(tmp_path / "none"))[0] == 2
    assert run(capfd, str(place), "--key", "nonsense")[0] == 2


def test_a_hostile_value_cannot_write_on_the_terminal() -> None:
    assert TOOL.plain("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"
