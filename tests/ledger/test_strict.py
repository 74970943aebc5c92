from __future__ import annotations

import base64
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.errors import Malformed
from bayward.ledger.strict import (
    base64_bytes,
    base64_text,
    base64url_bytes,
    base64url_text,
    decimal,
    json_object,
)
from ledger_bench import attempt, refused


@given(st.binary())
def test_base64_goes_there_and_back(raw: bytes) -> None:
    assert base64_text(raw) == base64.b64encode(raw).decode()
    assert base64_bytes(base64_text(raw), "x") == raw
    assert base64url_text(raw) == base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert base64url_bytes(base64url_text(raw), "x") == raw


@pytest.mark.parametrize(
    "text",
    [
        "QQ",  # no padding
        "QQ=",
        "QR==",  # the two spare bits are not zero
        "QUJ=",
        "QQ==\n",
        " QQ==",
        "QQ==QQ==",
        "Q\0Q=",
        "Q-_=",
        "\uff31Q==",
        "\ud800",
        "=",
        "====",
    ],
)
def test_audit_06_base64_has_one_spelling(text: str) -> None:
    with refused(Malformed, "x: "):
        base64_bytes(text, "x")


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "QQ QQ", "+/8", "Q\n", "ÄQ", "\udfff", "QUJ"])
def test_audit_06_base64url_has_one_spelling(text: str) -> None:
    with refused(Malformed, "x: "):
        base64url_bytes(text, "x")


@given(st.text(st.sampled_from("AQgw8zZ09-_+/=\n !é"), max_size=9))
def test_audit_06_base64url_takes_what_is_written_so_and_nothing_else(text: str) -> None:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    found = attempt(partial(base64url_bytes, text, "x"), "x")
    is_proper = base64.urlsafe_b64encode(raw).decode().rstrip("=") == text
    assert found == (raw if is_proper else None)


def test_decimals() -> None:
    assert decimal("0", "x") == 0
    assert decimal("20852163", "x") == 20852163
    assert decimal("9223372036854775807", "x") == 2**63 - 1


@pytest.mark.parametrize(
    "text",
    ["", "00", "01", "-1", "+1", "1 ", "1\n", "\u0663", "1_0", "9223372036854775808", "9" * 5000],
)
def test_audit_06_decimals_have_one_spelling(text: str) -> None:
    with refused(Malformed, "x: "):
        decimal(text, "x")


def test_json_object_takes_exactly_the_members() -> None:
    members = {"v": int, "name": str}
    assert json_object('{"name":"a","v":1}', members, "x") == {"name": "a", "v": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        '{"v":1}',
        '{"v":1,"name":"a","more":2}',
        '{"v":1,"name":"a","name":"b"}',
        '{"v":true,"name":"a"}',
        '{"v":1.0,"name":"a"}',
        '{"v":NaN,"name":"a"}',
        '{"v":"1","name":"a"}',
        '{"v":1,"name":null}',
        "[" * 100_000,
        '{"v":' + "9" * 5000 + ',"name":"a"}',
    ],
)
def test_json_object_takes_nothing_else(text: str) -> None:
    with refused(Malformed, "x: "):
        json_object(text, {"v": int, "name": str}, "x")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (base64_bytes, base64url_bytes, decimal):
        attempt(partial(reader, text, "x"), "x")
