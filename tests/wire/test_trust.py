"""Real TLS on loopback, under asyncio and uvloop: who is shut out, and before what."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop
from cryptography import x509

from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.fleet.pki import identity_uri
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.errors import Denied
from bayward.core.ids import BankId, TenantId
from bayward.sim.certificates import HOST, Deployment, Issued, deploy, p256
from bayward.wire.trust import CIPHER, peer_certificate

NAME = "locks.example"
TENANT, BANK = TenantId.of(bytes(16)), BankId.of(bytes(16))
URI = identity_uri(NAME, TENANT, BANK)
OTHER_BANK = identity_uri(NAME, TENANT, BankId.of(b"\x01" * 16))
GREETING = b"hello from the link\n"
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LOOPS = pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("us"), Instant(int(time.time() * 1000)))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("foreign"), Instant(int(time.time() * 1000)))


@pytest.fixture(scope="module")
def server(us: Deployment) -> Issued:
    return us.server()


def stranger_context(client: Issued | None) -> ssl.SSLContext:
    """A client that follows none of our rules."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client.files.chain, client.files.key)
    return context


class Listener:
    """A link listener that greets; remembers whom it met."""

    def __init__(self, gate: DeviceGate | None = None) -> None:
        self.greeted = 0
        self.received = b""
        self.port = 0
        self._gate = gate

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.greeted += 1
        release = None
        if self._gate is not None:
            certificate = peer_certificate(writer.get_extra_info("ssl_object"))
            release = self._gate.hold(certificate, writer.transport.abort)
        writer.write(GREETING)
        with contextlib.suppress(OSError):
            self.received += await reader.read()
        if release is not None:
            release()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext, gate: DeviceGate | None) -> AsyncIterator[Listener]:
    listener = Listener(gate)
    server = await asyncio.start_server(listener.meet, HOST, 0, ssl=context)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()
        await asyncio.sleep(0)


