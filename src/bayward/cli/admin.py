"""`bayward admin`: a way in for staff, for whoever may read the state directory."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from bayward.cli.cloud import settings_of
from bayward.cloud.logs import configure_logs
from bayward.cloud.rescue import let_in


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `admin` to the command line."""
    parser = subparsers.add_parser(
        "admin",
        help="a way in for staff",
        description="Prints a one-time link by which an administrator who lost password or "
        "telephone sets both up anew. Stop the control plane first. With --platform the link is "
        "for whoever runs the platform (creates tenants, sees no data, opens no doors); the "
        "account is made if there is none.",
        epilog="Examples: bayward admin anne@example.com --settings /etc/bayward/cloud.toml, or "
        "bayward admin root@example.com --platform --state /var/lib/bayward",
    )
    parser.add_argument("email", help="address of the member of staff")
    parser.add_argument("--platform", action="store_true", help="who runs the platform")
    parser.add_argument("--state", type=Path, help="folder for database and keys")
    parser.add_argument("--settings", type=Path, help="TOML file; see docs/reference")
    parser.add_argument("--public-url", help="what people type, e.g. https://lockers.example.com")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Print one link for each tenant."""
    settings = settings_of(asked)
    configure_logs()
    for way in asyncio.run(let_in(settings, asked.email, is_platform=asked.platform)):
        print(f"{way.tenant_name}, once, within three days:\n  {way.link}", flush=True)
    return 0
