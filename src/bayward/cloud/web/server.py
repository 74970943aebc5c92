"""The HTTP listeners: uvicorn inside our event loop, with sockets we have opened ourselves.

A port that is taken is said to be taken before anything else has started. Signals belong to the
program, so the server does not touch them. The listener for new banks speaks TLS with the
deployment's own key, which is in their tickets, and knows nothing but enrolment.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Self

import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from bayward.cloud.settings import CloudSettings
from bayward.cloud.web.enrol import PATH
from bayward.core.errors import Misconfigured, Unavailable

BACKLOG = 1_024
KEEP_ALIVE_S = 75  # above the usual 60 s of proxies, or they meet a closing connection
STOP_S_MAX = 5  # what is under way may end; streams are told to end before
CONNECTIONS_MAX = 10_000  # open at once; beyond it the answer is 503
_STARTED_EVERY_S = 0.005


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One listener."""

    def __init__(
        self,
        app: ASGIApp,
        listening: socket.socket,
        settings: CloudSettings,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = listening
        config = uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            limit_concurrency=CONNECTIONS_MAX,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S_MAX,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> Self:
        """Listen; returns when it does."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise Unavailable("http.not_started")
            await asyncio.sleep(_STARTED_EVERY_S)
        return self

    async def stop(self) -> None:
        """Answer what is under way, then close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


class OnlyEnrolment:
    """Hides every other page from the listener that new banks reach."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is about enrolment."""
        if str(scope["path"]).startswith(PATH):
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `Misconfigured("port.in_use")` or `port.unavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        is_taken = error.errno == errno.EADDRINUSE
        code = "port.in_use" if is_taken else "port.unavailable"
        raise Misconfigured(code, host=host, port=port, why=error.strerror) from error
    opened.setblocking(False)
    return opened
