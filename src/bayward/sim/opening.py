"""Carries one unlock through the real table (`edge.unlock`) and the real governor, on heap time.

`edge.opener` does the same with reads and sleeps of an event loop; this one steps instead, so
that the plug can be pulled between any two phases. What the governor charged survives the plug,
as the file does in which `edge.governor_host` keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bayward.core.clock import Instant
from bayward.core.door import UnknownDoor, UnlockOutcome
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge import governor
from bayward.edge.governor import GovernorLimits, GovernorState, Granted, PulsedBefore, PulseRequest
from bayward.edge.unlock import Phase, Signal, Unlock, UnlockRequest, advanced, signal_of
from bayward.edge.wiring import CHECK_MS, CONFIRM_MS
from bayward.sim.locks import Steel

PULSE_MS = 500
STEP_MS = 75  # how often a door that was just unlocked is read

After = Callable[[int, Callable[[], None]], object]


class Governed:
    """The governor of one bank; `notes` is where its state is durable."""

    def __init__(self, notes: dict[str, Any], monotonic_ms: Callable[[], int]) -> None:
        stored: Mapping[str, object] | None = notes.get("governor")
        self._notes = notes
        self._state = GovernorState() if stored is None else governor.from_dict(stored)
        self._limits = GovernorLimits()
        self._monotonic_ms = monotonic_ms
        self._began_ms = self._state.time_ms - monotonic_ms()

    def ask(self, request: PulseRequest) -> governor.Decision:
        """Permit or hold back one pulse; what was charged is durable."""
        self._state, decision = governor.decide(
            self._state, request, self._monotonic_ms() + self._began_ms, self._limits
        )
        self._keep()
        return decision

    def sent(self, command: CommandId) -> None:
        """The frame has left, or never will."""
        now_ms = self._monotonic_ms() + self._began_ms
        self._state = governor.sent(self._state, command, now_ms)
        self._keep()

    def _keep(self) -> None:
        self._notes["governor"] = governor.to_dict(self._state)


class Opening:
    """One unlock at one door; `request` is None when it is only to be resolved.

    `after` sets a timer that dies with the power; `ended` is told the outcome, once.
    """

    def __init__(
        self,
        unlock: Unlock,
        request: UnlockRequest | None,
        *,
        steel: Steel,
        governed: Governed,
        now: Callable[[], Instant],
        after: After,
        ended: Callable[[CommandId, UnlockOutcome], None],
    ) -> None:
        self._unlock = unlock
        self._request = request
        self._steel = steel
        self._governed = governed
        self._now = now
        self._after = after
        self._ended = ended
        self._left_ms = CHECK_MS if request is not None else CONFIRM_MS

    def go_on(self) -> None:
        """Do the next phase, and come back for the one after it."""
        phase = self._unlock.at
        if phase in (Phase.CONFIRMING, Phase.SHUT) or self._request is None:
            self._confirm()
        elif phase is Phase.CHECKING:
            self._check(self._request)
        elif phase is Phase.WAITING:
            self._wait(self._request)
        else:
            self._send(self._request)

    def _take(self, signal: Signal, wait_ms: int = STEP_MS) -> None:
        self._unlock = advanced(self._unlock, signal)
        if self._unlock.outcome is not None:
            self._ended(self._unlock.command, self._unlock.outcome)
        else:
            self._after(wait_ms, self.go_on)

    def _check(self, request: UnlockRequest) -> None:
        if self._now() > request.not_after:
            self._take(Signal.LATE)
            return
        reading = self._steel.read(request.compartment)
        if not isinstance(reading, UnknownDoor):
            self._take(signal_of(reading), 1)
        elif self._left_ms <= 0:
            self._take(Signal.UNREADABLE)
        else:
            self._left_ms -= STEP_MS
            self._after(STEP_MS, self.go_on)

    def _wait(self, request: UnlockRequest) -> None:
        door = signal_of(self._steel.read(request.compartment))
        if self._now() > request.not_after:
            self._take(Signal.LATE)
            return
        if door is not Signal.READ_SHUT:
            self._take(door)
            return
        pulse = PulseRequest(
            request.command, request.compartment, "psu", PULSE_MS, request.has_presence
        )
        decision = self._governed.ask(pulse)
        match decision:
            case Granted():
                self._take(Signal.TOKEN, 1)
            case PulsedBefore():
                self._take(Signal.PULSED_BEFORE)
            case _ if self._now() + decision.ms > request.not_after:
                self._take(Signal.NO_TOKEN)
            case _:
                self._after(decision.ms, self.go_on)

    def _send(self, request: UnlockRequest) -> None:
        if self._now() > request.not_after:
            self._governed.sent(request.command)
            self._take(Signal.LATE)
            return
        self._steel.pulse(request.compartment, request.command)
        self._governed.sent(request.command)
        self._left_ms = CONFIRM_MS
        self._take(Signal.SENT)

    def _confirm(self) -> None:
        compartment: CompartmentId = self._unlock.compartment
        signal = signal_of(self._steel.read(compartment))
        if signal is Signal.READ_SHUT and self._left_ms <= 0:
            self._unlock = advanced(self._unlock, signal)
            signal = Signal.TIME_UP
        elif self._left_ms <= 0:
            signal = Signal.TIME_UP if signal is Signal.UNREADABLE else signal
        self._left_ms -= STEP_MS
        self._take(signal)
