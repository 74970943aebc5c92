"""Every way in which storage can fail, at every call: what was promised stays, and only that."""

from __future__ import annotations

import base64
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bayward.core.clock import Instant
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.journal import Journal, JournalSetup, Receipt
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.ledger.merkle import verify_consistency

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)


def opened(number: int) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")


class FaultyStorage:
    """Makes connections that fail at the n-th write, before or after it took effect."""

    def __init__(self, *, persists: bool) -> None:
        self.calls_until_fault = -1
        self.persists = persists

    def connect(self, path: Path) -> sqlite3.Connection:
        storage = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                return storage.call(lambda: super(Connection, self).execute(sql, *args))

            def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
                return storage.call(lambda: super(Connection, self).executemany(sql, *args))

        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection
        )

    def call(self, work: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        self.calls_until_fault -= 1
        if self.calls_until_fault != 0:
            return work()
        if self.persists:
            work()
        raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("persists", [False, True])
def test_audit_11_a_fault_at_any_call_keeps_every_receipt_true(
    make_setup: SetupMaker, *, persists: bool
) -> None:
    storage = FaultyStorage(persists=persists)
    setup = make_setup(connect=storage.connect)
    journal = Journal.open(setup)
    receipts = [journal.append([opened(0), opened(1)])]
    faults = 0
    for call in range(1, 30):
        storage.calls_until_fault = call
        try:
            receipts.append(journal.append([opened(call), opened(-call)]))
        except Unavailable:
            faults += 1
        storage.calls_until_fault = -1
        assert journal.append([opened(1_000 + call)]).size == journal.head.size
        check_receipts(journal, setup.signer, receipts)
    assert faults >= 6  # begin, head, entries, local fields, hashes, letters, commit
    journal.close()


@pytest.mark.parametrize("persists", [False, True])
def test_audit_11_a_fault_at_any_call_while_opening_is_no_lasting_harm(
    make_setup: SetupMaker, *, persists: bool
) -> None:
    storage = FaultyStorage(persists=persists)
    setup = make_setup(connect=storage.connect)
    for call in range(1, 60):
        storage.calls_until_fault = call
        try:
            Journal.open(setup).close()
        except Unavailable:
            pass
        else:
            break
    else:
        pytest.fail("opening makes more calls than expected")
    storage.calls_until_fault = -1
    journal = Journal.open(setup)
    assert journal.append([opened(1)]).first == 0
    journal.close()


def test_audit_11_a_snapshot_that_cannot_be_read_is_no_lasting_harm(
    make_setup: SetupMaker,
) -> None:
    storage = FaultyStorage(persists=False)
    journal = Journal.open(make_setup(connect=storage.connect))
    journal.append([opened(0)])
    journal.save_snapshot(1, b"state")
    storage.calls_until_fault = 1
    with pytest.raises(Unavailable, match=r"journal\.not_writable"):
        journal.load_snapshot()
    assert journal.load_snapshot() == (1, b"state")
    journal.close()


def check_receipts(journal: Journal, signer: Signer, receipts: list[Receipt]) -> None:
    reader = journal.reader()
    events = list(reader.events())
    for receipt in receipts:
        assert tuple(events[receipt.first : receipt.size]) == receipt.events
        signed = open_checkpoint(receipt.checkpoint, signer.key).checkpoint
        proof = reader.consistency_proof(signed.size, reader.size)
        if proof:
            verify_consistency(signed.size, reader.size, signed.root, reader.root(), proof)


def test_audit_11_a_full_disk_loses_nothing_and_heals(make_setup: SetupMaker) -> None:
    pages = 60

    def connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    setup = make_setup(connect=connect)
    journal = Journal.open(setup)
    receipts: list[Receipt] = []

    def fill() -> None:
        while True:
            receipts.append(journal.append([opened(len(receipts))]))

    with pytest.raises(Unavailable, match=r"journal\.not_writable \(why=SQLITE_FULL\)"):
        fill()
    assert len(receipts) > 5
    assert journal.head.size == len(receipts)
    with pytest.raises(Unavailable):
        journal.append([opened(0)] * 20)
    pages = 10_000
    journal.close()
    receipts.append(journal.append([opened(len(receipts))]))
    check_receipts(journal, setup.signer, receipts)
    journal.close()


def test_audit_11_a_read_only_file_writes_nothing(make_setup: SetupMaker) -> None:
    setup = make_setup()
    Journal.open(setup).close()

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

    with pytest.raises(Unavailable, match=r"journal\.not_writable \(why=SQLITE_READONLY"):
        Journal.open(make_setup(connect=connect))


def test_a_directory_that_is_not_there_is_not_writable(make_setup: SetupMaker) -> None:
    setup = make_setup(path=Path("nowhere/journal.db"))
    with pytest.raises(Unavailable, match=r"journal\.not_writable \(why=SQLITE_CANTOPEN\)"):
        Journal.open(setup)


@pytest.mark.parametrize("cut", [1, 40, 2_000, 6_000])
def test_audit_11_a_torn_wal_leaves_a_whole_prefix(
    make_setup: SetupMaker, tmp_path: Path, cut: int
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    receipts = [journal.append([opened(number)]) for number in range(3)]
    wal = Path(f"{setup.path}-wal")
    torn = wal.read_bytes()[:-cut]
    shutil.copyfile(setup.path, tmp_path / "copy.db")
    (tmp_path / "copy.db-wal").write_bytes(torn)
    journal.close()
    copy = Journal.open(make_setup(path=tmp_path / "copy.db"))
    assert copy.head.size in {0, 1, 2}
    check_receipts(copy, setup.signer, receipts[: copy.head.size])
    with pytest.raises(Unavailable, match=r"journal\.rolled_back"):
        copy.check_cursor(3, journal.head.frontier.root)
    copy.close()
    journal.close()


def test_audit_11_a_stale_wal_beside_a_restored_file_is_no_silent_mixture(
    make_setup: SetupMaker, tmp_path: Path
) -> None:
    setup = make_setup()
    Journal.open(setup).close()
    old_file = shutil.copyfile(setup.path, tmp_path / "old.db")
    journal = Journal.open(setup)
    receipts = [journal.append([opened(number)]) for number in range(40)]
    stale_wal = Path(f"{setup.path}-wal").read_bytes()
    journal.close()
    (tmp_path / "old.db-wal").write_bytes(stale_wal)
    try:
        mixed = Journal.open(make_setup(path=old_file))
    except Misconfigured as error:
        assert error.code == "journal.damaged"  # noqa: PT017 - either end is right, a mixture is not
    else:
        check_receipts(mixed, setup.signer, receipts[: mixed.head.size])
        mixed.close()


WRITER = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import ec
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.journal import Journal, JournalSetup
from bayward.ledger.keys import ecdsa_signer
import os, time

class Clock:
    def now(self): return Instant(time.time_ns() // 1_000_000)
    def monotonic_ms(self): return time.monotonic_ns() // 1_000_000

path, bank, number = Path(sys.argv[1]), BankId(sys.argv[2]), int(sys.argv[3])
key = ec.derive_private_key(20_261_120, ec.SECP256R1())
signer = ecdsa_signer(f"bayward.test/bank/{bank}/1", key)
journal = Journal.open(JournalSetup(
    path=path, bank=bank, signer=signer, clock=Clock(), random_bytes=os.urandom))
while True:
    event = Event(type=EventType.DOOR_OPENED, time=Clock().now(), compartment=f"cmp_{number}")
    receipt = journal.append([event, event])
    print(receipt.size, receipt.checkpoint.split(chr(10))[2], flush=True)
    number += 1
"""


def test_audit_11_kill_9_takes_back_no_receipt(make_setup: SetupMaker) -> None:
    setup = make_setup()
    promised: list[tuple[int, str]] = []
    rng = random.Random(9)
    for run in range(4):
        arguments = [str(setup.path), setup.bank, str(run * 1_000)]
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(rng.randrange(1, 40)):
            size, root = writer.stdout.readline().split()
            promised.append((int(size), root))
        os.kill(writer.pid, signal.SIGKILL)
        for line in writer.stdout:
            if line.endswith("\n"):
                size, root = line.split()
                promised.append((int(size), root))
        writer.stdout.close()
        writer.wait()
    journal = Journal.open(setup)
    reader = journal.reader()
    assert journal.head.boot == 5
    assert promised[-1][0] <= reader.size <= promised[-1][0] + 2
    for told_size, told_root in promised:
        assert reader.root(told_size) == base64.b64decode(told_root)
    journal.close()


class JournalMachine(RuleBasedStateMachine):
    """A journal with failing storage against a list."""

    def __init__(self) -> None:
        super().__init__()
        self.storage = FaultyStorage(persists=False)

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        bank = BankId.of(bytes(16))
        key = ec.derive_private_key(5, ec.SECP256R1())
        self.setup_ = JournalSetup(
            path=Path(self.directory.name) / "journal.db",
            bank=bank,
            signer=ecdsa_signer("bayward.test/bank/m/1", key),
            clock=_Still(),
            random_bytes=random.Random(3).randbytes,
            connect=self.storage.connect,
        )
        self.journal = Journal.open(self.setup_)
        self.model: list[str | None] = []
        self.acked = 0

    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        events = [opened(len(self.model) + at) for at in range(count)]
        self.journal.append(events)
        self.model += [event.compartment for event in events]

    @rule(count=st.integers(1, 3), call=st.integers(1, 12), persists=st.booleans())
    def append_and_fail(self, count: int, call: int, *, persists: bool) -> None:
        events = [opened(len(self.model) + at) for at in range(count)]
        self.storage.calls_until_fault, self.storage.persists = call, persists
        try:
            self.journal.append(events)
        except Unavailable:
            self.storage.calls_until_fault = -1
            is_there = self.journal.head.size > len(self.model)
            assert is_there <= persists  # only a failure that persisted may be there
        else:
            is_there = True
        self.storage.calls_until_fault = -1
        if is_there:
            self.model += [event.compartment for event in events]

    @rule(part=st.floats(0, 1))
    def acknowledge(self, part: float) -> None:
        size = int(part * len(self.model))
        self.journal.acknowledge(size)
        self.acked = max(self.acked, size)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.journal = Journal.open(self.setup_)

    @invariant()
    def is_the_list(self) -> None:
        if hasattr(self, "model"):
            assert [event.compartment for event in self.journal.events()] == self.model
            assert self.journal.head.acked == self.acked
            assert self.journal.head.frontier.root == self.journal.reader().root()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.journal.close()
            self.directory.cleanup()


class _Still:
    def now(self) -> Instant:
        return NOON

    def monotonic_ms(self) -> int:
        return 0


JournalMachine.TestCase.settings = hypothesis_settings(
    max_examples=20, stateful_step_count=15, deadline=None
)
TestJournalIsAList = JournalMachine.TestCase
