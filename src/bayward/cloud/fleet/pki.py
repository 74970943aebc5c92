"""The certificate authority of a deployment.

    root (P-384, offline, 20 years) → issuing (P-256, pathlen 0, 2 years) → leaves

Two kinds of leaves, and neither can stand in for the other: the server's (serverAuth, DNS name)
and a device's (clientAuth, 90 days). A device's identity is one URI in its certificate,
`spiffe://<deployment>/tenant/<tenant>/bank/<bank>`; the common name means nothing. Revocation is
short life plus the allow-list that the link's listener asks in the handshake (`gate`).

A certificate request proves possession of a key and nothing else: what identity goes into the
certificate is the enrolment's decision, so a request that asks for anything is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bayward.core.clock import DAY_MS, HOUR_MS, Instant, after
from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import pin_of

ROOT_LIFE_MS = 20 * 365 * DAY_MS
ISSUING_LIFE_MS = 2 * 365 * DAY_MS
SERVER_LIFE_MS = 90 * DAY_MS
DEVICE_LIFE_MS = 90 * DAY_MS  # renewed at a third; a stolen key dies by itself
BACKDATE_MS = HOUR_MS  # a bank's clock may be behind
CSR_BYTES_MAX = 4_096  # a P-256 request has about 220
ROOT_OF = "Bayward root of "
# A common name has 64 characters at most (X.520), and the root says whose it is.
_DEPLOYMENT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,46}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that can sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who the holder of a device certificate is."""

    tenant: TenantId
    bank: BankId
    spki_pin: str


def create_root(
    deployment: str, key: ec.EllipticCurvePrivateKey, *, now: Instant, serial: int
) -> Authority:
    """The self-signed root; `key` is on P-384 and is kept offline afterwards."""
    if not isinstance(key.curve, ec.SECP384R1):
        raise Misconfigured("authority.curve", expected="P-384")
    name = _name(ROOT_OF + check_deployment(deployment))
    builder = _builder(name, name, key.public_key(), now, ROOT_LIFE_MS, serial)
    builder = _as_authority(builder, path_length=1)
    return Authority(_signed(builder, key, key.public_key()), key)


def deployment_of(root: x509.Certificate) -> str:
    """The name of the deployment whose root this is."""
    told = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(told[0].value).removeprefix(ROOT_OF) if told else ""


def create_issuing(
    root: Authority, key: ec.EllipticCurvePrivateKey, *, now: Instant, serial: int
) -> Authority:
    """The authority that signs leaves, on P-256; it cannot make another authority."""
    if not isinstance(key.curve, ec.SECP256R1):
        raise Misconfigured("authority.curve", expected="P-256")
    name = _name("Bayward issuing")
    subject = root.certificate.subject
    builder = _builder(name, subject, key.public_key(), now, ISSUING_LIFE_MS, serial)
    builder = _as_authority(builder, path_length=0)
    return Authority(_signed(builder, root.key, root.key.public_key()), key)


def issue_server(
    issuing: Authority,
    key: ec.EllipticCurvePublicKey,
    names: list[x509.GeneralName],
    *,
    now: Instant,
    serial: int,
) -> x509.Certificate:
    """A certificate for a listener, by DNS names or addresses."""
    return _leaf(issuing, key, names, ExtendedKeyUsageOID.SERVER_AUTH, now, SERVER_LIFE_MS, serial)


def issue_device(
    issuing: Authority,
    key: ec.EllipticCurvePublicKey,
    uri: str,
    *,
    now: Instant,
    serial: int,
) -> x509.Certificate:
    """A certificate for a bank; `key` comes from `read_request`, `uri` from `identity_uri`."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    return _leaf(issuing, key, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, DEVICE_LIFE_MS, serial)


def read_request(der: bytes) -> ec.EllipticCurvePublicKey:
    """The key of a PKCS#10 request (RFC 2986) that asks for nothing but a certificate.

    Raises `Invalid("csr.malformed")`, and `Denied` with `csr.key` (not P-256), `csr.signature`
    (possession not proven) or `csr.extensions` (it asks for names, CA rights or uses).
    """
    if len(der) > CSR_BYTES_MAX:
        raise Invalid("csr.malformed")
    try:
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        is_proven = request.is_signature_valid
        asks = len(request.extensions) > 0
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Invalid("csr.malformed") from None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise Denied("csr.extensions") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Denied("csr.key")
    if not is_proven:
        raise Denied("csr.signature")
    if asks:
        raise Denied("csr.extensions")
    return key


def identity_uri(deployment: str, tenant: TenantId, bank: BankId) -> str:
    """The name that a device certificate carries."""
    return f"spiffe://{check_deployment(deployment)}/tenant/{tenant}/bank/{bank}"


def identity_of(certificate: x509.Certificate, deployment: str) -> DeviceIdentity:
    """Who a verified certificate speaks for; raises `Denied("device.identity")`.

    Exactly one alternative name is taken, a URI of this deployment in its one spelling.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as missing:
        raise Denied("device.identity") from missing
    match list(names):
        case [x509.UniformResourceIdentifier(value=uri)]:
            pass
        case _:
            raise Denied("device.identity")
    head, _, rest = uri.partition("/tenant/")
    tenant_text, _, bank_text = rest.partition("/bank/")
    try:
        tenant, bank = TenantId.parse(tenant_text), BankId.parse(bank_text)
    except Invalid as malformed:
        raise Denied("device.identity") from malformed
    if head != f"spiffe://{deployment}":
        raise Denied("device.deployment")
    return DeviceIdentity(tenant=tenant, bank=bank, spki_pin=pin_of(certificate))


def check_deployment(name: str) -> str:
    """The deployment's name as it stands in certificates: a lower-case host name."""
    if _DEPLOYMENT.fullmatch(name) is None:
        raise Misconfigured("deployment.name")
    return name


def _leaf(  # noqa: PLR0917 - private, called twice above
    issuing: Authority,
    key: ec.EllipticCurvePublicKey,
    names: list[x509.GeneralName],
    usage: x509.ObjectIdentifier,
    now: Instant,
    life_ms: int,
    serial: int,
) -> x509.Certificate:
    builder = (
        _builder(x509.Name([]), issuing.certificate.subject, key, now, life_ms, serial)
        # The subject is empty, so the alternative name must be critical (RFC 5280, 4.2.1.6).
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    return _signed(builder, issuing.key, issuing.key.public_key())


def _builder(  # noqa: PLR0917 - private, called thrice above
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: Instant,
    life_ms: int,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_moment(after(now, -BACKDATE_MS)))
        .not_valid_after(_moment(after(now, life_ms)))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _as_authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), critical=True
    ).add_extension(_key_usage(is_authority=True), critical=True)


def _signed(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    issuer: ec.EllipticCurvePublicKey,
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
    digest = hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()
    return builder.add_extension(identifier, critical=False).sign(key, digest)


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _moment(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant // 1000, tz=UTC)
