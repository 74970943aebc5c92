"""A twin with the product's own driver on the other end of its wires."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bayward.core.clock import Clock, Instant
from bayward.core.door import DoorReading, KnownDoor
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.hardware import Hardware
from bayward.edge.unlock import UnlockRequest
from bayward.edge.wiring import HardwareSettings
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.settings import TwinSettings
from bayward.sim.hardware.twin import BankTwin

COMMAND_LIFE_MS = 5_000


@dataclass(slots=True)
class Rig:
    """Both sides of the wire, and what the driver has told so far."""

    twin: BankTwin
    hardware: Hardware
    clock: Clock
    readings: list[tuple[CompartmentId, DoorReading]] = field(default_factory=list)
    governor: dict[str, object] = field(default_factory=dict)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def request(
        self,
        compartment: CompartmentId,
        number: int,
        *,
        life_ms: int = COMMAND_LIFE_MS,
        has_presence: bool = True,
    ) -> UnlockRequest:
        """The `number`-th command."""
        command = CommandId.of(number.to_bytes(16, "big"))
        not_after = Instant(self.clock.now() + life_ms)
        return UnlockRequest(command, compartment, not_after, has_presence)

    def is_closed(self, compartment: CompartmentId) -> bool | None:
        """What the driver knows about a door."""
        reading = self.hardware.reading(compartment)
        return reading.is_closed if isinstance(reading, KnownDoor) else None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what the driver tells makes `condition` true."""
        while not condition():
            self.told.clear()
            await self.told.wait()

    async def until_known(self) -> None:
        """Wait until every door has been read."""
        doors = self.twin.compartments()
        await self.until(lambda: all(self.is_closed(name) is not None for name in doors))


@asynccontextmanager
async def rigged(
    steel: TwinSettings,
    clock: Clock,
    rng: random.Random,
    *,
    adjust: Callable[[HardwareSettings], HardwareSettings] = lambda settings: settings,
    governor: Mapping[str, object] | None = None,
) -> AsyncIterator[Rig]:
    """Start both sides; `adjust` may change what the technician wrote down."""
    twin = BankTwin(steel, rng, clock)
    await twin.start()
    rig: Rig

    def on_reading(compartment: CompartmentId, reading: DoorReading) -> None:
        rig.readings.append((compartment, reading))
        rig.told.set()

    def on_governor(state: dict[str, object]) -> None:
        rig.governor = state

    hardware = Hardware(
        adjust(commissioned(twin)),
        clock=clock,
        on_reading=on_reading,
        on_governor=on_governor,
        governor=governor,
        on_siren=twin.sound_siren,
    )
    rig = Rig(twin, hardware, clock)
    await hardware.start()
    try:
        yield rig
    finally:
        await hardware.stop()
        await twin.stop()
