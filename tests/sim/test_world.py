"""Whole worlds: real banks, link, cloud and log, and everything that can break."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bayward.sim.run import run

QUICK_HOURS = 4  # a locker-day squeezed into so many hours


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_promise_is_broken(seed: int) -> None:
    report = run(seed, hours=QUICK_HOURS)
    assert report.problem is None, "\n".join(report.last_lines)
    assert report.events > 0


def digest(seed: int, hash_seed: str) -> str:
    code = f"from bayward.sim.run import run; print(run({seed}, hours=2).digest)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip().splitlines()[-1]


@pytest.mark.world
def test_a_seed_is_a_world_and_always_the_same_one() -> None:
    assert digest(7, "1") == digest(7, "2")


@pytest.mark.world
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_whole_day_breaks_no_promise(seed: int) -> None:
    report = run(seed)
    assert report.problem is None, "\n".join(report.last_lines)
