"""Who a bank is, and what the control plane told it to trust."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from bayward.core.errors import Denied, Misconfigured
from bayward.core.ids import BankId
from bayward.edge.keys import DEVICE_KEY
from bayward.edge.state_dir import StateDir
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import parse_vkey
from bayward.wire.messages import Issuer
from bayward.wire.trust import CertificateFiles, TrustContext, client_context


class Identity(Struct, frozen=True, kw_only=True):
    """What enrolment made of this computer."""

    bank: str
    tenant: str
    deployment: str
    epoch: int
    link_url: str
    enrol_url: str = ""  # where its certificate is renewed
    pins: tuple[str, ...]

    @property
    def origin(self) -> str:
        """Name of the log."""
        return log_origin(self.deployment, BankId(self.bank), self.epoch)


class Trust(Struct, frozen=True, kw_only=True):
    """Keys the control plane gave: who signs passes, and to whom codes are sealed.

    `witnesses` and `tenant_vkey` (the key of the tenant's log) came with the enrolment, and only
    another enrolment replaces them.
    """

    issuers: tuple[Issuer, ...] = ()
    notifier_key: bytes | None = None
    witnesses: tuple[str, ...] = ()
    tenant_vkey: str | None = None


def log_origin(deployment: str, bank: BankId, epoch: int) -> str:
    """Name of a bank's log; a new epoch is a new log."""
    return f"{deployment}/bank/{bank}/{epoch}"


def link_context(state: StateDir, pins: frozenset[str]) -> TrustContext:
    """What to dial out with: our certificate, the root of enrolment, the pins.

    Raises `Misconfigured("tls.identity")` when the files are not there or do not fit.
    """
    try:
        anchor = x509.load_pem_x509_certificate(state.anchor.read_bytes())
    except (OSError, ValueError) as error:
        raise Misconfigured("tls.identity", why=type(error).__name__) from error
    files = CertificateFiles(chain=state.certificate, key=state.keys / DEVICE_KEY)
    return client_context([anchor], pins, files)


def check_certificate(
    chain_pem: str, anchor_pem: str, anchor: x509.Certificate, key: ec.EllipticCurvePublicKey
) -> None:
    """Raise `Denied("enrol.certificate")` unless the chain is for our key, under that root.

    OpenSSL judges chains at each connection; here it is about not storing somebody else's.
    """
    try:
        leaf, issuing, *rest = x509.load_pem_x509_certificates(chain_pem.encode())
        told = x509.load_pem_x509_certificate(anchor_pem.encode())
        leaf.verify_directly_issued_by(issuing)
        issuing.verify_directly_issued_by(anchor)
        is_ours = _spki(leaf.public_key()) == _spki(key) and told == anchor and not rest
    except Exception as error:  # every kind of unreadable or unsigned is one refusal
        raise Denied("enrol.certificate", why=type(error).__name__) from error
    if not is_ours:
        raise Denied("enrol.certificate", why="another key or root")


def check_log_keys(tenant_vkey: str, witness_vkeys: Sequence[str]) -> None:
    """Raise `Denied("enrol.log_keys")` unless one can be a log's key and the rest witnesses'."""
    try:
        is_log = not parse_vkey(tenant_vkey).is_cosigner
        are_witnesses = all(parse_vkey(one).is_cosigner for one in witness_vkeys)
    except LedgerError as error:
        raise Denied("enrol.log_keys", why=str(error)[:200]) from error
    if not is_log or not are_witnesses:
        raise Denied("enrol.log_keys", why="another kind of key")


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
