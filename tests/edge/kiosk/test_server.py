from __future__ import annotations

import httpx
import pytest
from litestar import Litestar, get

from bayward.core.errors import Misconfigured
from bayward.edge.kiosk.server import KioskServer


@get("/", sync_to_thread=False)
def here() -> str:
    return "here"


async def test_it_serves_on_loopback_and_ends() -> None:
    server = KioskServer(0)
    app = Litestar([here], openapi_config=None, logging_config=None)
    server.start(app)
    port = server.port
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(f"http://127.0.0.1:{port}/")
    assert answer.text == "here"
    assert "server" not in answer.headers
    assert server._socket.getsockname()[0] == "127.0.0.1"
    await server.stop()
    async with httpx.AsyncClient(trust_env=False) as browser:
        with pytest.raises(httpx.ConnectError):
            await browser.get(f"http://127.0.0.1:{port}/")


async def test_a_port_that_is_taken_is_told() -> None:
    first = KioskServer(0)
    with pytest.raises(Misconfigured, match=r"kiosk\.port .*in use"):
        KioskServer(first.port)
    await first.stop()
