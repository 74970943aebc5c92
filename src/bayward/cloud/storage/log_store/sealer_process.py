"""One sealing process, as seen from the loop of the program that has started it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, cast

import msgspec

from bayward.cloud.storage.log_store import sealer
from bayward.cloud.storage.log_store.sealer import LENGTH_BYTES, Answer, Lines, question
from bayward.core.errors import Unavailable
from bayward.ledger.leaf import Value

PATIENCE_S = 5.0
"""A process that has not answered by then hangs; a message takes it milliseconds."""
START_S = 60.0  # for it to start, on a machine with other things to do
GRACE_S = 2.0  # for it to end by itself
QUESTION_BYTES_MAX = 8 * 1024 * 1024
ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""Of the smallest fields there are, an answer has seven times the bytes of its question."""

_COMMAND = (sys.executable, "-I", "-m", sealer.__name__)
_read = msgspec.msgpack.Decoder(Answer).decode


Told = Callable[[Sequence[Lines | None]], None]
"""Called with what became of each event asked for: its lines, or None when it was not sealed."""


@dataclass(frozen=True, slots=True)
class _Question:
    number: int
    events: int
    told: Told


class SealerProcess(asyncio.Protocol):
    """A process that is asked and answers in turn.

    `lost` is called once, with the reason, before who still waits is told of no events; from then
    on it is not to be asked.
    """

    def __init__(self, lost: Callable[[SealerProcess, str], None]) -> None:
        self.busy = 0  # events it was asked for
        self._lost = lost
        self._why = "died"
        self._asked: deque[_Question] = deque()
        self._number = 0
        self._heard = bytearray()
        self._ready, self._gone = asyncio.Event(), asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> Self:
        """Start it, and wait until it answers; raises `OSError` or `Unavailable`."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _started(theirs)
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        self.ask([], b"", lambda _: None)
        await self._ready.wait()
        if self._gone.is_set():
            raise Unavailable("storage.no_sealer", cause=self._why)
        return self

    @property
    def questions(self) -> int:
        """That it has not answered."""
        return len(self._asked)

    @property
    def pid(self) -> int:
        """The id of the process; it is not given to another before `end`."""
        assert self._process is not None, "asked of one that was started"
        return self._process.pid

    def ask(self, events: Sequence[dict[str, Value]], salts: bytes, told: Told) -> None:
        """Have events sealed; raises `ValueError` for what no field may be, or what is too much."""
        assert self._transport is not None, "asked of one that was started"
        message = question(self._number, salts, events)
        if len(message) > QUESTION_BYTES_MAX:
            raise ValueError(f"{len(message)} bytes")
        self._asked.append(_Question(self._number, len(events), told))
        self._number += 1
        self.busy += len(events)
        if not self._transport.is_closing():  # else all of it comes back soon
            self._transport.write(message)
        if self._timer is None:
            self._watch()

    async def end(self) -> None:
        """Hang up, and see that it ends."""
        if self._transport is not None:
            self._give_up("ended")
            await self._gone.wait()
        if self._process is not None:
            await asyncio.to_thread(_ended, self._process)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Of `asyncio.Protocol`: read the answers that are whole."""
        heard = self._heard
        heard += data
        while len(heard) >= LENGTH_BYTES:
            size = int.from_bytes(heard[:LENGTH_BYTES], "big")
            end = LENGTH_BYTES + size
            if len(heard) < end and size <= ANSWER_BYTES_MAX:
                return
            message = bytes(heard[LENGTH_BYTES:end])
            del heard[:end]
            if not self._take(message):
                heard.clear()
                self._kill("nonsense")

    def connection_lost(self, exc: Exception | None) -> None:
        """Of `asyncio.Protocol`: what it was asked goes back."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._lost(self, self._why)
        while self._asked:
            self._tell([None] * self._asked[0].events)
        self._gone.set()
        self._ready.set()

    def _take(self, message: bytes) -> bool:
        """False: this answers nothing that was asked."""
        try:
            number, found = _read(message)
        except msgspec.MsgspecError:
            return False
        if not self._asked or (number, len(found)) != (
            self._asked[0].number,
            self._asked[0].events,
        ):
            return False
        self._ready.set()
        self._tell(found)
        self._watch()
        return True

    def _tell(self, found: Sequence[Lines | None]) -> None:
        one = self._asked.popleft()
        self.busy -= one.events
        one.told(found)

    def _watch(self) -> None:
        """Be patient with whatever it is to answer next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asked:
            loop = asyncio.get_running_loop()
            patience = PATIENCE_S if self._ready.is_set() else START_S
            self._timer = loop.call_later(patience, self._kill, "hangs")

    def _kill(self, why: str) -> None:
        if self._process is not None:
            self._process.kill()
        self._give_up(why)

    def _give_up(self, why: str) -> None:
        assert self._transport is not None, "given up when it was started"
        if not self._transport.is_closing():
            self._why = why
            self._transport.abort()


def _started(channel: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours
        _COMMAND, stdin=channel.fileno(), stdout=subprocess.DEVNULL, env={}, cwd="/"
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
