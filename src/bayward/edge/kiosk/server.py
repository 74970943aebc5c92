"""The kiosk's web server inside the edge's own loop, on loopback only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from litestar.types import ASGIApp

from bayward.core.errors import Misconfigured

LOOPBACK = "127.0.0.1"
BACKLOG = 16  # one browser
GOOD_BYE_S = 2  # a page that is being sent may end


class KioskServer:
    """Listens from the moment it is made, serves after `start`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError as error:
            self._socket.close()
            raise Misconfigured("kiosk.port", port=port, why=error.strerror) from error
        self._socket.listen(BACKLOG)
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port; the one that was free when 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def start(self, app: ASGIApp) -> None:
        """Begin to serve."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GOOD_BYE_S,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(
            self._server.serve(sockets=[self._socket]), name="kiosk server"
        )

    async def stop(self) -> None:
        """Let pages end and close the port."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])
        self._socket.close()


class _Server(uvicorn.Server):
    """Signals are the program's business, not the kiosk's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
