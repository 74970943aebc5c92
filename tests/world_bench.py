"""Broken parts, to see whether the checkers of the simulated world notice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from bayward.core.clock import MINUTE_MS
from bayward.sim.people import Manners
from bayward.sim.plan import Plan
from bayward.sim.run import run
from bayward.sim.town import Founded

BUSY = Manners(
    delivery_every_ms=12 * MINUTE_MS,
    collects_within_ms=15 * MINUTE_MS,
    parcels_max=3,
    never_collects=0.0,
    tries_used_code=0.5,
)
QUICK = Plan(hours=2, residents=4, couriers=2, manners=BUSY, is_whole=False)
WHOLE = replace(QUICK, hours=1, is_whole=True)
SEEDS_MAX = 8
SOUND_SEEDS = 2

Change = Callable[[Founded], None]


def often(*faults: str, plan: Plan = QUICK) -> Plan:
    """A plan in which these faults happen every few minutes."""
    return replace(plan, faults=dict.fromkeys(faults, 10 * MINUTE_MS))


def found(pattern: str, plan: Plan, change: Change | None = None) -> int:
    """The first seed whose checkers say what is wrong."""
    told = []
    for seed in range(1, SEEDS_MAX + 1):
        report = run(seed, plan=plan, change=change)
        if report.problem is not None:
            assert re.search(pattern, report.problem), report.problem
            assert report.last_lines[-1].endswith(report.problem)
            return seed
        told.append(report.line)
    raise AssertionError("nobody noticed:\n" + "\n".join(told))


def assert_sound(plan: Plan, change: Change | None = None) -> None:
    """No promise is broken in a few worlds."""
    for seed in range(1, 1 + (1 if plan.is_whole else SOUND_SEEDS)):
        report = run(seed, plan=plan, change=change)
        assert report.problem is None, report.problem
