"""A deployment's certificates, made on the spot: for the demo, the simulator and tests.

The same authority code as in production, with fresh keys in a folder of one's own.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.fleet.pki import (
    Authority,
    create_issuing,
    create_root,
    identity_of,
    identity_uri,
    issue_device,
    issue_server,
)
from bayward.core.clock import Instant
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import parse_pins, pin_of
from bayward.wire.trust import (
    CertificateFiles,
    Judge,
    TrustContext,
    client_context,
    server_context,
)

HOST = "127.0.0.1"


def p256() -> ec.EllipticCurvePrivateKey:
    """A fresh key."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and the files OpenSSL wants it in."""

    certificate: x509.Certificate
    files: CertificateFiles

    @property
    def pin(self) -> str:
        """The pin of its key."""
        return pin_of(self.certificate)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A root, an issuing authority and a server on loopback, as of `now`."""

    name: str
    folder: Path
    now: Instant
    root: Authority
    issuing: Authority

    def server(
        self,
        host: str = HOST,
        *,
        at: Instant | None = None,
        issuing: Authority | None = None,
    ) -> Issued:
        """A server for an IP address."""
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(host))]
        issuing, key = issuing or self.issuing, p256()
        certificate = issue_server(
            issuing, key.public_key(), names, now=at or self.now, serial=_serial()
        )
        return self.keep(certificate, key, issuing)

    def bank(self, tenant: TenantId, bank: BankId) -> Issued:
        """A device certificate for a bank."""
        return self.device(identity_uri(self.name, tenant, bank))

    def device(
        self,
        uri: str,
        *,
        at: Instant | None = None,
        issuing: Authority | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Issued:
        """A device certificate with any name, from any authority."""
        issuing, key = issuing or self.issuing, key or p256()
        certificate = issue_device(
            issuing, key.public_key(), uri, now=at or self.now, serial=_serial()
        )
        return self.keep(certificate, key, issuing)

    def keep(
        self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, issuing: Authority
    ) -> Issued:
        """Write a leaf, its issuer and its key into the folder."""
        chain = self.folder / f"{certificate.serial_number:x}.pem"
        pair = (certificate, issuing.certificate)
        chain.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in pair))
        secret = chain.with_suffix(".key")
        secret.touch(mode=0o600)
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Issued(certificate, CertificateFiles(chain, secret))

    def gate(self, *banks: Issued) -> DeviceGate:
        """An allow-list with these banks on it."""
        gate = DeviceGate(self.name)
        for bank in banks:
            gate.allow(identity_of(bank.certificate, self.name))
        return gate

    def listener_context(self, server: Issued, judge: Judge) -> TrustContext:
        """What the link's listener serves with."""
        return server_context([self.root.certificate], server.files, judge)

    def bank_context(self, bank: Issued | None, *pins: str) -> TrustContext:
        """What a bank dials out with."""
        files = bank.files if bank is not None else None
        return client_context([self.root.certificate], parse_pins(pins), files)


def deploy(name: str, folder: Path, now: Instant) -> Deployment:
    """A new deployment whose files go into `folder`."""
    root_key = ec.generate_private_key(ec.SECP384R1())
    root = create_root(name, root_key, now=now, serial=_serial())
    return Deployment(
        name, folder, now, root, create_issuing(root, p256(), now=now, serial=_serial())
    )


def _serial() -> int:
    return x509.random_serial_number()
