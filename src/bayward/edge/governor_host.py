"""Runs the governor: gives it its own time, and makes what it charged durable first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bayward.core.clock import Clock
from bayward.core.errors import BaywardError
from bayward.core.ids import CommandId
from bayward.edge import governor
from bayward.edge.governor import Decision, GovernorLimits, GovernorState, Granted, PulseRequest


class GovernorHost:
    """The governor of one bank; `on_change` stores its state and raises if it cannot."""

    def __init__(
        self,
        limits: GovernorLimits,
        clock: Clock,
        stored: Mapping[str, object] | None,
        on_change: Callable[[dict[str, object]], None],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._on_change = on_change
        self._state = GovernorState() if stored is None else governor.from_dict(stored)
        self._began_ms = self._state.time_ms - clock.monotonic_ms()

    def ask(self, request: PulseRequest) -> Decision:
        """Permit or hold back one pulse; raises what `on_change` raises, and then permits none."""
        state, decision = governor.decide(self._state, request, self._now_ms(), self._limits)
        if isinstance(decision, Granted):
            self._on_change(governor.to_dict(state))
        self._state = state
        return decision

    def sent(self, command: CommandId) -> None:
        """The frame of this command has left, or never will."""
        self._state = governor.sent(self._state, command, self._now_ms())
        self._store_if_possible()

    def store_time(self) -> None:
        """Let the stored time follow while there is something to remember."""
        if self._state.pulses:
            self._state = governor.at(self._state, self._now_ms())
            self._store_if_possible()

    def _store_if_possible(self) -> None:
        try:
            self._on_change(governor.to_dict(self._state))
        except BaywardError:
            # What is stored already is stricter than what this would have replaced it with.
            return

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms() + self._began_ms
