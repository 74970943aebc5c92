"""Certificates (X.509), as much of them as a time stamp needs, and signatures by their keys.

Read by hand and strictly, so that every verifier reads the same. SHA-256 to SHA-512, RSA of 2048
to 8192 bits (PKCS #1 v1.5 or PSS), ECDSA on P-256 or P-384. Nothing is followed to a root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bayward.ledger import der
from bayward.ledger.der import Value, expect, read_der
from bayward.ledger.errors import Malformed, Unverified

_COMMON_NAME = bytes.fromhex("550403")
_HASHES = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_RSA, _PSS, _MGF1 = (bytes.fromhex(f"2a864886f70d0101{end}") for end in ("01", "0a", "08"))
_RSA_WITH = {bytes.fromhex(f"2a864886f70d01010{n}"): name
             for n, name in (("b", "sha256"), ("c", "sha384"), ("d", "sha512"))}  # fmt: skip
_ECDSA_WITH = {bytes.fromhex(f"2a8648ce3d04030{n}"): name
               for n, name in (("2", "sha256"), ("3", "sha384"), ("4", "sha512"))}  # fmt: skip
_EC = bytes.fromhex("2a8648ce3d0201")
_CURVES: dict[bytes, tuple[type[ec.EllipticCurve], int]] = {
    bytes.fromhex("2a8648ce3d030107"): (ec.SECP256R1, 32),
    bytes.fromhex("2b81040022"): (ec.SECP384R1, 48),
}
_ALGORITHMS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_MODULUS_BITS = (2048, 8192)
_EXPONENT_MAX = 2**32
_NEGATIVE = 0x80
_TIME = re.compile(rb"([0-9]{14})(\.[0-9]+)?Z")
_UTC = re.compile(rb"[0-9]{12}Z")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The parts of a certificate; `valid` are its bounds, as `YYYYMMDDHHMMSS` in UTC."""

    whole: bytes
    serial: bytes
    issuer: bytes
    valid: tuple[str, str]
    subject: Value
    key: Value
    extensions: Sequence[Value]


def read_certificate(whole: Value) -> Certificate:
    """Take a certificate apart; raises `Malformed`, `LookupError` or `ValueError`."""
    parts = expect(whole.parts[0], der.SEQUENCE).parts
    if parts[0].tag == 0xA0:  # noqa: PLR2004 - the version
        parts = parts[1:]
    serial, _, issuer, validity, subject, key, *more = parts
    start, end = expect(validity, der.SEQUENCE).parts
    extensions: list[Value] = []
    for one in more:
        if one.tag == 0xA3:  # noqa: PLR2004 - the extensions
            (found,) = one.parts
            extensions += expect(found, der.SEQUENCE).parts
    return Certificate(
        whole.whole,
        expect(serial, der.INTEGER).body,
        issuer.whole,
        (moment_of(start), moment_of(end)),
        expect(subject, der.SEQUENCE),
        expect(key, der.SEQUENCE),
        extensions,
    )


def moment_of(value: Value) -> str:
    """A time of either kind, as `YYYYMMDDHHMMSS` in UTC; raises `Malformed`."""
    if value.tag == der.UTC_TIME and _UTC.fullmatch(value.body):
        return ("19" if value.body[0] >= ord("5") else "20") + value.body[:-1].decode()
    found = _TIME.fullmatch(expect(value, der.TIME).body)
    if found is None:
        raise Malformed("stamp.time", "not a time in UTC")
    return found[1].decode()


def name_of(subject: Value) -> str:
    """The last common name of a subject; for people, nothing is decided by it."""
    told = "?"
    for many in subject.parts:
        for one in many.parts:
            if len(one.parts) == 2 and one.parts[0].body == _COMMON_NAME:  # noqa: PLR2004
                told = one.parts[1].body.decode("utf-8", "replace")
    return told


