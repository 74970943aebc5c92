"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from bayward.ui.i18n import catalogues
from bayward.ui.when import When

NOW = Instant(1_795_199_730_000)  # Fri 2026-11-20 18:35:30 UTC
ENGLISH = When(catalogues()["en"], UTC, NOW)


def before(ms: int) -> Instant:
    return Instant(NOW - ms)


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (-5, "0:00"),
        (41 * SECOND_MS, "0:41"),
        (12 * MINUTE_MS + 5 * SECOND_MS, "12:05"),
        (3 * HOUR_MS, "3 h"),
        (2 * DAY_MS + HOUR_MS, "2 d"),
    ],
)
def test_elapsed(ms: int, told: str) -> None:
    assert ENGLISH.elapsed(before(ms)) == told


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (300, "0.3 s ago"),
        (12_000, "12 s ago"),
        (3 * MINUTE_MS, "3 min ago"),
        (2 * HOUR_MS, "today 16:35"),
        (DAY_MS, "yesterday 18:35"),
        (9 * DAY_MS, "Wed 11 Nov 18:35"),
    ],
)
def test_ago(ms: int, told: str) -> None:
    assert ENGLISH.ago(before(ms)) == told


def test_days_have_names_near_and_a_year_far() -> None:
    assert ENGLISH.near_day(Instant(NOW + DAY_MS)) == "tomorrow"
    assert ENGLISH.day(Instant(NOW + 7 * DAY_MS)) == "Fri 27 Nov"
    assert ENGLISH.day(Instant(NOW + 90 * DAY_MS)) == "18 Feb 2027"
    polish = When(catalogues()["pl"], UTC, NOW)
    assert polish.day(Instant(NOW + 7 * DAY_MS)) == "pt. 27 listopada"


def test_the_shortest_that_is_not_ambiguous() -> None:
    assert ENGLISH.stamp(before(MINUTE_MS)) == "18:34"
    assert ENGLISH.stamp(before(DAY_MS)) == "yesterday"


def test_people_read_local_time_and_machines_utc() -> None:
    tokyo = When(catalogues()["en"], timezone(timedelta(hours=9)), NOW)
    assert tokyo.time_s(NOW) == "03:35:30"
    assert tokyo.near_day(before(4 * HOUR_MS)) == "yesterday"
    assert tokyo.iso(NOW) == "2026-11-20T18:35:30.000Z"


def test_past_and_future() -> None:
    assert ENGLISH.is_past(before(1))
    assert not ENGLISH.is_past(Instant(NOW + 1))
