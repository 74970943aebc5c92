"""Signing keys and verifier keys of signed notes, and the one strict rule for signatures.

A verifier key ("vkey") is one line, `<name>+<8 hex digits>+<base64(type ‖ public key)>`. Name
and id pick the signature line it checks; it is the public key that is trusted, never the id,
whose four bytes anybody can collide.

    0x01  Ed25519 over the text
    0x02  ECDSA on P-256 over SHA-256 of the text, for keys that live in a TPM or an HSM
    0x04  Ed25519 cosignature with a time, over two lines of its own and the text
    0x06  ML-DSA-44 cosignature with a time, over origin, size and root (post-quantum)

Ed25519 leaves edge cases open on which libraries disagree, and a malicious signer can use them
to make one verifier say yes and another no. So this library, and every verifier we publish,
follows one rule: s is below the group order; A and R are canonical encodings; neither A nor R
has small order; and the equation without the cofactor holds for the bytes as they are.

ECDSA signatures are strict DER, which OpenSSL insists on and our tests pin. Both halves of s
are accepted: TPMs and HSMs produce either, and nothing here takes a signature for an
identifier, which is all that a malleated one spoils.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from bayward.ledger.cosignature import (
    TIME_BYTES,
    checkpoint_bytes,
    cosigned_bytes,
    subtree_bytes,
)
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text

ED25519 = 0x01
ECDSA_P256 = 0x02
COSIGNATURE = 0x04
COSIGNATURE_MLDSA = 0x06
COSIGNATURES = frozenset({COSIGNATURE, COSIGNATURE_MLDSA})
KEY_ID_BYTES = 4
NAME_CHARS_MAX = 255
KEYS_MAX = 1_024  # read keys that are kept; reading one costs as much as verifying with it
"""An origin is a schema-less URL; ML-DSA cosignatures hold it in one length byte."""

_POINT_BYTES = 32
_MLDSA_KEY_BYTES = 1312
_FIELD = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_SMALL_ORDER_Y = frozenset({
    0,  # order 4
    1,  # the identity
    _FIELD - 1,  # order 2
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,  # order 8
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,  # order 8
})  # fmt: skip


@lru_cache(maxsize=256)  # of every signature; the keys at work are few
def _key_id(name: str, kind: int, public: bytes) -> bytes:
    if kind == ECDSA_P256:
        return hashlib.sha256(public).digest()[:KEY_ID_BYTES]
    head = name.encode() + b"\n" + bytes([kind])
    return hashlib.sha256(head + public).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name.

    `public` is 32 bytes, 1312 for ML-DSA-44, or SPKI DER for `ECDSA_P256`. Raises `Malformed`
    for a bad name, an unknown kind, or a key that the strict rule refuses.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind == ECDSA_P256:
            _p256(self.public)
        elif self.kind == COSIGNATURE_MLDSA:
            if len(self.public) != _MLDSA_KEY_BYTES:
                raise Malformed("key.public", "not an ML-DSA-44 key")
        elif self.kind not in {ED25519, COSIGNATURE}:
            raise Malformed("key.kind", f"signature type {self.kind:#04x} is not supported")
        elif len(self.public) != _POINT_BYTES or not _is_sound_point(self.public):
            raise Malformed("key.public", "not a canonical Ed25519 key of full order")

    @property
    def id(self) -> bytes:
        """The four bytes that, with the name, pick a signature line."""
        return _key_id(self.name, self.kind, self.public)

    @property
    def is_cosigner(self) -> bool:
        """Does it sign as a witness? Then it does not sign for a log."""
        return self.kind in COSIGNATURES

    @property
    def vkey(self) -> str:
        """The key as one line."""
        return f"{self.name}+{self.id.hex()}+{base64_text(bytes([self.kind]) + self.public)}"

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Check the signature (the bytes behind the key id) over a note's text.

        Gives the time of a cosignature in POSIX seconds, otherwise None. Raises `Unverified`.
        """
        if self.kind == ECDSA_P256:
            self._verify_ecdsa(text, signature)
            return None
        if self.kind == ED25519:
            self._verify_ed25519(text, signature)
            return None
        time = int.from_bytes(signature[:TIME_BYTES], "big")
        if time > MAX_NUMBER:
            raise Unverified("signature.time", "beyond 2^63-1")
        if self.kind == COSIGNATURE:
            self._verify_ed25519(cosigned_bytes(text, time), signature[TIME_BYTES:])
        else:
            self._verify_mldsa(text, time, signature[TIME_BYTES:])
        return time

    def _verify_ed25519(self, message: bytes, signature: bytes) -> None:
        point, scalar = signature[:_POINT_BYTES], signature[_POINT_BYTES:]
        if len(scalar) != _POINT_BYTES or int.from_bytes(scalar, "little") >= _ORDER:
            raise Unverified("signature.form", "s is not below the group order")
        if not _is_sound_point(point):
            raise Unverified("signature.form", "R is not canonical or of small order")
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Unverified("signature.invalid", self.name) from None

    def verify_subtree(
        self, signature: bytes, origin: str, start: int, end: int, *, root: bytes
    ) -> None:
        """Check a cosignature of a subtree, which has no time; raises `Unverified`."""
        if self.kind != COSIGNATURE_MLDSA or signature[:TIME_BYTES] != bytes(TIME_BYTES):
            raise Unverified("signature.form", "not an ML-DSA-44 cosignature without a time")
        message = subtree_bytes(self.name, 0, origin, start=start, end=end, root=root)
        key = mldsa.MLDSA44PublicKey.from_public_bytes(self.public)
        try:
            key.verify(signature[TIME_BYTES:], message)
        except InvalidSignature:
            raise Unverified("signature.invalid", self.name) from None

    def _verify_mldsa(self, text: bytes, time: int, signature: bytes) -> None:
        key = mldsa.MLDSA44PublicKey.from_public_bytes(self.public)
        try:
            key.verify(signature, checkpoint_bytes(self.name, time, text))
        except Malformed as error:
            raise Unverified("signature.text", str(error)) from None
        except InvalidSignature:
            raise Unverified("signature.invalid", self.name) from None

    def _verify_ecdsa(self, message: bytes, signature: bytes) -> None:
        try:
            _p256(self.public).verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Unverified("signature.invalid", self.name) from None


