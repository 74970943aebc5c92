"""What both ends of the link need from whatever carries its frames.

WebSocket over TLS in production; a simulated network in a simulated world. Frames arrive whole,
in order, or not at all.
"""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """One connection that carries frames."""

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
