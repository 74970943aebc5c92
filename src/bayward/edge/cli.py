"""`bayward edge`: enrol this computer, check its files, run it.

bayward edge enrol BW1…            become a bank (the ticket comes from the console)
bayward edge check bank.toml       settings, keys and the whole log, without starting anything
bayward edge run bank.toml         run until SIGTERM
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import structlog

import bayward
from bayward.core.errors import BaywardError, Misconfigured
from bayward.edge import journal_check, keys, settings
from bayward.edge.app import Edge
from bayward.edge.enrol import enrol
from bayward.edge.identity import Identity, log_origin
from bayward.edge.journal_check import check_identity
from bayward.edge.journal_reader import LogReader
from bayward.edge.journal_schema import connect
from bayward.edge.logs import configure_logs
from bayward.edge.state_dir import StateDir
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import ecdsa_signer

FAILED = 2
STATE_DEFAULT = Path("/var/lib/bayward-edge")

Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it
log = structlog.get_logger("edge")


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `edge` to the program's commands."""
    edge = subparsers.add_parser("edge", help="the computer in the wall")
    add_commands(edge)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The commands of the edge."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("enrol", help="become a bank")
    one.add_argument("ticket", help="what the console shows: BW1…")
    one.add_argument("--new-epoch", action="store_true", help="begin a new log (after quarantine)")
    one.set_defaults(run=_enrol)
    two = commands.add_parser("check", help="check settings, keys and the whole log")
    two.add_argument("settings", type=Path, help="bank.toml")
    two.set_defaults(run=_check)
    three = commands.add_parser("run", help="run the bank")
    three.add_argument("settings", type=Path, help="bank.toml")
    three.set_defaults(run=_run)
    for command in (one, two, three):
        command.add_argument("--state", type=Path, default=STATE_DEFAULT, help="state directory")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives 0, 1 when a check found something wrong, 2 when it could not."""
    parser = argparse.ArgumentParser(prog="bayward edge", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_commands(parser)
    told = parser.parse_args(arguments)
    try:
        return int(told.run(told))
    except BaywardError as error:
        sys.stderr.write(f"bayward edge: {error}\n")
        return FAILED


def _enrol(told: argparse.Namespace) -> int:
    identity = enrol(
        told.ticket,
        StateDir(told.state),
        firmware=bayward.__version__,
        random_bytes=os.urandom,
        is_new_epoch=told.new_epoch,
    )
    sys.stdout.write(
        f"This computer is {identity.bank} of {identity.deployment}, log epoch {identity.epoch}.\n"
        f"Its log is {identity.origin}.\n"
        "Next: write that id into bank.toml (docs/how-to/run-a-bank.md, step 4), then\n"
        f"  bayward edge run bank.toml --state {told.state}\n"
    )
    return 0


def _check(told: argparse.Namespace) -> int:
    bank = settings.load(told.settings)
    state = StateDir(told.state)
    identity = state.load("identity", Identity)
    epoch = identity.epoch if identity is not None else 1
    store = keys.open_keys(state.keys)
    key = ecdsa_signer(log_origin(bank.deployment, bank.bank, epoch), store.log_key).key
    path = state.journal(epoch)
    if not path.exists():
        sys.stdout.write(f"{len(bank.layout)} compartments; no log yet.\n")
        return 0
    connection = connect(path)
    try:
        check_identity(connection, key, bank.bank)
        size, note = connection.execute("SELECT size, note FROM head").fetchone()
        reader = LogReader(connection, size)
        journal_check.check_tail(reader, note, key)
        journal_check.check_entries(reader, 0)
        root = reader.root().hex()
    except LedgerError as error:
        sys.stderr.write(f"bayward edge: the log is damaged: {error}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(
        f"{len(bank.layout)} compartments; {size} log entries are whole, root {root}.\n"
    )
    return 0


def _run(told: argparse.Namespace) -> int:
    if not __debug__:
        raise Misconfigured("edge.optimised", expected="python without -O: asserts guard doors")
    configure_logs()
    asyncio.run(_serve(settings.load(told.settings), told.state))
    return 0


async def _serve(bank: settings.BankSettings, state: Path) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with Edge(bank, state_dir=state):
        await ending.wait()
