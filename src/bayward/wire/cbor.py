"""The part of CBOR we sign, in the one form each value has.

Deterministic CBOR (RFC 8949 section 4.2.1): shortest heads, definite lengths, map keys sorted by
their bytes. The reader refuses every other form, and every type a signed object of ours does not
hold: no tags, no floats, no null, no true. It is ours and not cbor2's because cbor2 turns tags
into live objects (patterns, big decimals, dates) before anybody can refuse them, and this input
comes from a stranger's phone. The writer is cbor2's, with the keys sorted.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import cbor2

from bayward.core.errors import Invalid

Cbor: TypeAlias = "int | bytes | str | list[Cbor] | dict[int | str, Cbor]"

_SHORT_MAX = 23  # larger arguments follow the head in 1, 2, 4 or 8 bytes
_LONG = {24: 1, 25: 2, 26: 4, 27: 8}


class _Major(IntEnum):
    """RFC 8949 section 3.1; 6 (tags) and 7 (floats, simple values) are refused."""

    UNSIGNED = 0
    NEGATIVE = 1
    BYTES = 2
    TEXT = 3
    ARRAY = 4
    MAP = 5


def encode(value: Cbor) -> bytes:
    """Write a value deterministically (RFC 8949 section 4.2.1)."""
    return cbor2.dumps(_sorted(value))


def decode(data: bytes, *, depth_max: int) -> Cbor:
    """Read exactly one deterministic value and nothing after it.

    `depth_max` is the number of arrays and maps that may lie inside one another. Time and memory
    are linear in `len(data)`. Raises `Invalid("cbor.malformed")`.
    """
    reader = _Reader(data)
    value = reader.value(depth_max)
    if reader.at != len(data):
        raise Invalid("cbor.malformed")
    return value


def _sorted(value: Cbor) -> Cbor:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=cbor2.dumps)}
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self, depth: int) -> Cbor:
        kind, number = self._head()
        match kind:
            case _Major.UNSIGNED:
                return number
            case _Major.NEGATIVE:
                return -1 - number
            case _Major.BYTES:
                return self._take(number)
            case _Major.TEXT:
                return self._text(number)
            case _Major.ARRAY if depth > 0:
                return self._array(number, depth - 1)
            case _Major.MAP if depth > 0:
                return self._map(number, depth - 1)
            case _:
                raise Invalid("cbor.malformed")

    def _head(self) -> tuple[int, int]:
        (first,) = self._take(1)
        kind, short = first >> 5, first & 31
        if short <= _SHORT_MAX:
            return kind, short
        if short not in _LONG:
            raise Invalid("cbor.malformed")
        width = _LONG[short]
        number = int.from_bytes(self._take(width), "big")
        shortest = number > _SHORT_MAX if width == 1 else number >> (4 * width) > 0
        if not shortest:
            raise Invalid("cbor.malformed")
        return kind, number

    def _take(self, length: int) -> bytes:
        taken = self._data[self.at : self.at + length]
        if len(taken) != length:
            raise Invalid("cbor.malformed")
        self.at += length
        return taken

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError:
            raise Invalid("cbor.malformed") from None

    def _array(self, count: int, depth: int) -> list[Cbor]:
        items: list[Cbor] = []
        for _ in range(self._bounded(count)):
            items.append(self.value(depth))  # noqa: PERF401 - a comprehension hides the reading
        return items

    def _map(self, count: int, depth: int) -> dict[int | str, Cbor]:
        entries: dict[int | str, Cbor] = {}
        last = b""
        for _ in range(self._bounded(count)):
            start = self.at
            key = self.value(0)
            written = self._data[start : self.at]
            if not isinstance(key, int | str) or written <= last:
                raise Invalid("cbor.malformed")
            last = written
            entries[key] = self.value(depth)
        return entries

    def _bounded(self, count: int) -> int:
        """Each item takes a byte at least, so a count larger than the rest is a lie."""
        if count > len(self._data) - self.at:
            raise Invalid("cbor.malformed")
        return count
