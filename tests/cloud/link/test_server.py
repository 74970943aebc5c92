"""The real listener over real TLS on loopback: who gets how far."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.link.server import LinkServer, LinkSetup
from bayward.core.clock import DAY_MS, after
from bayward.core.commands import Command
from bayward.core.errors import Unavailable
from bayward.core.ids import CommandId
from bayward.sim.certificates import HOST, Deployment, Issued, deploy
from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.trust import TrustContext
from hardware_bench import RealClock
from link_bench import ORIGIN, SIGNER, DeviceLog
from messages_table import HELLO, ORDERS, TENANT
from uplink_bench import BANK, NAME, OTHER, Bell, MirrorInbox

V1 = Subprotocol("bayward.v1")


@dataclass
class Site:
    """A listener and what a client needs to reach it."""

    us: Deployment
    identity: Issued
    bank: Issued
    gate: DeviceGate
    inbox: MirrorInbox
    clock: RealClock
    server: LinkServer

    def dial(
        self, *, path: str = f"/link/{BANK}", bank: Issued | None = None, version: str = V1
    ) -> connect:
        return connect(
            f"wss://{HOST}:{self.server.port}{path}",
            ssl=self.us.bank_context(bank or self.bank, self.identity.pin),
            subprotocols=[Subprotocol(version)],
            compression=None,
            proxy=None,
        )


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("us"), RealClock().now())


@contextlib.asynccontextmanager
async def listening(us: Deployment, *, versions: tuple[int, ...] = (1,)) -> AsyncIterator[Site]:
    identity, bank = us.server(), us.bank(TENANT, BANK)
    gate = us.gate(bank)
    clock = RealClock()
    inbox = MirrorInbox(Bell(), clock.now)
    inbox.add(BANK, SIGNER)
    setup = LinkSetup(
        tls=us.listener_context(identity, gate.judge),
        gate=gate,
        inbox=inbox,
        clock=clock,
        random=lambda: 0.5,
        versions=versions,
    )
    server = await LinkServer(setup).start(HOST, 0)
    try:
        yield Site(us, identity, bank, gate, inbox, clock, server)
    finally:
        await server.stop()


async def greet(socket: ClientConnection, log: DeviceLog) -> m.Welcome:
    hello = msgspec.structs.replace(
        HELLO, origin=ORIGIN, size=log.size, checkpoint=log.note(log.size)
    )
    await socket.send(codec.encode_request("1", hello), text=True)
    frame = codec.decode(await socket.recv(decode=False))
    assert isinstance(frame, codec.Result)
    return codec.read_answer(frame, m.Welcome)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_bank_is_greeted_stored_and_reached(
    us: Deployment, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        log = DeviceLog().grow(3)
        async with listening(us) as site, site.dial() as socket:
            assert socket.subprotocol == V1
            assert (await greet(socket, log)).acked == 0
            await socket.send(codec.encode_request("2", log.upload(0, 3)), text=True)
            assert await socket.recv(decode=False) == b'[3,"2",{"acked":3}]'
            await site.inbox.bell.wait(lambda: site.inbox.comings)
            reach = site.server.connections
            order = Command(
                CommandId.of(bytes(16)),
                ORDERS[2],
                after(site.clock.now(), 5000),
                reach.epoch(BANK),
            )
            asked = asyncio.create_task(reach.send_command(BANK, order))
            frame = codec.decode(await socket.recv(decode=False))
            ended = m.Ended(is_done=True, result="opened")
            await socket.send(codec.encode_result(frame.id, ended), text=True)
            assert (await asked).is_done

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/link/{OTHER}", 403),
        (f"/link/{BANK}/", 403),
        (f"/link/{BANK}?as={OTHER}", 403),
        ("/link/", 403),
        ("/", 404),
        (f"/links/{BANK}", 404),
    ],
)
async def test_identity_96_certificate_of_one_bank_on_the_path_of_another(
    us: Deployment, path: str, status: int
) -> None:
    async with listening(us) as site:
        with pytest.raises(InvalidStatus) as refused:
            await site.dial(path=path)
        assert refused.value.response.status_code == status
        assert site.inbox.hellos == []


async def test_identity_96_events_of_another_banks_log_are_refused(us: Deployment) -> None:
    other = DeviceLog(seed=4).grow(2)
    async with listening(us) as site, site.dial() as socket:
        hello = msgspec.structs.replace(HELLO, origin="x/bank/other/1", checkpoint=other.note(2))
        await socket.send(codec.encode_request("1", hello), text=True)
        frame = codec.decode(await socket.recv(decode=False))
        assert isinstance(frame, codec.Error)
        assert frame.code is m.ErrorCode.BAD_UPLOAD
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_no_common_version_is_refused_in_words_and_an_unknown_newer_one_falls_back(
    us: Deployment,
) -> None:
    async with listening(us) as site:
        with pytest.raises(InvalidStatus) as refused:
            await site.dial(version="bayward.v9")
        assert refused.value.response.status_code == 400
        assert b"spoken here: bayward.v1" in (refused.value.response.body or b"")
        newer = connect(
            f"wss://{HOST}:{site.server.port}/link/{BANK}",
            ssl=us.bank_context(site.bank, site.identity.pin),
            subprotocols=[Subprotocol("bayward.v2"), V1],
            proxy=None,
        )
        async with newer as socket:
            assert socket.subprotocol == V1


async def test_identity_90_strangers_get_no_byte_from_the_listener(
    us: Deployment, tmp_path: Path
) -> None:
    foreign = deploy(NAME, tmp_path, RealClock().now())
    week_ago = after(RealClock().now(), -200 * DAY_MS)
    async with listening(us) as site:
        strangers = {
            "no certificate": None,
            "foreign authority": foreign.bank(TENANT, BANK),
            "not on the list": us.bank(TENANT, BANK),
            "another bank's name, not on the list": us.bank(TENANT, OTHER),
            "a server's certificate": us.server(),
            "expired": us.device(f"spiffe://{NAME}/tenant/{TENANT}/bank/{BANK}", at=week_ago),
        }
        for name, stranger in strangers.items():
            context = us.bank_context(stranger, site.identity.pin)
            assert await first_bytes(site.server.port, context) == b"", name
        assert site.inbox.hellos == []
        async with site.dial() as socket:  # and the listener still serves
            assert (await greet(socket, DeviceLog())).acked == 0


async def first_bytes(port: int, context: TrustContext) -> bytes:
    """What the listener answers to a whole request, once its handshake let us."""
    request = (
        f"GET /link/{BANK} HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: bayward.v1\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
    except OSError:
        return b""
    try:
        writer.write(request.encode())
        async with asyncio.timeout(5):
            return await reader.read(1)
    except OSError:
        return b""
    finally:
        writer.transport.abort()


async def test_identity_90_revoked_while_connected_is_dropped_within_a_second(
    us: Deployment,
) -> None:
    async with listening(us) as site, site.dial() as socket:
        await greet(socket, DeviceLog())
        await site.inbox.bell.wait(lambda: site.inbox.comings)
        started = time.monotonic()
        assert site.gate.revoke(site.bank.pin) == 1
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert time.monotonic() - started < 1
        await site.inbox.bell.wait(lambda: len(site.inbox.comings) == 2)
        assert site.inbox.comings[1] == f"{BANK} off device.revoked"
        with pytest.raises((OSError, InvalidHandshake, EOFError)):
            await site.dial()


async def test_a_connection_does_not_outlive_its_certificate(us: Deployment) -> None:
    async with listening(us) as site, site.dial() as socket:
        await greet(socket, DeviceLog())
        site.clock.skew_ms = 91 * DAY_MS
        site.server._drop_expired()  # what its timer does every minute
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_frames_beyond_the_limit_and_bytes_that_are_no_frame_end_the_connection(
    us: Deployment,
) -> None:
    async with listening(us) as site:
        for nonsense in (b" " * (limits.FRAME_BYTES_MAX + 1), b"[1,2,3]"):
            async with site.dial() as socket:
                await greet(socket, DeviceLog())
                await socket.send(nonsense, text=True)
                with pytest.raises(ConnectionClosed):
                    await socket.recv()


async def test_a_restart_says_goodbye_and_finishes_what_is_being_stored(us: Deployment) -> None:
    log = DeviceLog().grow(3)
    async with listening(us) as site, site.dial() as socket:
        await greet(socket, log)
        site.inbox.gate = asyncio.Event()
        await socket.send(codec.encode_request("2", log.upload(0, 3)), text=True)
        await site.inbox.bell.wait(lambda: site.inbox.working)
        stopping = asyncio.create_task(site.server.stop())
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == "link.restart"
        assert not stopping.done()
        site.inbox.gate.set()
        await stopping
        assert site.inbox.mirrors[BANK].size == 3
        with pytest.raises(Unavailable):
            site.server.connections.epoch(BANK)
