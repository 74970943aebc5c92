"""COSE_Sign1 (RFC 9052 section 4.2) as we use it: ES256, one way to write it, no tag.

The external data (`aad`) names the context, so that a signature made for one purpose is void for
every other. The protected header holds exactly the algorithm and a one-byte key id; the
unprotected header is empty, because nothing in it would be signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from bayward.core.errors import Denied, Invalid
from bayward.wire.cbor import Cbor, decode, encode

PublicKey: TypeAlias = ec.EllipticCurvePublicKey
Sign: TypeAlias = Callable[[bytes], bytes]
"""Signs a message with ES256 and gives r ‖ s, 64 bytes; a KMS or a token can stand behind it."""

ES256 = -7  # RFC 9053 section 2.1
KEY_IDS = 256
DEPTH_MAX = 4
_HALF_BYTES = 32
_SIGNATURE_BYTES = 2 * _HALF_BYTES


class _Header(IntEnum):
    """RFC 9052 section 3.1."""

    ALGORITHM = 1
    KEY_ID = 4


@dataclass(frozen=True, slots=True)
class Signed:
    """A COSE_Sign1 object of the right form, its signature not yet checked.

    `signed_bytes` (the Sig_structure) is what was signed. Its hash identifies the object: the
    encoded object does not, because anybody can turn an ECDSA signature (r, s) into (r, n-s).
    """

    key_id: int
    payload: Cbor
    signed_bytes: bytes
    signature: bytes

    def verify(self, issuers: Mapping[int, PublicKey]) -> None:
        """Raise `Denied("cose.key")` or `Denied("cose.signature")` unless an issuer signed it."""
        key = issuers.get(self.key_id)
        if key is None or not isinstance(key.curve, ec.SECP256R1):
            raise Denied("cose.key", key_id=self.key_id)
        r = int.from_bytes(self.signature[:_HALF_BYTES], "big")
        s = int.from_bytes(self.signature[_HALF_BYTES:], "big")
        try:
            key.verify(encode_dss_signature(r, s), self.signed_bytes, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Denied("cose.signature", key_id=self.key_id) from None


def es256(private: ec.EllipticCurvePrivateKey) -> Sign:
    """Sign with a key in memory; deterministic (RFC 6979), so no randomness is needed."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(message, algorithm))
        return r.to_bytes(_HALF_BYTES, "big") + s.to_bytes(_HALF_BYTES, "big")

    return sign


def sign1(payload: Cbor, *, aad: bytes, key_id: int, sign: Sign) -> bytes:
    """Write and sign a COSE_Sign1 object."""
    if not 0 <= key_id < KEY_IDS:
        raise Invalid("cose.key_id", key_id=key_id)
    protected = encode({_Header.ALGORITHM: ES256, _Header.KEY_ID: bytes([key_id])})
    content = encode(payload)
    signature = sign(_signed_bytes(protected, aad, content))
    if len(signature) != _SIGNATURE_BYTES:
        raise Invalid("cose.signature_length", length=len(signature))
    return encode([protected, {}, content, signature])


def read1(data: bytes, *, aad: bytes) -> Signed:
    """Read an untagged COSE_Sign1 object; raises `Invalid` when its form or algorithm differs.

    Bound the length of `data` first; time and memory are linear in it.
    """
    match decode(data, depth_max=DEPTH_MAX):
        case [bytes() as protected, {**unprotected}, bytes() as content, bytes() as signature] if (
            not unprotected and len(signature) == _SIGNATURE_BYTES
        ):
            return Signed(
                key_id=_key_id(protected),
                payload=decode(content, depth_max=DEPTH_MAX),
                signed_bytes=_signed_bytes(protected, aad, content),
                signature=signature,
            )
        case _:
            raise Invalid("cose.malformed")


def _key_id(protected: bytes) -> int:
    match decode(protected, depth_max=DEPTH_MAX):
        case {_Header.ALGORITHM: int() as algorithm, **_others} if algorithm != ES256:
            raise Invalid("cose.algorithm", algorithm=algorithm)
        case {_Header.ALGORITHM: int(), _Header.KEY_ID: bytes() as key_id, **others} if (
            len(key_id) == 1 and not others
        ):
            return key_id[0]
        case _:
            raise Invalid("cose.malformed")


def _signed_bytes(protected: bytes, aad: bytes, content: bytes) -> bytes:
    return encode(["Signature1", protected, aad, content])
