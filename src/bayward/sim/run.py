"""Runs worlds: one seed, from its first moment until everything is at rest again.

A world lives its length with everything its plan lets break; then all faults heal, people go
home, the administrator looks after what is left, and what was delayed must have arrived. The
result of a seed is its tape, and its tape is always the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from bayward.core.clock import HOUR_MS
from bayward.core.ids import BankId
from bayward.sim.checkers import Watch
from bayward.sim.faults import Faults
from bayward.sim.liveness import CloudWatch, at_rest
from bayward.sim.plan import Plan, draw
from bayward.sim.tape import Tape
from bayward.sim.town import Founded, found
from bayward.sim.world import Violation, World

CALM_MS = (
    3 * HOUR_MS
)  # after the faults: waits, visits of the administrator, mail that is tried again
HOURS = 24
GUESSES_PER_STEP = 0.5  # ten minutes that a clock was turned are believed: a third of a guess

Change = Callable[[Founded], None]
"""Exchanges a part of a world before it begins, to see whether the checkers notice."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one seed; `problem` is None when nothing was violated."""

    seed: int
    hours: int
    plan: Plan
    steps: int
    events: int
    digest: str
    seconds: float
    problem: str | None
    last_lines: tuple[str, ...]

    @property
    def line(self) -> str:
        """One aligned line."""
        verdict = "ok" if self.problem is None else "VIOLATED"
        faults = ",".join(sorted(self.plan.faults)) or "-"
        return (
            f"{self.seed:>8}  {verdict:<8}  {self.plan.banks} x {self.plan.hours:>2} h  "
            f"{self.steps:>7} steps  {self.events:>5} events  {self.digest[:12]}  {faults}"
        )


def run(
    seed: int,
    *,
    hours: int = HOURS,
    is_whole: bool = True,
    plan: Plan | None = None,
    sink: Callable[[str], None] | None = None,
    change: Change | None = None,
) -> Report:
    """Run one seed; `hours` squeezes it, `plan` replaces what the seed would draw.

    Without `is_whole` the control plane is a mirror of the logs (`sim.mirror`), and quick.
    """
    began = time.process_time()
    world = World(seed, Tape(sink))
    plan = plan or draw(world.stream("plan"), hours, is_whole=is_whole)
    founded = found(world, plan)
    watches: dict[BankId, Watch] = {}
    problem = None
    with _logs(world):
        try:
            _live(world, founded, watches, change)
        except Violation as violation:
            problem = str(violation)
            world.tell("checker", "VIOLATED", problem)
        finally:
            founded.close()
    return Report(
        seed=seed,
        hours=hours,
        plan=plan,
        steps=world.steps,
        events=sum(watch.events for watch in watches.values()),
        digest=world.tape.digest,
        seconds=time.process_time() - began,
        problem=problem,
        last_lines=tuple(world.tape.last),
    )


def run_all(
    seeds: Sequence[int],
    *,
    hours: int = HOURS,
    is_whole: bool = True,
    tell: Callable[[str], None],
) -> list[Report]:
    """Run seeds one after the other and tell how each went; gives those that failed."""
    failed: list[Report] = []
    days = seconds = 0.0
    for seed in seeds:
        report = run(seed, hours=hours, is_whole=is_whole)
        days += report.plan.bank_days
        seconds += report.seconds
        tell(report.line)
        if report.problem is not None:
            failed.append(report)
            explain(report, tell)
    pace = days / seconds if seconds else 0.0
    tell(
        f"{len(seeds)} worlds, {days:.1f} locker-days in {seconds:.1f} s of one core "
        f"({pace:.2f} per second), {len(failed)} violated"
    )
    return failed


def explain(report: Report, tell: Callable[[str], None]) -> None:
    """The way back to a violation, and how it came to it."""
    plan = report.plan
    told = [f"--seed {report.seed}"]
    if report.hours != HOURS:
        told.append(f"--hours {report.hours}")
    if not plan.is_whole:
        told.append("--quick")
    for line in report.last_lines:
        tell(line)
    tell(f"violated: {report.problem}")
    tell(f"again:    bayward sim {' '.join(told)} --trace")


def _live(
    world: World, founded: Founded, watches: dict[BankId, Watch], change: Change | None
) -> None:
    faults = Faults(founded)
    for bank in founded.banks:
        watches[bank.made.bank] = Watch(bank, lambda: faults.forward_steps * GUESSES_PER_STEP)
    cloud_watch = CloudWatch(founded, watches)
    if change is not None:
        change(founded)
    founded.begin()
    faults.begin()
    world.run(founded.plan.length_ms)
    faults.heal()
    world.run(founded.plan.length_ms + CALM_MS)
    cloud_watch.check_efficiency()
    at_rest(founded, watches)


@contextmanager
def _logs(world: World) -> Iterator[None]:
    """What the programs log goes nowhere, but a contradiction in the logs is a violation."""

    def judge(logger: object, name: str, told: MutableMapping[str, Any]) -> Any:
        del logger, name
        event = str(told.get("event"))
        if event.endswith(".contradiction") or event == "jobs.crashed":
            world.contradictions.append(f"{event} {told}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[judge])
    try:
        yield
    finally:
        structlog.configure(**before)
