"""Time stamps (RFC 3161): who says that some bytes existed at a time, and whether he says so.

Checked is all that follows from the token itself: that it was granted, that it is over these
bytes, that the certificate in it is the one it names (RFC 5035), was made for time stamping and
nothing else (RFC 3161 §2.3) and was valid at the time it tells, and that its key has signed. Not
checked: whether that certificate is to be believed. It came with the token, so anybody could have
made it; the reader compares its fingerprint, or has `openssl ts -verify` follow it to a root.

One form is read where the standards allow several: DER, one signer named by issuer and number,
SHA-256 to SHA-512, RSA of 2048 to 8192 bits (PKCS #1 v1.5 or PSS) or ECDSA on P-256 or P-384.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bayward.ledger import der
from bayward.ledger.der import Value, expect, read_der
from bayward.ledger.errors import Malformed, Unverified

TOKEN_BYTES_MAX = 64 * 1024
_GRANTED = (b"\0", b"\1")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_2 = bytes.fromhex("2a864886f70d010910022f")
_USAGE = bytes.fromhex("551d25")
_STAMPING = bytes.fromhex("06082b06010505070308")
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
class Stamp:
    """What a token says: `time` as `YYYYMMDDHHMMSS` in UTC, and of whose certificate it is.

    `fingerprint` is the SHA-256 of that certificate in hex, `signer` what it calls itself.
    """

    time: str
    fingerprint: str
    signer: str


@dataclass(frozen=True, slots=True)
class _Certificate:
    whole: bytes
    serial: bytes
    issuer: bytes
    valid: tuple[str, str]
    subject: Value
    key: Value
    extensions: Sequence[Value]


def read_stamp(token: bytes, data: bytes) -> Stamp:
    """Verify a response of an authority over `data`; raises `Malformed` or `Unverified`."""
    if len(token) > TOKEN_BYTES_MAX:
        raise Malformed("stamp.length", f"{len(token)} bytes")
    try:
        content, certificates, signer = _signed_data(token)
        told = _info(content, data)
        certificate = _signed(content, certificates, signer)
    except (LookupError, ValueError) as error:
        raise Malformed("stamp.form", "a part is missing, or one too many") from error
    _for_stamping(certificate)
    if not certificate.valid[0] <= told <= certificate.valid[1]:
        raise Unverified("stamp.expired", "its certificate was not valid at that time")
    fingerprint = hashlib.sha256(certificate.whole).hexdigest()
    return Stamp(told, fingerprint, _name(certificate.subject))


def _signed_data(token: bytes) -> tuple[bytes, list[Value], Value]:
    """The signed TSTInfo, the certificates, and the one signer."""
    status, *granted = expect(read_der(token), der.SEQUENCE).parts
    if expect(expect(status, der.SEQUENCE).parts[0], der.INTEGER).body not in _GRANTED:
        raise Unverified("stamp.status", "it was not granted")
    (wrapped,) = granted
    kind, explicit = expect(wrapped, der.SEQUENCE).parts
    _is(kind, _SIGNED_DATA)
    (data,) = expect(explicit, 0xA0).parts
    _, _, inner, *rest = expect(data, der.SEQUENCE).parts
    kind, explicit = expect(inner, der.SEQUENCE).parts
    _is(kind, _TST_INFO)
    (content,) = expect(explicit, 0xA0).parts
    certificates = [one for part in rest if part.tag == 0xA0 for one in part.parts]  # noqa: PLR2004
    (signer,) = expect(rest[-1], der.SET).parts
    return expect(content, der.OCTETS).body, certificates, expect(signer, der.SEQUENCE)


def _info(content: bytes, data: bytes) -> str:
    """The time of a TSTInfo, if it is over these bytes."""
    version, _, imprint, _, at, *_ = expect(read_der(content), der.SEQUENCE).parts
    if expect(version, der.INTEGER).body != b"\1":
        raise Malformed("stamp.version", "not version 1")
    algorithm, digest = expect(imprint, der.SEQUENCE).parts
    name = _hash_name(algorithm)
    if expect(digest, der.OCTETS).body != hashlib.new(name, data).digest():
        raise Unverified("stamp.imprint", "it is over other bytes")
    found = _TIME.fullmatch(expect(at, der.TIME).body)
    if found is None:
        raise Malformed("stamp.time", "not a time in UTC")
    return found[1].decode()


def _signed(content: bytes, certificates: Sequence[Value], signer: Value) -> _Certificate:
    """The certificate by whose key the content is signed."""
    _, who, algorithm, attributes, method, signature = signer.parts[:6]
    issuer, serial = expect(who, der.SEQUENCE).parts
    name, told = _hash_name(algorithm), _attributes(expect(attributes, 0xA0))
    if told.get(_CONTENT_TYPE) != read_der(b"\6\x0b" + _TST_INFO):
        raise Unverified("stamp.attribute", "it signs another kind of content")
    digest = expect(told[_MESSAGE_DIGEST], der.OCTETS).body if _MESSAGE_DIGEST in told else b""
    if digest != hashlib.new(name, content).digest():
        raise Unverified("stamp.digest", "it signs another content")
    for one in certificates:
        if one.tag != der.SEQUENCE:
            continue
        found = _certificate(one)
        if (found.issuer, found.serial) != (issuer.whole, serial.body):
            continue
        if _is_named(told, found.whole):
            signed = bytes([der.SET]) + attributes.whole[1:]
            if not _holds(found.key, method, name, signed, expect(signature, der.OCTETS).body):
                raise Unverified("stamp.signature", "the signature does not hold")
            return found
    raise Unverified("stamp.certificate", "the certificate it names is not in it")


def _attributes(found: Value) -> dict[bytes, Value]:
    told: dict[bytes, Value] = {}
    for one in found.parts:
        kind, values = expect(one, der.SEQUENCE).parts
        (value,) = expect(values, der.SET).parts
        if expect(kind, der.OID).body in told:
            raise Malformed("stamp.attribute", "one of them twice")
        told[kind.body] = value
    return told


def _is_named(told: dict[bytes, Value], certificate: bytes) -> bool:
    """Whether the signer meant this certificate, and no other with the same issuer and number."""
    newer = _SIGNING_CERTIFICATE_2 in told
    kind = _SIGNING_CERTIFICATE_2 if newer else _SIGNING_CERTIFICATE
    if kind not in told:
        raise Unverified("stamp.certificate", "it does not say by which certificate")
    first = expect(expect(told[kind], der.SEQUENCE).parts[0], der.SEQUENCE).parts[0]
    parts = expect(first, der.SEQUENCE).parts
    name = "sha256" if newer else "sha1"  # RFC 2634 knows no other; the signature binds it
    if newer and parts[0].tag == der.SEQUENCE:
        name = _hash_name(parts.pop(0))
    return expect(parts[0], der.OCTETS).body == hashlib.new(name, certificate).digest()


def _certificate(whole: Value) -> _Certificate:
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
    return _Certificate(
        whole.whole,
        expect(serial, der.INTEGER).body,
        issuer.whole,
        (_moment(start), _moment(end)),
        expect(subject, der.SEQUENCE),
        expect(key, der.SEQUENCE),
        extensions,
    )


def _for_stamping(certificate: _Certificate) -> None:
    found = [one.parts for one in certificate.extensions if one.parts[0].body == _USAGE]
    if len(found) == 1 and len(found[0]) == 3:  # noqa: PLR2004 - name, critical, value
        _, critical, value = found[0]
        if critical.whole == b"\1\1\xff" and value.body == b"\x30\x0a" + _STAMPING:
            return
    raise Unverified("stamp.usage", "its certificate is not one for time stamping alone")


def _moment(value: Value) -> str:
    if value.tag == der.UTC_TIME and _UTC.fullmatch(value.body):
        return ("19" if value.body[0] >= ord("5") else "20") + value.body[:-1].decode()
    found = _TIME.fullmatch(expect(value, der.TIME).body)
    if found is None:
        raise Malformed("stamp.time", "not a time in UTC")
    return found[1].decode()


def _name(subject: Value) -> str:
    """The last common name of a subject; for people, nothing is decided by it."""
    told = "?"
    for many in subject.parts:
        for one in many.parts:
            if len(one.parts) == 2 and one.parts[0].body == _COMMON_NAME:  # noqa: PLR2004
                told = one.parts[1].body.decode("utf-8", "replace")
    return told


def _holds(key: Value, method: Value, name: str, signed: bytes, signature: bytes) -> bool:
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
    _is(mask.parts[0], _MGF1)
    if (
        {_hash_name(told[0xA0]), _hash_name(mask.parts[1])} != {name}
        or len(salt) != 1
        or salt[0] >= _NEGATIVE
    ):
        raise Unverified("stamp.method", "several hashes in one signature")
    return padding.PSS(padding.MGF1(_ALGORITHMS[name]), salt[0])


def _hash_name(algorithm: Value) -> str:
    kind = expect(expect(algorithm, der.SEQUENCE).parts[0], der.OID).body
    if kind not in _HASHES:
        raise Unverified("stamp.hash", "a hash that is not read here")
    return _HASHES[kind]


def _is(value: Value, kind: bytes) -> None:
    if expect(value, der.OID).body != kind:
        raise Malformed("stamp.form", "another kind of document")
