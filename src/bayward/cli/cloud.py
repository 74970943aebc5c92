"""`bayward cloud`: run a control plane until it is told to stop."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import structlog
import uvloop

from bayward.cloud.app import Cloud, serve
from bayward.cloud.settings import CloudSettings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `cloud` to the command line."""
    parser = subparsers.add_parser(
        "cloud",
        help="the control plane",
        description="Runs a control plane. The first start makes its keys and prints a one-time "
        "link for the first administrator; there is no default password.",
        epilog="Examples: bayward cloud --state /var/lib/bayward, or "
        "bayward cloud --settings /etc/bayward/cloud.toml",
    )
    parser.add_argument("--state", type=Path, help="folder for database and keys")
    parser.add_argument("--settings", type=Path, help="TOML file; see docs/reference")
    parser.add_argument("--public-url", help="what people type, e.g. https://lockers.example.com")
    parser.add_argument("--http-port", type=int, help="where the web server listens")
    parser.add_argument("--link-port", type=int, help="where banks dial")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM."""
    names = ("state", "public_url", "http_port", "link_port")
    given = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    if asked.settings is None and asked.state is None:
        print("bayward cloud: say where to keep things: --state DIR", file=sys.stderr)
        return 2
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = (
        CloudSettings.load(asked.settings, **given) if asked.settings else CloudSettings(**given)
    )
    uvloop.run(serve(settings, _tell))
    return 0


def _tell(cloud: Cloud) -> None:
    print(f"Bayward is at {cloud.http_url}", flush=True)
    print(f"Banks dial {cloud.link_url} and enrol at {cloud.enrol_url}", flush=True)
    if cloud.setup_link is not None:
        print(f"\nSet up the first administrator, once:\n  {cloud.setup_link}\n", flush=True)
