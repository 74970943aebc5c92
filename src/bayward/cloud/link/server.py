"""The listener that banks dial: WebSocket over mutual TLS 1.3, on a port of its own.

Three gates, each before the next has any work. The TLS handshake refuses everybody whose key is
not on the allow-list (`fleet.gate`). The path must be that of the bank in the certificate, or the
answer is 403. The versions must meet, or the answer is 400 and says which are spoken here. Only
then is there a session.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self, TypeAlias

import structlog
from cryptography import x509
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.link.connections import Connections
from bayward.cloud.link.inbox import Inbox
from bayward.cloud.link.session import Session, Shared
from bayward.core.clock import MINUTE_MS, SECOND_MS, Clock
from bayward.core.errors import Denied
from bayward.core.ids import BankId, TenantId
from bayward.wire import limits
from bayward.wire.transport import SocketTransport
from bayward.wire.trust import TrustContext, peer_certificate
from bayward.wire.versions import VERSIONS, agree, subprotocol, version_of

PATH = "/link/"
OPEN_S_MAX = 10  # TLS and HTTP handshakes; a bank on a bad line needs two
CLOSE_S_MAX = 2
FRAMES_QUEUED_MAX = 8  # per bank, then TCP pushes back
BACKLOG = 1_024  # a whole fleet reconnects after an outage
EXPIRED_CHECK_MS = MINUTE_MS

TurnedAway: TypeAlias = Callable[[str, TenantId, BankId], None]
"""Is told why whose bank got no further than its certificate."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSetup:
    """What the listener works with; `tls` is a `server_context` whose judge is `gate.judge`."""

    tls: TrustContext
    gate: DeviceGate
    inbox: Inbox
    clock: Clock
    random: Callable[[], float]
    versions: Sequence[int] = VERSIONS
    turned_away: TurnedAway = lambda *_: None


class LinkServer:
    """Serves banks; `connections` is how others reach them."""

    def __init__(self, setup: LinkSetup) -> None:
        self._setup = setup
        self._shared = Shared(setup.inbox, setup.clock, setup.random)
        self._server: Server | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self.connections = Connections()

    async def start(self, host: str, port: int) -> Self:
        """Listen; port 0 takes a free one (`port` tells which)."""
        self._server = await serve(
            self._serve,
            host,
            port,
            ssl=self._setup.tls,
            ssl_handshake_timeout=OPEN_S_MAX,
            process_request=self._judge,
            subprotocols=[Subprotocol(subprotocol(one)) for one in self._setup.versions],
            select_subprotocol=self._choose,
            compression=None,
            server_header=None,
            open_timeout=OPEN_S_MAX,
            close_timeout=CLOSE_S_MAX,
            ping_interval=None,  # the link has its own heartbeat, on a clock we can turn
            max_size=limits.FRAME_BYTES_MAX,
            max_queue=FRAMES_QUEUED_MAX,
            backlog=BACKLOG,
        )
        self._drop_expired()
        return self

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "started"
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Say goodbye to every bank and wait until what they sent is stored."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._server is not None:
            self._server.close(reason="link.restart")
            await self._server.wait_closed()

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """None lets it pass; the TLS handshake has judged the certificate already."""
        if not request.path.startswith(PATH):
            return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
        try:
            device = self._setup.gate.admit(_certificate(connection))
        except Denied as denied:
            return connection.respond(HTTPStatus.FORBIDDEN, f"{denied.code}\n")
        if request.path != PATH + device.bank:
            _log.warning("link.foreign_path", bank=device.bank, asked=request.path[:80])
            self._setup.turned_away("link.foreign_path", device.tenant, device.bank)
            return connection.respond(HTTPStatus.FORBIDDEN, "link.foreign_path\n")
        return None

    def _choose(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        del connection
        version = agree(offered, self._setup.versions)
        if version is None:
            spoken = ", ".join(subprotocol(one) for one in self._setup.versions)
            raise NegotiationError(f"no common version; spoken here: {spoken}")
        return Subprotocol(subprotocol(version))

    async def _serve(self, socket: ServerConnection) -> None:
        try:
            session, release = self._session(socket)
        except Denied:  # revoked since the handshake
            socket.transport.abort()
            return
        try:
            await self.connections.enter(session)
            await session.run()
        finally:
            self.connections.leave(session)
            release()

    def _session(self, socket: ServerConnection) -> tuple[Session, Callable[[], None]]:
        """A session that the gate can end. Nothing here outlives the call that need not."""
        gate, certificate = self._setup.gate, _certificate(socket)
        session = Session(
            self._shared,
            gate.admit(certificate),
            SocketTransport(socket, ConnectionClosed),
            version=version_of(socket.subprotocol, self._setup.versions),
        )
        return session, gate.hold(certificate, lambda: session.drop("device.revoked"))

    def _drop_expired(self) -> None:
        """Long-lived connections outlive certificates; end those that did, and look again."""
        self._setup.gate.drop_expired(self._setup.clock.now())
        self._expiry = asyncio.get_running_loop().call_later(
            EXPIRED_CHECK_MS / SECOND_MS, self._drop_expired
        )


def _certificate(connection: ServerConnection) -> x509.Certificate:
    tls = connection.transport.get_extra_info("ssl_object")
    assert isinstance(tls, ssl.SSLObject | ssl.SSLSocket), "the listener speaks TLS only"
    return peer_certificate(tls)
