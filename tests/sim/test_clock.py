from pathlib import Path

import pytest

from bayward.sim.clock import SharedClock

WEEK_MS = 7 * 24 * 3600 * 1000


def test_a_skipped_week_has_passed_for_everybody(tmp_path: Path) -> None:
    one, other = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    before, ticks = other.now(), other.monotonic_ms()
    one.skip(WEEK_MS)
    assert other.now() - before >= WEEK_MS
    assert other.monotonic_ms() - ticks >= WEEK_MS
    one.close()
    other.close()


def test_time_does_not_run_back(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "clock")
    with pytest.raises(ValueError, match="run back"):
        clock.skip(-1)
    clock.close()
