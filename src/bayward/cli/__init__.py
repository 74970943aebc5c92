"""The command line: `bayward demo | cloud | admin | edge | sim | audit | verify`.

Each command lives in a module of its own that is imported only when it is asked for, so that
`bayward verify` starts without a web server in tow. Exit codes: 0 well, 1 it found something
wrong, 2 it could not do what was asked.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

import bayward
from bayward.core.errors import BaywardError

COMMANDS = {
    "demo": (
        "bayward.sim.demo.command",
        "the whole product here, with a simulated wall",
    ),
    "cloud": ("bayward.cli.cloud", "the control plane"),
    "admin": ("bayward.cli.admin", "a way in for staff"),
    "edge": ("bayward.edge.cli", "the computer in the wall"),
    "sim": ("bayward.sim.cli", "seeded worlds with faults"),
    "audit": ("bayward.cli.audit", "check logs, receipts and exports, and witness them"),
    "verify": ("bayward.cli.verify", "check a receipt, an exported log or an evidence pack"),
}
GROUPS = {"audit"}  # commands of commands, of which again only the one asked for is imported
FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    if not __debug__:
        print("bayward: asserts guard the doors; do not run with optimisation", file=sys.stderr)
        return FAILED
    told = list(sys.argv[1:] if arguments is None else arguments)
    asked = parser_for(*(*told, "", "")[:2]).parse_args(told)
    try:
        code = asked.run(asked)
    except BaywardError as error:
        print(f"bayward {asked.command}: {error}", file=sys.stderr)
        explain(error)
        return FAILED
    except OSError as error:  # a disk or a file that nobody named better
        print(f"bayward {asked.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 0
    return int(code)


def explain(error: BaywardError) -> None:
    """Print the sentence of an error that has one of its own, and so something to do about it."""
    from bayward.ui import i18n  # noqa: PLC0415 - only whoever meets an error waits for it

    english = i18n.catalogues()["en"]
    if english.find(f"error.{error.code}") is not None:
        print(english.tell(f"error.{error.code}", error.facts), file=sys.stderr)


def parser_for(name: str, below: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the command `name` is there with all its options.

    Of a group, only its command `below` is; each, if that is None.
    """
    parser = argparse.ArgumentParser(
        prog="bayward",
        description="Open software for smart lockers.",
        epilog="`bayward COMMAND --help` says more.",
    )
    parser.add_argument("--version", action="version", version=f"bayward {bayward.__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, (module, summary) in COMMANDS.items():
        if command == name:
            add = importlib.import_module(module).add_parser
            add(subparsers, below) if command in GROUPS else add(subparsers)
        else:
            subparsers.add_parser(command, help=summary)
    return parser