async def greeted_by(port: int, context: ssl.SSLContext) -> bytes:
    """What a client reads, or b"" when it was shut out at any stage."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
    except OSError:
        return b""
    try:
        writer.write(b"let me in\n")
        return await asyncio.wait_for(reader.readline(), 5)
    except OSError:
        return b""
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def run(loop_factory: LoopFactory, main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


@LOOPS
def test_version_cipher_and_tickets_are_as_promised(
    us: Deployment, server: Issued, loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        bank = us.device(URI)
        gate = us.gate(bank)
        async with listening(us.listener_context(server, gate.judge), gate) as listener:
            reader, writer = await asyncio.open_connection(
                HOST, listener.port, ssl=us.bank_context(bank, server.pin)
            )
            assert await reader.readline() == GREETING
            tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
            assert tls.cipher() == (CIPHER, "TLSv1.3", 256)
            assert tls.selected_alpn_protocol() == "http/1.1"
            assert peer_certificate(tls) == server.certificate
            writer.close()
            await writer.wait_closed()

    run(loop_factory, main())


Case = tuple[str, ssl.SSLContext, str | None, list[Issued]]


def refused_clients(us: Deployment, server: Issued, foreign: Deployment) -> Iterator[Case]:
    """Name, context, the judge's reason (None: OpenSSL refuses before it is asked), allow-list.

    On the list stands always as much as could help them in.
    """
    good = us.device(URI)
    old_tls = stranger_context(good)
    old_tls.maximum_version = ssl.TLSVersion.TLSv1_2
    yield "TLS 1.2", old_tls, None, [good]
    yield "no certificate", stranger_context(None), None, [good]
    theirs = foreign.device(URI)
    yield "foreign CA", stranger_context(theirs), None, [good, theirs]
    other = us.device(identity_uri("other.example", TENANT, BANK))
    yield "other deployment", stranger_context(other), "device.deployment", [good]
    for uri in ("https://locks.example/", f"{URI}/x", URI.upper(), f"{URI}?x", f"{URI}#x"):
        yield uri, stranger_context(us.device(uri)), "device.identity", [good]
    unlisted = us.device(URI)
    yield "key not on the list", stranger_context(unlisted), "device.revoked", [good]
    yield "serverAuth as client", stranger_context(server), None, [good]
    expired = us.device(URI, at=after(us.now, -91 * DAY_MS))
    yield "expired", stranger_context(expired), None, [good, expired]
    early = us.device(URI, at=after(us.now, DAY_MS))
    yield "not yet valid", stranger_context(early), None, [good, early]


@LOOPS
def test_identity_90_whoever_is_not_a_bank_is_closed_before_any_application_byte(
    us: Deployment, server: Issued, foreign: Deployment, loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        for name, client, reason, listed in refused_clients(us, server, foreign):
            gate, reasons = us.gate(*listed), list[str]()

            def judge(
                certificate: x509.Certificate,
                gate: DeviceGate = gate,
                reasons: list[str] = reasons,
            ) -> None:
                try:
                    gate.judge(certificate)
                except Denied as denied:
                    reasons.append(denied.code)
                    raise

            async with listening(us.listener_context(server, judge), gate) as listener:
                assert await greeted_by(listener.port, client) == b"", name
                assert listener.greeted == 0, name
                assert reasons == ([reason] if reason else []), name
                friend = us.bank_context(listed[0], server.pin)
                assert await greeted_by(listener.port, friend) == GREETING, name

    run(loop_factory, main())


# What is told of each of `refused_clients`, and whether the certificate is one of ours.
TOLD = {
    "TLS 1.2": ("tls.handshake", False),
    "no certificate": ("tls.no_certificate", False),
    "foreign CA": ("tls.certificate", False),
    "other deployment": ("device.deployment", True),
    "key not on the list": ("device.revoked", True),
    "serverAuth as client": ("tls.certificate", False),
    "expired": ("tls.certificate", False),
    "not yet valid": ("tls.certificate", False),
}


@LOOPS
def test_m45_whoever_is_shut_out_is_told_of_once(
    us: Deployment, server: Issued, foreign: Deployment, loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        for name, client, _, listed in refused_clients(us, server, foreign):
            gate, told = us.gate(*listed), list[tuple[str, bool]]()

            def failed(
                code: str,
                certificate: x509.Certificate | None,
                told: list[tuple[str, bool]] = told,
            ) -> None:
                told.append((code, certificate is not None))

            context = us.listener_context(server, gate.judge)
            context.failed = failed
            async with listening(context, gate) as listener:
                assert await greeted_by(listener.port, client) == b"", name
                assert told == [TOLD.get(name, ("device.identity", True))], name
                friend = us.bank_context(listed[0], server.pin)
                assert await greeted_by(listener.port, friend) == GREETING, name
                assert len(told) == 1, name

    run(loop_factory, main())


@LOOPS
def test_m45_noise_on_the_port_is_told_of(
    us: Deployment, server: Issued, loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        told: list[str] = []
        gate = us.gate()
        context = us.listener_context(server, gate.judge)
        context.failed = lambda code, _: told.append(code)
        async with listening(context, gate) as listener:
            for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", bytes(600)):
                reader, writer = await asyncio.open_connection(HOST, listener.port)
                writer.write(noise)
                with contextlib.suppress(OSError):
                    await asyncio.wait_for(reader.read(), 5)
                writer.close()
            assert told == ["tls.handshake"] * 3
            _, writer = await asyncio.open_connection(HOST, listener.port)
            writer.close()  # a load balancer that looks whether the port is open
            await asyncio.sleep(0.05)
            assert len(told) == 3

    run(loop_factory, main())


def test_identity_90_one_banks_key_under_another_banks_name_is_refused(
    us: Deployment, server: Issued
) -> None:
    async def main() -> None:
        key = p256()
        ours, borrowed = us.device(URI, key=key), us.device(OTHER_BANK, key=key)
        gate = us.gate(ours)
        async with listening(us.listener_context(server, gate.judge), gate) as listener:
            assert await greeted_by(listener.port, stranger_context(borrowed)) == b""
            assert await greeted_by(listener.port, stranger_context(ours)) == GREETING

    asyncio.run(main())


ONE_SUITE = """
openssl_conf = conf
[conf]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
Ciphersuites = {suite}
"""
CLIENT = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(sys.argv[2], sys.argv[3])
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as plain:
    with context.wrap_socket(plain) as tls:
        print(tls.cipher()[0], flush=True)
        print(tls.recv(100), flush=True)
"""


