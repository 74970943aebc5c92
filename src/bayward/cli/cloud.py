"""`bayward cloud`: run a control plane until it is told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvloop

from bayward.cloud.app import Cloud, serve
from bayward.cloud.logs import configure_logs
from bayward.cloud.settings import CloudSettings
from bayward.core.errors import Misconfigured


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
    settings = settings_of(asked)
    configure_logs()
    uvloop.run(serve(settings, _tell))
    return 0


def settings_of(asked: argparse.Namespace) -> CloudSettings:
    """The settings file with what the command line says; raises `Misconfigured` without a place."""
    names = ("state", "public_url", "http_port", "link_port")
    told = {name: getattr(asked, name, None) for name in names}
    given = {name: value for name, value in told.items() if value is not None}
    if asked.settings is not None:
        return CloudSettings.load(asked.settings, **given)
    if asked.state is None:
        raise Misconfigured("settings.state", expected="--state DIR or --settings FILE")
    return CloudSettings(**given)


def _tell(cloud: Cloud) -> None:
    print(f"Bayward is at {cloud.http_url}", flush=True)
    print(f"Banks dial {cloud.link_url} and enrol at {cloud.enrol_url}", flush=True)
    if cloud.settings.mail is None:
        print("No [mail] in the settings: messages wait, codes too.", flush=True)
    if cloud.setup_link is not None:
        print(f"\nSet up the first administrator, once:\n  {cloud.setup_link}\n", flush=True)
