"""One serial port (or a TCP socket to one) that can be pulled out and come back.

The port is opened exclusively: a second program gets EBUSY, because two masters on one bus read
each other's answers. Adapters that return what we send are commissioned as echoing; the echo of a
frame is then taken off once, byte by byte as far as it matches, and whatever follows is an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import serialx

from bayward.core.errors import Unavailable
from bayward.edge.wiring import PortSettings

OPEN_S_MAX = 5.0  # a TCP gateway that does not answer must not hold its scheduler
ECHO_BYTES_MAX = 32  # more than two frames that are still to come back: it is not echoing


class Port:
    """The open port; `on_bytes` gets what arrives, without our own echo."""

    def __init__(self, settings: PortSettings, on_bytes: Callable[[bytes], None]) -> None:
        self.echo_faults = 0
        self._settings = settings
        self._on_bytes = on_bytes
        self._line: _Line | None = None
        self._echo = bytearray()

    @property
    def is_open(self) -> bool:
        """Whether frames can leave."""
        return self._line is not None and not self._line.lost.done()

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done once the open line is gone; ask only while it is open."""
        if self._line is None:
            raise Unavailable("port.gone", port=self._settings.name)
        return self._line.lost

    async def open(self) -> None:
        """Open the port; raises `Unavailable("port.gone")` with the reason."""
        loop = asyncio.get_running_loop()
        line = _Line(self._received, loop.create_future())
        try:
            async with asyncio.timeout(OPEN_S_MAX):
                line.transport, _ = await serialx.create_serial_connection(
                    loop, lambda: line, self._settings.url, baudrate=self._settings.baud
                )
        except (OSError, ValueError, serialx.SerialException) as error:
            reason = str(error) or type(error).__name__
            raise Unavailable("port.gone", port=self._settings.name, reason=reason) from error
        self._echo.clear()
        self._line = line

    def write(self, data: bytes) -> None:
        """Send a frame; raises `Unavailable` if not one byte of it can have left."""
        line = self._line
        if line is None or line.transport is None or not self.is_open:
            raise Unavailable("port.gone", port=self._settings.name)
        if self._settings.has_echo:
            # An echo may come after the next frame has left. One that never comes is given up.
            self._echo = (self._echo if len(self._echo) < ECHO_BYTES_MAX else bytearray()) + data
        try:
            line.transport.write(data)
        except (OSError, serialx.SerialException) as error:
            # It was broken before. Its farewell may come later; nobody must try again until then.
            line.end()
            raise Unavailable("port.gone", port=self._settings.name) from error
        if line.transport.is_closing():
            line.end()

    async def close(self) -> None:
        """Close the port; safe to repeat."""
        line, self._line = self._line, None
        if line is not None and line.transport is not None:
            line.transport.abort()
            await line.transport.wait_closed()

    def _received(self, data: bytes) -> None:
        data = self._without_echo(data)
        if data:
            self._on_bytes(data)

    def _without_echo(self, data: bytes) -> bytes:
        length = min(len(self._echo), len(data))
        if self._echo[:length] != data[:length]:
            # Somebody spoke at the same time, or there is no echo: the codec must sort it out.
            self.echo_faults += 1
            self._echo.clear()
            return data
        del self._echo[:length]
        return data[length:]


class _Line(asyncio.Protocol):
    """One connection; a late farewell of an old one must not end its successor."""

    def __init__(self, on_bytes: Callable[[bytes], None], lost: asyncio.Future[None]) -> None:
        self.lost = lost
        self.transport: serialx.BaseSerialTransport | None = None
        self._on_bytes = on_bytes

    def data_received(self, data: bytes) -> None:
        self._on_bytes(data)

    def eof_received(self) -> None:
        self.end()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.end()

    def end(self) -> None:
        """No frame can leave any more."""
        if not self.lost.done():
            self.lost.set_result(None)
