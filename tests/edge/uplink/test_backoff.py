from __future__ import annotations

from random import Random

from bayward.edge.uplink.backoff import WAIT_MS_MAX, WAIT_MS_MIN, Backoff


def test_waits_grow_to_two_minutes_and_no_further() -> None:
    backoff = Backoff(lambda: 0.999_999)
    waits = [backoff.wait_ms() for _ in range(10_000)]
    assert waits[:8] == [
        int(0.999_999 * min(WAIT_MS_MAX, WAIT_MS_MIN * 2**failures)) for failures in range(8)
    ]
    assert max(waits) < WAIT_MS_MAX
    assert waits[7:] == [waits[7]] * (len(waits) - 7)


def test_a_good_connection_begins_anew() -> None:
    backoff = Backoff(lambda: 0.5)
    for _ in range(9):
        backoff.wait_ms()
    backoff.worked()
    assert backoff.wait_ms() == WAIT_MS_MIN // 2


def test_a_fleet_that_starts_together_does_not_come_back_together() -> None:
    chance = Random(1)
    fleet = [Backoff(chance.random) for _ in range(5000)]
    for _ in range(3):
        for one in fleet:
            one.wait_ms()
    waits = [one.wait_ms() for one in fleet]
    busiest = max(
        sum(start <= wait < start + 100 for wait in waits) for start in range(0, 8000, 100)
    )
    assert busiest < 2 * 5000 * 100 / 8000
