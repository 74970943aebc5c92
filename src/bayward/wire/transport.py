"""What both ends of the link need from whatever carries its frames.

WebSocket over TLS in production; a simulated network in a simulated world. Frames arrive whole,
in order, or not at all. Another WebSocket library is another `Socket`.
"""

from __future__ import annotations

from typing import Literal, Protocol


class Transport(Protocol):
    """One connection that carries frames."""

    @property
    def told(self) -> str:
        """Why the other side has ended the connection; empty when it said nothing."""
        ...

    async def receive(self) -> bytes | None:
        """The next frame; None when the connection has ended, for whatever reason."""
        ...

    async def send(self, frame: bytes) -> None:
        """Hand a frame over; waits while the other side does not read. Nothing after the end."""
        ...

    async def close(self, reason: str) -> None:
        """End the connection and tell the other side why (a stable code); returns soon."""
        ...

    def abort(self) -> None:
        """End it now, without a word."""
        ...


class _Aborts(Protocol):
    def abort(self) -> None: ...


class Socket(Protocol):
    """A WebSocket, as the `websockets` library has it."""

    @property
    def close_reason(self) -> str | None: ...
    @property
    def transport(self) -> _Aborts: ...
    async def recv(self, decode: Literal[False]) -> bytes: ...
    async def send(self, message: bytes, *, text: Literal[True]) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...


class SocketTransport:
    """A `Transport` over a WebSocket; `closed` is what it raises when it is."""

    CODE = 1000

    def __init__(self, socket: Socket, closed: type[Exception]) -> None:
        self._socket = socket
        self._closed = closed

    @property
    def told(self) -> str:
        """The reason in the closing frame."""
        return self._socket.close_reason or ""

    async def receive(self) -> bytes | None:
        """The next frame; text or binary makes no difference."""
        try:
            return await self._socket.recv(decode=False)
        except self._closed:
            return None

    async def send(self, frame: bytes) -> None:
        """Send a frame as text."""
        try:
            await self._socket.send(frame, text=True)
        except self._closed:
            return

    async def close(self, reason: str) -> None:
        """End it with a closing frame; the library waits a moment for the other side's."""
        await self._socket.close(self.CODE, reason)

    def abort(self) -> None:
        """Drop the connection under it."""
        self._socket.transport.abort()
