from __future__ import annotations

import time

from bayward.cloud.system_clock import SystemClock


def test_it_is_the_machines_time_in_milliseconds() -> None:
    clock = SystemClock()
    before, now, later = time.time_ns() // 1_000_000, clock.now(), time.time_ns() // 1_000_000
    assert before <= now <= later
    assert clock.monotonic_ms() <= clock.monotonic_ms()
