"""The deployment's own identity: its certificate authority and its listener's keys, in files.

    ca/root.pem root-key.pem      P-384, 20 years; the key is needed again only for a new
                                  issuing authority, so take it off the machine after set-up
    ca/issuing.pem issuing-key.pem
    link/server.pem server-key.pem
    link/next-key.pem             pinned by every bank already, so that the server's key can be
                                  replaced without a visit
    letters/notifier-key.pem      opens the codes that banks seal; needed by who sends messages

All keys are made here on the first start, readable by nobody else. There are none by default,
and a directory with something missing is refused rather than completed.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.fleet import pki
from bayward.core.clock import Clock, Instant
from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import pin_of_key
from bayward.wire.trust import CertificateFiles

SERIAL_BYTES = 19  # RFC 5280 4.1.2.2: positive and at most 20 octets
RENEW_BEFORE_MS = pki.SERVER_LIFE_MS // 3  # a month to notice that renewing fails
ROOT = "ca/root.pem"
FOLDERS = ("ca", "link", "letters")
_PEM = serialization.Encoding.PEM
_OTHERS = 0o077

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate for a bank; `chain` is it and the issuing authority's, PEM."""

    chain: str
    spki: bytes
    not_after: Instant

    @property
    def pin(self) -> str:
        """The key's pin, as `wire.pins` writes it."""
        return base64.b64encode(self.spki).decode()


class Deployment:
    """What this deployment proves itself with and what it signs banks' certificates with."""

    def __init__(
        self, directory: Path, name: str, hosts: Iterable[str], clock: Clock, random: Random
    ) -> None:
        """Read the files; raises `Misconfigured` when one is missing, wrong or readable."""
        self.name = check_name(directory, name)
        self.hosts = tuple(hosts)
        self._clock = clock
        self._random = random
        self._directory = directory
        self.anchor = _certificate(directory / ROOT)
        self._issuing = pki.Authority(
            _certificate(directory / "ca/issuing.pem"), _key(directory / "ca/issuing-key.pem")
        )
        self._server_key = _key(directory / "link/server-key.pem")
        self._next_key = _key(directory / "link/next-key.pem")
        self.notifier = _key(directory / "letters/notifier-key.pem")
        self.renew()

    @classmethod
    def create(
        cls, directory: Path, name: str, hosts: Iterable[str], clock: Clock, random: Random
    ) -> Deployment:
        """Make everything for a new deployment."""
        now = clock.now()
        root = pki.create_root(
            name, ec.generate_private_key(ec.SECP384R1()), now=now, serial=_serial(random)
        )
        issuing = pki.create_issuing(
            root, ec.generate_private_key(ec.SECP256R1()), now=now, serial=_serial(random)
        )
        for folder in FOLDERS:
            (directory / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for label, authority in (("root", root), ("issuing", issuing)):
            _write(directory / f"ca/{label}.pem", authority.certificate.public_bytes(_PEM))
            _write(directory / f"ca/{label}-key.pem", _key_pem(authority.key))
        for label in ("link/server", "link/next", "letters/notifier"):
            key = ec.generate_private_key(ec.SECP256R1())
            _write(directory / f"{label}-key.pem", _key_pem(key))
        return cls(directory, name, hosts, clock, random)

    @classmethod
    def exists(cls, directory: Path) -> bool:
        """Whether a deployment was ever made here."""
        return (directory / "ca").exists() or (directory / "link").exists()

    @property
    def server(self) -> CertificateFiles:
        """What the listeners for banks serve with."""
        return CertificateFiles(
            self._directory / "link/server.pem", self._directory / "link/server-key.pem"
        )

    @property
    def pins(self) -> frozenset[str]:
        """The keys a bank may meet: today's and the next."""
        return frozenset(pin_of_key(key.public_key()) for key in (self._server_key, self._next_key))

    @property
    def notifier_spki(self) -> bytes:
        """The key that banks seal codes to (SPKI DER)."""
        return self.notifier.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def anchor_pem(self) -> str:
        """The root certificate."""
        return self.anchor.public_bytes(_PEM).decode()

    @property
    def anchor_digest(self) -> bytes:
        """SHA-256 of the root certificate's DER, by which a bank recognises it."""
        return hashlib.sha256(self.anchor.public_bytes(serialization.Encoding.DER)).digest()

    def renew(self) -> bool:
        """Give the listeners a new certificate when theirs is missing, for other hosts or old."""
        path = self._directory / "link/server.pem"
        if path.exists() and not self._is_due(_certificate(path)):
            return False
        leaf = pki.issue_server(
            self._issuing,
            self._server_key.public_key(),
            [_general_name(host) for host in self.hosts],
            now=self._clock.now(),
            serial=_serial(self._random),
        )
        _write(path, self._chain(leaf).encode(), may_replace=True)
        return True

    def issue(self, tenant: TenantId, bank: BankId, key: ec.EllipticCurvePublicKey) -> Issued:
        """A certificate for a bank; `key` comes from `pki.read_request`."""
        uri = pki.identity_uri(self.name, tenant, bank)
        now = self._clock.now()
        leaf = pki.issue_device(self._issuing, key, uri, now=now, serial=_serial(self._random))
        spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        not_after = Instant(int(leaf.not_valid_after_utc.timestamp()) * 1000)
        return Issued(self._chain(leaf), hashlib.sha256(spki).digest(), not_after)

    def _is_due(self, certificate: x509.Certificate) -> bool:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if list(names) != [_general_name(host) for host in self.hosts]:
            return True
        if certificate.public_key() != self._server_key.public_key():
            return True
        ends = int(certificate.not_valid_after_utc.timestamp()) * 1000
        return ends - self._clock.now() < RENEW_BEFORE_MS

    def _chain(self, leaf: x509.Certificate) -> str:
        both = (leaf, self._issuing.certificate)
        return "".join(certificate.public_bytes(_PEM).decode() for certificate in both)


def _serial(random: Random) -> int:
    return int.from_bytes(random(SERIAL_BYTES), "big") | 1


def check_name(directory: Path, name: str) -> str:
    """`name`, if the deployment in `directory` was made with it.

    It opens the origin of every log and is in the certificate of every bank: under another one
    second logs would begin and no bank be let in. So `Misconfigured("deployment.renamed")`.
    """
    made = pki.deployment_of(_certificate(directory / ROOT))
    if made != pki.check_deployment(name):
        raise Misconfigured("deployment.renamed", expected=made, name=name)
    return name


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise Misconfigured("deployment.certificate", file=str(path)) from error


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        if path.stat().st_mode & _OTHERS:
            raise Misconfigured("keys.readable_by_others", file=str(path))
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured("deployment.key", file=str(path)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misconfigured("deployment.key", file=str(path))
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, content: bytes, *, may_replace: bool = False) -> None:
    """Write completely or not at all; readable by us alone."""
    if path.exists() and not may_replace:
        raise Misconfigured("keys.exist", file=str(path))
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
