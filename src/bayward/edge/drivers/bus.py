"""The one master of one line: decides which frame goes next.

It is decided anew before each frame, so an unlock waits for at most one exchange:

    1 unlock       once, never repeated
    2 confirm      boards an unlock waits for, a contact that changed, a reading to retry
    3 scan         every board in turn, those with a door just unlocked more often
    4 diagnostics  how long the boards hold their coils

0 is kept for the all-off frames of families that need one. Among readings the earliest deadline
goes first; one of the scan may wait a little longer than one to confirm, but none for ever. A
diagnostic goes when nothing else is to do, and before readings once it has waited too long.

Only readings are retried. What becomes of an unlock is for its caller to read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from math import inf

import structlog

from bayward.core.clock import Clock
from bayward.core.door import DoorReading
from bayward.core.errors import Unavailable
from bayward.edge.drivers.board import Board
from bayward.edge.drivers.boards.codec import Frame
from bayward.edge.drivers.boards.families import codec_of
from bayward.edge.drivers.line import Line, LineHealth
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.wiring import BoardSettings, PortSettings

_log = structlog.get_logger("edge.bus")
PULSES_WAITING_MAX = 16  # one per supply can be under way; more is a bug of the caller


class PulseResult(StrEnum):
    """What became of the frame of one unlock."""

    SENT = "sent"
    NOT_SENT = "not_sent"  # not one byte left
    UNSURE = "unsure"  # the port broke while it was on its way
    LATE = "late"  # the caller withdrew it in the last moment; not one byte left


@dataclass(frozen=True, slots=True)
class _Pulse:
    frame: Frame
    may_send: Callable[[], bool]
    done: asyncio.Future[PulseResult]

    def end(self, result: PulseResult) -> None:
        """Tell the caller, unless he has gone."""
        if not self.done.done():
            self.done.set_result(result)


class BusScheduler:
    """Owns one line and its boards.

    `on_change` is told the board and the locks whose reading has changed.
    """

    def __init__(
        self,
        port: PortSettings,
        boards: Sequence[BoardSettings],
        timing: BusTiming,
        clock: Clock,
        on_change: Callable[[str, tuple[int, ...]], None],
    ) -> None:
        self._name = port.name
        self._port = port
        self._trouble: str | None = ""  # nothing has been said yet
        self._timing = timing
        self._clock = clock
        self._on_change = on_change
        self._boards = {board.name: Board(board, timing, clock) for board in boards}
        self._line = Line(port, codec_of(boards[0].family).parser(), timing)
        self._pulses: deque[_Pulse] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to open the port and to read."""
        self._task = asyncio.create_task(self._run(), name=f"bus {self._name}")

    async def stop(self) -> None:
        """End now; unlocks that wait are told `NOT_SENT`, one on its way `UNSURE`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @property
    def health(self) -> LineHealth:
        """How the line is doing."""
        return self._line.health

    def reading(self, board: str, lock: int) -> DoorReading:
        """A door as far as it is known."""
        return self._boards[board].watch.reading(lock)

    def confirmed_ms(self, board: str, lock: int) -> int:
        """When the reading of a door was last confirmed (monotonic); -1 for never."""
        return self._boards[board].watch.confirmed_ms(lock)

    def read_ms(self) -> list[int]:
        """When each board that is known was last read (monotonic)."""
        times = (board.watch.read_ms for board in self._boards.values())
        return [at for at in times if at is not None]

    def pulse_ms(self, board: str) -> int:
        """How long this board may hold a coil: as set, or as it says if that is longer."""
        return self._boards[board].pulse_ms

    def watch(self, board: str) -> None:
        """Read this board often from now on."""
        self._boards[board].watch.watch(self._clock.monotonic_ms())
        self._wake.set()

    async def next_turn(self, board: str) -> None:
        """Wait until this board was read, or missed, once more."""
        await self._boards[board].next_turn()

    async def pulse(self, board: str, lock: int, may_send: Callable[[], bool]) -> PulseResult:
        """Send one unlock frame, once; `may_send` is asked in the last moment."""
        if not self._line.is_open or len(self._pulses) >= PULSES_WAITING_MAX:
            return PulseResult.NOT_SENT
        of = self._boards[board]
        frame = of.codec.unlock(of.settings.address, lock, of.settings.pulse_ms)
        pulse = _Pulse(frame, may_send, asyncio.get_running_loop().create_future())
        self._pulses.append(pulse)
        self._wake.set()
        return await pulse.done

    async def _run(self) -> None:
        pause_ms = self._timing.reopen_first_ms
        try:
            while True:
                try:
                    await self._line.open()
                    self._say(None)
                    pause_ms = self._timing.reopen_first_ms
                    await self._serve()
                    self._say("gone")
                except Unavailable as error:  # not there yet, or not there any more
                    self._say(str(error.facts.get("reason", "gone")))
                except Exception as error:  # noqa: BLE001 - a bug must not blind the bank for good
                    self._report(error)
                self._port_gone()
                await self._line.close()
                await asyncio.sleep(pause_ms / 1000)
                pause_ms = min(2 * pause_ms, self._timing.reopen_max_ms)
        finally:
            self._drop_pulses()
            await self._line.close()

    def _say(self, trouble: str | None) -> None:
        """Say that the port does not open, or does again; once, however often it is tried."""
        before, self._trouble = self._trouble, trouble
        if trouble == before:
            return
        where = {"port": self._port.name, "url": self._port.url}
        what = "its doors are unknown and stay shut until it opens; trying again"
        with suppress(OSError, ValueError):  # a log that is full or closed must blind no bank
            if trouble is None:
                _log.info("serial port is open", **where)
            else:
                _log.error("serial port does not open", **where, reason=trouble, what=what)

    def _report(self, error: Exception) -> None:
        context = {"message": f"bus {self._name} starts anew", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)

    async def _serve(self) -> None:
        """Take turns until the port is gone; each turn waits for something, or raises."""
        for board in self._boards.values():
            board.watch.port_back(self._clock.monotonic_ms())
        while self._line.is_open:
            await self._line.silence()  # who waited for the last answer has his say meanwhile
            self._wake.clear()
            if self._pulses:
                await self._send(self._pulses.popleft())
                continue
            now_ms = self._clock.monotonic_ms()
            if (late := self._unsettled(now_ms)) is not None:
                await late.settle(self._line)
                continue
            board = min(self._boards.values(), key=lambda it: self._deadline_ms(it, now_ms))
            if board.watch.due_ms <= now_ms:
                await self._read(board)
            else:
                due_ms = min(board.watch.due_ms for board in self._boards.values())
                await self._settle_or_rest(due_ms - now_ms)

    def _deadline_ms(self, board: Board, now_ms: int) -> float:
        """By when a board should be read; none for one whose time has not come."""
        due_ms = board.watch.due_ms
        if due_ms > now_ms:
            return inf
        is_urgent = board.is_waited_for or board.watch.is_urgent
        return due_ms if is_urgent else due_ms + self._timing.scan_slack_ms

    def _unsettled(self, now_ms: int) -> Board | None:
        """A board that has waited too long for its diagnostic."""
        since_ms = now_ms - self._timing.diagnostic_wait_ms
        boards = self._boards.values()
        return next((it for it in boards if it.is_settling and it.settle_due_ms < since_ms), None)

    async def _send(self, pulse: _Pulse) -> None:
        if pulse.done.cancelled() or not pulse.may_send():
            pulse.end(PulseResult.LATE)
            return
        result = PulseResult.UNSURE
        try:
            await self._line.exchange(pulse.frame)
            if self._line.is_open:
                result = PulseResult.SENT
        except Unavailable:
            result = PulseResult.NOT_SENT
        finally:
            pulse.end(result)

    async def _read(self, board: Board) -> None:
        changed = await board.read(self._line)
        self._tell(board, changed)
        board.end_turn()

    async def _settle_or_rest(self, ms: int) -> None:
        board = next((board for board in self._boards.values() if board.is_settling), None)
        if board is None:
            await self._line.rest(self._wake, ms)
        else:
            await board.settle(self._line)

    def _port_gone(self) -> None:
        self._drop_pulses()
        for board in self._boards.values():
            self._tell(board, board.watch.port_gone(self._clock.now()))
            board.end_turn()

    def _drop_pulses(self) -> None:
        while self._pulses:
            self._pulses.popleft().end(PulseResult.NOT_SENT)

    def _tell(self, board: Board, changed: tuple[int, ...]) -> None:
        if changed:
            self._on_change(board.settings.name, changed)
