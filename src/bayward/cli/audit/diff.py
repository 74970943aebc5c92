"""`bayward audit diff`: do two documents tell of one log, or of two?

A checkpoint, a tlog-proof, a receipt, an exported log: each brings one signed checkpoint, and
an export all entries as well. Two checkpoints of one origin and one size with different roots
are a fork, proven by their two signatures and by nothing else. For different sizes somebody
has to know what lies between: an export does, or the log itself (`--log`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.remote import RemoteLog, Unreachable
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.dense import Frontier, tree_hash
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import bounded_lines, parse_entry, parse_header
from bayward.ledger.kept import checkpoint_of
from bayward.ledger.keys import VerifierKey
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.note import split_note
from bayward.ledger.proven import ProvenReader
from bayward.ledger.receipt import RECEIPT_CHARS_MAX, own_receipt, parse_receipt

_HEAD_BYTES = 200


@dataclass(frozen=True, slots=True)
class Document:
    """What one of the two says: its checkpoint, verified, and entries if it has them."""

    name: str
    key: VerifierKey
    is_key_its_own: bool
    tree: Checkpoint
    entries: tuple[bytes, ...] = field(default=())

    @property
    def words(self) -> str:
        """One line about it."""
        whose = "its own key" if self.is_key_its_own else "a key you gave"
        return (
            f"{self.name}: {self.tree.origin}, {self.tree.size} entries, root "
            f"{self.tree.root.hex()[:16]}…, signed by {whose} ({self.key.id.hex()})"
        )


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> None:
    """Add `diff` to the group."""
    parser = subparsers.add_parser(
        "diff",
        help="do two documents tell of one log, or of two?",
        description="Compares two checkpoints, proofs, receipts or exported logs and says in plain "
        "words whether they are a fork, and which signatures prove it.",
        epilog="Exit code 0: they agree; 1: they do not, or one of them is wrong; 2: they cannot "
        "be read, or do not say enough. Example: bayward audit diff mine.json theirs.note",
    )
    parser.add_argument("a", type=Path, help="a checkpoint, proof, receipt or exported log")
    parser.add_argument("b", type=Path, help="another one")
    parser.add_argument(
        "--log", metavar="URL", help="the log itself, to know what lies between two sizes"
    )
    told.add_token(parser, "a session for --log")
    told.add_keys(parser)
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Compare two documents."""
    try:
        keys = told.keys_of(asked)
        a, b = (_read(path, keys) for path in (asked.a, asked.b))
        print(a.words, b.words, sep="\n")
        return _compare(a, b, asked)
    except LedgerError as error:
        print(f"WRONG     {error}")
        return told.WRONG
    except (told.Unusable, Unreachable, OSError) as error:
        return told.complain("diff", error)


def _compare(a: Document, b: Document, asked: argparse.Namespace) -> int:
    if a.tree.origin != b.tree.origin:
        print("Two different logs. They say nothing about each other.")
        return told.UNREADABLE
    if a.tree.size == b.tree.size:
        if a.tree.root == b.tree.root:
            print("THEY AGREE: the same log at the same size.")
            return told.WELL
        return _fork(a, b, _first_difference(a, b))
    small, big = sorted((a, b), key=lambda one: one.tree.size)
    root = _root_at(small.tree.size, big, asked)
    if root is None:
        print(
            f"They do not say enough: {big.name} alone does not show what the log was at "
            f"{small.tree.size} entries. Give --log URL, or an exported log."
        )
        return told.UNREADABLE
    if root == small.tree.root:
        print(f"THEY AGREE: {small.name} is the beginning of {big.name}.")
        return told.WELL
    return _fork(a, b, _first_difference(a, b))


def _fork(a: Document, b: Document, at: int | None) -> int:
    print(
        "FORK: one log, two histories. Whoever holds the key has signed both; nobody else can "
        "have done it, and no accident does."
    )
    if at is not None:
        print(f"They part at entry {at}.")
    for one in (a, b):
        print(f"proof     {one.name}: key {one.key.vkey}")
    if a.is_key_its_own or b.is_key_its_own:
        print("unknown   whose key that is: compare it with one you know from elsewhere")
    return told.WRONG


def _root_at(size: int, big: Document, asked: argparse.Namespace) -> bytes | None:
    """Root of the first `size` entries of the bigger log, if anybody knows."""
    if big.entries:
        return Frontier().extend(leaf_hash(one) for one in big.entries[:size])[0].root
    if asked.log is None or not size:
        return None if size else Frontier().root
    with RemoteLog(asked.log, told.read_token(asked.token_file)) as log:
        return tree_hash(size, ProvenReader(big.tree.size, big.tree.root, log))


def _first_difference(a: Document, b: Document) -> int | None:
    if not a.entries or not b.entries:
        return None
    pairs = enumerate(zip_longest(a.entries, b.entries))
    return next((index for index, (one, other) in pairs if one != other), None)


def _read(path: Path, keys: Sequence[VerifierKey]) -> Document:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if b'"bayward-log"' in head:
            file.seek(0)
            lines = bounded_lines(file.readline)
            header = parse_header(next(lines))
            entries = tuple(parse_entry(line).leaf for line in lines)
            return _opened(path, header.checkpoint, header.key, keys, entries)
    text = told.read_text(path, RECEIPT_CHARS_MAX)
    if b'"bayward-receipt"' not in head and "\n\n\u2014 " not in text:
        raise told.Unusable(f"{path}: no checkpoint, proof, receipt or exported log")
    own = parse_receipt(own_receipt(text)).key if text.lstrip().startswith("{") else None
    return _opened(path, checkpoint_of(text), own, keys)


def _opened(
    path: Path,
    note: str,
    own: VerifierKey | None,
    keys: Sequence[VerifierKey],
    entries: tuple[bytes, ...] = (),
) -> Document:
    """Verify it with a key that was given, else with its own; entries must lead to the root."""
    origin = split_note(note)[0].partition("\n")[0]
    given = [one for one in keys if one.name == origin and not one.is_cosigner]
    key = given[0] if given else own
    if key is None:
        raise told.Unusable(f"{path}: no key of {origin!r}: give --key VKEY")
    tree = open_checkpoint(note, key).checkpoint
    if entries:
        frontier, _ = Frontier().extend(leaf_hash(one) for one in entries)
        if (frontier.size, frontier.root) != (tree.size, tree.root):
            raise told.Unusable(f"{path}: its entries do not lead to its root; see `audit verify`")
    return Document(path.name, key, not given, tree, entries)
