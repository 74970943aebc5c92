from __future__ import annotations

import time
import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import Invalid
from bayward.wire.cbor import Cbor, decode, encode

UINT64_MAX = 2**64 - 1
keys = st.integers(-UINT64_MAX - 1, UINT64_MAX) | st.text(max_size=8)
values = st.recursive(
    st.integers(-UINT64_MAX - 1, UINT64_MAX) | st.binary(max_size=40) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_was_written_is_read_and_cbor2_agrees(value: Cbor) -> None:
    data = encode(value)
    assert decode(data, depth_max=20) == value
    assert cbor2.loads(data) == value


@given(st.binary(max_size=60))
def test_what_is_read_has_one_form_and_cbor2_agrees(data: bytes) -> None:
    try:
        value = decode(data, depth_max=4)
    except Invalid:
        return
    assert encode(value) == data
    assert cbor2.loads(data) == value


def test_keys_are_sorted_by_their_bytes() -> None:
    """RFC 8949 section 4.2.1: 10, 100, -1, "z", "aa"."""
    value: Cbor = {"aa": 5, "z": 4, -1: 3, 100: 2, 10: 1}
    assert encode(value).hex() == "a50a011864022003617a0462616105"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nothing", b""),
        ("trailing byte", b"\x00\x00"),
        ("head in two bytes for 23", b"\x18\x17"),
        ("head in three bytes for 255", b"\x19\x00\xff"),
        ("head in five bytes for 65535", b"\x1a\x00\x00\xff\xff"),
        ("head in nine bytes for 2^32-1", b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff"),
        ("reserved head", b"\x1c"),
        ("indefinite array", b"\x9f\xff"),
        ("indefinite map", b"\xbf\xff"),
        ("indefinite bytes", b"\x5f\x41a\xff"),
        ("break alone", b"\xff"),
        ("duplicate key", b"\xa2\x01\x00\x01\x00"),
        ("keys out of order", b"\xa2\x02\x00\x01\x00"),
        ("array as key", b"\xa1\x80\x00"),
        ("bytes as key", b"\xa1\x41a\x00"),
        ("tag: date", b"\xc1\x00"),
        ("tag: pattern", b"\xd8\x23\x62(a"),
        ("tag: big float", b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01"),
        ("false", b"\xf4"),
        ("null", b"\xf6"),
        ("half float", b"\xf9\x3c\x00"),
        ("simple value 255", b"\xf8\xff"),
        ("text that is not UTF-8", b"\x61\xff"),
        ("surrogate as UTF-8", b"\x63\xed\xa0\x80"),
        ("array of 2^64-1", b"\x9b" + b"\xff" * 8),
        ("map of 2^32-1", b"\xba" + b"\xff" * 4),
        ("bytes of 2^63", b"\x5b\x80" + b"\x00" * 7),
        ("short bytes", b"\x42a"),
        ("short head", b"\x19\x01"),
        ("too deep", b"\x81" * 5 + b"\x00"),
        ("nested 10^4", b"\x81" * 10_000 + b"\x00"),
        ("maps nested 10^4", b"\xa1\x00" * 10_000 + b"\x00"),
    ],
)
def test_identity_26_bombs_are_refused_fast_in_bounded_memory(name: str, data: bytes) -> None:
    started = time.thread_time()
    with pytest.raises(Invalid, match=r"cbor\.malformed"):
        decode(data, depth_max=4)
    assert time.thread_time() - started < 0.005, name
    tracemalloc.start()
    with pytest.raises(Invalid):
        decode(data, depth_max=4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024, name


def test_depth_is_counted_from_the_outermost_array() -> None:
    assert decode(b"\x81\x81\x81\x81\x00", depth_max=4) == [[[[0]]]]
