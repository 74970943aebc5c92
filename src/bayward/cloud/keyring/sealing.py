"""How one record is sealed: under a key of its own that needs two others to be made again.

    record key   HKDF-SHA256( subject key ‖ period key, salt = where, info = what )
    sealed       nonce ‖ AES-256-GCM( plain, AAD = where, what, which two keys )

Destroy either of the two and the record is noise: the subject's to forget somebody, the
period's to forget a month.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bayward.cloud.keys import decrypt, encrypt

KEY_BYTES = 32  # AES-256, and one block of SHA-256: HKDF needs no second round


@dataclass(frozen=True)
class HeldKey:
    """A key and the random id under which it is known."""

    id: str
    secret: bytes

    @cached_property
    def cipher(self) -> AESGCM:
        """For cells of tables, which need no second key (`cells`); HKDF as below."""
        extracted = hmac.digest(b"cells/v1", self.secret, "sha256")
        return AESGCM(hmac.digest(extracted, b"cell\x01", "sha256"))


def record_key(subject: HeldKey, period: HeldKey, where: str, what: str) -> bytes:
    """HKDF (RFC 5869) for one block of output."""
    extracted = hmac.digest(where.encode(), subject.secret + period.secret, "sha256")
    return hmac.digest(extracted, what.encode() + b"\x01", "sha256")


def seal(
    subject: HeldKey,
    period: HeldKey,
    *,
    where: str,
    what: str,
    plain: bytes,
    random: Callable[[int], bytes],
) -> bytes:
    """Encrypt a record; `where` and `what` are what no other record has together."""
    cipher = AESGCM(record_key(subject, period, where, what))
    return encrypt(cipher, _context(subject, period, where, what), plain, random)


def unseal(subject: HeldKey, period: HeldKey, *, where: str, what: str, sealed: bytes) -> bytes:
    """Undo `seal`; raises `Invalid("seal.broken")` for another place or changed bytes."""
    cipher = AESGCM(record_key(subject, period, where, what))
    return decrypt(cipher, _context(subject, period, where, what), sealed)


def _context(subject: HeldKey, period: HeldKey, where: str, what: str) -> str:
    return f"record|{where}\n{what}\n{subject.id}\n{period.id}"
