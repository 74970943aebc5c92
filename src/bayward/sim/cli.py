"""`bayward sim`: seeded worlds in which everything may break, judged at every step."""

from __future__ import annotations

import argparse
from functools import partial

from bayward.sim import mail_command
from bayward.sim.run import HOURS, explain, run, run_all
from bayward.sim.wall import command as wall

SEEDS = 20
VIOLATED = 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sim` to the command line."""
    parser = subparsers.add_parser(
        "sim",
        help="seeded worlds with faults",
        description="Runs simulated worlds: real banks, link, control plane and log, with people, "
        "locks, disks, clocks and cables that fail by lot. A seed is a world, and always the same "
        "one. Says which seeds broke a promise, and how to see it again.",
        epilog="Examples: bayward sim --seeds 100, or bayward sim --seed 4711 --trace. "
        "Exit code 1: a promise was broken.",
    )
    parser.add_argument("--seeds", type=int, metavar="N", help=f"run N seeds (default: {SEEDS})")
    parser.add_argument("--seed", type=int, metavar="S", help="run this one, or begin with it")
    parser.add_argument(
        "--hours",
        type=int,
        default=HOURS,
        help="squeeze the locker-day of a world into so many hours (default: 24)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a control plane that only mirrors the logs: bank and link, several times faster",
    )
    parser.add_argument("--trace", action="store_true", help="print each transition")
    parser.set_defaults(run=main)
    below = parser.add_subparsers(metavar="COMMAND", title="other than worlds")
    wall.add_parser(below)
    mail_command.add_parser(below)


def main(asked: argparse.Namespace) -> int:
    """Run seeds; the exit code says whether a promise was broken."""
    tell = partial(print, flush=True)
    if asked.seed is not None and asked.seeds is None:
        sink = tell if asked.trace else None
        report = run(asked.seed, hours=asked.hours, is_whole=not asked.quick, sink=sink)
        tell(report.line)
        if report.problem is None:
            return 0
        if asked.trace:
            tell(f"violated: {report.problem}")
        else:
            explain(report, tell)
        return VIOLATED
    first = 1 if asked.seed is None else asked.seed
    count = SEEDS if asked.seeds is None else asked.seeds
    seeds = range(first, first + count)
    failed = run_all(seeds, hours=asked.hours, is_whole=not asked.quick, tell=tell)
    return VIOLATED if failed else 0
