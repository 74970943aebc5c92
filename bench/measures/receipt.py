"""A receipt at the bank: durable, integrated and signed, in multiples of the disk's own flush."""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.journal import Journal, JournalSetup
from bayward.ledger.keys import ecdsa_signer
from bench.table import Table, microseconds, percentile, us

ENTRY_BYTES = 300
PACE_S = 0.01  # a hundred events a second
ADDED_US = 1_000


class _Clock:
    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000_000)

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


def fdatasync_us(folder: Path, times: int) -> float:
    """Median of an append of one small record and its flush."""
    with (folder / "yardstick").open("wb", buffering=0) as file:

        def flush() -> None:
            file.write(b"x" * ENTRY_BYTES)
            os.fdatasync(file.fileno())

        return percentile(microseconds(flush, times), 0.5)


def event(clock: _Clock) -> Event:
    return Event(
        type=EventType.ACCESS_GRANTED,
        time=clock.now(),
        grant="grt_0123456789abcdefghjkmnpqrs",
        compartment="cmp_0123456789abcdefghjkmnpqrs",
        parcel="prc_0123456789abcdefghjkmnpqrs",
        recipient="prs_0123456789abcdefghjkmnpqrs",
        method="code",
        command="cmd_0123456789abcdefghjkmnpqrs",
    )


def added_us(folder: Path, append: Callable[[], object], times: int) -> list[float]:
    """What a receipt costs beyond keeping the same event as a plain durable row, at a pace."""
    rows = sqlite3.connect(folder / "rows.sqlite", isolation_level=None)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE event (body BLOB)")
    body, taken, pause = b"x" * ENTRY_BYTES, [], threading.Event()
    for _ in range(times):
        [plain] = microseconds(lambda: rows.execute("INSERT INTO event VALUES (?)", (body,)), 1)
        [receipt] = microseconds(append, 1)
        taken.append(receipt - plain)
        pause.wait(PACE_S)
    rows.close()
    return taken


def run(*, quick: bool) -> Table:
    times = 300 if quick else 2_000
    table = Table("Receipt at the bank (journal, SQLite FULL)", "python -m bench receipt")
    with tempfile.TemporaryDirectory() as name:
        folder, clock, bank = Path(name), _Clock(), BankId.of(b"bench".ljust(16))
        origin = f"bench.example/bank/{bank}/1"
        signer = ecdsa_signer(origin, ec.generate_private_key(ec.SECP256R1()))
        journal = Journal.open(
            JournalSetup(
                path=folder / "journal.sqlite",
                bank=bank,
                signer=signer,
                clock=clock,
                random_bytes=secrets.token_bytes,
            )
        )
        rounds = [
            (
                fdatasync_us(folder, times // 3),
                microseconds(lambda: journal.append([event(clock)], tq="S"), times // 3),
            )
            for _ in range(3)
        ]
        paced = added_us(folder, lambda: journal.append([event(clock)], tq="S"), times)
        journal.close()
    flush = percentile([flush for flush, _ in rounds], 0.5)
    taken = [one for _, sample in rounds for one in sample]
    table.add("fdatasync of one record, p50", us(flush))
    table.add("receipt, p50", us(percentile(taken, 0.5)))
    table.add("receipt, p99", us(percentile(taken, 0.99)))
    table.ratio("receipt p50 / fdatasync p50", percentile(taken, 0.5), flush, goal="≤ 3")
    table.add("added to a plain durable row, 100 a second, p50", us(percentile(paced, 0.5)))
    table.ratio("  p99 / 1 ms", percentile(paced, 0.99), ADDED_US, goal="≤ 1")
    return table
