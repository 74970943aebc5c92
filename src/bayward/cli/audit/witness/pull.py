"""`bayward audit witness pull`: fetch logs, check that they go on, cosign, and remember.

The same memory and the same rules as the server; only that we go to the log instead of the log
coming to us. The proof of consistency is computed from the log's own tiles, each of them proven.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.remote import RemoteLog, Unreachable
from bayward.cli.audit.witness.serve import open_witness
from bayward.cloud.witness.service import Witness
from bayward.core.errors import BaywardError
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.dense import consistency_proof
from bayward.ledger.errors import LedgerError
from bayward.ledger.note import add_signatures
from bayward.ledger.proven import ProvenReader
from bayward.ledger.verdict import Fault
from bayward.ledger.witness import Refused, Request, open_signed, parse_kept

_FAULTS = {
    HTTPStatus.BAD_REQUEST: Fault.MALFORMED,
    HTTPStatus.NOT_FOUND: Fault.UNKNOWN_KEY,
    HTTPStatus.FORBIDDEN: Fault.SIGNATURE_INVALID,
}


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add `pull`; what `serve` takes as well is added by the caller."""
    parser = subparsers.add_parser(
        "pull",
        help="fetch logs and cosign them here, for a laptop or a timer",
        description="Fetches the checkpoint of each log, checks with its tiles that what this "
        "witness has seen before is the beginning of it, and keeps and cosigns it. A log that "
        "was set back or shows another past is named, and the checkpoints that prove it are kept.",
        epilog=told.EXIT_CODES + " Example: bayward audit witness pull "
        "https://lockers.example.com/log/lockers.example.com/tenant/tnt_… --name example.org/me "
        "--state ~/.bayward-witness --key 'lockers.example.com/tenant/…+1a2b3c4d+Aj…'",
    )
    parser.add_argument("url", nargs="+", help="prefix of a log: http(s)://… or a directory")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write each cosigned checkpoint into this folder"
    )
    told.add_token(parser, "a session for logs that ask for one")
    parser.set_defaults(run=main)
    return parser


def main(asked: argparse.Namespace) -> int:
    """Pull each log once; the worst outcome is the exit code."""
    try:
        token = told.read_token(asked.token_file)
        witness = open_witness(asked, told.logs_of(told.keys_of(asked)))
    except (told.Unusable, BaywardError, LedgerError, OSError) as error:
        return told.complain("witness pull", error)
    codes = []
    with closing(witness.file):
        for url in asked.url:
            try:
                with RemoteLog(url, token) as log:
                    codes.append(_pull(witness, log, asked.out, asked.state))
            except (Unreachable, BaywardError, LedgerError, OSError) as error:
                codes.append(told.complain("witness pull", error))
    return told.WRONG if told.WRONG in codes else max(codes)


def _pull(witness: Witness, log: RemoteLog, out: Path | None, state: Path) -> int:
    note = log.checkpoint()
    try:
        _, offered = open_signed(note, witness.logs)
    except Refused as refused:
        fault = _FAULTS.get(HTTPStatus(refused.answer.status), Fault.SIGNATURE_INVALID)
        return _wrong(log, fault, refused.answer.body.decode().strip())
    kept = witness.file.newest(offered.origin)
    known = None if kept is None else parse_kept(kept)
    if known is not None and known.size > offered.size:
        witness.file.suspect(offered.origin, note)
        told_sizes = f"it had {known.size} entries and shows {offered.size}"
        return _wrong(log, Fault.ROLLBACK, told_sizes, state, (kept or "", note))
    old_size = known.size if known is not None else 0
    try:
        proof = _prove(log, old_size, offered)
    except LedgerError as error:
        return _wrong(log, Fault.ROOT_MISMATCH, f"its tiles do not lead to its root: {error}")
    answer = witness.add_checkpoint(Request(old_size, tuple(proof), note).body)
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        told_size = f"what it was at {old_size} entries is not in it any more"
        return _wrong(log, Fault.FORK, told_size, state, (kept or "", note))
    if answer.status != HTTPStatus.OK:
        raise Unreachable(f"{log.prefix}: {answer.body.decode().strip()}")
    lines = answer.body.decode().splitlines(keepends=True)
    print(f"{offered.origin}: {old_size} → {offered.size} entries, cosigned")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        cosigned = add_signatures(note, lines)
        (out / f"{_file_name(offered.origin)}.checkpoint").write_text(cosigned, encoding="utf-8")
    return told.WELL


def _prove(log: RemoteLog, old_size: int, offered: Checkpoint) -> list[bytes]:
    if not old_size:
        return []
    return consistency_proof(old_size, offered.size, ProvenReader(offered.size, offered.root, log))


def _wrong(
    log: RemoteLog,
    fault: Fault,
    detail: str,
    state: Path = Path(),
    notes: tuple[str, ...] = (),
) -> int:
    """Say it, and lay down the checkpoints that show it, each under a name of its own."""
    print(f"WRONG     {log.prefix}: {fault}: {detail}")
    for note in notes:
        tree = parse_kept(note)
        name = f"{_file_name(tree.origin)}-{tree.size}-{tree.root.hex()[:16]}.evidence"
        path = state / name
        path.write_text(note, encoding="utf-8")
        print(f"evidence  {path}")
    return told.WRONG


def _file_name(origin: str) -> str:
    return "".join(char if char.isalnum() or char in "-." else "_" for char in origin)
