"""How long an unlock takes on a full line: in virtual time, so alike on every machine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import pytest
import serialx

from bayward.core.clock import Instant
from bayward.core.door import UnlockOutcome
from bayward.core.ids import CommandId
from bayward.edge.governor import GovernorLimits
from bayward.edge.hardware import Hardware
from bayward.edge.unlock import UnlockRequest
from bayward.edge.wiring import PortSettings
from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.settings import one_line
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import SEED, doors, keep_nothing
from virtual_loop import LoopClock, run

BOARDS, LOCKS = 10, 16
LIFE_MS = 15_000
BITS_PER_BYTE, BAUD = 10, 19_200
ASK_BYTES, ANSWER_BYTES, UNLOCK_BYTES, LATENCY_MS = 5, 9, 5, 10
OFTEN = GovernorLimits(stagger_ms=0, attended_per_minute=60)  # its waits are not what is measured
ROUNDING_MS = 2  # the clocks of both sides count whole milliseconds


@dataclass
class Wires:
    """Driver and steel, joined without a terminal: `serialx` is told to connect to this."""

    twin: BankTwin
    port: str
    url: str = "/direct"
    protocol: asyncio.Protocol | None = None

    async def create(
        self, _loop: object, factory: Callable[[], asyncio.Protocol], _url: str, *, baudrate: int
    ) -> tuple[serialx.BaseSerialTransport, asyncio.Protocol]:
        assert baudrate == BAUD
        self.protocol = factory()
        return cast("serialx.BaseSerialTransport", self), self.protocol

    # The controller's transport.
    def write(self, data: bytes) -> None:
        self.twin._wires[self.port].from_host(data)

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.protocol = None

    async def wait_closed(self) -> None:
        return

    # The twin's end of the line.
    async def plug(self) -> None:
        return

    async def pull(self) -> None:
        return

    def send(self, data: bytes) -> None:
        if self.protocol is not None:
            self.protocol.data_received(data)


async def latencies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From the order to the coil, for each of 160 doors, each in another moment of the scan."""
    clock, chance = LoopClock(), random.Random(SEED)
    twin = BankTwin(one_line(doors(BOARDS * LOCKS)), chance, clock)
    await twin.start()
    wires = Wires(twin, "main")
    await twin._ends["main"].pull()
    twin._ends["main"] = wires
    monkeypatch.setattr(serialx, "create_serial_connection", wires.create)
    settings = replace(commissioned(twin), limits=OFTEN)
    hardware = Hardware(settings, clock=clock, on_reading=lambda *_: None, on_governor=keep_nothing)
    await hardware.start()
    await asyncio.sleep(5)
    taken = []
    for place, compartment in enumerate(twin.compartments()):
        await asyncio.sleep(1 + chance.random())
        command = CommandId.of(place.to_bytes(16, "big"))
        asked_ms = clock.monotonic_ms()
        outcome = await hardware.unlock(
            UnlockRequest(command, compartment, Instant(clock.now() + LIFE_MS), has_presence=True)
        )
        assert outcome is UnlockOutcome.OPENED
        taken.append(twin.pulses[-1].start_ms - asked_ms)
    await hardware.stop()
    await twin.stop()
    assert len(twin.pulses) == BOARDS * LOCKS
    return taken


def test_an_unlock_waits_for_one_exchange_and_the_reading_of_its_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reading is what forbids a pulse at a door that stands open, and cannot be left out."""
    byte_ms = BITS_PER_BYTE * 1_000 / BAUD
    gap_ms = PortSettings("main", "/direct").gap_ms
    exchange_ms = (ASK_BYTES + ANSWER_BYTES) * byte_ms + LATENCY_MS + gap_ms
    taken = run(latencies(monkeypatch))
    assert max(taken) <= 2 * exchange_ms + UNLOCK_BYTES * byte_ms + ROUNDING_MS
