from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import Invalid
from bayward.wire import base45

# RFC 9285 section 4.3 and 4.4
RFC_9285 = [
    (b"AB", "BB8"),
    (b"Hello!!", "%69 VD92EX0"),
    (b"base-45", "UJCLQE7W581"),
    (b"ietf!", "QED8WEX0"),
    (b"", ""),
]


@pytest.mark.parametrize(("raw", "text"), RFC_9285)
def test_rfc_9285_vectors(raw: bytes, text: str) -> None:
    assert base45.encode(raw) == text
    assert base45.decode(text) == raw


@given(st.binary(max_size=200))
def test_what_was_written_is_read(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_one_value_has_one_spelling(text: str) -> None:
    try:
        raw = base45.decode(text)
    except Invalid:
        return
    assert base45.encode(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        ":::",  # 91124 > 65535
        "GGW",  # 65536, RFC 9285 section 4.2
        "::",  # 2024 > 255
        "V5",  # 256
        "A",  # no group has one character
        "BB8A",
        "bb8",
        "BB8\n",
        "BB8\x00ab",
        "ＢＢ８",  # noqa: RUF001 - full-width letters are the point
        "٣٣٣",
        "BB_",
        "🔑🔑🔑",
    ],
)
def test_identity_27_invalid_base45_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"base45\.malformed"):
        base45.decode(text)


def test_the_largest_values_are_read() -> None:
    assert base45.decode("FGW") == b"\xff\xff"
    assert base45.decode("U5") == b"\xff"
