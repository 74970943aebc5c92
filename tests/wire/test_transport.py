from __future__ import annotations

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bayward.wire.transport import SocketTransport, Transport


async def test_frames_pass_and_the_end_is_an_answer_and_not_an_error() -> None:
    heard: list[bytes] = []
    ended = asyncio.Event()

    async def listen(socket: ServerConnection) -> None:
        transport: Transport = SocketTransport(socket, ConnectionClosed)
        while (frame := await transport.receive()) is not None:
            heard.append(frame)
            if frame == b"bye":
                await transport.close("link.restart")
        await transport.send(b"nobody hears this")
        ended.set()

    async with serve(listen, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
            transport = SocketTransport(socket, ConnectionClosed)
            for frame in (b"[3]", "ümlaut".encode(), b"bye"):
                await transport.send(frame)
            assert transport.told == ""
            assert await transport.receive() is None
            assert transport.told == "link.restart"
            await ended.wait()
            assert heard == [b"[3]", "ümlaut".encode(), b"bye"]


async def test_an_abort_is_heard_as_an_end_without_a_word() -> None:
    async def hang_up(socket: ServerConnection) -> None:
        SocketTransport(socket, ConnectionClosed).abort()

    async with serve(hang_up, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
            transport = SocketTransport(socket, ConnectionClosed)
            assert await transport.receive() is None
            assert transport.told == ""
            await transport.close("too late")
