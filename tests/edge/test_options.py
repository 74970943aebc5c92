from __future__ import annotations

from bayward.edge.options import Chance, SystemClock


def test_the_machines_clock_moves_and_counts_in_milliseconds() -> None:
    clock = SystemClock()
    assert 1_700_000_000_000 < clock.now() < 4_000_000_000_000
    first = clock.monotonic_ms()
    assert 0 <= clock.monotonic_ms() - first < 1_000


def test_ids_are_fresh_and_numbers_in_range() -> None:
    chance = Chance()
    ids = {chance.command(), chance.command(), chance.parcel(), chance.grant()}
    assert len(ids) == 4
    assert {chance.number(3) for _ in range(200)} == {0, 1, 2}
