"""The bank's own log, and the only thing it believes after a power cut.

Each bank is a C2SP log. `append` seals events into leaves, extends the tree, signs the
checkpoint and writes all of it in one SQLite transaction with `synchronous=FULL`; when it
returns, the receipt can be verified by anybody and survives the plug being pulled. When it
raises, nothing may happen in the world: no door, no light, no answer.

After a failed commit nobody knows what the disk holds (a write may fail and yet persist), so
the journal forgets what it knew, reopens the file, checks its end and takes up whatever is
there. A checkpoint that was signed for a commit that failed has been shown to no one.

`boot` is the fence between two programs on one file: opening counts it up, each commit must
find its own number, and the older program is out for good.

The journal is synchronous and belongs to one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bayward.core.clock import Clock, Instant
from bayward.core.errors import LimitExceeded, Misconfigured, Unavailable
from bayward.core.events import Event
from bayward.core.ids import BankId
from bayward.edge import journal_check, journal_entries, journal_mark, journal_schema
from bayward.edge.journal_mark import Marks
from bayward.edge.journal_reader import LogReader
from bayward.edge.journal_schema import Connect, not_writable
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_count
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import Signer
from bayward.ledger.merkle import leaf_hash

EVENTS_PER_APPEND_MAX = 256  # one decision makes a handful; a loop that makes more is a bug


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """A code only the notifier can read (`wire.letters`), and for whom it is."""

    kind: str
    subject: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was written: entries `first` … `size` - 1, as stamped, under a signed checkpoint."""

    first: int
    size: int
    checkpoint: str
    events: tuple[Event, ...]
    disclosures: tuple[tuple[str, ...], ...]  # of the public fields of each


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands."""

    frontier: Frontier
    note: str
    boot: int
    watermark: Instant
    unconfirmed_ms: int
    acked: int
    quarantine: str | None

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.frontier.size

    @property
    def time(self) -> dict[str, object] | None:
        """What `core.trusted_time` made durable; None in a log where nothing happened yet."""
        if self.watermark == 0:
            return None
        return {"watermark": self.watermark, "unconfirmed_ms": self.unconfirmed_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSetup:
    """What a journal is made with; `random_bytes(n)` must be fresh and unpredictable."""

    path: Path
    bank: BankId
    signer: Signer
    clock: Clock
    random_bytes: Callable[[int], bytes]
    connect: Connect = journal_schema.connect
    marks: Marks = journal_mark


class Journal:
    """Append-only, signed, durable; see the top of this file."""

    def __init__(self, setup: JournalSetup) -> None:
        self._setup = setup
        self._boot: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._head: Head | None = None
        self._started_ms = setup.clock.monotonic_ms()

    @classmethod
    def open(cls, setup: JournalSetup) -> Self:
        """Open or create the journal, check its end, and count the boot up.

        Raises `Misconfigured` for a file that is not this bank's, not this key's, newer than
        this program, or damaged; `Unavailable` when the storage does not work.
        """
        journal = cls(setup)
        journal._ready()
        return journal

    @property
    def head(self) -> Head:
        """Where the log stands; raises `Unavailable` when that cannot be known."""
        return self._ready()[1]

    @property
    def known_head(self) -> Head | None:
        """Where the log stood when last looked at; no I/O, and any thread may ask."""
        return self._head

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._setup.signer.key.name

    @property
    def path(self) -> Path:
        """Its file."""
        return self._setup.path

    def reader(self) -> LogReader:
        """Read the log as it is now."""
        connection, head = self._ready()
        return LogReader(connection, head.size)

    def events(self, first: int = 0) -> Iterator[Event]:
        """Events from index `first` on, oldest first, with their local fields."""
        return self.reader().events(first)

    def append(
        self,
        events: Sequence[Event],
        letters: Sequence[SealedLetter] = (),
        *,
        tq: str = "U",
        unconfirmed_ms: int = 0,
    ) -> Receipt:
        """Write events (and the letters that go up with them) durably, or raise.

        `tq` is the quality letter of the events' time, `unconfirmed_ms` how much of it nobody
        has confirmed (`core.trusted_time`). Raises `Unavailable` when they are not
        known to be durable; then nothing that depends on them may be done.
        """
        if not 0 < len(events) <= EVENTS_PER_APPEND_MAX:
            raise LimitExceeded("journal.batch", limit=EVENTS_PER_APPEND_MAX)
        connection, head = self._ready()
        if head.quarantine is not None:
            raise Unavailable("journal.quarantined", why=head.quarantine)
        mono = self._setup.clock.monotonic_ms() - self._started_ms
        stamped = tuple(replace(event, tq=tq, boot=head.boot, mono=mono) for event in events)
        sealed = journal_entries.seal_all(stamped, self._setup.random_bytes)
        frontier, hashes = head.frontier.extend(leaf_hash(one.leaf) for one in sealed)
        grown = replace(
            head,
            frontier=frontier,
            note=self._sign(frontier),
            watermark=max(head.watermark, *(event.time for event in stamped)),
            unconfirmed_ms=unconfirmed_ms,
        )
        with self._transaction(connection):
            self._swap_head(connection, head, grown)
            journal_entries.insert(connection, head.size, sealed)
            first_hash = stored_hash_count(head.size)
            connection.executemany(
                "INSERT INTO hash VALUES (?, ?)",
                list(enumerate(hashes, start=first_hash)),
            )
            connection.executemany(
                "INSERT INTO letter (size, kind, subject, sealed) VALUES (?, ?, ?, ?)",
                [(grown.size, one.kind, one.subject, one.sealed) for one in letters],
            )
        self._head = grown
        opened = tuple(one.disclosures for one in sealed)
        return Receipt(head.size, grown.size, grown.note, stamped, opened)

    def keep_time(self, watermark: Instant, unconfirmed_ms: int = 0) -> None:
        """Make the trusted time durable without an event (about once a minute)."""
        connection, head = self._ready()
        if watermark > head.watermark:
            kept = replace(head, watermark=watermark, unconfirmed_ms=unconfirmed_ms)
            self._change_head(connection, head, kept)

    def acknowledge(self, size: int) -> None:
        """The control plane has the first `size` entries and their letters; letters go."""
        connection, head = self._ready()
        if size > head.size:
            raise Unavailable("journal.acknowledged_too_much", size=size, head=head.size)
        if size <= head.acked:
            return
        acked = replace(head, acked=size)
        with self._transaction(connection):
            self._swap_head(connection, head, acked)
            connection.execute("DELETE FROM letter WHERE size <= ?", (size,))
        self._head = acked
        root = LogReader(connection, head.size).root(size)
        self._setup.marks.write(self._setup.path, size, root)

    def let_go(self, rest: Mapping[int, str]) -> None:
        """Leave of these entries only these disclosures, and no trace of the others in the file.

        Only of what has been acknowledged: the rest still has to go up. The snapshot goes, too;
        whoever calls this keeps a new one.
        """
        connection, head = self._ready()
        if any(place >= head.acked for place in rest):
            raise Unavailable("journal.not_acknowledged", acked=head.acked)
        if rest:
            with self._transaction(connection):
                journal_schema.let_go(connection, rest)
                connection.execute("DELETE FROM snapshot")

    def scrub(self) -> None:
        """Leave nothing in the write-ahead log; raises `Unavailable`."""
        connection, _ = self._ready()
        try:
            journal_schema.scrub(connection)
        except sqlite3.Error as error:
            self._forget()
            raise not_writable(error) from error

    def check_cursor(self, size: int, root: bytes) -> None:
        """Compare with what the control plane remembers of this log.

        Raises `Unavailable("journal.rolled_back")` when it remembers more than there is (an old
        image was restored) and `Unavailable("journal.forked")` when it remembers something
        else. Either way the journal is in quarantine, durably: codes that were used since the
        image was made would work again.
        """
        connection, head = self._ready()
        verdict = journal_check.compare(LogReader(connection, head.size), size, root)
        if verdict is not None:
            if head.quarantine is None:
                self._change_head(connection, head, replace(head, quarantine=verdict))
            raise Unavailable(verdict, theirs=size, ours=head.size)

    def save_snapshot(self, size: int, state: bytes) -> None:
        """Keep the state folded from the first `size` events, for a quick start."""
        connection, _ = self._ready()
        note = journal_check.sign_snapshot(self._setup.signer, size, state)
        with self._transaction(connection):
            connection.execute("DELETE FROM snapshot")
            connection.execute("INSERT INTO snapshot VALUES (?, ?, ?)", (size, note, state))

    def load_snapshot(self) -> tuple[int, bytes] | None:
        """The newest snapshot that this log's key has signed, if any."""
        connection, head = self._ready()
        try:
            row = connection.execute("SELECT size, note, state FROM snapshot").fetchone()
        except sqlite3.Error as error:
            self._forget()
            raise not_writable(error) from error
        if row is None or row[0] > head.size:
            return None
        size, note, state = row
        if not journal_check.is_snapshot_ours(self._setup.signer.key, size, note, state):
            return None
        return int(size), bytes(state)

    def close(self) -> None:
        """Close the file; a closed journal opens again when used."""
        self._head = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sign(self, frontier: Frontier) -> str:
        checkpoint = Checkpoint(self.origin, frontier.size, frontier.root)
        return sign_checkpoint(checkpoint, [self._setup.signer])

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        """All or nothing; after any failure the state is unknown and is read again."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._forget()
            raise not_writable(error) from error
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        """Drop everything known about the file; closing rolls an open transaction back."""
        try:
            self.close()
        except sqlite3.Error:
            self._connection = None

    def _change_head(self, connection: sqlite3.Connection, old: Head, new: Head) -> None:
        with self._transaction(connection):
            self._swap_head(connection, old, new)
        self._head = new

    def _swap_head(self, connection: sqlite3.Connection, old: Head, new: Head) -> None:
        """Compare and swap: the fence against a second writer."""
        cursor = connection.execute(
            "UPDATE head SET size = ?, root = ?, note = ?, boot = ?, watermark = ?, "
            "unconfirmed_ms = ?, acked = ?, quarantine = ? "
            "WHERE id = 1 AND size = ? AND root = ? AND boot = ?",
            (
                *(new.size, new.frontier.root, new.note, new.boot, new.watermark),
                *(new.unconfirmed_ms, new.acked, new.quarantine),
                *(old.size, old.frontier.root, old.boot),
            ),
        )
        if cursor.rowcount != 1:
            raise Unavailable("journal.superseded", boot=old.boot)

    def _ready(self) -> tuple[sqlite3.Connection, Head]:
        """The open file and where the log stands, reloaded when that was forgotten."""
        if self._connection is not None and self._head is not None:
            return self._connection, self._head
        try:
            self._connection = self._setup.connect(self._setup.path)
            journal_schema.prepare(self._connection)
            if not journal_schema.check_version(self._connection, self._setup.path):
                self._create(self._connection)
            self._head = self._load(self._connection)
            if self._boot is None:
                self._take_over(self._connection, self._head)
        except sqlite3.DatabaseError as error:
            self._forget()
            if isinstance(error, sqlite3.OperationalError):
                raise not_writable(error) from error
            raise Misconfigured("journal.damaged", why=str(error)) from error
        except LedgerError as error:
            self._forget()
            raise Misconfigured("journal.damaged", why=str(error)) from error
        except BaseException:
            self._forget()
            raise
        return self._connection, self._head

    def _create(self, connection: sqlite3.Connection) -> None:
        """Lay out an empty log; refused where a log is known to have been."""
        self._setup.marks.check_absent(self._setup.path)
        empty = Frontier()
        key = self._setup.signer.key
        connection.executescript("BEGIN IMMEDIATE;" + journal_schema.schema())
        connection.execute(
            "INSERT INTO identity VALUES (1, ?, ?, ?)", (key.name, key.vkey, self._setup.bank)
        )
        connection.execute(
            "INSERT INTO head VALUES (1, 0, ?, ?, 0, 0, 0, 0, NULL)",
            (empty.root, self._sign(empty)),
        )
        connection.execute("COMMIT")

    def _load(self, connection: sqlite3.Connection) -> Head:
        journal_check.check_identity(connection, self._setup.signer.key, self._setup.bank)
        row = connection.execute(
            "SELECT size, note, boot, watermark, unconfirmed_ms, acked, quarantine FROM head"
        ).fetchone()
        size, note, boot, watermark, *rest = row
        if self._boot is not None and boot != self._boot:
            raise Unavailable("journal.superseded", boot=self._boot)
        reader = LogReader(connection, size)
        frontier = journal_check.check_tail(reader, note, self._setup.signer.key)
        self._setup.marks.check(self._setup.path, reader)
        self._setup.marks.begun(self._setup.path)
        return Head(frontier, note, boot, Instant(watermark), *rest)

    def _take_over(self, connection: sqlite3.Connection, head: Head) -> None:
        """Count the boot up; from here on an older program can write no more."""
        self._boot = head.boot + 1
        try:
            self._change_head(connection, head, replace(head, boot=self._boot))
        except Unavailable:
            self._boot = None
            raise
