"""Two coils at once are seen, two in a row are not."""

from __future__ import annotations

from bayward.core.ids import CompartmentId
from bayward.sim.hardware.pulses import Cause, TwinPulse, overlapping

DOOR = CompartmentId.of(bytes(16))


def pulse(start_ms: int, supply: str = "a") -> TwinPulse:
    return TwinPulse(DOOR, supply, start_ms, start_ms + 500, Cause.FRAME)


def test_pulses_on_one_supply_overlap_when_they_share_a_moment() -> None:
    first, second, third = pulse(0), pulse(499), pulse(999)
    assert overlapping([first, second, third]) == [(first, second)]


def test_other_supplies_do_not_mind() -> None:
    assert overlapping([pulse(0, "a"), pulse(0, "b")]) == []
