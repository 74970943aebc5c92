"""The governor's memory is durable before a pulse, and its time is its own."""

from __future__ import annotations

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

    def keep(self, state: dict[str, object]) -> None:
        if self.is_full:
            raise Unavailable("journal.full")
        self.kept = state

    def host(self) -> GovernorHost:
        return GovernorHost(GovernorLimits(), self.clock, self.kept, self.keep)


def ask(number: int, door: int = 0) -> PulseRequest:
    command = CommandId.of(number.to_bytes(16, "big"))
    return PulseRequest(command, CompartmentId.of(door.to_bytes(16, "big")), "psu", 500, True)


def test_a_pulse_is_durable_before_it_is_permitted() -> None:
    store = Store()
    assert store.host().ask(ask(1)) == Granted()
    assert store.host().ask(ask(1)) == PulsedBefore()


def test_what_cannot_be_stored_is_not_permitted_and_not_charged() -> None:
    store = Store(is_full=True)
    host = store.host()
    with pytest.raises(Unavailable):
        host.ask(ask(1))
    store.is_full = False
    assert host.ask(ask(1)) == Granted()


def test_a_full_disk_after_the_pulse_loses_nothing() -> None:
    store = Store()
    host = store.host()
    host.ask(ask(1))
    store.is_full = True
    host.sent(ask(1).command)
    store.clock.mono_ms += 1_000
    assert host.ask(ask(1, door=1)) == PulsedBefore()
    assert store.host().ask(ask(1)) == PulsedBefore()


def test_a_restart_goes_on_where_the_stored_time_ended() -> None:
    """Whatever the new monotonic counter says: it starts at zero with the machine."""
    store = Store()
    host = store.host()
    host.ask(ask(1))
    host.sent(ask(1).command)
    store.clock.mono_ms += 3_000
    host.store_time()
    store.clock.mono_ms = 7
    assert store.host().ask(ask(2)) == Wait(2_000, Brake.COIL)


def test_an_idle_governor_writes_nothing() -> None:
    store = Store()
    store.host().store_time()
    assert store.kept is None
