"""Time stamps without an authority: tokens of any make, right and wrong, the same every time.

`tsa_bench` has a real authority, OpenSSL's, which refuses to make most of what is needed here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AT = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TIME = "20261129120000"
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
OIDS = {
    "sha1": "2b0e03021a",
    "sha256": "608648016503040201",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
}
RSA_OIDS = {"sha256": "2a864886f70d01010b", "sha384": "2a864886f70d01010c",
            "sha512": "2a864886f70d01010d"}  # fmt: skip
ECDSA_OIDS = {"sha256": "2a8648ce3d040302", "sha384": "2a8648ce3d040303",
              "sha512": "2a8648ce3d040304"}  # fmt: skip
PKCS1, PSS, MGF1 = "2a864886f70d010101", "2a864886f70d01010a", "2a864886f70d010108"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Of two primes just above a hash."""
    p, q = _near("p") + 1734, _near("q") + 408
    d = pow(65537, -1, (p - 1) * (q - 1))
    iqmp = rsa.rsa_crt_iqmp(p, q)
    public = rsa.RSAPublicNumbers(65537, p * q)
    dmp1, dmq1 = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q)
    return rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public).private_key()


def _near(name: str) -> int:
    raw = b"".join(hashlib.sha512(f"{name} {n}".encode()).digest() for n in range(2))
    return int.from_bytes(raw, "big") | (3 << 1022) | 1


@cache
def ec_key(bits: int = 256) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(20_261_130, ec.SECP256R1() if bits == 256 else ec.SECP384R1())


def certificate(
    key: Key,
    *,
    name: str = "Stamps",
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    start: dt.datetime = AT - DAY,
    end: dt.datetime = AT + DAY,
    serial: int = 4711,
) -> bytes:
    """A certificate in DER that its own key has signed."""
    told = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")]),
        subject_name=told,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=start,
        not_valid_after=end,
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=critical)
    is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
    made = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True if is_ec else None)
    return made.public_bytes(Encoding.DER)


@dataclass(frozen=True, kw_only=True)
class Token:
    """How a token is made; what is not said is as it should be."""

    key: Key = field(default_factory=ec_key)
    certificates: tuple[bytes, ...] | None = None
    named: bytes | None = None
    """The certificate that is meant; the first of them otherwise."""
    digest: str = "sha256"
    imprint: str = "sha256"
    time: str = TIME + "Z"
    nonce: int | None = None
    status: int = 0
    salt: int | None = None
    """RSA-PSS with so much salt, PKCS #1 v1.5 without."""
    is_bare: bool = False
    """rsaEncryption as the way of signing, as OpenSSL writes it."""
    older: bool = False
    """The certificate named by its SHA-1 (RFC 2634)."""
    content_type: str = "2a864886f70d0109100104"

    def over(self, data: bytes) -> bytes:
        """The response of an authority over `data`."""
        certificates = self.certificates or (certificate(self.key),)
        named = self.named or certificates[0]
        info = self._info(data)
        attributes = self._attributes(info, named)
        signed = b"\x31" + attributes[1:]
        issuer, serial = _issuer_and_serial(named)
        signer = seq(
            number(1),
            seq(issuer, serial),
            algorithm(OIDS[self.digest]),
            attributes,
            self._method(),
            tlv(4, self._sign(signed)),
        )
        data_ = seq(
            number(3),
            tlv(0x31, algorithm(OIDS[self.digest])),
            seq(oid("2a864886f70d0109100104"), tlv(0xA0, tlv(4, info))),
            tlv(0xA0, *certificates),
            tlv(0x31, signer),
        )
        token = seq(oid("2a864886f70d010702"), tlv(0xA0, data_))
        return seq(seq(number(self.status)), token)

    def _info(self, data: bytes) -> bytes:
        imprint = hashlib.new(self.imprint, data).digest()
        parts = [number(1), oid("2a0304"), seq(algorithm(OIDS[self.imprint]), tlv(4, imprint)),
                 number(77), tlv(0x18, self.time.encode())]  # fmt: skip
        return seq(*parts, *([] if self.nonce is None else [number(self.nonce)]))

    def _attributes(self, info: bytes, named: bytes) -> bytes:
        if self.older:
            told = seq(seq(seq(tlv(4, hashlib.sha1(named).digest()))))  # noqa: S324 - RFC 2634
        else:
            told = seq(seq(seq(tlv(4, hashlib.sha256(named).digest()))))
        kind = "0c" if self.older else "2f"
        return tlv(
            0xA0,
            seq(oid("2a864886f70d010903"), tlv(0x31, oid(self.content_type))),
            seq(oid("2a864886f70d010904"), tlv(0x31, tlv(4, _digest(self.digest, info)))),
            seq(oid("2a864886f70d01091002" + kind), tlv(0x31, told)),
        )

    def _method(self) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return seq(oid(ECDSA_OIDS[self.digest]))
        if self.salt is None:
            return algorithm(PKCS1 if self.is_bare else RSA_OIDS[self.digest])
        inner = algorithm(OIDS[self.digest])
        mask = seq(oid(MGF1), inner)
        return seq(oid(PSS), seq(tlv(0xA0, inner), tlv(0xA1, mask), tlv(0xA2, number(self.salt))))

    def _sign(self, signed: bytes) -> bytes:
        kind = HASHES[self.digest]
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(signed, ec.ECDSA(kind, deterministic_signing=True))
        if self.salt is None:
            return self.key.sign(signed, padding.PKCS1v15(), kind)
        return self.key.sign(signed, padding.PSS(padding.MGF1(kind), self.salt), kind)


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    told = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(told)]) + told + body


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def oid(text: str) -> bytes:
    return tlv(6, bytes.fromhex(text))


def algorithm(text: str) -> bytes:
    return seq(oid(text), b"\5\0")


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _digest(name: str, raw: bytes) -> bytes:
    return hashlib.new(name, raw).digest()


def _issuer_and_serial(raw: bytes) -> tuple[bytes, bytes]:
    found = x509.load_der_x509_certificate(raw)
    return found.issuer.public_bytes(), number(found.serial_number)
