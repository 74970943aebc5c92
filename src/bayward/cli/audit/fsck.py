"""`bayward audit fsck`: read every entry of a log where it lies, and name what is wrong.

A state directory of ours, an exported log, or a log over HTTP: every leaf is hashed, the tree
built anew and compared with every stored hash, the signed checkpoint checked. Without a memory
from outside nobody can know whether the whole log was set back; `--older` and `--witness` are
that memory.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.remote import RemoteLog, Unreachable
from bayward.cli.audit.stored import StoredLog, is_database, stored_logs
from bayward.cli.cores import on_cores
from bayward.cli.verify import as_json, in_words
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_count, stored_hash_index
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import LogEntry, LogHeader, bounded_lines
from bayward.ledger.kept import checkpoint_of
from bayward.ledger.keys import VerifierKey
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.note import split_note
from bayward.ledger.proven import ProvenReader
from bayward.ledger.receipt import RECEIPT_CHARS_MAX
from bayward.ledger.tiles import TILE_WIDTH, Bundle
from bayward.ledger.verdict import Fault, Finding, Trust, Verdict
from bayward.ledger.verify import checkpoint_finding, verify_entries, verify_log

_BATCH = 512
_HEAD_BYTES = 200  # as `bayward verify` tells a log from other files
_WITNESS = "witness.db"


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> None:
    """Add `fsck` to the group."""
    parser = subparsers.add_parser(
        "fsck",
        help="read a whole log where it lies and name what is wrong",
        description="Reads every entry of the logs in a state directory (control plane or bank), "
        "a database file, an exported log or a log over HTTP; hashes everything again.",
        epilog=told.EXIT_CODES + " Example: bayward audit fsck /var/lib/bayward --older "
        "receipt.json --witness ~/.bayward-witness",
    )
    parser.add_argument("where", help="state directory, database, exported log, or URL of a log")
    parser.add_argument("--origin", metavar="ORIGIN", help="only this log of a state directory")
    parser.add_argument(
        "--older",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a receipt, proof or checkpoint you kept: finds rollback and fork",
    )
    parser.add_argument(
        "--witness", type=Path, metavar="DIR", help="state of a witness: finds rollback and fork"
    )
    told.add_token(parser, "a session for a URL")
    parser.add_argument("--json", action="store_true", help="one verdict per line, for machines")
    told.add_keys(parser)
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Check everything that is there."""
    try:
        keys = told.keys_of(asked)
        older = [told.read_text(path, RECEIPT_CHARS_MAX) for path in asked.older]
        verdicts = list(_verdicts(asked, keys, older))
    except (told.Unusable, Unreachable, LedgerError, OSError) as error:
        return told.complain("fsck", error)
    if not verdicts:
        nothing = told.Unusable(f"{asked.where}: no log with an entry is there")
        return told.complain("fsck", nothing)
    for verdict in verdicts:
        print(json.dumps(as_json(verdict)) if asked.json else in_words(verdict) + "\n", flush=True)
    return told.WELL if all(one.ok for one in verdicts) else told.WRONG


def _verdicts(
    asked: argparse.Namespace, keys: list[VerifierKey], older: list[str]
) -> Iterator[Verdict]:
    memory = Memory(older, asked.witness)
    if asked.where.startswith(("http://", "https://")):
        with RemoteLog(asked.where, told.read_token(asked.token_file)) as log:
            yield check_remote(log, keys, memory)
    elif is_database(Path(asked.where)):
        with stored_logs(Path(asked.where)) as logs:
            for one in logs:
                if one.header.checkpoint and asked.origin in (None, one.origin):
                    yield check_stored(one, keys, memory)
    elif (Path(asked.where) / "checkpoint").exists():
        with RemoteLog(asked.where) as log:
            yield check_remote(log, keys, memory)
    else:
        with Path(asked.where).open("rb") as file:
            if b'"bayward-log"' not in file.read(_HEAD_BYTES):
                raise told.Unusable(f"{asked.where}: no exported log, database or state directory")
            file.seek(0)
            yield verify_log(bounded_lines(file.readline), keys, older, read=on_cores)


class Memory:
    """What somebody else remembers of the logs: documents, and the notes of a witness."""

    def __init__(self, documents: Sequence[str], witness: Path | None) -> None:
        self._documents = [(_origin(one), one) for one in documents]
        self._witness = witness

    def of(self, origin: str) -> list[str]:
        """Everything remembered of one log; what is no document is held against each of them."""
        found = [text for whose, text in self._documents if whose in (None, origin)]
        return found + _witnessed(self._witness, origin) if self._witness else found


def check_stored(log: StoredLog, keys: Sequence[VerifierKey], memory: Memory) -> Verdict:
    """A log in a database: entries, tree, head and checkpoint must say the same."""
    tree = _Tree(log)
    verdict = verify_entries(log.header, tree.watch(log.entries()), keys, memory.of(log.origin))
    findings = [*verdict.findings, *tree.finish()]
    if verdict.root and (log.size, log.root) != (verdict.size, verdict.root):
        said = f"the head says {log.size}, the signed checkpoint {verdict.size}"
        findings.append(Finding(Fault.SIZE_MISMATCH, None, said))
    return replace(verdict, findings=tuple(findings))


