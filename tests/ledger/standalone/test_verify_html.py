"""verify.html against the library: the same word about every document, and the same curves."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.known import read_known
from bayward.ledger.verify import verify_log, verify_receipt
from ledger_bench import LOG, TPM_LOG, Bench, witness
from pack_bench import by_library
from page_bench import VERIFY_HTML, Page, scripts

VECTORS = Path(__file__).parent.parent.parent / "vectors/ledger/ed25519.json"
SMALL = Bench.of(7, LOG, witness(7), first_batch=3)
TPM = Bench.of(3, TPM_LOG)
GIVEN = [LOG.key, witness().key]
VKEYS = [key.vkey for key in GIVEN]
RECEIPT = SMALL.receipt(4).text
LINES = SMALL.lines()
PIECES = ["", "0", "1", "9", '"', "\\n", "A", "=", "\u00e9", " ", "\\ud800", "-0", "1.0", "1e0",
          "null", "true", "[", "]", "{}", "\n", "\x00", "\ufeff", "\u2028", "\u0085"]  # fmt: skip
patient = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_policy_of_the_page_allows_these_scripts_and_nothing_else() -> None:
    text = VERIFY_HTML.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in (scripts()["verifier"], scripts()["page"])
    ]
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {' '.join(hashes)}",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not re.search(r"https?:|\bsrc=|fetch\(|XMLHttp|innerHTML|eval\(", text)


@patient
@given(st.binary(max_size=300))
def test_sha256(page: Page, raw: bytes) -> None:
    assert page.ask("sha256", file=raw) == hashlib.sha256(raw).hexdigest()


def test_ed25519_on_all_edge_cases_by_the_browser_and_by_hand(page: Page) -> None:
    for key, signature, message, expected in json.loads(VECTORS.read_text()):
        told = {"key": bytes.fromhex(key), "message": message.encode()}
        told["signature"] = bytes.fromhex(signature)
        is_sound = page.ask("sound", key=told["key"])
        assert (is_sound and page.ask("edHolds", **told)) is expected, (key, signature)
    public = LOG.key.public
    for n in range(8):
        text = bytes([n])
        good = bytearray(LOG.sign_text(text))
        for flip in (None, 0, 31, 32, 63):
            changed = bytearray(good)
            if flip is not None:
                changed[flip] ^= 1
            told = {"key": public, "message": text, "signature": bytes(changed)}
            by_hand = page.ask("edHoldsPlainly", **told)
            assert by_hand is page.ask("edHolds", **told) is (flip is None)


@patient
@given(
    at=st.integers(0, 80), change=st.sampled_from(["flip", "drop", "add"]), byte=st.integers(0, 255)
)
def test_p256_takes_one_spelling_of_a_signature(
    page: Page, at: int, change: str, byte: int
) -> None:
    good = TPM_LOG.sign_text(b"text")
    r, s = decode_dss_signature(good)
    cut = at % len(good)
    rest = good[cut:] if change == "add" else good[cut + 1 :]
    changed = good[:cut] + (b"" if change == "drop" else bytes([byte])) + rest
    for one in (changed, encode_dss_signature(r, s ^ byte), encode_dss_signature(r * byte, s)):
        told = page.ask("p256Holds", key=TPM_LOG.key.public, message=b"text", signature=one)
        assert told is library_holds(TPM_LOG.key, b"text", one)


def library_holds(key: VerifierKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except LedgerError:
        return False
    return True


@patient
@given(
    which=st.sampled_from([LOG.key.vkey, TPM_LOG.key.vkey, witness().key.vkey]),
    at=st.integers(0),
    char=st.characters(exclude_categories=["Cs"]),
)
def test_keys_in_any_spelling(page: Page, which: str, at: int, char: str) -> None:
    at %= len(which)
    for text in (which, which[:at] + char + which[at + 1 :], which[:at] + which[at + 1 :]):
        try:
            expected: Any = parse_vkey(text).id.hex()
        except LedgerError as error:
            expected = {"error": error.code}
        told = page.ask("key", key=text)
        assert told == expected or ("error" in told and "error" in expected)


def test_lists_of_keys(page: Page) -> None:
    for text in (f"# x\n\nlog {VKEYS[0]}\nwitness w {VKEYS[1]} url\n{VKEYS[0]}\nquorum none\n",
                 f"log {VKEYS[1]}", "log", "group g all x", "quorum q", "log later+01020304+Bwg=",
                 f"\u2003log\u00a0{VKEYS[0]}"):  # fmt: skip
        try:
            expected: Any = [key.vkey for key in read_known(text).keys]
        except LedgerError as error:
            expected = {"error": error.code}
        assert page.ask("keys", file=text) == expected


def test_true_documents(page: Page) -> None:
    for bench, trusted in ((SMALL, GIVEN), (TPM, [TPM_LOG.key]), (SMALL, [])):
        vkeys = [key.vkey for key in trusted]
        text, lines = bench.receipt(2).text, bench.lines()
        verdict = verify_receipt(text, trusted)
        told = page.ask("receipt", file=text, keys=vkeys)
        assert (told["ok"], told["trust"], told["fields"], told["cosigned"]) == (
            True, verdict.trust.value, dict(verdict.fields), dict(verdict.cosigned),
        )  # fmt: skip
        assert page.verify(text.encode(), vkeys) == ([], verdict.trust.value)
        assert page.verify(b"".join(lines), vkeys) == by_library(verify_log(lines, trusted))


def mutated(text: str, draw: Any) -> str:
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        length = draw(st.integers(0, 6))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + length :]
    return text


@pytest.mark.system  # `make test` has the first cases of `make fuzz`
@patient
@given(data=st.data())
def test_receipts_changed_at_random(page: Page, data: st.DataObject) -> None:
    text = mutated(RECEIPT, data.draw)
    assert page.receipt(text, VKEYS) == by_library(verify_receipt(text, GIVEN))


@pytest.mark.system  # `make test` has the first cases of `make fuzz`
@patient
@given(data=st.data())
def test_logs_changed_at_random(page: Page, data: st.DataObject) -> None:
    lines = list(LINES)
    if data.draw(st.booleans()):
        lines = data.draw(st.permutations(lines))[: data.draw(st.integers(0, 8))]
    else:
        at = data.draw(st.integers(0, len(lines) - 1))
        changed = mutated(lines[at].decode(), data.draw)
        lines[at : at + 1] = [one.encode() for one in re.findall(r"[^\n]*\n|[^\n]+", changed)]
    whole = b"".join(lines)
    lines = re.findall(rb"[^\n]*\n|[^\n]+", whole)
    if b'"bayward-receipt"' in whole[:200] or b'"bayward-log"' not in whole[:200]:
        return
    older = [SMALL.store.notes[0], RECEIPT][: data.draw(st.integers(0, 2))]
    assert page.verify(whole, VKEYS, older) == by_library(verify_log(lines, GIVEN, older))


def test_older_documents(page: Page) -> None:
    longer = Bench.of(12, LOG).note
    for older in ([longer], ["{}"], [SMALL.note, longer], ["c2sp.org/tlog-proof@v1\n"]):
        told = page.verify(b"".join(LINES), VKEYS, older)
        assert told == by_library(verify_log(LINES, GIVEN, older))
