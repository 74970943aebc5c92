"""DER (X.690), as much of it as certificates and time stamps need, and as strictly as it says.

A value has one tag byte, a length in the fewest bytes, and nothing behind its end. Whatever is
encoded in another way is refused, so that all verifiers read the same or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.ledger.errors import Malformed

BOOLEAN, INTEGER, BIT_STRING, OCTETS, OID = 0x01, 0x02, 0x03, 0x04, 0x06
SEQUENCE, SET, UTC_TIME, TIME = 0x30, 0x31, 0x17, 0x18
_LONG, _MANY_TAGS = 0x80, 0x1F
_LENGTH_BYTES_MAX = 4
_CONSTRUCTED = 0x20


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, its body, and the bytes it is made of."""

    tag: int
    body: bytes
    whole: bytes

    @property
    def parts(self) -> list[Value]:
        """The values in a constructed one; raises `Malformed`."""
        if not self.tag & _CONSTRUCTED:
            raise Malformed("der.form", "not made of values")
        found, rest = [], self.body
        while rest:
            value = _first(rest)
            found.append(value)
            rest = rest[len(value.whole) :]
        return found


def read_der(raw: bytes) -> Value:
    """The one value these bytes are; raises `Malformed`."""
    value = _first(raw)
    if len(value.whole) != len(raw):
        raise Malformed("der.length", "something behind the value")
    return value


def expect(value: Value, tag: int) -> Value:
    """The same value, if it has this tag; raises `Malformed`."""
    if value.tag != tag:
        raise Malformed("der.tag", f"{value.tag:#04x} instead of {tag:#04x}")
    return value


def _first(raw: bytes) -> Value:
    if len(raw) < 2 or raw[0] & _MANY_TAGS == _MANY_TAGS:  # noqa: PLR2004 - tag and length
        raise Malformed("der.tag", "no value, or a tag of several bytes")
    start, length = 2, raw[1]
    if length >= _LONG:
        start += length - _LONG
        told = raw[2:start]
        length = int.from_bytes(told, "big")
        is_short = len(told) != start - 2 or not told or not told[0] or length < _LONG
        if is_short or len(told) > _LENGTH_BYTES_MAX:
            raise Malformed("der.length", "a length in another than the shortest form")
    if start + length > len(raw):
        raise Malformed("der.length", "longer than its bytes")
    return Value(raw[0], raw[start : start + length], raw[: start + length])
