"""Strict readings of the few primitive encodings the formats use.

A value has exactly one spelling: base64 without surplus bits or stray characters, decimals
without sign or leading zero. Two verifiers that differ here could be shown two truths.
"""

from __future__ import annotations

import base64
import binascii
import re

from bayward.ledger.errors import Malformed

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
MAX_NUMBER = 2**63 - 1
"""Sizes, indexes and times fit a signed 64-bit column and the u64 of every C2SP format."""


def base64_bytes(text: str, code: str) -> bytes:
    """Read standard base64 (RFC 4648 §4, padded); raises `Malformed(code)` on any other form."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(code, "not base64") from None
    if base64_text(raw) != text:
        raise Malformed(code, "not the canonical base64 of its bytes")
    return raw


def base64_text(raw: bytes) -> str:
    """Write standard base64 with padding."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def base64url_bytes(text: str, code: str) -> bytes:
    """Read base64url without padding (RFC 4648 §5); raises `Malformed(code)` otherwise."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Malformed(code, "not base64url") from None
    if base64url_text(raw) != text:
        raise Malformed(code, "not the canonical base64url of its bytes")
    return raw


def base64url_text(raw: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decimal(text: str, code: str) -> int:
    """Read a decimal in 0 … 2^63-1 without leading zeros; raises `Malformed(code)` otherwise."""
    if _DECIMAL.fullmatch(text) is None or (number := int(text)) > MAX_NUMBER:
        raise Malformed(code, "not a decimal without leading zeros below 2^63")
    return number
