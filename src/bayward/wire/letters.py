"""Letters: a fresh code on its way from the bank to the one process that sends messages.

The bank makes the code and keeps only its tag, so the code must travel, often after hours in the
bank's outbox. HPKE (RFC 9180, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM) seals it to
the notifier's public key: nothing between the two can read it, a stolen bank included. `info`
binds a letter to its bank and subject, so it cannot be delivered under another one's name.
"""

from __future__ import annotations

from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.core.ids import BankId, GrantId, PersonId

Subject: TypeAlias = GrantId | PersonId
"""Whom a code lets in: the grant of a parcel, or a courier."""

SEALED_BYTES_MAX = 1_024  # a code of 8 digits has 89
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LABEL = b"bayward/letter/1"


def seal(code: str, recipient: ec.EllipticCurvePublicKey, bank: BankId, subject: Subject) -> bytes:
    """The sealed letter; raises `Misconfigured("letter.key")` unless `recipient` is on P-256."""
    _check_curve(recipient.curve)
    return _SUITE.encrypt(code.encode(), recipient, _info(bank, subject))


def open_letter(
    sealed: bytes, key: ec.EllipticCurvePrivateKey, bank: BankId, subject: Subject
) -> str:
    """The code in a letter for `subject` from `bank`.

    Raises `Invalid("letter.malformed")` for what no bank wrote, and `Denied("letter.sealed")`
    when this key, bank or subject is not the one it was sealed for, or a bit has changed.
    """
    _check_curve(key.curve)
    if len(sealed) > SEALED_BYTES_MAX:
        raise Invalid("letter.malformed")
    try:
        return _SUITE.decrypt(sealed, key, _info(bank, subject)).decode()
    except InvalidTag:
        raise Denied("letter.sealed") from None
    except ValueError:
        raise Invalid("letter.malformed") from None


def _info(bank: BankId, subject: Subject) -> bytes:
    """Ids have one length and tell their kind, so the parts cannot run into each other."""
    return b" ".join((_LABEL, bank.encode(), subject.encode()))


def _check_curve(curve: ec.EllipticCurve) -> None:
    if not isinstance(curve, ec.SECP256R1):
        raise Misconfigured("letter.key")
