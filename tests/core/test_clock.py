from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import DAY_MS, Instant, after, iso


def test_iso_is_utc_with_milliseconds() -> None:
    assert iso(Instant(0)) == "1970-01-01T00:00:00.000Z"
    assert iso(Instant(1_800_000_000_042)) == "2027-01-15T08:00:00.042Z"


@given(st.integers(0, 4 * 10**12), st.integers(-DAY_MS, DAY_MS))
def test_after_adds_milliseconds(start: int, ms: int) -> None:
    assert after(Instant(start), ms) - start == ms
