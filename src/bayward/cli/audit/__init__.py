"""`bayward audit`: what an auditor, or anybody who trusts nobody, needs to check the logs.

Each command lives in a module of its own that is imported only when it is asked for. Exit codes:
0 nothing is wrong with what was checked, 1 something is, 2 it could not be read or the command
was used wrongly.
"""

from __future__ import annotations

import argparse
import importlib

PARTS = {
    "verify": ("bayward.cli.verify", "check a receipt, an exported log or an evidence pack"),
    "fsck": ("bayward.cli.audit.fsck", "read a whole log where it lies and name what is wrong"),
    "monitor": (
        "bayward.cli.audit.monitor",
        "follow a log and say at once when something is wrong",
    ),
    "prove": ("bayward.cli.audit.prove", "a proof that an entry is in a log"),
    "diff": ("bayward.cli.audit.diff", "do two documents tell of one log, or of two?"),
    "export": ("bayward.cli.audit.export", "ask for an evidence pack and fetch it"),
    "erase": (
        "bayward.cli.audit.erase",
        "forget somebody, so that every proof still holds",
    ),
    "witness": (
        "bayward.cli.audit.witness",
        "remember logs and cosign what continues them",
    ),
}
"""Modules whose `add_parser` adds one command each, in the order of `--help`."""


def add_parser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], asked: str | None = None
) -> None:
    """Add `audit` to the command line; only its command `asked` (None: each) with its options."""
    parser = subparsers.add_parser(
        "audit",
        help="check logs, receipts and exports, and witness them",
        description="Tools for whoever checks the logs without trusting those who keep them.",
        epilog="Exit code 0: nothing is wrong; 1: something is; 2: it cannot be read. "
        "`bayward audit COMMAND --help` says more.",
    )
    commands = parser.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")
    for command, (module, summary) in PARTS.items():
        if asked in {command, None}:
            importlib.import_module(module).add_parser(commands)
        else:
            commands.add_parser(command, help=summary)
