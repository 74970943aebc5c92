"""Dials the control plane: WebSocket over mutual TLS, pins checked before the first byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from bayward.core.errors import BaywardError
from bayward.core.ids import BankId
from bayward.edge.uplink.trouble import trouble_of
from bayward.wire import limits
from bayward.wire.transport import SocketTransport, Transport
from bayward.wire.trust import TrustContext
from bayward.wire.versions import VERSIONS, subprotocol, version_of

OPEN_S_MAX = 20  # a mobile network that has to wake up
CLOSE_S_MAX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Where to dial; `url` is `wss://host:port`, `context` gives the present certificate."""

    url: str
    bank: BankId
    context: Callable[[], TrustContext]
    versions: Sequence[int] = VERSIONS

    async def __call__(self) -> tuple[Transport, int]:
        """Connect; raises `Trouble`."""
        try:
            socket = await connect(
                f"{self.url}/link/{self.bank}",
                ssl=self.context(),
                subprotocols=[Subprotocol(subprotocol(one)) for one in self.versions],
                compression=None,
                user_agent_header=None,
                open_timeout=OPEN_S_MAX,
                close_timeout=CLOSE_S_MAX,
                ping_interval=None,  # the link has its own heartbeat
                max_size=limits.FRAME_BYTES_MAX,
            )
        except (OSError, EOFError, InvalidHandshake, BaywardError) as error:
            raise trouble_of(error) from error
        try:
            version = version_of(socket.subprotocol, self.versions)
        except BaywardError as error:
            socket.transport.abort()
            raise trouble_of(error) from error
        return SocketTransport(socket, ConnectionClosed), version
