"""What a seed's world is like: its banks, its people's manners, and which things break in it.

A world is one locker-day long unless it is squeezed: then the same life, with as many parcels and
as many faults, takes place in fewer hours.

Swarm testing: each seed draws a random part of all faults and bad manners, and how often each
happens. A world in which everything breaks at once explores less than many in which a few things
break often, because faults hide one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from bayward.core.clock import DAY_MS, HOUR_MS
from bayward.core.compartment import Mode, Size
from bayward.sim.people import Manners

Columns = tuple[tuple[int, Size], ...]

# Every fault, and how often it happens in a world at its usual pace.
PACES: Mapping[str, float] = {
    "cable_cut": 3,
    "cable_dropped": 8,
    "half_open": 3,
    "slow_line": 4,
    "power_cut": 4,
    "plug_at_touch": 8,
    "disk_error": 8,
    "disk_full": 2,
    "card_rolled_back": 1,
    "clock_step": 3,
    "cloud_crash": 6,
    "cloud_full": 3,
    "mail_down": 3,
    "mail_twice": 4,
    "order_again": 6,
    "jam": 5,
    "late_pull": 5,
    "contact_stuck": 3,
    "boards_silent": 4,
    "sensor_lies": 3,
    "crowbar": 3,
    "guesser": 3,
}
LINGER_MS = 5_000  # entries wait for company: cheaper worlds, and uploads of several commits
BRIEF_HOURS = 2  # a world as short as this has one bank and few parcels
ENABLED = 0.35  # of all faults, in one world
RARE = {"card_rolled_back": 0.08}  # ends a bank; most worlds should live on
WALLS: tuple[Columns, ...] = (
    ((2, Size.S), (2, Size.M), (2, Size.L)),
    ((4, Size.S), (4, Size.M), (2, Size.L)),
    ((6, Size.S), (4, Size.S), (3, Size.M), (2, Size.L)),
)
_BAD_MANNERS = {
    "leaves_open": (0.0, 0.0, 0.05, 0.2),
    "leaves_inside": (0.0, 0.0, 0.05, 0.2),
    "walks_away": (0.0, 0.0, 0.1, 0.3),
    "misjudges_size": (0.0, 0.05, 0.3),
    "changes_mind": (0.0, 0.03, 0.2),
    "never_collects": (0.0, 0.05, 0.4),
    "mistypes": (0.02, 0.1, 0.4),
    "tries_used_code": (0.0, 0.1, 0.5),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One world. `faults` gives the mean pause of each that happens, in milliseconds."""

    banks: int = 1
    hours: int = 24
    columns: Columns = WALLS[1]
    modes: Mapping[int, Mode] = field(default_factory=dict)  # of doors that are not for parcels
    has_sensors: bool = True
    residents: int = 6
    couriers: int = 2
    manners: Manners = field(default_factory=Manners)
    faults: Mapping[str, int] = field(default_factory=dict)
    drift_ppm: int = 0
    code_life_ms: int = 7 * DAY_MS
    is_crowded: bool = False

    linger_ms: int = 0
    is_whole: bool = True  # the whole control plane; otherwise a mirror of the logs

    @property
    def length_ms(self) -> int:
        """How long the world lasts before its faults heal."""
        return self.hours * HOUR_MS

    @property
    def bank_days(self) -> float:
        """How much of a bank's life this is."""
        return self.banks * self.length_ms / DAY_MS


def draw(chance: Random, hours: int = 24, *, is_whole: bool = True) -> Plan:
    """The plan of a seed: `hours` of the life of one bank, or parts of them of several."""
    is_brief = hours <= BRIEF_HOURS
    banks = 1 if is_brief else chance.choice((1, 1, 2, 3))
    hours = max(1, hours // banks)
    length_ms = hours * HOUR_MS
    spoilt = {}
    for name, values in _BAD_MANNERS.items():
        spoilt[name] = chance.choice(values)
    faults = {}
    for name, pace in PACES.items():
        if chance.random() < RARE.get(name, ENABLED):
            faults[name] = int(length_ms / (pace * chance.choice((0.5, 1, 2))))
    return Plan(
        banks=banks,
        hours=hours,
        columns=chance.choice(WALLS),
        has_sensors=chance.random() < 0.8,  # noqa: PLR2004 - most boards have them
        residents=chance.randint(2, 10),
        couriers=chance.randint(1, 3),
        manners=Manners(
            parcels_max=chance.randint(1, 6),
            delivery_every_ms=length_ms // chance.choice((2, 3, 5) if is_brief else (5, 8, 12)),
            collects_within_ms=length_ms // chance.choice((3, 8, 24)),
            **spoilt,
        ),
        faults=faults,
        drift_ppm=chance.choice((0, 0, 20, 200)),
        code_life_ms=chance.choice((7 * DAY_MS, 7 * DAY_MS, length_ms // 6)),
        linger_ms=chance.choice((0, LINGER_MS, LINGER_MS)),
        is_whole=is_whole,
        is_crowded=chance.random() < 0.2,  # noqa: PLR2004 - one world in five
    )
