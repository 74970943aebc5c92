"""Runs the governor: gives it its own time, and makes what it charged durable before a pulse.

A pulse is charged in memory at once, so that nobody else is permitted what it uses up, then
written, and only then permitted. Writing may take long (a memory card flushes in 5 to 50 ms), so
it is somebody else's to do while the loop goes on reading doors. That a frame has left is not
written for itself: what is stored says that it is on its way, which counts for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bayward.core.clock import Clock
from bayward.core.errors import BaywardError
from bayward.core.ids import CommandId
from bayward.edge import governor
from bayward.edge.governor import Decision, GovernorLimits, GovernorState, Granted, PulseRequest

Store = Callable[[dict[str, object]], Awaitable[None]]
"""Makes the state durable before it returns, or raises a `BaywardError`."""


class GovernorHost:
    """The governor of one bank; see the top of this file."""

    def __init__(
        self,
        limits: GovernorLimits,
        clock: Clock,
        stored: Mapping[str, object] | None,
        store: Store,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._store = store
        self._state = GovernorState() if stored is None else governor.from_dict(stored)
        self._began_ms = self._state.time_ms - clock.monotonic_ms()
        self._writing = asyncio.Lock()

    async def ask(self, request: PulseRequest) -> Decision:
        """Permit or hold back one pulse; raises what storing raises, and then permits none."""
        self._state, decision = governor.decide(self._state, request, self._now_ms(), self._limits)
        if isinstance(decision, Granted):
            try:
                await self._write()
            except BaywardError:
                self._take_back(request.command)
                raise
        return decision

    def sent(self, command: CommandId) -> None:
        """The frame of this command has left, or never will."""
        self._state = governor.sent(self._state, command, self._now_ms())

    async def store_time(self) -> None:
        """Let the stored time follow while there is something to remember."""
        if self._state.pulses:
            self._state = governor.at(self._state, self._now_ms())
            try:
                await self._write()
            except BaywardError:
                # What is stored already is stricter than what this would have replaced it with.
                return

    async def _write(self) -> None:
        """One at a time, and each the newest: what was charged meanwhile goes along."""
        async with self._writing:
            await self._store(governor.to_dict(self._state))

    def _take_back(self, command: CommandId) -> None:
        """It was not permitted, so it is not charged; what may be on the disk is only stricter."""
        left = tuple(one for one in self._state.pulses if one.request.command != command)
        self._state = replace(self._state, pulses=left)

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms() + self._began_ms
