"""What the commands of `audit` share: arguments, keys and logs as people write them, exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bayward.cli.chain_words import why
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.policy import POLICY_BYTES_MAX, parse_policy

Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it

WELL, WRONG, UNREADABLE = 0, 1, 2
EXIT_CODES = "Exit code 0: nothing is wrong; 1: something is; 2: it cannot be read."


class Unusable(Exception):
    """Raised when what was given cannot be used; says why."""


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add `--key` and `--policy`: whom to trust."""
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key you trust, of the log or of a witness; may be repeated",
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="a file of `log` and `witness` lines (c2sp.org/tlog-policy) instead",
    )


def add_token(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--token-file`: a session, for logs that are not open to everybody."""
    where = "docs/how-to/watch-the-logs.md has how to get one"
    told = f"{what}: a file with its token; {where}"
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=told)


def keys_of(asked: argparse.Namespace) -> list[VerifierKey]:
    """The keys of `--key` and `--policy`; raises `Unusable`."""
    try:
        keys = [parse_vkey(one) for one in asked.key]
        if asked.policy is not None:
            policy = parse_policy(read_bytes(asked.policy, POLICY_BYTES_MAX))
            keys += [one.key for one in policy.logs] + policy.witness_keys
    except LedgerError as error:
        told = error.detail or error.code
        raise Unusable(f"--key or --policy cannot be read: {told}") from error
    return list(dict.fromkeys(keys))


def logs_of(keys: Sequence[VerifierKey]) -> dict[str, list[VerifierKey]]:
    """The keys of logs by origin; raises `Unusable` when there are none."""
    logs: dict[str, list[VerifierKey]] = {}
    for key in keys:
        if not key.is_cosigner:
            logs.setdefault(key.name, []).append(key)
    if not logs:
        raise Unusable("no log is known: give --key VKEY or --policy FILE")
    return logs


def read_bytes(path: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes; raises `Unusable`."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from error
    if len(raw) > limit:
        raise Unusable(f"{path}: more than {limit} bytes")
    return raw


def read_text(path: Path, limit: int) -> str:
    """The same as text."""
    try:
        return read_bytes(path, limit).decode()
    except UnicodeDecodeError:
        raise Unusable(f"{path}: not UTF-8") from None


def read_token(path: Path | None) -> str | None:
    """The bearer token in a file, which holds nothing else."""
    return None if path is None else read_text(path, 4096).strip()


def complain(command: str, error: Exception) -> int:
    """Say on standard error why a command could not be carried out; gives the exit code."""
    sys.stderr.write(f"bayward audit {command}: {why(error)}\n")
    return UNREADABLE
