"""The ZIP: one way to write it, and what is refused when it is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.pack.archive import (
    PATH_CHARS_MAX,
    HostileArchive,
    is_path,
    path_findings,
    read_zip,
    write_zip,
)
from bayward.ledger.verdict import Fault

FILES = {"a.txt": b"a" * 1000, "data/b/c.bin": bytes(range(256)), "data/empty": b""}
RAW = write_zip("evidence-1", FILES)


def test_what_is_written_is_read() -> None:
    assert read_zip(RAW) == ("evidence-1", FILES)
    assert write_zip("evidence-1", dict(reversed(FILES.items()))) == RAW


def test_paths() -> None:
    for good in ("a", "data/x-1_2.txt", "a" * PATH_CHARS_MAX, "_x/_y"):
        assert is_path(good)
    for bad in ("", "/a", "a/", "a//b", "..", "a/..", ".a", "a b", "\u00e9", "a\n", "a" * 201, "-"):
        assert not is_path(bad)
    found = [one.fault for one in path_findings(["a", "A", "b", "../b"])]
    assert found == [Fault.NAME_TWICE, Fault.UNSAFE_PATH]


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(RAW) - 1), byte=st.integers(0, 255))
def test_any_byte_may_be_wrong(at: int, byte: int) -> None:
    """A changed archive is refused, or unpacks to the same files (times, attributes)."""
    try:
        _, files = read_zip(RAW[:at] + bytes([byte]) + RAW[at + 1 :])
    except HostileArchive:
        return
    assert files == FILES


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(HostileArchive):
        read_zip(raw)
