"""The bank's end of the TLS connection: whom it talks to, and what it says when it does not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bayward.core.clock import DAY_MS, after
from bayward.edge.uplink.dialer import Dialer
from bayward.edge.uplink.trouble import Trouble
from bayward.sim.certificates import HOST, Deployment, Issued, deploy
from hardware_bench import RealClock
from messages_table import TENANT
from uplink_bench import BANK, NAME, OTHER

V1 = Subprotocol("bayward.v1")


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("us"), RealClock().now())


@dataclass
class Impostor:
    """Answers TLS with any certificate and writes down every byte that comes after."""

    port: int = 0
    heard: bytes = b""
    met: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            self.heard += await reader.read()
        writer.close()
        self.met.set()


@contextlib.asynccontextmanager
async def impostor(identity: Issued) -> AsyncIterator[Impostor]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.files.chain, identity.files.key)
    who = Impostor()
    server = await asyncio.start_server(who.serve, HOST, 0, ssl=context)
    who.port = server.sockets[0].getsockname()[1]
    try:
        yield who
    finally:
        server.close()
        await asyncio.sleep(0)


def dialer(us: Deployment, port: int, *pins: str, bank: Issued | None = None) -> Dialer:
    files = bank or us.bank(TENANT, BANK)
    context = us.bank_context(files, *pins)
    return Dialer(url=f"wss://{HOST}:{port}", bank=BANK, context=lambda: context)


async def test_identity_91_right_authority_but_wrong_key_gets_no_byte(us: Deployment) -> None:
    ours, theirs = us.server(), us.server()
    async with impostor(theirs) as who:
        with pytest.raises(Trouble, match=r"link\.wrong_key") as trouble:
            await dialer(us, who.port, ours.pin)()
        assert "Nothing was sent" in trouble.value.words
        assert who.heard == b""


async def test_identity_91_interception_by_another_authority_is_named_and_gets_no_byte(
    us: Deployment, tmp_path: Path
) -> None:
    middlebox = deploy(NAME, tmp_path, RealClock().now()).server()
    async with impostor(middlebox) as who:
        with pytest.raises(Trouble, match=r"link\.intercepted"):
            await dialer(us, who.port, middlebox.pin)()
        assert who.heard == b""


async def test_a_server_past_its_time_or_for_another_host_is_named(us: Deployment) -> None:
    old = us.server(at=after(RealClock().now(), -200 * DAY_MS))
    elsewhere = us.server("127.0.0.9")
    for identity, code in ((old, "link.certificate_expired"), (elsewhere, "link.wrong_host")):
        async with impostor(identity) as who:
            with pytest.raises(Trouble) as trouble:
                await dialer(us, who.port, identity.pin)()
            assert trouble.value.code == code
            assert who.heard == b""


async def test_nobody_there_is_named(us: Deployment) -> None:
    pin = us.server().pin
    async with impostor(us.server()) as who:
        port = who.port
    with pytest.raises(Trouble, match=r"link\.refused"):
        await dialer(us, port, pin)()


@contextlib.asynccontextmanager
async def listener(
    us: Deployment, identity: Issued, *banks: Issued, speaks: str | None = V1
) -> AsyncIterator[int]:
    async def greet(socket: ServerConnection) -> None:
        await socket.close(reason="link.restart")

    context = us.listener_context(identity, us.gate(*banks).judge)
    spoken = [Subprotocol(speaks)] if speaks else None
    async with serve(greet, HOST, 0, ssl=context, subprotocols=spoken) as server:
        yield int(next(iter(server.sockets)).getsockname()[1])


async def test_a_bank_that_was_revoked_is_told_apart_from_a_cut_cable(us: Deployment) -> None:
    identity, bank, known = us.server(), us.bank(TENANT, BANK), us.bank(TENANT, OTHER)
    async with listener(us, identity, known) as port:
        with pytest.raises(Trouble, match=r"link\.certificate_refused"):
            await dialer(us, port, identity.pin, bank=bank)()


async def test_the_version_is_agreed_and_the_last_word_is_heard(us: Deployment) -> None:
    identity, bank = us.server(), us.bank(TENANT, BANK)
    async with listener(us, identity, bank) as port:
        transport, version = await dialer(us, port, identity.pin, bank=bank)()
        assert version == 1
        assert await transport.receive() is None
        assert transport.told == "link.restart"
        await transport.send(b"nobody hears this")
        await transport.close("")


@pytest.mark.parametrize("speaks", ["bayward.v9", None])
async def test_no_common_version_is_named(us: Deployment, speaks: str | None) -> None:
    identity, bank = us.server(), us.bank(TENANT, BANK)
    async with listener(us, identity, bank, speaks=speaks) as port:
        with pytest.raises(Trouble, match=r"link\.no_common_version"):
            await dialer(us, port, identity.pin, bank=bank)()
