from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.errors import Malformed
from bayward.ledger.receipt import RECEIPT_CHARS_MAX, parse_receipt
from ledger_bench import LOG, TPM_LOG, Bench, attempt, refused

RECEIPT = Bench.of(5).receipt(3)


def test_there_and_back() -> None:
    assert parse_receipt(RECEIPT.text) == RECEIPT
    of_tpm = Bench.of(5, TPM_LOG).receipt(0, [])
    assert parse_receipt(of_tpm.text) == of_tpm


def test_the_members() -> None:
    found = json.loads(RECEIPT.text)
    assert list(found) == ["v", "kind", "vkey", "tlog_proof", "leaf", "disclosures"]
    assert (found["v"], found["kind"], found["vkey"]) == (1, "bayward-receipt", LOG.key.vkey)
    assert parse_receipt(json.dumps(found, sort_keys=True)) == RECEIPT


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"kind": "receipt"},
        {"vkey": ""},
        {"tlog_proof": ""},
        {"leaf": "e30"},
        {"leaf": 1},
        {"disclosures": "x"},
        {"disclosures": [1]},
        {"disclosures": ["x"] * 257},
        {"more": 1},
    ],
)
def test_other_documents_are_refused(change: dict[str, Any]) -> None:
    found = json.loads(RECEIPT.text) | change
    with pytest.raises(Malformed):
        parse_receipt(json.dumps(found))


def test_a_receipt_is_not_endless() -> None:
    with refused(Malformed, "receipt.length"):
        parse_receipt(RECEIPT.text + " " * RECEIPT_CHARS_MAX)


@given(st.text())
def test_any_text_is_a_receipt_or_refused(text: str) -> None:
    found = json.loads(RECEIPT.text)
    documents = [text, *(json.dumps(found | {name: text}) for name in found)]
    for document in documents:
        attempt(partial(parse_receipt, document), "receipt.", "key.", "proof.", "note.")
