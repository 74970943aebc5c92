"""Base45 (RFC 9285), strictly: bytes as characters a QR code stores in its dense mode.

Two bytes become three characters, a last single byte two. `decode` takes exactly what `encode`
writes: lower case, a value above 65535 (or 255), a left-over character are refused, so that one
pass has one spelling.
"""

from __future__ import annotations

from bayward.core.errors import Invalid

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_BASE = 45
_GROUP = 3  # characters for two bytes


def encode(data: bytes) -> str:
    """Write bytes as Base45 (RFC 9285 section 4.1)."""
    chars: list[str] = []
    for start in range(0, len(data) - 1, 2):
        rest, low = divmod(data[start] << 8 | data[start + 1], _BASE)
        high, middle = divmod(rest, _BASE)
        chars += ALPHABET[low], ALPHABET[middle], ALPHABET[high]
    if len(data) % 2:
        high, low = divmod(data[-1], _BASE)
        chars += ALPHABET[low], ALPHABET[high]
    return "".join(chars)


def decode(text: str) -> bytes:
    """Read Base45; raises `Invalid("base45.malformed")` (RFC 9285 sections 4.2 and 6).

    Takes time linear in the text: bound its length first.
    """
    try:
        values = [_VALUES[char] for char in text]
    except KeyError:
        raise Invalid("base45.malformed") from None
    whole = len(values) - len(values) % _GROUP
    out = bytearray()
    for start in range(0, whole, _GROUP):
        low, middle, high = values[start : start + _GROUP]
        _append(out, low + middle * _BASE + high * _BASE * _BASE, 2)
    match values[whole:]:
        case []:
            pass
        case [low, high]:
            _append(out, low + high * _BASE, 1)
        case _:
            raise Invalid("base45.malformed")
    return bytes(out)


def _append(out: bytearray, number: int, length: int) -> None:
    if number >> (8 * length):
        raise Invalid("base45.malformed")
    out += number.to_bytes(length, "big")
