"""`bayward audit prove`: a proof that an entry is in a log, for somebody who was not there.

The proof is made from the log's own tiles or database, checked before it is written, and needs
nobody afterwards: `c2sp.org/tlog-proof` (whoever holds the entry checks it), or with
`--receipt` a receipt that brings the leaf along, to be checked by `bayward verify`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.remote import RemoteLog, Unreachable
from bayward.cli.audit.stored import is_database, stored_logs
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import HashReader, inclusion_proof
from bayward.ledger.errors import LedgerError, OutOfRange
from bayward.ledger.keys import VerifierKey
from bayward.ledger.note import split_note
from bayward.ledger.proof import Proof
from bayward.ledger.proven import ProvenReader
from bayward.ledger.receipt import Receipt
from bayward.ledger.tiles import TILE_WIDTH, Bundle


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry, proven."""

    key: VerifierKey
    leaf: bytes
    proof: Proof


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> None:
    """Add `prove` to the group."""
    parser = subparsers.add_parser(
        "prove",
        help="a proof that an entry is in a log",
        description="Writes a proof that the entry at INDEX is in a log, from a log over HTTP, a "
        "directory of tiles, or a state directory. It is checked before it is written.",
        epilog=told.EXIT_CODES + " Example: bayward audit prove https://lockers.example.com/log/… "
        "22 --key 'lockers.example.com/bank/…+1a2b3c4d+Aj…' --out entry-22.tlog-proof",
    )
    parser.add_argument("log", help="URL or directory of a log, or a state directory")
    parser.add_argument("index", type=int, help="which entry, from 0")
    parser.add_argument("--origin", metavar="ORIGIN", help="which log of a state directory")
    parser.add_argument(
        "--receipt", action="store_true", help="write a receipt with the leaf, disclosing nothing"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it here")
    told.add_token(parser, "a session for a URL")
    told.add_keys(parser)
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Prove one entry."""
    try:
        found = _stored(asked) if is_database(Path(asked.log)) else _remote(asked)
        signed = found.proof.verify(found.leaf, found.key)
    except OutOfRange as error:
        return told.complain("prove", error)
    except LedgerError as error:
        print(f"WRONG     {asked.log}: {error}", file=sys.stderr)
        return told.WRONG
    except (told.Unusable, Unreachable, OSError) as error:
        return told.complain("prove", error)
    text = found.proof.text
    if asked.receipt:
        text = Receipt(found.key, found.proof, found.leaf, ()).text + "\n"
    if asked.out is None:
        print(text, end="")
    else:
        asked.out.write_text(text, encoding="utf-8")
    of = f"of {found.key.name}, which had {signed.checkpoint.size} entries then"
    print(f"proven: entry {asked.index} {of}", file=sys.stderr)
    return told.WELL


def _remote(asked: argparse.Namespace) -> Asked:
    keys = told.logs_of(told.keys_of(asked))
    with RemoteLog(asked.log, told.read_token(asked.token_file)) as log:
        note = log.checkpoint()
        origin = split_note(note)[0].partition("\n")[0]
        if origin not in keys:
            raise told.Unusable(f"no key of {origin!r}: give --key VKEY or --policy FILE")
        key = keys[origin][0]
        tree = open_checkpoint(note, key).checkpoint
        reader = ProvenReader(tree.size, tree.root, log)
        proof = _proof(asked.index, tree.size, reader, note)
        block = asked.index // TILE_WIDTH
        bundle = Bundle(block, min(TILE_WIDTH, tree.size - block * TILE_WIDTH))
        return Asked(key, log.entries(bundle)[asked.index % TILE_WIDTH], proof)


def _stored(asked: argparse.Namespace) -> Asked:
    with stored_logs(Path(asked.log)) as logs:
        found = [
            one for one in logs if one.header.checkpoint and asked.origin in (None, one.origin)
        ]
        if len(found) != 1:
            names = ", ".join(one.origin for one in logs)
            raise told.Unusable(f"say which log with --origin; there are: {names}")
        log = found[0]
        proof = _proof(asked.index, log.size, log, log.header.checkpoint)
        leaves: Sequence[bytes] = log.read_entries(asked.index, asked.index + 1)
        if not leaves:
            raise told.Unusable(f"entry {asked.index} is gone")
        return Asked(log.header.key, leaves[0], proof)


def _proof(index: int, size: int, reader: HashReader, note: str) -> Proof:
    return Proof(index, tuple(inclusion_proof(index, size, reader)), note)
