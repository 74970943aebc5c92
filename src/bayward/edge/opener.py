"""Carries one unlock through its phases: reads, asks the governor, sends, reads again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bayward.core.clock import Clock
from bayward.core.door import UnknownDoor, UnlockOutcome
from bayward.core.errors import BaywardError
from bayward.core.ids import CompartmentId
from bayward.edge.drivers.bus import BusScheduler, PulseResult
from bayward.edge.governor import Granted, PulsedBefore, PulseRequest
from bayward.edge.governor_host import GovernorHost
from bayward.edge.unlock import Phase, Signal, Unlock, UnlockRequest, advanced, signal_of
from bayward.edge.wiring import BoardSettings, HardwareSettings, LockSettings

_SIGNAL_OF_RESULT: Mapping[PulseResult, Signal] = {
    PulseResult.SENT: Signal.SENT,
    PulseResult.NOT_SENT: Signal.NOT_SENT,
    PulseResult.UNSURE: Signal.UNSURE,
    PulseResult.LATE: Signal.LATE,
}


class Opener:
    """One unlock at one lock; `request` is None when it is only to be resolved."""

    def __init__(
        self,
        settings: HardwareSettings,
        lock: LockSettings,
        bus: BusScheduler,
        governor: GovernorHost,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._lock = lock
        self._board: BoardSettings = settings.board(lock.board)
        self._bus = bus
        self._governor = governor
        self._clock = clock

    async def run(self, unlock: Unlock, request: UnlockRequest | None) -> UnlockOutcome:
        """Until it has ended. Cancelling ends it too, with the outcome that is true then."""
        asked_ms = sent_ms = self._clock.monotonic_ms()
        try:
            while (outcome := unlock.outcome) is None:
                if unlock.at in (Phase.CONFIRMING, Phase.SHUT) or request is None:
                    signal = await self._confirm(unlock, sent_ms)
                elif unlock.at is Phase.CHECKING:
                    signal = await self._check(request, asked_ms)
                elif unlock.at is Phase.WAITING:
                    signal = await self._wait(request)
                else:
                    signal = await self._send(request)
                before, unlock = unlock.at, advanced(unlock, signal)
                if unlock.at is Phase.CONFIRMING and before in (Phase.SENDING, Phase.WAITING):
                    sent_ms = self._clock.monotonic_ms()
        except asyncio.CancelledError:
            # The program is ending. What was on its way to the bus may have left.
            stopped = advanced(advanced(unlock, Signal.UNSURE), Signal.STOPPED)
            if stopped.outcome is None:
                raise
            return stopped.outcome
        return outcome

    async def _check(self, request: UnlockRequest, asked_ms: int) -> Signal:
        """Read the door. What was read before we were asked may be over by now."""
        while True:
            if self._is_late(request):
                return Signal.LATE
            now_ms = self._clock.monotonic_ms()
            reading = self._bus.reading(self._lock.board, self._lock.lock)
            if self._confirmed_ms() > asked_ms and not isinstance(reading, UnknownDoor):
                return signal_of(reading)
            left_ms = asked_ms + self._settings.check_ms - now_ms
            if left_ms <= 0:
                return Signal.UNREADABLE
            self._bus.watch(self._lock.board)
            await self._next_turn(left_ms)

    async def _wait(self, request: UnlockRequest) -> Signal:
        """Ask the governor until it permits, or it is too late, or the door says otherwise."""
        while True:
            if self._is_late(request):
                return Signal.LATE
            door = signal_of(self._bus.reading(self._lock.board, self._lock.lock))
            if door is not Signal.READ_SHUT:
                return door
            try:
                decision = await self._governor.ask(self._pulse_request(request))
            except BaywardError:
                return Signal.NO_TOKEN  # not durable, so not permitted
            match decision:
                case Granted():
                    return Signal.TOKEN
                case PulsedBefore():
                    return Signal.PULSED_BEFORE
                case _ if self._clock.now() + decision.ms > request.not_after:
                    return Signal.NO_TOKEN
            await asyncio.sleep(decision.ms / 1000)

    async def _send(self, request: UnlockRequest) -> Signal:
        try:
            result = await self._bus.pulse(
                self._lock.board, self._lock.lock, lambda: not self._is_late(request)
            )
        finally:
            self._governor.sent(request.command)
        return _SIGNAL_OF_RESULT[result]

    async def _confirm(self, unlock: Unlock, sent_ms: int) -> Signal:
        """The next thing the door says that it did not say before the pulse.

        That it is shut counts at the end only if it was read a moment before.
        """
        deadline_ms = sent_ms + self._settings.confirm_ms
        while (left_ms := deadline_ms - self._clock.monotonic_ms()) > 0:
            self._bus.watch(self._lock.board)
            await self._next_turn(left_ms)
            reading = self._bus.reading(self._lock.board, self._lock.lock)
            if isinstance(reading, UnknownDoor) or self._confirmed_ms() > sent_ms:
                return signal_of(reading)
        age_ms = self._clock.monotonic_ms() - self._confirmed_ms()
        if unlock.at is Phase.SHUT and age_ms > self._settings.fresh_ms:
            return Signal.UNREADABLE
        return Signal.TIME_UP

    async def _next_turn(self, ms: int) -> None:
        try:
            async with asyncio.timeout(ms / 1000):
                await self._bus.next_turn(self._lock.board)
        except TimeoutError:
            return

    def _confirmed_ms(self) -> int:
        return self._bus.confirmed_ms(self._lock.board, self._lock.lock)

    def _is_late(self, request: UnlockRequest) -> bool:
        return self._clock.now() > request.not_after

    def _pulse_request(self, request: UnlockRequest) -> PulseRequest:
        return PulseRequest(
            command=request.command,
            coil=CompartmentId(self._lock.compartment),
            supply=self._board.supply,
            pulse_ms=self._bus.pulse_ms(self._board.name),
            has_presence=request.has_presence,
        )
