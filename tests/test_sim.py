"""The simulated town as a whole: people who get what they came for, and each fault by itself.

(Single parts are tested in `tests/sim`; what the checkers notice in `tests/sim/test_checkers.py`.)
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from bayward.core.clock import HOUR_MS, MINUTE_MS
from bayward.core.errors import Denied
from bayward.sim.checkers import Watch
from bayward.sim.people import Manners
from bayward.sim.plan import PACES, Plan, draw
from bayward.sim.register import BANKS, COURIERS, RESIDENTS, register
from bayward.sim.run import run
from bayward.sim.settle import settled
from bayward.sim.town import Founded, found
from bayward.sim.world import World

POLITE = Manners(
    mistypes=0.0,
    never_collects=0.0,
    misjudges_size=0.0,
    changes_mind=0.0,
    tries_used_code=0.0,
    delivery_every_ms=20 * MINUTE_MS,
    collects_within_ms=20 * MINUTE_MS,
)
WHAT = slice(37, 62)  # the column of the tape that says what happened
PEACE = Plan(hours=2, residents=4, couriers=2, manners=POLITE)


def lived(plan: Plan, seed: int = 1) -> tuple[Founded, list[Watch], Counter[str]]:
    """A town some hours later; its parts can still be looked at."""
    world = World(seed)
    founded = found(world, plan)
    watches = [Watch(bank, lambda: 0.0) for bank in founded.banks]
    kinds: Counter[str] = Counter()

    def sink(line: str) -> None:
        kinds.update([line[WHAT].strip()])
        kinds.update(["bank.full"] if "reason=bank.full" in line else [])

    world.tape._sink = sink
    founded.begin()
    world.run(plan.length_ms)
    founded.town.is_over = True
    world.run(plan.length_ms + HOUR_MS)
    founded.close()
    return founded, watches, kinds


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.world)])
def test_on_a_peaceful_day_everybody_gets_his_parcels(is_whole: bool) -> None:
    founded, watches, kinds = lived(replace(PEACE, is_whole=is_whole))
    delivered = sum(courier.delivered for courier in founded.couriers)
    assert delivered > 5
    states = Counter(
        parcel.state.value for watch in watches for parcel in watch.state.parcels.values()
    )
    assert set(states) <= {"collected", "deposited"}
    assert states["collected"] > delivered // 2  # the last ones wait until tomorrow
    assert kinds["access.refused"] == kinds["bank.full"]  # nobody was refused for himself
    assert kinds["unlock.requested"] == kinds["(pulse)"] == kinds["(door unlocked)"]
    assert founded.post.sent >= sum(states.values())  # each recipient was told
    held = [
        label
        for bank in founded.banks
        for door in bank.steel.doors.values()
        for label in door.inside
    ]
    assert len(held) == states["deposited"]


def test_people_collect_by_code_by_pass_and_by_tap() -> None:
    _, _, kinds = lived(replace(PEACE, hours=3, is_whole=False, manners=replace(
        POLITE, uses_pass=0.3, taps=0.3
    )))  # fmt: skip
    assert min(kinds["at north: PresentCode"], kinds["at north: PresentPass"], kinds["taps"]) > 0


@pytest.mark.world
@pytest.mark.parametrize("fault", PACES)
def test_each_fault_by_itself_happens_and_heals(fault: str) -> None:
    told: list[str] = []
    plan = replace(PEACE, hours=1, is_whole=False, faults={fault: 15 * MINUTE_MS})
    report = run(3, plan=plan, sink=told.append)
    assert report.problem is None, "\n".join(report.last_lines)
    assert any(line.split()[3:5] == ["fault", fault] for line in told)


@pytest.mark.world
def test_the_administrator_looks_after_what_a_crowbar_did() -> None:
    plan = replace(PEACE, is_whole=True, faults={"crowbar": 30 * MINUTE_MS})
    told: list[str] = []
    report = run(2, plan=plan, sink=told.append)
    assert report.problem is None
    whole = "\n".join(told)
    for what in ("door.forced_open", "lockdown.engaged", "mail/incident_alert", "ada        walks",
                 "lockdown.released"):  # fmt: skip
        assert what in whole, what


def test_a_seed_draws_a_part_of_the_faults() -> None:
    plans = [draw(random.Random(seed)) for seed in range(40)]
    seen = Counter(fault for plan in plans for fault in plan.faults)
    assert set(seen) == set(PACES)
    assert all(0 < len(plan.faults) < len(PACES) for plan in plans)
    assert {plan.banks for plan in plans} == {1, 2, 3}
    assert all(plan.bank_days == pytest.approx(1) for plan in plans)


def test_the_register_is_made_once_and_knows_everybody() -> None:
    known = register()
    assert register() is known
    assert {*RESIDENTS, *COURIERS, "ada"} == set(known.people)
    assert set(known.banks) == set(BANKS)
    assert known.database.startswith(b"SQLite format 3")


def test_a_coroutine_that_waits_has_no_place_here() -> None:
    class Wait:
        def __await__(self):  # type: ignore[no-untyped-def]  # a generator like any other
            yield

    async def waits() -> None:
        await Wait()

    async def refuses() -> None:
        raise Denied("no")

    async def tells() -> int:
        return 7

    assert settled(tells()) == 7
    with pytest.raises(Denied):
        settled(refuses())
    with pytest.raises(RuntimeError, match="waits"):
        settled(waits())
