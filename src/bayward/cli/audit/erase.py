"""`bayward audit erase`: forget somebody for good, for whoever may read the state directory."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from bayward.cli import explain
from bayward.cli.cloud import settings_of
from bayward.cloud.forget import forget, forget_party
from bayward.cloud.logs import configure_logs
from bayward.cloud.privacy.service import Basis
from bayward.core.errors import Conflict, NotFound

WELL, REFUSED = 0, 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `erase` to `bayward audit`."""
    parser = subparsers.add_parser(
        "erase",
        help="forget somebody, so that every proof still holds",
        description="Erases whoever has an e-mail address, or a party outside that is named in the "
        "custody of items: from every table, and from the log by destroying the key. Receipts and "
        "logs verify as before, without those fields. "
        "Stop the control plane first; the console does the same while it runs.",
        epilog="Exit code 0: erased; 1: something stands in the way (a parcel, a legal hold) or "
        "nobody is called so; 2: it could not be tried. Example: bayward audit erase "
        "zoe@example.com --basis objection --settings /etc/bayward/cloud.toml",
    )
    parser.add_argument("who", help="e-mail address; with --party a name, or an id (pty_…)")
    parser.add_argument(
        "--party", action="store_true", help="who has no account: a court, an owner"
    )
    parser.add_argument(
        "--leave-items", action="store_true", help="what the party has stays with it, unnamed"
    )
    parser.add_argument(
        "--basis", required=True, choices=[one.value for one in Basis], help="GDPR article 17(1)"
    )
    parser.add_argument(
        "--roll", action="store_true", help="end the epoch of the keys at once, not within 30 days"
    )
    parser.add_argument("--state", type=Path, help="folder for database and keys")
    parser.add_argument("--settings", type=Path, help="TOML file; see docs/reference")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Erase, and say what was done."""
    settings = settings_of(asked)
    configure_logs()
    basis = Basis(asked.basis)
    try:
        if asked.party:
            forgetting = forget_party(
                settings,
                asked.who,
                basis=basis,
                is_rolled=asked.roll,
                leaves_items=asked.leave_items,
            )
        else:
            forgetting = forget(settings, asked.who, basis=basis, is_rolled=asked.roll)
        done = asyncio.run(forgetting)
    except (NotFound, Conflict) as error:
        print(f"bayward audit erase: {error}", file=sys.stderr)
        explain(error)
        return REFUSED
    for one in done:
        if one.epoch is None:
            day = datetime.fromtimestamp(one.erased.dead_by / 1000, tz=UTC).date()
            backups = f"no copy of the key can be left after {day}"
        else:
            backups = f"epoch {one.epoch} of the keys has begun: no copy of the key is left"
        print(f"{one.tenant_name}: erased, {one.erased.disclosures} records; {backups}")
    return WELL
