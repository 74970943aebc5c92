"""One exchange at a time on one half-duplex line.

Be silent for a moment, forget stale bytes, send, take off the echo, wait for the answer or the
deadline. The silence comes before a frame and not after an answer, so that whoever waits for an
answer has that time to say what goes next. Nothing is repeated here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bayward.edge.drivers.boards.codec import Answer, Frame, Garbage, Parser
from bayward.edge.drivers.port import Port
from bayward.edge.drivers.timing import BITS_PER_BYTE, BusTiming
from bayward.edge.wiring import PortSettings


@dataclass(slots=True)
class LineHealth:
    """What a technician wants to know about a line; counts since the start."""

    exchanges: int = 0
    silences: int = 0  # requests without an answer in time
    garbage_bytes: int = 0
    strays: int = 0  # answers nobody waited for
    openings: int = 0  # of the port; more than 1: it was gone
    echo_faults: int = 0


class Line:
    """The line of one port."""

    def __init__(self, settings: PortSettings, parser: Parser, timing: BusTiming) -> None:
        self._settings = settings
        self._timing = timing
        self._parser = parser
        self._port = Port(settings, self._received)
        self._asked: tuple[Frame, asyncio.Future[Answer]] | None = None
        self._health = LineHealth()
        self._silent_until = 0.0  # of the loop's time

    @property
    def health(self) -> LineHealth:
        """The counts so far."""
        self._health.echo_faults = self._port.echo_faults
        return self._health

    @property
    def is_open(self) -> bool:
        """Whether frames can leave."""
        return self._port.is_open

    async def open(self) -> None:
        """Open the port; raises `Unavailable("port.gone")`."""
        await self._port.open()
        self._health.openings += 1

    async def close(self) -> None:
        """Close the port; safe to repeat."""
        await self._port.close()

    async def exchange(self, frame: Frame) -> Answer | None:
        """Send a frame and wait for its answer; None: none in time, or none expected.

        Raises `Unavailable` if not one byte can have left. Whether the frame left whole is seen
        from `is_open` afterwards.
        """
        await self.silence()
        self._health.garbage_bytes += self._parser.reset()
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked = (frame, answered)
        try:
            self._port.write(frame.data)
            self._health.exchanges += 1
            await self._either(answered, self._patience_ms(frame))
        finally:
            self._asked = None
            now = asyncio.get_running_loop().time()
            self._silent_until = now + self._settings.gap_ms / 1000
        if answered.done():
            return answered.result()
        self._health.silences += frame.answer is not None and self.is_open
        return None

    async def silence(self) -> None:
        """Wait until the next frame may go."""
        left_s = self._silent_until - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)

    async def rest(self, until: asyncio.Event, ms: float) -> None:
        """Be silent for `ms`, or until the event is set or the port is gone."""
        waker = asyncio.ensure_future(until.wait())
        try:
            await self._either(waker, ms)
        finally:
            waker.cancel()

    async def _either(self, first: asyncio.Future[Answer] | asyncio.Task[bool], ms: float) -> None:
        """Wait for a future, the loss of the port, or `ms`, whichever comes first."""
        waited: list[asyncio.Future[object]] = [first, self._port.lost]  # type: ignore[list-item]  # only waited for, never read
        await asyncio.wait(waited, timeout=ms / 1000, return_when=asyncio.FIRST_COMPLETED)

    def _patience_ms(self, frame: Frame) -> float:
        if frame.answer is None:
            wire_ms = len(frame.data) * BITS_PER_BYTE * 1000 / self._settings.baud
            return wire_ms + self._timing.hush_ms
        return self._timing.reply_ms(len(frame.data), frame.answer_bytes, self._settings.baud)

    def _received(self, data: bytes) -> None:
        for heard in self._parser.feed(data):
            if isinstance(heard, Garbage):
                self._health.garbage_bytes += heard.length
            elif self._asked is None or not self._asked[0].is_answered_by(heard):
                self._health.strays += 1
            elif not self._asked[1].done():
                self._asked[1].set_result(heard)
