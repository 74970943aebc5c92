from __future__ import annotations

from bayward.core.clock import DAY_MS, Instant
from bayward.edge.trusted_clock import TrustedClock
from edge_bench import HandClock


def test_time_follows_small_steps_and_never_goes_back() -> None:
    hand = HandClock()
    clock = TrustedClock(hand)
    start = clock.now()
    hand.later(5_000)
    assert clock.now() == start + 5_000
    hand.wall_ms -= 3_600_000
    assert clock.now() == start + 5_000
    hand.later(1_000)
    assert clock.now() == start + 6_000
    assert clock.monotonic_ms() == hand.mono_ms


def test_the_quality_letter_says_what_the_time_rests_on() -> None:
    hand = HandClock()
    clock = TrustedClock(hand)
    assert clock.quality == "I"
    clock.confirm(hand.now())
    assert clock.quality == "S"
    hand.later(DAY_MS + 1)
    assert clock.quality == "I"
    hand.wall_ms += 10 * DAY_MS
    assert clock.quality == "U"
    clock.confirm(hand.now())
    assert clock.quality == "S"
    assert clock.now() == hand.now()


def test_a_stored_time_is_taken_up() -> None:
    hand = HandClock()
    ahead = Instant(hand.wall_ms + 60_000)
    clock = TrustedClock(hand)
    clock.restore({"watermark": ahead, "unconfirmed_ms": 0})
    assert clock.now() == ahead
    clock.restore(None)
    assert clock.now() == ahead
