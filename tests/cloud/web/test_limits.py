from __future__ import annotations

import pytest

from bayward.cloud.web.limits import BUCKETS_MAX, Limiter, Rate
from bayward.core.clock import after
from bayward.core.errors import LimitExceeded
from people_bench import HandClock

RATE = Rate(burst=3, refill_ms=1_000)


def spent(limiter: Limiter, *key: str) -> bool:
    try:
        limiter.spend(RATE, *key)
    except LimitExceeded:
        return False
    return True


def test_a_burst_then_one_at_a_time() -> None:
    clock = HandClock()
    limiter = Limiter(clock)
    assert [spent(limiter, "a") for _ in range(4)] == [True, True, True, False]
    clock.at = after(clock.at, 999)
    assert not spent(limiter, "a")
    clock.at = after(clock.at, 1)
    assert [spent(limiter, "a") for _ in range(2)] == [True, False]


def test_trying_while_it_is_empty_does_not_make_it_later() -> None:
    clock = HandClock()
    limiter = Limiter(clock)
    for _ in range(100):
        spent(limiter, "a")
    clock.at = after(clock.at, 1_000)
    assert spent(limiter, "a")


def test_a_long_wait_gives_no_more_than_a_burst() -> None:
    clock = HandClock()
    limiter = Limiter(clock)
    spent(limiter, "a")
    clock.at = after(clock.at, 1_000_000)
    assert [spent(limiter, "a") for _ in range(4)] == [True, True, True, False]


def test_one_key_does_not_empty_anothers() -> None:
    limiter = Limiter(HandClock())
    assert [spent(limiter, "a") for _ in range(4)][-1] is False
    assert spent(limiter, "b")
    assert spent(limiter, "a", "b")


def test_the_refusal_says_when_to_come_back() -> None:
    limiter = Limiter(HandClock())
    for _ in range(3):
        limiter.spend(RATE, "a")
    with pytest.raises(LimitExceeded) as error:
        limiter.spend(RATE, "a")
    assert error.value.facts["retry_after_s"] == 1


def test_memory_is_bounded_and_the_oldest_is_forgotten() -> None:
    limiter = Limiter(HandClock())
    for _ in range(4):
        spent(limiter, "first")
    for number in range(BUCKETS_MAX):
        spent(limiter, str(number))
    assert len(limiter._buckets) == BUCKETS_MAX
    assert spent(limiter, "first")
