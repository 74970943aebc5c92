"""A log that somebody has attacked, put before every verifier of ours.

The log lies in four forms: an export, the database of a bank, that of the control plane, static
files. Whoever owns the machine owns its tables too, so those of the databases have no guards. Each
verifier is asked as people ask it, and answers with the names and places of what it found.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from bayward.cli import main
from bayward.cli.audit.monitor import Seen, write_state
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_index
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.leaf import Sealed
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.tiles import TILE_WIDTH, Bundle, encode_bundle, tiles_between
from bayward.ledger.verify import verify_log, verify_receipt
from bayward.ledger.witness import parse_kept
from ledger_bench import LOG, ORIGIN, event, names, witness
from pack_bench import standalone
from page_bench import Page

LIBRARY, SCRIPT, PAGE = "library", "verify.py", "verify.html"
JOURNAL, CLOUD = "fsck (journal)", "fsck (control plane)"
FILES, MONITOR = "fsck (files)", "monitor"
READERS_OF_EXPORTS = (LIBRARY, SCRIPT, PAGE)
TRUSTED = (LOG.key, witness().key)

Verdicts = Mapping[str, list[str]]
"""By verifier: `fault at place` of everything it found."""


@dataclass(frozen=True)
class Row:
    """An entry as it is stored."""

    index: int
    leaf: bytes
    disclosures: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredLog:
    """Entries, the tree as one dense array, and the checkpoint; attacks replace them."""

    rows: tuple[Row, ...]
    hashes: tuple[bytes, ...]
    note: str
    key: VerifierKey = field(default=LOG.key)

    @classmethod
    def of(cls, events: Sequence[Sealed], *signers: Signer, origin: str = ORIGIN) -> Self:
        """An honest one: the tree is the entries', and the checkpoint the tree's."""
        rows = tuple(Row(n, one.leaf, one.disclosures) for n, one in enumerate(events))
        return cls(rows, (), "").recomputed().signed(*signers, origin=origin)

    def recomputed(self) -> Self:
        """With a tree that its entries lead to, whatever they are."""
        _, hashes = Frontier().extend(leaf_hash(row.leaf) for row in self.rows)
        return replace(self, hashes=tuple(hashes))

    def signed(self, *signers: Signer, origin: str = ORIGIN) -> Self:
        """With a checkpoint of its entries; needs the key."""
        tree = self.frontier
        note = sign_checkpoint(Checkpoint(origin, tree.size, tree.root), signers or [LOG])
        return replace(self, note=note)

    def with_rows(self, *rows: Row) -> Self:
        return replace(self, rows=rows)

    def with_row(self, at: int, leaf: bytes, disclosures: Sequence[str] = ()) -> Self:
        """One entry replaced; its stored hash stays."""
        row = Row(self.rows[at].index, leaf, tuple(disclosures))
        return self.with_rows(*self.rows[:at], row, *self.rows[at + 1 :])

    def with_hash(self, level: int, n: int, value: bytes) -> Self:
        """One stored hash replaced."""
        place = stored_hash_index(level, n)
        return replace(self, hashes=(*self.hashes[:place], value, *self.hashes[place + 1 :]))

    @property
    def frontier(self) -> Frontier:
        return Frontier().extend(leaf_hash(row.leaf) for row in self.rows)[0]

    def hash_of(self, index: int) -> bytes:
        place = stored_hash_index(0, index)
        return self.hashes[place] if place < len(self.hashes) else bytes(32)

    @property
    def lines(self) -> list[bytes]:
        """The export."""
        entries = (
            LogEntry(row.index, self.hash_of(row.index), row.leaf, row.disclosures)
            for row in self.rows
        )
        return [LogHeader(self.key, self.note).line, *(entry.line for entry in entries)]

    def write_journal(self, path: Path) -> None:
        """The database of a bank."""
        with _database(path) as database:
            database.executescript(
                "CREATE TABLE identity (origin, vkey); CREATE TABLE head (size, root, note);"
                "CREATE TABLE entry (place, leaf, disclosures); CREATE TABLE hash (place, hash);"
            )
            rows = [(row.index, row.leaf, "~".join(row.disclosures)) for row in self.rows]
            database.execute("INSERT INTO identity VALUES (?, ?)", (self.key.name, self.key.vkey))
            database.execute("INSERT INTO head VALUES (?, ?, ?)", (*claimed(self.note), self.note))
            database.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
            database.executemany("INSERT INTO hash VALUES (?, ?)", enumerate(self.hashes))

    def write_cloud(self, path: Path) -> None:
        """The database of the control plane, where what opens the fields is sealed elsewhere."""
        with _database(path) as database:
            database.executescript(
                "CREATE TABLE log (tenant, origin, vkey, size, root, note);"
                "CREATE TABLE log_segment (tenant, origin, first, count, entries);"
                "CREATE TABLE log_hash_run (tenant, origin, place, run);"
            )
            name = ("tnt", self.key.name)
            segments = [
                (*name, part[0].index, len(part), encode_bundle([row.leaf for row in part]))
                for part in self._commits()
            ]
            runs = [
                (*name, at, b"".join(self.hashes[at : at + 5]))
                for at in range(0, len(self.hashes), 5)
            ]
            head = (*name, self.key.vkey, *claimed(self.note), self.note)
            database.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", head)
            database.executemany("INSERT INTO log_segment VALUES (?, ?, ?, ?, ?)", segments)
            database.executemany("INSERT INTO log_hash_run VALUES (?, ?, ?, ?)", runs)

    def _commits(self) -> list[list[Row]]:
        """The entries as commits of up to seven; a commit has its indexes without a gap."""
        parts: list[list[Row]] = []
        for row in self.rows:
            is_next = parts and row.index == parts[-1][-1].index + 1 and len(parts[-1]) < 7
            if is_next:
                parts[-1].append(row)
            else:
                parts.append([row])
        return parts

    def write_files(self, folder: Path) -> None:
        """Static files: the checkpoint, tiles of what is stored, bundles of the entries."""
        files = {"checkpoint": self.note.encode()}
        size = claimed(self.note)[0] or len(self.rows)
        for tile in tiles_between(0, size):
            places = tile.stored_indexes()
            have = [self.hashes[one] for one in places if one < len(self.hashes)]
            files[tile.path] = b"".join(have)
        leaves = [row.leaf for row in self.rows]
        for first in range(0, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - first)
            path = Bundle(first // TILE_WIDTH, width).path
            files[path] = encode_bundle(leaves[first : first + TILE_WIDTH])
        for path, body in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)


HONEST = StoredLog.of([event(n) for n in range(40)], LOG, witness(7))
EARLIER = StoredLog.of([event(n) for n in range(25)], LOG, witness(6))
VKEYS = [key.vkey for key in TRUSTED]
KEYS = [word for vkey in VKEYS for word in ("--key", vkey)]


def said_by_all(
    export: Sequence[str],
    *,
    database: Sequence[str] | None = None,
    cloud: Sequence[str] | None = None,
    files: Sequence[str] | None = None,
    monitor: Sequence[str] | None = None,
) -> Verdicts:
    """What is expected: one word from everybody, but where a form of the log shows more or less.

    A monitor stops at the first thing wrong.
    """
    of_database = export if database is None else database
    of_files = export if files is None else files
    return {
        **{one: list(export) for one in READERS_OF_EXPORTS},
        JOURNAL: list(of_database),
        CLOUD: list(of_database if cloud is None else cloud),
        FILES: list(of_files),
        MONITOR: list(of_files[:1] if monitor is None else monitor),
    }


class Verifiers:
    """All of them; `memory` is a log of which each has kept the checkpoint before."""

    def __init__(self, page: Page, new_folder: Callable[[], Path]) -> None:
        self._page = page
        self._new_folder = new_folder

    def ask(
        self, log: StoredLog, memory: StoredLog | None = None, *, kept: str | None = None
    ) -> Verdicts:
        """What each says; `kept` is a document given as one from before, whatever it is."""
        older = [memory.note] if memory else [] if kept is None else [kept]
        folder = self._new_folder()
        return {
            LIBRARY: names(verify_log(log.lines, TRUSTED, older)),
            SCRIPT: _by_script(log, older),
            PAGE: _spoken(self._page.verify(b"".join(log.lines), VKEYS, older)[0]),
            JOURNAL: self._journal(log, folder, older),
            CLOUD: self._cloud(log, folder, older),
            FILES: self._files(log, folder, older),
            MONITOR: self._monitor(folder, memory),
        }

    def ask_of_receipt(self, text: str) -> Verdicts:
        """What the readers of a receipt say of it."""
        tool = standalone()
        told = tool.verify_receipt(text, [tool.Key(vkey) for vkey in VKEYS])
        return {
            LIBRARY: names(verify_receipt(text, TRUSTED)),
            SCRIPT: _spoken([(one.fault, one.at) for one in told.findings]),
            PAGE: _spoken(self._page.receipt(text, VKEYS)[0]),
        }

    def _journal(self, log: StoredLog, folder: Path, older: list[str]) -> list[str]:
        log.write_journal(folder / "journal-1.db")
        return _fsck(folder / "journal-1.db", folder, older)

    def _cloud(self, log: StoredLog, folder: Path, older: list[str]) -> list[str]:
        log.write_cloud(folder / "bayward.db")
        return _fsck(folder / "bayward.db", folder, older)

    def _files(self, log: StoredLog, folder: Path, older: list[str]) -> list[str]:
        log.write_files(folder / "served")
        return _fsck(folder / "served", folder, older)

    def _monitor(self, folder: Path, memory: StoredLog | None) -> list[str]:
        state = folder / "monitor.json"
        if memory:
            write_state(state, Seen(memory.note, memory.frontier))
        served = str(folder / "served")
        code, said = command("audit", "monitor", served, "--state", str(state), "--once", *KEYS)
        wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
        assert code == bool(wrong), said
        return [line.split(f"{served}: ", 1)[1].partition(":")[0] for line in wrong]


def command(*words: str) -> tuple[int, str]:
    """A command of `bayward`, in this process."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        code = main(list(words))
    return code, told.getvalue()


def _fsck(where: Path, folder: Path, older: list[str]) -> list[str]:
    kept = folder / "older.note"
    kept.write_text("".join(older))
    memory = ["--older", str(kept)] if older else []
    code, said = command("audit", "fsck", str(where), "--json", *KEYS, *memory)
    assert code in {0, 1}, said
    verdict = json.loads(said)
    assert verdict["ok"] is (code == 0)
    return _spoken([(one["fault"], one["at"]) for one in verdict["findings"]])


def _by_script(log: StoredLog, older: list[str]) -> list[str]:
    tool = standalone()
    outcome = tool.verify_log(log.lines, [tool.Key(vkey) for vkey in VKEYS], older)
    return _spoken([(one.fault, one.at) for one in outcome.findings])


def _spoken(findings: Sequence[tuple[str, int | None]]) -> list[str]:
    return [fault + ("" if at is None else f" at {at}") for fault, at in findings]


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")
        yield database
        database.commit()


def claimed(note: str) -> tuple[int, bytes]:
    """What the row of the head says: the same as the checkpoint, as far as that can be read."""
    try:
        tree = parse_kept(note)
    except LedgerError:
        return 0, b""
    return tree.size, tree.root