@dataclass(frozen=True, slots=True)
class Signer:
    """A verifier key and what signs for it.

    `sign_text` turns a note's text into the signature bytes. It may live in an HSM.
    `sign_subtree` (origin, start, end, root) is there for keys that can cosign a part of a tree.
    """

    key: VerifierKey
    sign_text: Callable[[bytes], bytes]
    sign_subtree: Callable[[str, int, int, bytes], bytes] | None = None


def parse_vkey(vkey: str) -> VerifierKey:
    """Read a verifier key; raises `Malformed` also when its id is not the one of the key."""
    name, _, rest = vkey.partition("+")
    key_id, _, data = rest.partition("+")
    raw = base64_bytes(data, "key.vkey")
    if not raw:
        raise Malformed("key.vkey", "no key")
    key = VerifierKey(name, raw[0], raw[1:])
    if key.id.hex() != key_id:
        raise Malformed("key.id", f"{key_id!r} is not the id of this key")
    return key


def ed25519_signer(name: str, private: ed25519.Ed25519PrivateKey) -> Signer:
    """Sign as a log with Ed25519."""
    return Signer(VerifierKey(name, ED25519, _raw_public(private)), private.sign)


def ecdsa_signer(name: str, private: ec.EllipticCurvePrivateKey) -> Signer:
    """Sign as a log with P-256; deterministic (RFC 6979), so no randomness is needed."""
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    key = VerifierKey(name, ECDSA_P256, spki)
    return Signer(key, lambda text: private.sign(text, algorithm))


def cosigner(name: str, private: ed25519.Ed25519PrivateKey, time: int) -> Signer:
    """Cosign as a witness at `time` (POSIX seconds).

    The signed bytes hold no name: never use one private key under two names.
    """
    if not 0 <= time <= MAX_NUMBER:
        raise Malformed("signature.time", f"{time} is not a POSIX time")
    stamp = time.to_bytes(TIME_BYTES, "big")
    key = VerifierKey(name, COSIGNATURE, _raw_public(private))
    return Signer(key, lambda text: stamp + private.sign(cosigned_bytes(text, time)))


def mldsa_cosigner(name: str, private: mldsa.MLDSA44PrivateKey, time: int) -> Signer:
    """Cosign as a witness at `time` with ML-DSA-44; the name is part of what is signed."""
    if not 0 < time <= MAX_NUMBER:
        raise Malformed("signature.time", f"{time} is not a POSIX time")
    stamp = time.to_bytes(TIME_BYTES, "big")
    key = VerifierKey(name, COSIGNATURE_MLDSA, private.public_key().public_bytes_raw())

    def sign_subtree(origin: str, start: int, end: int, root: bytes) -> bytes:
        message = subtree_bytes(name, 0, origin, start=start, end=end, root=root)
        return bytes(TIME_BYTES) + private.sign(message)

    return Signer(
        key, lambda text: stamp + private.sign(checkpoint_bytes(name, time, text)), sign_subtree
    )


def check_name(name: str) -> None:
    """Raise `Malformed` unless this can be a key name: no space, control, plus; not empty."""
    if not 0 < len(name) <= NAME_CHARS_MAX or any(
        char == "+" or char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name
    ):
        raise Malformed("key.name", repr(name[:NAME_CHARS_MAX]))


def _is_sound_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < _FIELD and y not in _SMALL_ORDER_Y


@lru_cache(maxsize=KEYS_MAX)
def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("key.public", "not a public key in SPKI DER") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Malformed("key.public", "not on the curve P-256")
    written = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if written != spki:
        raise Malformed("key.public", "not the canonical DER")
    return key


def _raw_public(private: ed25519.Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()
