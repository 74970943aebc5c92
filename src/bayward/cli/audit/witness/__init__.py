"""`bayward audit witness`: be a witness of logs, on any machine.

    serve    a small HTTP server that logs ask for cosignatures
    pull     fetch logs and cosign them here, for a laptop or a timer

Both keep their memory in `<state>/witness.db` and their key beside it. Never restore either
from an older copy: a witness that is set back has forgotten what it has signed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.witness import pull, serve


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> None:
    """Add `witness` to the group."""
    parser = subparsers.add_parser(
        "witness",
        help="remember logs and cosign what continues them",
        description="A witness remembers how far each log was, and signs only what continues it. "
        "Whoever finds its signature under a checkpoint knows that nobody was shown another log. "
        "Run one on a machine that the log's keeper cannot reach.",
    )
    commands = parser.add_subparsers(dest="witness_command", required=True, metavar="COMMAND")
    for part in (serve, pull):
        one = part.add_parser(commands)
        one.add_argument(
            "--name", required=True, help="the witness's name, a URL without scheme; never changes"
        )
        one.add_argument(
            "--state", required=True, type=Path, metavar="DIR", help="folder for memory and key"
        )
        one.add_argument(
            "--post-quantum", action="store_true", help="cosign with ML-DSA-44 as well"
        )
        told.add_keys(one)
