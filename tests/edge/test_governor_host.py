"""The governor's memory is durable before a pulse, and its time is its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Unavailable
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.governor import Brake, GovernorLimits, Granted, PulsedBefore, PulseRequest, Wait
from bayward.edge.governor_host import GovernorHost


@dataclass
class HandClock:
    mono_ms: int = 50_000

    def now(self) -> Instant:
        return Instant(0)

    def monotonic_ms(self) -> int:
        return self.mono_ms


@dataclass
class Store:
    kept: dict[str, object] | None = None
    is_full: bool = False
    clock: HandClock = field(default_factory=HandClock)

    gate: asyncio.Event | None = None  # writing waits for it
    writes: int = 0

    async def keep(self, state: dict[str, object]) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.is_full:
            raise Unavailable("journal.full")
        self.kept, self.writes = state, self.writes + 1

    def host(self) -> GovernorHost:
        return GovernorHost(GovernorLimits(), self.clock, self.kept, self.keep)


def ask(number: int, door: int = 0, supply: str = "psu") -> PulseRequest:
    command = CommandId.of(number.to_bytes(16, "big"))
    return PulseRequest(command, CompartmentId.of(door.to_bytes(16, "big")), supply, 500, True)


async def test_a_pulse_is_durable_before_it_is_permitted() -> None:
    store = Store()
    assert await store.host().ask(ask(1)) == Granted()
    assert await store.host().ask(ask(1)) == PulsedBefore()


async def test_what_cannot_be_stored_is_not_permitted_and_not_charged() -> None:
    store = Store(is_full=True)
    host = store.host()
    with pytest.raises(Unavailable):
        await host.ask(ask(1))
    store.is_full = False
    assert await host.ask(ask(1)) == Granted()


async def test_while_a_pulse_is_being_written_nobody_else_gets_what_it_uses() -> None:
    """A card that takes its time: the loop goes on, the supply is spoken for, no pulse yet."""
    store = Store(gate=asyncio.Event())
    host = store.host()
    first = asyncio.create_task(host.ask(ask(1)))
    await asyncio.sleep(0)
    assert not first.done()
    assert await host.ask(ask(2, door=1)) == Wait(700, Brake.SUPPLY)
    assert await host.ask(ask(1)) == PulsedBefore()
    assert store.gate is not None
    store.gate.set()
    assert await first == Granted()
    assert store.kept is not None


async def test_a_card_that_fails_in_the_middle_takes_back_what_it_did_not_permit() -> None:
    store = Store(gate=asyncio.Event())
    host = store.host()
    first = asyncio.create_task(host.ask(ask(1)))
    await asyncio.sleep(0)
    store.is_full = True
    assert store.gate is not None
    store.gate.set()
    with pytest.raises(Unavailable):
        await first
    store.is_full = False
    assert await host.ask(ask(2, door=1)) == Granted()


async def test_two_that_are_written_at_once_are_both_kept() -> None:
    store = Store(gate=asyncio.Event())
    host = store.host()
    one = asyncio.create_task(host.ask(ask(1, supply="a")))
    two = asyncio.create_task(host.ask(ask(2, door=1, supply="b")))
    await asyncio.sleep(0)
    assert store.gate is not None
    store.gate.set()
    assert list(await asyncio.gather(one, two)) == [Granted(), Granted()]
    for number in (1, 2):
        assert await store.host().ask(ask(number)) == PulsedBefore()


async def test_who_goes_away_while_it_is_written_has_used_it_up() -> None:
    store = Store(gate=asyncio.Event())
    host = store.host()
    first = asyncio.create_task(host.ask(ask(1)))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert await host.ask(ask(1)) == PulsedBefore()


async def test_a_full_disk_after_the_pulse_loses_nothing() -> None:
    store = Store()
    host = store.host()
    await host.ask(ask(1))
    store.is_full = True
    host.sent(ask(1).command)
    store.clock.mono_ms += 1_000
    await host.store_time()
    assert await host.ask(ask(1, door=1)) == PulsedBefore()
    assert await store.host().ask(ask(1)) == PulsedBefore()


async def test_an_unlock_is_written_once_and_a_restart_after_it_is_no_shorter() -> None:
    """That the frame has left is not written: it counts as leaving when the program is back."""
    store = Store()
    host = store.host()
    await host.ask(ask(1))
    store.clock.mono_ms += 400
    host.sent(ask(1).command)
    assert store.writes == 1
    running = await host.ask(ask(2))
    after_restart = await store.host().ask(ask(2))
    assert isinstance(running, Wait)
    assert isinstance(after_restart, Wait)
    assert after_restart.ms >= running.ms


async def test_a_restart_goes_on_where_the_stored_time_ended() -> None:
    """Whatever the new monotonic counter says: it starts at zero with the machine."""
    store = Store()
    host = store.host()
    await host.ask(ask(1))
    host.sent(ask(1).command)
    store.clock.mono_ms += 3_000
    await host.store_time()
    store.clock.mono_ms = 7
    assert await store.host().ask(ask(2)) == Wait(2_000, Brake.COIL)


async def test_an_idle_governor_writes_nothing() -> None:
    store = Store()
    await store.host().store_time()
    assert store.kept is None
