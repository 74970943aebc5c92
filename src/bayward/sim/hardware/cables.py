"""The controller's end of a line: a pseudo terminal, or a TCP gateway like those on the market."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bayward.core.errors import Misconfigured

CHUNK_BYTES = 4_096


class End(Protocol):
    """One end that can be plugged in and pulled out."""

    @property
    def url(self) -> str:
        """What the controller opens; the same each time."""
        ...

    async def plug(self) -> None:
        """Make it appear."""
        ...

    async def pull(self) -> None:
        """Make it vanish, under the hands of who has it open."""
        ...

    def send(self, data: bytes) -> None:
        """To the controller; lost if nobody is there."""
        ...


class PtyEnd:
    """A pseudo terminal under a stable name, as udev gives adapters in /dev/serial/by-id."""

    def __init__(self, path: Path, on_bytes: Callable[[bytes], None]) -> None:
        self._path = path
        self._on_bytes = on_bytes
        self._fds: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        """The path of the link."""
        return str(self._path)

    async def plug(self) -> None:
        """Make the terminal and its link; raises `Misconfigured` where there are none."""
        if self._path.is_symlink() and not self._path.exists():
            self._path.unlink()  # of a terminal that is no more
        ours, theirs, name = _terminal()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        # Their end stays open here too: a terminal without anybody on it answers reads with EIO.
        self._fds = (ours, theirs)
        self._path.symlink_to(name)
        asyncio.get_running_loop().add_reader(ours, self._readable)

    async def pull(self) -> None:
        """Close both ends; whoever has it open gets a hang-up."""
        if self._fds is None:
            return
        ours, theirs = self._fds
        self._fds = None
        asyncio.get_running_loop().remove_reader(ours)
        self._path.unlink()
        os.close(ours)
        os.close(theirs)

    def send(self, data: bytes) -> None:
        """Write; what does not fit into the terminal's buffer is lost, as on a real UART."""
        if self._fds is not None:
            try:
                os.write(self._fds[0], data)
            except BlockingIOError:
                return

    def _readable(self) -> None:
        if self._fds is not None:
            data = os.read(self._fds[0], CHUNK_BYTES)
            if data:
                self._on_bytes(data)


def _terminal() -> tuple[int, int, str]:
    """Both ends of a new terminal, and the name of theirs."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        raise Misconfigured("terminal.none", why=str(error)) from error
    try:
        return ours, theirs, os.ttyname(theirs)
    except OSError as error:  # made by a devpts that is not the one mounted here
        os.close(ours)
        os.close(theirs)
        raise Misconfigured("terminal.none", why=str(error)) from error


class TcpEnd:
    """A gateway that turns one TCP connection into a serial line; loopback only."""

    def __init__(self, on_bytes: Callable[[bytes], None], port: int = 0) -> None:
        self._on_bytes = on_bytes
        self._port = port  # 0: any that is free
        self._server: asyncio.Server | None = None
        self._client: asyncio.StreamWriter | None = None

    @property
    def url(self) -> str:
        """The address; known once it was plugged in."""
        return f"socket://127.0.0.1:{self._port}"

    async def plug(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def pull(self) -> None:
        """Stop listening and drop the client."""
        if self._server is not None:
            self._server.close()
            if self._client is not None:
                self._client.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def send(self, data: bytes) -> None:
        """Write to the client, if there is one."""
        if self._client is not None and not self._client.is_closing():
            self._client.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._client = writer
        try:
            while data := await reader.read(CHUNK_BYTES):
                self._on_bytes(data)
        except ConnectionError:
            return
        finally:
            writer.transport.abort()