@LOOPS
@pytest.mark.parametrize(
    ("suite", "greets"),
    [
        ("TLS_AES_256_GCM_SHA384", True),
        ("TLS_AES_128_GCM_SHA256", False),
        ("TLS_CHACHA20_POLY1305_SHA256", False),
    ],
)
def test_identity_90_another_cipher_is_closed(
    us: Deployment,
    server: Issued,
    suite: str,
    greets: bool,
    loop_factory: LoopFactory,
) -> None:
    """Python cannot choose TLS 1.3 suites, OpenSSL's configuration can."""

    async def main() -> None:
        bank = us.device(URI)
        gate = us.gate(bank)
        config = us.folder / "openssl.cnf"
        config.write_text(ONE_SUITE.format(suite=suite))
        async with listening(us.listener_context(server, gate.judge), gate) as listener:
            arguments = (str(listener.port), str(bank.files.chain), str(bank.files.key))
            client = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", CLIENT, *arguments),
                env={**os.environ, "OPENSSL_CONF": str(config)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            out, _ = await client.communicate()
            assert out.decode().splitlines()[0] == suite
            assert (repr(GREETING) in out.decode()) is greets
            assert listener.greeted == greets

    run(loop_factory, main())


@LOOPS
def test_identity_90_a_revoked_bank_is_dropped_within_a_second(
    us: Deployment, server: Issued, loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        bank = us.device(URI)
        gate, dial = us.gate(bank), us.bank_context(bank, server.pin)
        async with listening(us.listener_context(server, gate.judge), gate) as listener:
            reader, writer = await asyncio.open_connection(HOST, listener.port, ssl=dial)
            assert await reader.readline() == GREETING
            started = time.monotonic()
            assert gate.revoke(bank.pin) == 1
            with contextlib.suppress(OSError):
                assert await reader.read() == b""
            assert time.monotonic() - started < 1
            writer.transport.abort()
            assert await greeted_by(listener.port, dial) == b""
            assert listener.greeted == 1

    run(loop_factory, main())


@LOOPS
def test_identity_93_nothing_can_be_resumed_after_revocation(
    us: Deployment, server: Issued, loop_factory: LoopFactory
) -> None:
    """The control is a server with tickets: there the client does hold one."""

    async def main() -> None:
        bank = us.device(URI)
        gate = us.gate(bank)
        for tickets in (0, 2):
            context = us.listener_context(server, gate.judge)
            assert context.num_tickets == 0
            context.num_tickets = tickets
            async with listening(context, gate) as listener:
                reader, writer = await asyncio.open_connection(
                    HOST, listener.port, ssl=stranger_context(bank)
                )
                assert await reader.readline() == GREETING
                session = writer.get_extra_info("ssl_object").session
                writer.transport.abort()
                assert (session is not None and session.has_ticket) is (tickets > 0)

    run(loop_factory, main())


@LOOPS
def test_identity_91_a_server_with_another_key_gets_no_byte(
    us: Deployment, server: Issued, loop_factory: LoopFactory
) -> None:
    """The certificate is right in everything: our CA, our host name. Only the key is not ours."""

    async def main() -> None:
        met: list[x509.Certificate] = []
        async with listening(us.listener_context(us.server(), met.append), None) as listener:
            dial = us.bank_context(us.device(URI), server.pin)
            with pytest.raises(ssl.SSLCertVerificationError, match=r"pins\.mismatch") as refused:
                await asyncio.open_connection(HOST, listener.port, ssl=dial)
            assert isinstance(refused.value.__cause__, Denied)
            await asyncio.sleep(0.05)
            assert listener.greeted == 0
            assert listener.received == b""
            assert met == [], "not even our certificate was shown"

    run(loop_factory, main())


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("foreign CA", "unable to get"),
        ("other host", "IP address mismatch"),
        ("a device as server", "unsuitable certificate purpose|unsupported certificate purpose"),
        ("expired", "certificate has expired"),
    ],
)
def test_identity_91_other_servers_are_refused_whatever_the_pin(
    us: Deployment, foreign: Deployment, what: str, message: str
) -> None:
    async def main() -> None:
        match what:
            case "foreign CA":
                bad = foreign.server()
            case "other host":
                bad = us.server("127.0.0.2")
            case "a device as server":
                bad = us.device(URI)
            case _:
                bad = us.server(at=after(us.now, -91 * DAY_MS))
        dial = us.bank_context(us.device(URI), bad.pin)
        async with listening(us.listener_context(bad, lambda _: None), None) as listener:
            with pytest.raises(ssl.SSLCertVerificationError, match=message):
                await asyncio.open_connection(HOST, listener.port, ssl=dial)
            assert listener.greeted == 0

    asyncio.run(main())