def holds(key: Value, method: Value, name: str, signed: bytes, signature: bytes) -> bool:
    """Whether the key has signed with this method and this hash."""
    kind, *rest = expect(method, der.SEQUENCE).parts
    way = expect(kind, der.OID).body
    algorithm, bits = key.parts
    body = expect(bits, der.BIT_STRING).body
    if body[0]:
        raise Malformed("stamp.key", "no whole bytes")
    try:
        if expect(algorithm, der.SEQUENCE).parts[0].body == _EC:
            if _ECDSA_WITH.get(way) != name:
                raise Unverified("stamp.method", "a way of signing that is not read here")
            return _ecdsa_holds(algorithm.parts[1], body[1:], name, signed, signature)
        public = _rsa_key(algorithm, body[1:])
        scheme = _rsa_scheme(way, rest, name)
        public.verify(signature, signed, scheme, _ALGORITHMS[name])
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_signed_by(whole: Value, key: Value) -> bool:
    """Whether a key has signed a certificate or a list of revoked ones (RFC 5280 §4.1, §5.1).

    Raises `Malformed` or `Unverified`, the latter for a way of signing that is not read here.
    """
    told, method, bits = expect(whole, der.SEQUENCE).parts
    kind = expect(expect(method, der.SEQUENCE).parts[0], der.OID).body
    name = _RSA_WITH.get(kind) or _ECDSA_WITH.get(kind)
    if kind == _PSS:
        inner = {one.tag: one.parts[0] for one in expect(method.parts[1], der.SEQUENCE).parts}
        name = hash_name(inner[0xA0])
    if name is None:
        raise Unverified("stamp.method", "a way of signing that is not read here")
    body = expect(bits, der.BIT_STRING).body
    return body[0] == 0 and holds(key, method, name, told.whole, body[1:])


def _ecdsa_holds(curve: Value, point: bytes, name: str, signed: bytes, signature: bytes) -> bool:
    if curve.body not in _CURVES:
        raise Unverified("stamp.method", "a curve that is not read here")
    made, width = _CURVES[curve.body]
    if len(point) != 2 * width + 1 or point[0] != 4:  # noqa: PLR2004 - uncompressed
        raise Malformed("stamp.key", "not a point in its plain form")
    pair = [expect(one, der.INTEGER).body for one in expect(read_der(signature), 0x30).parts]
    if len(pair) != 2 or not all(map(_is_shortest, pair)):  # noqa: PLR2004 - r and s
        return False
    public = ec.EllipticCurvePublicKey.from_encoded_point(made(), point)
    public.verify(signature, signed, ec.ECDSA(_ALGORITHMS[name]))
    return True


def _is_shortest(number: bytes) -> bool:
    """Whether a number is positive and has no byte too many."""
    is_padded = len(number) > 1 and not number[0] and number[1] < _NEGATIVE
    return number[0] < _NEGATIVE and not is_padded


def _rsa_key(algorithm: Value, body: bytes) -> rsa.RSAPublicKey:
    if algorithm.parts[0].body not in {_RSA, _PSS}:
        raise Unverified("stamp.method", "a kind of key that is not read here")
    modulus, exponent = expect(read_der(body), der.SEQUENCE).parts
    n, e = (int.from_bytes(expect(one, der.INTEGER).body, "big") for one in (modulus, exponent))
    is_sound = _MODULUS_BITS[0] <= n.bit_length() <= _MODULUS_BITS[1] and n % 2
    if not is_sound or not 2 < e < _EXPONENT_MAX or not e % 2:  # noqa: PLR2004 - of no use below 3
        raise Malformed("stamp.key", "not an RSA key of 2048 to 8192 bits")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _rsa_scheme(kind: bytes, rest: Sequence[Value], name: str) -> padding.AsymmetricPadding:
    if kind == _RSA or _RSA_WITH.get(kind) == name:
        return padding.PKCS1v15()
    if kind != _PSS or len(rest) != 1:
        raise Unverified("stamp.method", "a way of signing that is not read here")
    told = {one.tag: one.parts[0] for one in expect(rest[0], der.SEQUENCE).parts}
    mask, salt = expect(told[0xA1], der.SEQUENCE), expect(told[0xA2], der.INTEGER).body
    must_be(mask.parts[0], _MGF1)
    if (
        {hash_name(told[0xA0]), hash_name(mask.parts[1])} != {name}
        or len(salt) != 1
        or salt[0] >= _NEGATIVE
    ):
        raise Unverified("stamp.method", "several hashes in one signature")
    return padding.PSS(padding.MGF1(_ALGORITHMS[name]), salt[0])


def hash_name(algorithm: Value) -> str:
    """The hash of an algorithm identifier; raises `Malformed` or `Unverified`."""
    kind = expect(expect(algorithm, der.SEQUENCE).parts[0], der.OID).body
    if kind not in _HASHES:
        raise Unverified("stamp.hash", "a hash that is not read here")
    return _HASHES[kind]


def must_be(value: Value, kind: bytes) -> None:
    """Raise `Malformed` unless this is that object identifier."""
    if expect(value, der.OID).body != kind:
        raise Malformed("stamp.form", "another kind of document")
