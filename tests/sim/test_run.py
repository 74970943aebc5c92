"""Fixed seeds: worlds that must stay sound, and the ones that once were not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bayward.sim.plan import BRIEF_HOURS, Plan
from bayward.sim.run import explain, run, run_all
from bayward.sim.town import Founded
from bayward.sim.world import Violation

PRINT = """
from bayward.sim.run import run
for is_whole in (False, True):
    print(run(8, hours=1, is_whole=is_whole).digest)
"""


@pytest.mark.parametrize(
    "first", [1, *(pytest.param(first, marks=pytest.mark.world) for first in range(11, 51, 10))]
)
def test_fifty_brief_worlds_keep_their_promises(first: int) -> None:
    for seed in range(first, first + 10):
        report = run(seed, hours=BRIEF_HOURS, is_whole=False)
        assert report.problem is None, report.line + "\n" + "\n".join(report.last_lines)


@pytest.mark.parametrize(
    "seed",
    [
        1,  # a deposit that a power cut hid was given to the next courier
        5,  # a card that failed while the uplink read ended the uplink
        50,  # an order refused by a disk that had kept it
        85,  # a door that opened after all, and a grant that stayed active in the view
    ],
)
@pytest.mark.world
def test_what_was_found_once_stays_fixed(seed: int) -> None:
    report = run(seed, hours=4)
    assert report.problem is None, report.line + "\n" + "\n".join(report.last_lines)


@pytest.mark.world
@pytest.mark.parametrize("first", range(1000, 1100, 20))
def test_whole_worlds_keep_their_promises(first: int) -> None:
    for seed in range(first, first + 20):
        report = run(seed, hours=6)
        assert report.problem is None, report.line + "\n" + "\n".join(report.last_lines)


@pytest.mark.world
def test_long_worlds_keep_their_promises() -> None:
    for seed in range(2000, 2040):
        report = run(seed, is_whole=False)
        assert report.problem is None, report.line + "\n" + "\n".join(report.last_lines)


@pytest.mark.world
def test_a_seed_is_the_same_world_whatever_python_hashes_strings_to() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        for hash_seed in ("1", "4242")
    ]
    told = [process.communicate()[0].decode().split() for process in runs]
    assert told[0] == told[1]
    assert len(set(told[0])) == 2
    assert all(len(digest) == 64 for digest in told[0])


def test_a_violation_tells_the_way_back() -> None:
    def change(founded: Founded) -> None:
        def break_it() -> None:
            raise Violation("the moon is made of steel")

        founded.world.after(60_000, "moon", break_it)

    report = run(7, hours=BRIEF_HOURS, is_whole=False, change=change)
    assert report.problem == "the moon is made of steel"
    assert "VIOLATED" in report.line
    told: list[str] = []
    explain(report, told.append)
    assert told[-2] == "violated: the moon is made of steel"
    assert told[-1] == "again:    bayward sim --seed 7 --hours 2 --quick --trace"
    assert told[-3].endswith("the moon is made of steel")


def test_every_seed_is_told_and_summed_up() -> None:
    told: list[str] = []
    failed = run_all([3, 4], hours=1, is_whole=False, tell=told.append)
    assert not failed
    assert [line.split()[:2] for line in told[:2]] == [["3", "ok"], ["4", "ok"]]
    assert "2 worlds, 0.1 locker-days" in told[2]


def test_a_plan_can_be_given_instead_of_drawn() -> None:
    plan = Plan(hours=1, faults={}, is_whole=False)
    assert run(1, plan=plan).plan is plan
