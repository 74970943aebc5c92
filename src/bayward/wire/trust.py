"""Whom a TLS connection may be with, decided inside the handshake.

Python's `ssl` verifies a chain and a host name. We want more, and before a single byte of ours is
sent: the server's key is pinned, the device's key is on the allow-list, the cipher is AES-256.
`SSLContext` lets us put a subclass where it makes its connection objects, for blocking sockets
and for event loops alike, so one override of `do_handshake` holds for asyncio, uvloop, websockets
and httpx. A refusal there is an `ssl.SSLCertVerificationError`, and the connection is dropped.

Three facts to know:

- In TLS 1.3 the client's handshake ends before the server has judged the client's certificate.
  Connected therefore means "the server's application greeting has arrived", nothing less.
- Python 3.11 cannot choose TLS 1.3 cipher suites; the check of the negotiated one is what makes
  AES-256 true.
- Tickets are off: a resumed session would skip the judgement.

This module opens no socket. It is the one module of `wire` that may import `ssl`, because the
rule belongs beside the pins and both ends use it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.wire.pins import check_pin

CIPHER = "TLS_AES_256_GCM_SHA384"  # RFC 8446 appendix B.4; ChaCha20 also has 256 bits
ALPN = "http/1.1"  # the link is a WebSocket

Judge: TypeAlias = Callable[[x509.Certificate], None]
"""Raises `Denied` unless the connection may be with the holder of this verified certificate."""

Witness: TypeAlias = Callable[[str, x509.Certificate | None], None]
"""Is told why a handshake failed, and with whose certificate if our authority has signed it."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Our own certificate (leaf first, then the issuing CA) and its private key, as PEM files."""

    chain: Path
    key: Path


class TrustContext(ssl.SSLContext):
    """TLS 1.3 only, AES-256 only, and a judge in the handshake; make one with the functions."""

    judge: Judge | None = None
    failed: Witness | None = None


class _JudgedObject(ssl.SSLObject):
    """The connection as an event loop sees it; called again until it stops wanting bytes."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            _tell(self.context, _CODES.get(error.reason, "tls.handshake"), None)
            raise
        _judge(self)


class _JudgedSocket(ssl.SSLSocket):
    """The connection as a blocking program sees it."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's signature
        super().do_handshake(block)
        try:
            _judge(self)
        except ssl.SSLError:
            self.close()
            raise


def client_context(
    anchors: list[x509.Certificate], pins: frozenset[str], identity: CertificateFiles | None
) -> TrustContext:
    """What a bank dials out with: the chain, the host name and the pin must all be right.

    `identity` is None before enrolment. Raises `Misconfigured("tls.identity")` when its files do
    not fit each other.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, anchors)
    context.judge = lambda certificate: check_pin(certificate, pins)
    if identity is not None:
        _load(context, identity)
    return context


def server_context(
    anchors: list[x509.Certificate], identity: CertificateFiles, judge: Judge
) -> TrustContext:
    """What the link's listener serves with: each client shows a certificate `judge` accepts."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, anchors)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0
    context.judge = judge
    _load(context, identity)
    return context


def enrolment_context(identity: CertificateFiles) -> TrustContext:
    """What the enrolment listener serves with: callers have no certificate yet."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, [])
    context.num_tickets = 0
    _load(context, identity)
    return context


def peer_certificate(connection: ssl.SSLObject | ssl.SSLSocket) -> x509.Certificate:
    """The verified certificate of the other end; raises `Denied("tls.no_certificate")`.

    With asyncio: `transport.get_extra_info("ssl_object")`.
    """
    der = connection.getpeercert(binary_form=True)
    if der is None:
        raise Denied("tls.no_certificate")
    return x509.load_der_x509_certificate(der)


def _context(protocol: int, anchors: list[x509.Certificate]) -> TrustContext:
    context = TrustContext(protocol)
    context.sslobject_class = _JudgedObject
    context.sslsocket_class = _JudgedSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols([ALPN])
    for anchor in anchors:
        context.load_verify_locations(cadata=anchor.public_bytes(Encoding.DER))
    return context


def _load(context: TrustContext, identity: CertificateFiles) -> None:
    try:
        context.load_cert_chain(identity.chain, identity.key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Misconfigured("tls.identity", why=type(error).__name__) from error


def _no_password() -> str:
    """Without this OpenSSL would ask on the terminal."""
    raise ValueError("the key is encrypted")


_CODES: Mapping[
    str | None, str
] = {  # OpenSSL's names (ssl.h); any other is a handshake that failed
    "CERTIFICATE_VERIFY_FAILED": "tls.certificate",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "tls.no_certificate",
}


def _judge(connection: ssl.SSLObject | ssl.SSLSocket) -> None:
    cipher = connection.cipher()
    if cipher is None or cipher[0] != CIPHER:
        _tell(connection.context, "tls.cipher", None)
        raise ssl.SSLCertVerificationError("tls.cipher")
    context = connection.context
    if not isinstance(context, TrustContext):  # somebody's `sni_callback` exchanged it
        raise ssl.SSLCertVerificationError("tls.context")
    if context.judge is None:
        return
    certificate = None
    try:
        certificate = peer_certificate(connection)
        context.judge(certificate)
    except (Denied, Invalid) as refused:
        _tell(context, refused.code, certificate)
        raise ssl.SSLCertVerificationError(refused.code) from refused
    except (ValueError, x509.InvalidVersion) as unreadable:  # though OpenSSL took it
        _tell(context, "tls.unreadable_certificate", None)
        raise ssl.SSLCertVerificationError("tls.unreadable_certificate") from unreadable


def _tell(context: ssl.SSLContext, code: str, certificate: x509.Certificate | None) -> None:
    if isinstance(context, TrustContext) and context.failed is not None:
        context.failed(code, certificate)
