import asyncio
from collections.abc import AsyncIterator

import pytest

from bayward.sim.cable import Cable


@pytest.fixture
async def cable() -> AsyncIterator[Cable]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    far = await asyncio.start_server(echo, "127.0.0.1", 0)
    cable = Cable("127.0.0.1", far.sockets[0].getsockname()[1])
    await cable.start()
    yield cable
    await cable.stop()
    far.close()


async def test_a_whole_cable_carries_both_ways(cable: Cable) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


async def test_a_cut_cable_drops_what_it_carries_and_mended_it_carries_again(cable: Cable) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(b"hello")
    await reader.readexactly(5)
    cable.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    cable.mend()
    await test_a_whole_cable_carries_both_ways(cable)
