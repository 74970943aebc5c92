"""What is written down about a twin is what the twin is."""

from __future__ import annotations

import random

import pytest

from bayward.sim.hardware.commissioning import commissioned
from bayward.sim.hardware.twin import BankTwin
from hardware_bench import SEED, RealClock, doors, steel


@pytest.mark.parametrize("closed_level", [0, 1])
async def test_every_lock_and_contact_is_written_down(closed_level: int) -> None:
    twin = BankTwin(steel(20, closed_level=closed_level), random.Random(SEED), RealClock())
    await twin.start()
    settings = commissioned(twin)
    await twin.stop()
    assert {lock.compartment for lock in settings.locks} == set(doors(20))
    assert {board.closed_when for board in settings.boards} == {closed_level}
    assert [(lock.board, lock.lock) for lock in settings.locks][15:17] == [
        ("board0", 15),
        ("board1", 0),
    ]
    assert settings.ports[0].url == twin.port_url("main")
