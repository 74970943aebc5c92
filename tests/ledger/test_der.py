from __future__ import annotations

import pytest

from bayward.ledger.der import INTEGER, OCTETS, SEQUENCE, expect, read_der
from bayward.ledger.errors import Malformed
from stamp_bench import number, seq, tlv


def test_values_in_values() -> None:
    raw = seq(number(300), tlv(OCTETS, bytes(200)), seq())
    whole = expect(read_der(raw), SEQUENCE)
    first, second, third = whole.parts
    assert (first.tag, first.body) == (INTEGER, b"\1\x2c")
    assert (second.body, len(second.whole)) == (bytes(200), 203)
    assert third.parts == []
    with pytest.raises(Malformed):
        expect(first, OCTETS)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x00\x00",
        b"\x1f\x01\x00",  # a tag of several bytes
        b"\x04\x80\x00\x00",  # an end that is marked
        b"\x04\x81\x01\x00",  # longer than it has to be
        b"\x04\x82\x00\x80" + bytes(128),
        b"\x04\x81",
        b"\x04\x85\x01\x00\x00\x00\x00",
    ],
)
def test_other_spellings(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_der(raw)


def test_a_plain_value_has_no_parts() -> None:
    with pytest.raises(Malformed):
        _ = read_der(number(1)).parts
