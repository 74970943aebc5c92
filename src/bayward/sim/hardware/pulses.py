"""What the coils went through, for whoever wants to check it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from bayward.core.ids import CompartmentId


class Cause(StrEnum):
    """Who energised a coil."""

    FRAME = "frame"
    TEST_BUTTON = "test_button"


@dataclass(slots=True)
class TwinPulse:
    """One coil energised once; monotonic milliseconds, `end_ms` exclusive."""

    compartment: CompartmentId
    supply: str
    start_ms: int
    end_ms: int
    cause: Cause


def overlapping(pulses: Sequence[TwinPulse]) -> list[tuple[TwinPulse, TwinPulse]]:
    """Pairs that drew on the same supply at the same time."""
    return [
        (one, other)
        for one, other in combinations(pulses, 2)
        if one.supply == other.supply
        and one.start_ms < other.end_ms
        and other.start_ms < one.end_ms
    ]
