"""What one commit keeps: a segment, and its part of the tree.

    entries   each behind a u16 length: cut at the right places, the entry bundles of the log
    leaves    the leaf hashes; they prove nothing, but let a changed entry be named
    opened    what opens each entry, each behind a u32 length; empty when nothing does
    note      the checkpoint signed for this commit

The hashes of the tree (`ledger.dense`) are kept in runs of at most 60, so that one of them is
read without moving the megabyte a large commit can have: 1,920 bytes fit twice into a page of
SQLite, four times into one of PostgreSQL, where longer ones would be kept elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bayward.ledger.dense import stored_hash_count
from bayward.ledger.errors import Malformed
from bayward.ledger.log import Append
from bayward.ledger.merkle import HASH_BYTES

RUN_HASHES = 60
_ENTRY_LENGTH = struct.Struct(">H")
_OPENED_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Segment:
    """The entries `first` … of one commit."""

    first: int
    entries: tuple[bytes, ...]
    leaf_hashes: tuple[bytes, ...]
    opened: tuple[bytes, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Packed:
    """A commit as columns."""

    first: int
    count: int
    entries: bytes
    leaves: bytes
    opened: bytes


def pack(append: Append) -> Packed:
    """What an append is as one row."""
    return Packed(
        append.first,
        len(append.entries),
        _join(append.entries, _ENTRY_LENGTH),
        b"".join(append.leaf_hashes),
        _join(append.opened, _OPENED_LENGTH),
    )


def runs(append: Append, length: int = RUN_HASHES) -> Iterator[tuple[int, bytes]]:
    """The new hashes of the tree: place of the first of a run, and the run."""
    begin = stored_hash_count(append.first)
    for at in range(0, len(append.stored_hashes), length):
        yield begin + at, b"".join(append.stored_hashes[at : at + length])


def unpack(packed: Packed, note: str) -> Segment:
    """Read a row; raises `Malformed` when it was not written by us."""
    leaves = [
        packed.leaves[at : at + HASH_BYTES] for at in range(0, len(packed.leaves), HASH_BYTES)
    ]
    entries = _split(packed.entries, _ENTRY_LENGTH)
    opened = _split(packed.opened, _OPENED_LENGTH)
    if not len(entries) == len(leaves) == packed.count or len(opened) not in {0, packed.count}:
        raise Malformed("segment.count", f"not {packed.count} entries from {packed.first} on")
    return Segment(packed.first, tuple(entries), tuple(leaves), tuple(opened), note)


def hash_in(run: bytes, place: int, first: int) -> bytes:
    """The hash at a place, from the run that begins at place `first`; empty when not in it."""
    at = (place - first) * HASH_BYTES
    return run[at : at + HASH_BYTES]


def cut(
    segments: Callable[[int], Iterator[Segment]], first: int, count: int
) -> Iterator[tuple[int, bytes, bytes]]:
    """Index, entry and what opens it, for `count` entries from `first` on."""
    for segment in segments(first):
        for at in range(max(0, first - segment.first), len(segment.entries)):
            index = segment.first + at
            if index >= first + count:
                return
            yield index, segment.entries[at], segment.opened[at] if segment.opened else b""


def bundle(rows: Iterable[Packed], first: int, end: int) -> bytes:
    """Entries `first` … `end` - 1 as an entry bundle: rows cut at the right places and joined.

    Empty when they are not all there; raises `Malformed` for a row that was not written by us.
    """
    parts, at = [], first
    for row in rows:
        if not row.first <= at < row.first + row.count:
            return b""
        stop = min(end, row.first + row.count)
        starts = _starts(row)
        parts.append(row.entries[starts[at - row.first] : starts[stop - row.first]])
        at = stop
    return b"".join(parts) if at == end else b""


def split_loosely(content: bytes) -> Iterator[bytes]:
    """The entries that can be read in `content`, whatever somebody has done to it."""
    at, end = 0, len(content)
    while at + _ENTRY_LENGTH.size <= end:
        start = at + _ENTRY_LENGTH.size
        at = start + int.from_bytes(content[at:start], "big")
        yield content[start:at]


def _starts(row: Packed) -> list[int]:
    """Where each entry begins, and where the last one ends."""
    starts, content = [0], row.entries
    for _ in range(row.count):
        at = starts[-1] + _ENTRY_LENGTH.size
        starts.append(at + int.from_bytes(content[starts[-1] : at], "big"))
    if starts[-1] != len(content):
        raise Malformed("segment.length", f"not {row.count} entries from {row.first} on")
    return starts


def _join(parts: Sequence[bytes], length: struct.Struct) -> bytes:
    pieces: list[bytes] = []
    for part in parts:
        pieces += (len(part).to_bytes(length.size, "big"), part)
    return b"".join(pieces)


def _split(content: bytes, length: struct.Struct) -> list[bytes]:
    parts: list[bytes] = []
    at, end, read = 0, len(content), length.unpack_from
    while at + length.size <= end:
        (size,) = read(content, at)
        start = at + length.size
        at = start + size
        parts.append(content[start:at])
    if at != end:
        raise Malformed("segment.length", "a part is cut short")
    return parts