def check_remote(log: RemoteLog, keys: Sequence[VerifierKey], memory: Memory) -> Verdict:
    """A log as static files: the entries must lead to the root, and so must the tiles."""
    try:
        note = log.checkpoint()
        origin = split_note(note)[0].partition("\n")[0]
    except LedgerError as error:
        return Verdict((checkpoint_finding(error),), Trust.UNKNOWN)
    key = next((one for one in keys if one.name == origin and not one.is_cosigner), None)
    if key is None and not keys:
        raise told.Unusable(f"no key of {origin!r}: give --key VKEY or --policy FILE")
    if key is None:
        return Verdict((Finding(Fault.UNKNOWN_KEY, None, f"none of {origin!r}"),), Trust.UNKNOWN)
    size, root = 0, b""
    try:
        checkpoint = open_checkpoint(note, key).checkpoint
        size, root = checkpoint.size, checkpoint.root
    except LedgerError:  # what is wrong with it, `verify_entries` finds and names
        pass
    tiles = _Tiles(log, size, root)
    verdict = verify_entries(LogHeader(key, note), tiles.entries(), keys, memory.of(origin))
    return replace(verdict, findings=(*verdict.findings, *tiles.findings))


class _Tiles:
    """Entries of bundles with the leaf hashes that the log's tiles have for them.

    Tiles that do not lead to the root are one finding; the entries then stand by themselves.
    """

    def __init__(self, log: RemoteLog, size: int, root: bytes) -> None:
        self._log = log
        self._size = size
        self._tree = ProvenReader(size, root, log)
        self.findings: list[Finding] = []

    def entries(self) -> Iterator[LogEntry]:
        """All of them, bundle by bundle."""
        for first in range(0, self._size, TILE_WIDTH):
            bundle = Bundle(first // TILE_WIDTH, min(TILE_WIDTH, self._size - first))
            try:
                leaves = self._log.entries(bundle)
            except LedgerError as error:
                self.findings.append(Finding(Fault.MALFORMED, first, f"{bundle.path}: {error}"))
                return
            hashes = self._hashes(first, leaves)
            for number, (leaf, stored) in enumerate(zip(leaves, hashes, strict=True)):
                yield LogEntry(first + number, stored, leaf)

    def _hashes(self, first: int, leaves: Sequence[bytes]) -> list[bytes]:
        if not self.findings:
            places = [stored_hash_index(0, first + number) for number in range(len(leaves))]
            try:
                return self._tree.read_hashes(places)
            except LedgerError as error:
                self.findings.append(Finding(Fault.TREE_MISMATCH, first, str(error)))
        return [leaf_hash(leaf) for leaf in leaves]


class _Tree:
    """Builds the tree over the stored leaf hashes as they pass by; compares every stored hash.

    Whether a leaf has its stored hash is found elsewhere, so a changed leaf is one finding.
    """

    def __init__(self, log: StoredLog) -> None:
        self._log = log
        self._frontier = Frontier()
        self._waiting: list[bytes] = []
        self._findings: list[Finding] = []
        self._is_whole = True

    def watch(self, entries: Iterator[LogEntry]) -> Iterator[LogEntry]:
        """Hand the entries on."""
        for entry in entries:
            expected = self._frontier.size + len(self._waiting)
            self._is_whole = self._is_whole and entry.index == expected
            if self._is_whole:
                self._waiting.append(entry.hash)
                if len(self._waiting) == _BATCH:
                    self._compare()
            yield entry

    def finish(self) -> list[Finding]:
        """The first stored hash that is not the tree's."""
        self._compare()
        return self._findings

    def _compare(self) -> None:
        if not self._waiting or self._findings:
            return
        first = stored_hash_count(self._frontier.size)
        self._frontier, built = self._frontier.extend(self._waiting)
        self._waiting.clear()
        places = list(range(first, first + len(built)))
        try:
            kept = self._log.read_hashes(places)
        except LedgerError as error:
            self._findings.append(Finding(Fault.TREE_MISMATCH, None, str(error)))
            return
        wrong = next((at for at, a, b in zip(places, kept, built, strict=True) if a != b), None)
        if wrong is not None:
            self._findings.append(Finding(Fault.TREE_MISMATCH, None, f"stored hash {wrong}"))


def _origin(document: str) -> str | None:
    try:
        return split_note(checkpoint_of(document))[0].partition("\n")[0]
    except LedgerError:
        return None


def _witnessed(state: Path, origin: str) -> list[str]:
    """The checkpoint a witness of ours keeps of a log."""
    file = state / _WITNESS if state.is_dir() else state
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            query = "SELECT pending FROM log WHERE origin = ? AND pending <> ''"
            return [row[0] for row in database.execute(query, (origin,))]
    except sqlite3.Error as error:
        raise told.Unusable(f"{file}: {error}") from error
