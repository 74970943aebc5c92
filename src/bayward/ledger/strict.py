"""Strict readings of the few primitive encodings the formats use.

A value has exactly one spelling: base64 without surplus bits or stray characters, decimals
without sign or leading zero. Two verifiers that differ here could be shown two truths.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from bayward.ledger.errors import Malformed

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is not base64url becomes what is refused
_PADDING = (b"", b"===", b"==", b"=")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""How a text may end whose last character has bits to spare, by its length modulo 4."""
MAX_NUMBER = 2**63 - 1
"""Sizes, indexes and times fit a signed 64-bit column and the u64 of every C2SP format."""


def base64_bytes(text: str, code: str) -> bytes:
    """Read standard base64 (RFC 4648 §4, padded); raises `Malformed(code)` on any other form."""
    try:
        raw = binascii.a2b_base64(text.encode("ascii"))
    except (binascii.Error, ValueError):
        raise Malformed(code, "not base64") from None
    if base64_text(raw) != text:
        raise Malformed(code, "not the canonical base64 of its bytes")
    return raw


def base64_text(raw: bytes) -> str:
    """Write standard base64 with padding."""
    return base64_ascii(raw).decode("ascii")


def base64_ascii(raw: bytes) -> bytes:
    """The same as bytes."""
    return binascii.b2a_base64(raw, newline=False)


def base64url_bytes(text: str, code: str) -> bytes:
    """Read base64url without padding (RFC 4648 §5); raises `Malformed(code)` otherwise."""
    try:
        raw = binascii.a2b_base64(
            text.encode("ascii").translate(_FROM_URL) + _PADDING[len(text) % 4], strict_mode=True
        )
    except (binascii.Error, ValueError):
        raise Malformed(code, "not base64url") from None
    last = _LAST[len(text) % 4]
    if last and text[-1] not in last:
        raise Malformed(code, "not the canonical base64url of its bytes")
    return raw


def base64url_text(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64url_ascii(raw).decode("ascii")


def base64url_ascii(raw: bytes) -> bytes:
    """The same as bytes, for whoever hashes them."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL, b"=")


def base64url_lines(raws: Iterable[bytes]) -> bytes:
    """Each without padding, and a newline behind it."""
    return b"".join(map(binascii.b2a_base64, raws)).translate(_TO_URL, b"=")


def decimal(text: str, code: str) -> int:
    """Read a decimal in 0 … 2^63-1 without leading zeros; raises `Malformed(code)` otherwise."""
    if _DECIMAL.fullmatch(text) is None or (number := int(text)) > MAX_NUMBER:
        raise Malformed(code, "not a decimal without leading zeros below 2^63")
    return number


def json_object(text: str, members: Mapping[str, type], code: str) -> dict[str, Any]:
    """Read a JSON object with exactly these members, each of its type.

    A repeated name, a missing or further member, a wrong type (true is no number) and numbers
    that are not JSON raise `Malformed(code)`: no two readers can take a different value.
    """
    try:
        found = _parse(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(code, f"not JSON: {error}") from None
    if not isinstance(found, dict) or found.keys() != members.keys():
        raise Malformed(code, f"not an object with the members {', '.join(members)}")
    for name, kind in members.items():
        if type(found[name]) is not kind:
            raise Malformed(code, f"{name} is not a {kind.__name__}")
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_parse = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant).decode
