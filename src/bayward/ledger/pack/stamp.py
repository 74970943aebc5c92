"""Time stamps (RFC 3161): who says that some bytes existed at a time, and whether he says so.

Checked is all that follows from the token itself: that it was granted, that it is over these
bytes, that the certificate in it is the one it names (RFC 5035), was made for time stamping and
nothing else (RFC 3161 §2.3) and was valid at the time it tells, and that its key has signed. Not
checked: whether that certificate is to be believed. It came with the token, so anybody could have
made it; the reader compares its fingerprint, or has `openssl ts -verify` follow it to a root.

One form is read where the standards allow several: DER, one signer named by issuer and number,
the keys and hashes of `certificates`. Whether the certificate was revoked: `revocation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bayward.ledger import der
from bayward.ledger.der import Value, expect, read_der
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.pack.certificates import (
    Certificate,
    hash_name,
    holds,
    moment_of,
    must_be,
    name_of,
    read_certificate,
)

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


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: `time` as `YYYYMMDDHHMMSS` in UTC, and of whose certificate it is.

    `fingerprint` is the SHA-256 of that certificate in hex, `signer` what it calls itself.
    """

    time: str
    fingerprint: str
    signer: str


def read_stamp(token: bytes, data: bytes) -> Stamp:
    """Verify a response of an authority over `data`; raises `Malformed` or `Unverified`."""
    return open_stamp(token, data)[0]


def open_stamp(token: bytes, data: bytes) -> tuple[Stamp, Certificate]:
    """The same, and the certificate by whose key it is signed."""
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
    return Stamp(told, fingerprint, name_of(certificate.subject)), certificate


def _signed_data(token: bytes) -> tuple[bytes, list[Value], Value]:
    """The signed TSTInfo, the certificates, and the one signer."""
    status, *granted = expect(read_der(token), der.SEQUENCE).parts
    if expect(expect(status, der.SEQUENCE).parts[0], der.INTEGER).body not in _GRANTED:
        raise Unverified("stamp.status", "it was not granted")
    (wrapped,) = granted
    kind, explicit = expect(wrapped, der.SEQUENCE).parts
    must_be(kind, _SIGNED_DATA)
    (data,) = expect(explicit, 0xA0).parts
    _, _, inner, *rest = expect(data, der.SEQUENCE).parts
    kind, explicit = expect(inner, der.SEQUENCE).parts
    must_be(kind, _TST_INFO)
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
    name = hash_name(algorithm)
    if expect(digest, der.OCTETS).body != hashlib.new(name, data).digest():
        raise Unverified("stamp.imprint", "it is over other bytes")
    return moment_of(expect(at, der.TIME))


def _signed(content: bytes, certificates: Sequence[Value], signer: Value) -> Certificate:
    """The certificate by whose key the content is signed."""
    _, who, algorithm, attributes, method, signature = signer.parts[:6]
    issuer, serial = expect(who, der.SEQUENCE).parts
    name, told = hash_name(algorithm), _attributes(expect(attributes, 0xA0))
    if told.get(_CONTENT_TYPE) != read_der(b"\6\x0b" + _TST_INFO):
        raise Unverified("stamp.attribute", "it signs another kind of content")
    digest = expect(told[_MESSAGE_DIGEST], der.OCTETS).body if _MESSAGE_DIGEST in told else b""
    if digest != hashlib.new(name, content).digest():
        raise Unverified("stamp.digest", "it signs another content")
    for one in certificates:
        if one.tag != der.SEQUENCE:
            continue
        found = read_certificate(one)
        if (found.issuer, found.serial) != (issuer.whole, serial.body):
            continue
        if _is_named(told, found.whole):
            signed = bytes([der.SET]) + attributes.whole[1:]
            if not holds(found.key, method, name, signed, expect(signature, der.OCTETS).body):
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
        name = hash_name(parts.pop(0))
    return expect(parts[0], der.OCTETS).body == hashlib.new(name, certificate).digest()


def _for_stamping(certificate: Certificate) -> None:
    found = [one.parts for one in certificate.extensions if one.parts[0].body == _USAGE]
    if len(found) == 1 and len(found[0]) == 3:  # noqa: PLR2004 - name, critical, value
        _, critical, value = found[0]
        if critical.whole == b"\1\1\xff" and value.body == b"\x30\x0a" + _STAMPING:
            return
    raise Unverified("stamp.usage", "its certificate is not one for time stamping alone")
