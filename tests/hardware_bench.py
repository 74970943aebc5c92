"""A twin with the product's own driver on the other end of its wires."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bayward.core.clock import Instant
from bayward.core.door import DoorReading, KnownDoor
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.governor import GovernorLimits
from bayward.edge.hardware import Hardware
from bayward.edge.unlock import UnlockRequest
from bayward.edge.wiring import HardwareSettings
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.settings import TwinPort, TwinSettings, one_line
from bayward.sim.hardware.twin import BankTwin

COMMAND_LIFE_MS = 15_000
PATIENCE_S = 20.0  # far above what anything here takes; a busy machine must not fail a test
SEED = 20_261_120

# Shorter than real coils and people need, so that the tests end soon. Real limits: test_governor.
QUICK_LIMITS = GovernorLimits(
    stagger_ms=20, coil_gap_ms=80, coil_burst_window_ms=300, coil_rest_ms=400
)
# Nothing waits for long that is there, and a busy machine is never mistaken for a silent board.
QUICK_TIMING = BusTiming(
    lost_after_ms=1,
    board_latency_ms=300,
    hush_ms=10,
    doubt_ms=15,
    confirm_every_ms=25,
    scan_every_ms=20,
    rest_first_ms=50,
    rest_max_ms=100,
    reopen_first_ms=20,
    reopen_max_ms=50,
    diagnostic_wait_ms=100,
)
# For tests of silence: it is noticed soon, and on a busy machine sometimes wrongly.
JUMPY_TIMING = replace(QUICK_TIMING, board_latency_ms=8)
PULSE_MS = 60


class RealClock:
    """The machine's clock; `skew_ms` moves the wall."""

    def __init__(self) -> None:
        self.skew_ms = 0

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000_000 + self.skew_ms)

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


def doors(count: int) -> list[CompartmentId]:
    return [CompartmentId.of(number.to_bytes(16, "big")) for number in range(1, count + 1)]


async def keep_nothing(state: dict[str, object]) -> None:
    """A governor's memory that nobody needs afterwards."""
    del state


def steel(count: int = 4, *, closed_level: int = 1, pulse_ms: int = PULSE_MS) -> TwinSettings:
    """A small bank with short pulses, lively springs, a little bounce, and a fast line."""
    port = TwinPort("main", baud=115_200)
    built = one_line(doors(count), closed_level=closed_level, port=port, pulse_ms=pulse_ms)
    boards = tuple(replace(board, latency_ms=2) for board in built.boards)
    return replace(built, boards=boards, pop_ms=20, bounce_ms=10, test_step_ms=80)


def quick(settings: HardwareSettings) -> HardwareSettings:
    """Fast where something happens."""
    return replace(
        settings,
        timing=QUICK_TIMING,
        limits=QUICK_LIMITS,
        ports=tuple(replace(port, gap_ms=2) for port in settings.ports),
    )


def hasty(settings: HardwareSettings) -> HardwareSettings:
    """Fast where a door does not move."""
    return replace(quick(settings), confirm_ms=500, fresh_ms=500)


def jumpy(settings: HardwareSettings) -> HardwareSettings:
    """Fast where nothing answers."""
    return replace(quick(settings), timing=JUMPY_TIMING, confirm_ms=250, fresh_ms=100, check_ms=250)


@dataclass(slots=True)
class Rig:
    """Both sides of the wire, and what the driver has told so far."""

    twin: BankTwin
    hardware: Hardware
    clock: RealClock
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
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.told.clear()
                await self.told.wait()

    async def until_known(self) -> None:
        """Wait until every door has been read."""
        doors = self.twin.compartments()
        await self.until(lambda: all(self.is_closed(name) is not None for name in doors))


async def eventually(condition: Callable[[], bool]) -> None:
    """For what the steel does not announce."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - coils and EEPROMs have no events
            await asyncio.sleep(0.002)


@asynccontextmanager
async def rigged(
    built: TwinSettings | None = None,
    *,
    adjust: Callable[[HardwareSettings], HardwareSettings] = quick,
    governor: Mapping[str, object] | None = None,
    seed: int = SEED,
) -> AsyncIterator[Rig]:
    """Start both sides; `adjust` may change what the technician wrote down."""
    clock = RealClock()
    twin = BankTwin(steel() if built is None else built, random.Random(seed), clock)
    await twin.start()
    try:
        async with driven(twin, clock, adjust(commissioned(twin)), governor) as rig:
            yield rig
    finally:
        await twin.stop()


@asynccontextmanager
async def driven(
    twin: BankTwin,
    clock: RealClock,
    settings: HardwareSettings,
    governor: Mapping[str, object] | None = None,
) -> AsyncIterator[Rig]:
    """Start the product's driver on a twin that runs."""

    def on_reading(compartment: CompartmentId, reading: DoorReading) -> None:
        rig.readings.append((compartment, reading))
        rig.told.set()

    async def on_governor(state: dict[str, object]) -> None:
        rig.governor = state

    hardware = Hardware(
        settings,
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
