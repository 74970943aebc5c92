"""One board on a line: what is known of it, who waits for it, and how long it holds its coils."""

from __future__ import annotations

import asyncio

from bayward.core.clock import Clock
from bayward.edge.drivers.boards.codec import BoardState, PulseTime
from bayward.edge.drivers.boards.families import codec_of
from bayward.edge.drivers.line import Line
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.drivers.watch import BoardWatch
from bayward.edge.wiring import BoardSettings

SETTLE_TRIES = 3  # per time a board appears; some boards do not know the command


class Board:
    """One board."""

    def __init__(self, settings: BoardSettings, timing: BusTiming, clock: Clock) -> None:
        self.settings = settings
        self.codec = codec_of(settings.family)
        self.watch = BoardWatch(self.codec.caps.locks, timing, clock.now())
        self.settle_due_ms = 0
        self._clock = clock
        self._reported_ms: int | None = None
        self._settle_tries = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_settling(self) -> bool:
        """Whether its pulse time is still to be asked or set."""
        is_known = self.watch.read_ms is not None
        return is_known and self._settle_tries > 0 and self._reported_ms != self.settings.pulse_ms

    @property
    def is_waited_for(self) -> bool:
        """Whether an unlock waits for its next turn."""
        return any(not waiting.done() for waiting in self._waiting)

    @property
    def pulse_ms(self) -> int:
        """How long it may hold a coil: as set, or as it says if that is longer."""
        return max(self.settings.pulse_ms, self._reported_ms or 0)

    async def read(self, line: Line) -> tuple[int, ...]:
        """Ask for its contacts once; returns the locks whose reading has changed.

        Raises `Unavailable` if the line is gone.
        """
        answer = await line.exchange(self.codec.read(self.settings.address))
        at, now_ms = self._clock.now(), self._clock.monotonic_ms()
        if isinstance(answer, BoardState):
            if self.watch.read_ms is None:
                # It may be another board than before, or have restarted with other settings.
                self._reported_ms, self._settle_tries = None, SETTLE_TRIES
                self.settle_due_ms = now_ms
            closed = answer.closed(self.settings.closed_when)
            return self.watch.heard(closed, answer.objects, at, now_ms)
        return self.watch.missed(at, now_ms) if line.is_open else ()

    async def settle(self, line: Line) -> None:
        """Ask the pulse time, set it if it is another one, and believe only what is asked.

        Raises `Unavailable` if the line is gone.
        """
        self._settle_tries -= 1
        self.settle_due_ms = self._clock.monotonic_ms()
        ask = self.codec.ask_pulse(self.settings.address)
        change = self.codec.set_pulse(self.settings.address, self.settings.pulse_ms)
        if ask is None or change is None:
            self._settle_tries = 0  # each unlock carries its own length
            return
        answer = await line.exchange(ask)
        if isinstance(answer, PulseTime):
            self._reported_ms = answer.pulse_ms
            if answer.pulse_ms != self.settings.pulse_ms:
                await line.exchange(change)

    async def next_turn(self) -> None:
        """Wait until it was read, or missed, once more."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def end_turn(self) -> None:
        """Wake who waits for it."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
