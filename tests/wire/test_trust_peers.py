"""The programs the trust context must work under: websockets, httpx, blocking sockets."""

from __future__ import annotations

import asyncio
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvloop
import websockets
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from bayward.cloud.fleet.pki import identity_of
from bayward.core.clock import Instant
from bayward.core.errors import Denied, Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.sim.certificates import HOST, Deployment, Issued, deploy, p256
from bayward.wire.trust import CertificateFiles, enrolment_context, peer_certificate

NAME = "locks.example"
TENANT, BANK = TenantId.of(bytes(16)), BankId.of(bytes(16))


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("us"), Instant(int(time.time() * 1000)))


@pytest.fixture(scope="module")
def server(us: Deployment) -> Issued:
    return us.server()


@pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_websockets_speaks_through_it(
    us: Deployment, server: Issued, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def greet(connection: ServerConnection) -> None:
        device = peer_certificate(connection.transport.get_extra_info("ssl_object"))
        await connection.send(identity_of(device, NAME).bank)

    async def main() -> None:
        bank = us.bank(TENANT, BANK)
        gate = us.gate(bank)
        context = us.listener_context(server, gate.judge)
        async with serve(greet, HOST, 0, ssl=context) as listener:
            port = next(iter(listener.sockets)).getsockname()[1]
            url = f"wss://{HOST}:{port}/"
            async with connect(url, ssl=us.bank_context(bank, server.pin)) as link:
                assert await link.recv() == BANK
            gate.revoke(bank.pin)
            with pytest.raises((OSError, websockets.InvalidHandshake, EOFError)):
                await connect(url, ssl=us.bank_context(bank, server.pin))
            with pytest.raises(ssl.SSLCertVerificationError, match=r"pins\.mismatch"):
                await connect(url, ssl=us.bank_context(bank, bank.pin))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the base class names it so
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        pass


@pytest.fixture
def enrolment_port(server: Issued) -> Iterator[int]:
    """A blocking HTTP server, which takes callers without a certificate."""
    listener = http.server.HTTPServer((HOST, 0), _Answer)
    listener.socket = enrolment_context(server.files).wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield listener.server_port
    listener.shutdown()
    thread.join()
    listener.server_close()


def test_a_bank_without_a_certificate_reaches_the_enrolment_listener(
    us: Deployment, server: Issued, enrolment_port: int
) -> None:
    with httpx.Client(verify=us.bank_context(None, server.pin)) as client:
        assert client.get(f"https://{HOST}:{enrolment_port}/").text == "ok"


def test_identity_91_httpx_refuses_a_wrong_pin(us: Deployment, enrolment_port: int) -> None:
    wrong = us.bank_context(None, us.server().pin)
    with (
        httpx.Client(verify=wrong) as client,
        pytest.raises(httpx.ConnectError, match=r"pins\.mismatch"),
    ):
        client.get(f"https://{HOST}:{enrolment_port}/")


def test_identity_91_a_blocking_socket_is_closed_by_a_wrong_pin(
    us: Deployment, enrolment_port: int
) -> None:
    wrong = us.bank_context(None, us.server().pin)
    with (
        socket.create_connection((HOST, enrolment_port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=r"pins\.mismatch"),
    ):
        wrong.wrap_socket(plain, server_hostname=HOST)


def test_files_that_do_not_fit_are_refused_at_start(
    us: Deployment, server: Issued, tmp_path: Path
) -> None:
    one, two = us.bank(TENANT, BANK).files, us.bank(TENANT, BANK).files
    for files in (
        CertificateFiles(one.chain, two.key),
        CertificateFiles(tmp_path / "none.pem", one.key),
        CertificateFiles(one.key, one.key),
    ):
        with pytest.raises(Misconfigured, match=r"tls\.identity"):
            us.bank_context(Issued(server.certificate, files), server.pin)


def test_an_encrypted_key_is_refused_without_asking_on_the_terminal(
    us: Deployment, server: Issued, tmp_path: Path
) -> None:
    secret = tmp_path / "locked.key"
    locked = p256().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    secret.write_bytes(locked)
    files = CertificateFiles(us.bank(TENANT, BANK).files.chain, secret)
    with pytest.raises(Misconfigured, match=r"tls\.identity"):
        us.bank_context(Issued(server.certificate, files), server.pin)


def _handshake(
    listener: ssl.SSLContext, dial: ssl.SSLContext, met: list[ssl.SSLObject] | None = None
) -> str | None:
    """The reason a listener refuses for, or None; `met` receives its side of the connection."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = dial.wrap_bio(ours, theirs, server_hostname=HOST)
    judged = listener.wrap_bio(theirs, ours, server_side=True)
    if met is not None:
        met.append(judged)
    for _ in range(4):
        for side in (client, judged):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as refused:
                return str(refused.args[0])
    return None


def test_a_connection_whose_context_was_exchanged_is_refused(
    us: Deployment, server: Issued
) -> None:
    """`sni_callback` can put another context under a connection; ours must stay."""
    bank = us.bank(TENANT, BANK)
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lax.load_cert_chain(server.files.chain, server.files.key)
    lax.load_verify_locations(cadata=us.root.certificate.public_bytes(Encoding.DER))
    context = us.listener_context(server, us.gate(bank).judge)
    assert _handshake(context, us.bank_context(bank, server.pin)) is None

    def exchange(connection: ssl.SSLObject | ssl.SSLSocket, _name: str, _: ssl.SSLContext) -> None:
        connection.context = lax

    context.sni_callback = exchange
    assert _handshake(context, us.bank_context(bank, server.pin)) == "tls.context"


def test_a_certificate_that_only_openssl_can_read_is_refused(
    us: Deployment, server: Issued
) -> None:
    def unreadable(_: x509.Certificate) -> None:
        raise ValueError("error parsing asn1 value")

    context = us.listener_context(server, unreadable)
    dial = us.bank_context(us.bank(TENANT, BANK), server.pin)
    assert _handshake(context, dial) == "tls.unreadable_certificate"


def test_nobody_at_the_other_end_is_nobody(us: Deployment, server: Issued) -> None:
    met: list[ssl.SSLObject] = []
    context = enrolment_context(server.files)
    assert _handshake(context, us.bank_context(None, server.pin), met) is None
    with pytest.raises(Denied, match=r"tls\.no_certificate"):
        peer_certificate(met[0])
