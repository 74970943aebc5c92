"""The doors of one bank, as the rest of the edge sees them.

Everything that may touch a wire is behind this: one bus scheduler per port, one governor for all
of them, one unlock at a time per command. Nothing in here knows people, parcels or the cloud.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bayward.core.clock import Clock
from bayward.core.door import DoorReading, UnlockOutcome
from bayward.core.errors import Conflict, LimitExceeded, NotFound
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.drivers.bus import BusScheduler
from bayward.edge.drivers.line import LineHealth
from bayward.edge.governor_host import GovernorHost, Store
from bayward.edge.opener import Opener
from bayward.edge.unlock import Unlock, UnlockRequest, requested, resolving
from bayward.edge.wiring import HardwareSettings, LockSettings

COMMANDS_MAX = 4_096  # two hours of commands at the governor's fastest; each lives for seconds
STORE_TIME_S = 30.0  # what a restart may cost: a limit lasts up to this much longer

ReadingSink = Callable[[CompartmentId, DoorReading], None]


def _ignore(_is_on: bool) -> None:  # noqa: FBT001 - the shape of the callback
    return


@dataclass(frozen=True, slots=True)
class _Given:
    """A command and what became of it."""

    compartment: CompartmentId
    task: asyncio.Task[UnlockOutcome]


class Hardware:
    """Owns ports, boards and the governor of one bank.

    `on_reading` is told each change of a confirmed reading, to and from unknown too, but not that
    an unchanged reading was confirmed again. `on_governor` must make the dict durable before it
    returns, and raise a `BaywardError` if it cannot: then nothing opens. `governor` is the last
    such dict, None for a new bank.
    """

    def __init__(
        self,
        settings: HardwareSettings,
        *,
        clock: Clock,
        on_reading: ReadingSink,
        on_governor: Store,
        governor: Mapping[str, object] | None = None,
        on_siren: Callable[[bool], None] = _ignore,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_reading = on_reading
        self._on_siren = on_siren
        self._governor = GovernorHost(settings.limits, clock, governor, on_governor)
        self._locks = {lock.compartment: lock for lock in settings.locks}
        self._compartments = {(lock.board, lock.lock): lock.compartment for lock in settings.locks}
        self._ports = {board.name: board.port for board in settings.boards}
        self._buses = {
            port.name: BusScheduler(port, boards, settings.timing, clock, self._changed)
            for port in settings.ports
            if (boards := settings.boards_on(port.name))
        }
        self._given: dict[CommandId, _Given] = {}
        self._siren_is_on = False
        self._timekeeper: asyncio.Task[None] | None = None
        self._started_ms = clock.monotonic_ms()

    async def start(self) -> None:
        """Begin to open the ports and to read; doors are unknown until they were read."""
        self._started_ms = self._clock.monotonic_ms()
        for bus in self._buses.values():
            bus.start()
        self._timekeeper = asyncio.create_task(self._keep_time(), name="governor time")

    async def stop(self) -> None:
        """End what is under way, with the outcomes that are true now, and close the ports."""
        if self._timekeeper is not None:
            self._timekeeper.cancel()
            self._timekeeper = None
        ended = await asyncio.gather(
            *(bus.stop() for bus in self._buses.values()), return_exceptions=True
        )
        running = [given.task for given in self._given.values() if not given.task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        await self._governor.store_time()
        for error in ended:
            if error is not None:
                raise error

    def reading(self, compartment: CompartmentId) -> DoorReading:
        """A door as far as it is known; raises `NotFound("compartment.unknown")`."""
        lock = self._lock(compartment)
        return self._bus(lock).reading(lock.board, lock.lock)

    async def unlock(self, request: UnlockRequest) -> UnlockOutcome:
        """Open a door, with at most one pulse per command; the same command, the same outcome.

        Raises `NotFound` for a compartment that is not here, and `Conflict` for a command that
        was given for another one.
        """
        return await self._give(requested(request), request)

    async def resolve(self, command: CommandId, compartment: CompartmentId) -> UnlockOutcome:
        """Find out by reading only how a command ended that was under way before a restart."""
        return await self._give(resolving(command, compartment), None)

    def freshness_ms(self) -> int:
        """Age of the oldest reading of the boards that answer; since `start` if none does."""
        times = [at for bus in self._buses.values() for at in bus.read_ms()]
        return self._clock.monotonic_ms() - min(times, default=self._started_ms)

    def health(self) -> dict[str, LineHealth]:
        """How the lines are doing, by port."""
        return {name: bus.health for name, bus in self._buses.items()}

    @property
    def siren_is_on(self) -> bool:
        """Whether the siren sounds."""
        return self._siren_is_on

    def siren(self, *, on: bool) -> None:
        """Sound the siren or end it."""
        if on != self._siren_is_on:
            self._siren_is_on = on
            self._on_siren(on)

    async def _give(self, unlock: Unlock, request: UnlockRequest | None) -> UnlockOutcome:
        lock = self._lock(unlock.compartment)
        given = self._given.get(unlock.command)
        if given is None:
            self._forget_oldest()
            opener = Opener(self._settings, lock, self._bus(lock), self._governor, self._clock)
            task = asyncio.create_task(opener.run(unlock, request), name=unlock.command)
            given = self._given[unlock.command] = _Given(unlock.compartment, task)
        elif given.compartment != unlock.compartment:
            raise Conflict("unlock.command_reused", command=unlock.command)
        # A caller that goes away does not end the unlock: its outcome belongs into the log.
        return await asyncio.shield(given.task)

    def _forget_oldest(self) -> None:
        if len(self._given) < COMMANDS_MAX:
            return
        for command, given in self._given.items():
            if given.task.done():
                del self._given[command]
                return
        raise LimitExceeded("unlock.commands", limit=COMMANDS_MAX)

    def _lock(self, compartment: CompartmentId) -> LockSettings:
        lock = self._locks.get(compartment)
        if lock is None:
            raise NotFound("compartment.unknown")
        return lock

    def _bus(self, lock: LockSettings) -> BusScheduler:
        return self._buses[self._ports[lock.board]]

    def _changed(self, board: str, locks: tuple[int, ...]) -> None:
        """Tell what changed, after the bus has gone on: its work must not depend on ours."""
        loop = asyncio.get_running_loop()
        for lock in locks:
            compartment = self._compartments.get((board, lock))
            if compartment is not None:
                reading = self.reading(compartment)
                loop.call_soon(self._on_reading, compartment, reading)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(STORE_TIME_S)
            await self._governor.store_time()
