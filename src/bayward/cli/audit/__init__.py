"""`bayward audit`: what an auditor, or anybody who trusts nobody, needs to check the logs.

Each command lives in a module of its own here and is imported only when `audit` is asked for.
Exit codes: 0 nothing is wrong with what was checked, 1 something is, 2 it could not be read or
the command was used wrongly.
"""

from __future__ import annotations

import argparse
import importlib

PARTS = (
    "bayward.cli.verify",
    "bayward.cli.audit.fsck",
    "bayward.cli.audit.monitor",
    "bayward.cli.audit.prove",
    "bayward.cli.audit.diff",
    "bayward.cli.audit.export",
    "bayward.cli.audit.erase",
    "bayward.cli.audit.witness",
)  # fmt: skip
"""Modules whose `add_parser` adds one command each, in the order of `--help`."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `audit` to the command line."""
    parser = subparsers.add_parser(
        "audit",
        help="check logs, receipts and exports, and witness them",
        description="Tools for whoever checks the logs without trusting those who keep them.",
        epilog="Exit code 0: nothing is wrong; 1: something is; 2: it cannot be read. "
        "`bayward audit COMMAND --help` says more.",
    )
    commands = parser.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")
    for module in PARTS:
        importlib.import_module(module).add_parser(commands)
