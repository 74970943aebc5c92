"""Pins: which public keys the other end of the link may have.

A pin is the base64 of SHA-256 over a certificate's SubjectPublicKeyInfo (as in RFC 7469 section
2.4), 44 characters. It names a key, not a certificate, so it survives a renewal; and both sides
hold the next key's pin beside the current one, so that a key can be replaced without a visit.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.errors import Denied, Invalid

PINS_MAX = 8  # current, next and a few servers; more is no pinning
_DIGEST_BYTES = 32


def pin_of_key(key: PublicKeyTypes) -> str:
    """The pin of a public key."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def pin_of(certificate: x509.Certificate) -> str:
    """The pin of a certificate's key."""
    return pin_of_key(certificate.public_key())


def parse_pins(texts: Iterable[str]) -> frozenset[str]:
    """Read pins from configuration or a trust bundle.

    Raises `Invalid("pins.malformed")` for anything that is not base64 of 32 bytes, in its one
    spelling, and for none or more than `PINS_MAX`.
    """
    pins = frozenset(texts)
    if not 0 < len(pins) <= PINS_MAX or not all(_is_pin(pin) for pin in pins):
        raise Invalid("pins.malformed")
    return pins


def check_pin(certificate: x509.Certificate, pins: frozenset[str]) -> None:
    """Raise `Denied("pins.mismatch")` unless the certificate's key is pinned."""
    found = pin_of(certificate)
    if not any([hmac.compare_digest(found, pin) for pin in pins]):  # noqa: C419 - looks at all
        raise Denied("pins.mismatch", found=found)


def _is_pin(text: str) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == _DIGEST_BYTES and base64.b64encode(raw).decode() == text
