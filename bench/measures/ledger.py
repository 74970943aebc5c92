"""The log: sealed, durable, signed events a second, on both stores, and peers beside them."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time

from bayward.cloud.storage.log_store.logs import OneLog
from bayward.ledger.leaf import Sealed
from bayward.ledger.log import Log
from bench import logs, postgres
from bench.logs import Load
from bench.measures.receipt import fdatasync_us
from bench.table import Table, percentile, us

CLIENTS = (1, 8, 64, 256)
SEALED_BESIDE = (64, 256)
BATCH = 256
SEALED = 3_000  # for the yardstick of one round
# Measured once beside a prototype of this design, on two cores of a virtual machine at rest, in
# November 2026: Go programs that a benchmark in Python cannot install. 612-byte entries, durable.
# In turns with this program, on another machine: docs/how-to/measure.md.
REFERENCES = (
    ("Tessera 1.0.4 POSIX", "1 client 310-520/s; 256 clients, integrated 33-48 k/s"),
    ("Tessera, checkpoint published", "64 clients 655/s, p50 102 ms"),
    ("immudb embedded, default flush", "1 client 133-174/s; 64: 5.4 k/s; 256: 17 k/s"),
    ("immudb embedded, flush 1 ms", "1 client 562/s; 64: 18.0 k/s; 256: 28.5 k/s"),
)
IMMUDB_64 = 5_400
IMMUDB_64_TUNED = 18_000


@dataclass(frozen=True, slots=True)
class Round:
    """A load, and what the machine was capable of just before: on a busy one that changes."""

    load: Load
    flush_us: float
    sealing: float
    sealing_per_cpu_s: float

    def percentile(self, share: float) -> float:
        return percentile(self.load.taken_us, share)


def run(*, quick: bool) -> Table:
    seconds, rounds = (0.5, 1) if quick else (1.5, 3)
    table = Table("The log: sealed, durable, signed", "python -m bench ledger")
    table.add("memory before", f"{logs.rss_mib():.0f} MiB")
    with tempfile.TemporaryDirectory() as name, postgres.server() as server:
        folder = Path(name)
        server.settle()
        first = under_load(
            table, "SQLite", lambda: logs.sqlite_store(folder), seconds=seconds, rounds=rounds
        )
        under_load(
            table, "PostgreSQL", lambda: logs.postgres_store(server), seconds=seconds, rounds=rounds
        )
        turns = 1 if quick else 5
        with_sealer = sealed_beside(
            table, "SQLite", lambda: logs.sqlite_store(folder), seconds=seconds, turns=turns
        )
        sealed_beside(
            table, "PostgreSQL", lambda: logs.postgres_store(server), seconds=seconds, turns=turns
        )
        pre_sealed(table, folder, server, seconds)
        beside_plain_rows(table, server, seconds, turns)
        beside(table, folder, (first[64].load.rate, with_sealer), seconds)
    return table


def under_load(
    table: Table, name: str, make: Callable[[], OneLog], *, seconds: float, rounds: int
) -> dict[int, Round]:
    """Clients in a loop; of each number of them the round that did best against its yardstick."""
    best: dict[int, Round] = {}
    for clients in CLIENTS:
        with logs.opened(make()) as store:
            tries = [one_round(store, clients, seconds) for _ in range(rounds)]
        one = best[clients] = max(tries, key=lambda one: one.load.rate / one.sealing)
        p50, p99 = one.percentile(0.5), one.percentile(0.99)
        said = f"{one.load.rate:,.0f}/s, p50 {us(p50)}, p99 {us(p99)}, {one.load.rss_mib:.0f} MiB"
        table.add(f"{name}, {clients} clients", said)
        table.add("  fdatasync; sealing on one core", f"{us(one.flush_us)}; {one.sealing:,.0f}/s")
        table.add("  p50, p99 / fdatasync; rate / sealing", (
            f"{p50 / one.flush_us:.1f}, {p99 / one.flush_us:.1f}; {one.load.rate / one.sealing:.2f}"
        ))  # fmt: skip
    alone, crowd = best[1], best[64]
    flush = alone.flush_us
    table.ratio(f"{name}: p50 of 1 client / fdatasync", alone.percentile(0.5), flush, goal="≤ 3")
    flush = crowd.flush_us
    table.ratio(
        f"{name}: p99 of 64 clients / fdatasync", crowd.percentile(0.99), flush, goal="≤ 50"
    )
    table.ratio(f"{name}: 64 clients / sealing", crowd.load.rate, crowd.sealing, goal="≥ 0.40")
    table.ratio(
        "  both per second of CPU", crowd.load.per_cpu_s, crowd.sealing_per_cpu_s, goal="≥ 0.40"
    )
    return best


def one_round(store: OneLog, clients: int, seconds: float) -> Round:
    with tempfile.TemporaryDirectory() as name:
        flush = fdatasync_us(Path(name), 200)
    used, start = process_time(), perf_counter()
    for _ in range(SEALED):
        logs.entry()
    used, passed = process_time() - used, perf_counter() - start
    return Round(logs.load(store, clients, seconds), flush, SEALED / passed, SEALED / used)


def sealed_beside(
    table: Table, name: str, make: Callable[[], OneLog], *, seconds: float, turns: int
) -> float:
    """Sealed where the log is, and by a process beside it, in turns; gives the rate of 64 so.

    What a receipt takes is with sealing where a process does that. CPU is of both processes.
    """
    rates: dict[int, float] = {}
    for clients in SEALED_BESIDE:
        with logs.opened(make()) as store:
            pairs = [
                (
                    logs.load(store, clients, seconds).rate,
                    logs.load(store, clients, seconds, sealers=1),
                )
                for _ in range(turns)
            ]
        rate = rates[clients] = percentile([load.rate for _, load in pairs], 0.5)
        taken = [one for _, load in pairs for one in load.taken_us]
        cpu = percentile([1e6 / load.per_cpu_s for _, load in pairs], 0.5)
        table.add(f"{name}, {clients} clients, one process beside that seals", (
            f"{rate:,.0f}/s, p50 {us(percentile(taken, 0.5))}, p99 {us(percentile(taken, 0.99))}, "
            f"{us(cpu)} of CPU an event"
        ))  # fmt: skip
        gain = percentile([load.rate / alone for alone, load in pairs], 0.5)
        table.ratio("  / sealed by the process of the log", gain, 1, goal="≥ 1.15")
    return rates[64]


def pre_sealed(table: Table, folder: Path, server: postgres.Server, seconds: float) -> None:
    """Events sealed elsewhere: what appending costs, against plain rows of the same bytes."""
    events = [logs.event() for _ in range(1_024)]
    for name, what, plain, store in (
        ("SQLite", "plain rows", plain_rows(folder, events[:BATCH]), logs.sqlite_store(folder)),
        ("PostgreSQL", "binary COPY", plain_copy(server, events[:BATCH]), (
            logs.postgres_store(server)
        )),
    ):  # fmt: skip
        for batch in (BATCH, 1_024):
            with logs.opened(store):
                append = appending(store, events[:batch])
                pairs = [
                    (rate_of(plain, seconds / 3) * BATCH, rate_of(append, seconds / 3) * batch)
                    for _ in range(3)
                ]
            rows, appended = (percentile(sample, 0.5) for sample in zip(*pairs, strict=True))
            table.add(f"{name}, {what}, {BATCH} a transaction", f"{rows:,.0f}/s")
            table.add(f"{name}, sealed elsewhere, {batch} a commit", f"{appended:,.0f}/s")
            table.ratio(f"  / {what}", appended, rows, goal="≥ 0.30")


def appending(store: OneLog, events: Sequence[Sealed]) -> Callable[[], object]:
    log = Log(store, logs.signers)
    leaves = [one.leaf for one in events]
    opened = ["\n".join(one.disclosures).encode() for one in events]
    return lambda: log.append(leaves, opened)


def plain_rows(folder: Path, events: Sequence[Sealed]) -> Callable[[], object]:
    connection = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, leaf BLOB, opened TEXT) STRICT")
    rows = [(one.leaf, "\n".join(one.disclosures)) for one in events]

    def insert() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO plain (leaf, opened) VALUES (?, ?)", rows)
        connection.execute("COMMIT")

    return insert


def plain_copy(server: postgres.Server, events: Sequence[Sealed]) -> Callable[[], object]:
    connection = server.connect(postgres.OWNER)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS plain (id bigserial PRIMARY KEY, leaf bytea, opened text)"
    )
    connection.execute(f"GRANT ALL ON plain, plain_id_seq TO {postgres.WRITER}".encode())
    rows = [(one.leaf, "\n".join(one.disclosures)) for one in events]

    def copy_in() -> None:
        statement = "COPY plain (leaf, opened) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(("bytea", "text"))
            for row in rows:
                copy.write_row(row)

    return copy_in


def beside_plain_rows(table: Table, server: postgres.Server, seconds: float, turns: int) -> None:
    """In turns, so that all three have the same machine; the median turn of each.

    What is compared: events that are sealed, hashed into the tree and signed, each answered when it
    is durable; rows of the same bytes, ready made and unsigned, which pgbench inserts from 32
    sessions with a prepared statement, each answered when it is durable, and which one session
    copies in 256 a transaction. One server, its settings as they come: `fsync` and
    `synchronous_commit` are on.
    """
    copy = plain_copy(server, [logs.event() for _ in range(BATCH)])
    with logs.opened(logs.postgres_store(server)) as store:
        found = [
            (
                logs.load(store, 256, seconds).rate,
                pgbench(server, seconds),
                rate_of(copy, seconds / 3) * BATCH,
                logs.load(store, 256, seconds, sealers=1).rate,
            )
            for _ in range(turns)
        ]
    ours, inserts, copied, two = (percentile(sample, 0.5) for sample in zip(*found, strict=True))
    table.add("PostgreSQL, 256 clients, in turns with", f"{ours:,.0f}/s")
    table.add("  the same, one process beside that seals", f"{two:,.0f}/s")
    table.add("  pgbench: such rows, plain, 32 clients", f"{inserts:,.0f}/s")
    table.add(f"  binary COPY: the same, {BATCH} a transaction", f"{copied:,.0f}/s")
    table.ratio("PostgreSQL 256 clients / pgbench 32", ours, inserts, goal="≥ 1")
    table.ratio("  one process beside / pgbench 32", two, inserts, goal="≥ 1")
    table.ratio(f"PostgreSQL 256 clients / COPY {BATCH}", ours, copied, goal="≥ 0.12")


def pgbench(server: postgres.Server, seconds: float) -> float:
    """Single rows of the same size from 32 clients, each sent, and each durable by itself."""
    sealed = logs.event()
    script = server.folder / "insert.sql"
    script.write_text("INSERT INTO plain (leaf, opened) VALUES (:leaf, :opened);", encoding="ascii")
    said = server.run(
        "pgbench", "-h", str(server.folder), "-U", postgres.WRITER, "-n", "-M", "prepared",
        "-c", "32", "-j", "2", "-T", str(max(1, round(2 * seconds))), "-f", str(script),
        "-D", f"leaf={sealed.leaf.decode()}",  # ASCII without a backslash: bytea as it is
        "-D", "opened=" + "\n".join(sealed.disclosures), "postgres",
    )  # fmt: skip
    return float(said.split("tps = ")[1].split()[0])


def beside(table: Table, folder: Path, crowds: Sequence[float], seconds: float) -> None:
    """Peers: one that runs here if it is installed, and figures of those that cannot."""
    if find_spec("pymerkle") is None:
        table.add("pymerkle", "not installed; pip install -r requirements/bench.txt")
    else:
        pymerkle(table, folder, seconds)
    for name, said in REFERENCES:
        table.add(f"{name} (reference, Nov 2026)", said)
    for crowd, how in zip(crowds, ("", ", one process beside"), strict=True):
        table.ratio(f"SQLite 64 clients{how} / immudb default", crowd, IMMUDB_64, goal="≥ 5")
        table.ratio(f"SQLite 64 clients{how} / immudb 1 ms", crowd, IMMUDB_64_TUNED, goal="≥ 1.5")


def pymerkle(table: Table, folder: Path, seconds: float) -> None:
    """In turns, so that both have the same machine."""
    tree = import_module("pymerkle").SqliteTree(str(folder / "pymerkle.sqlite"))
    entry = os.urandom(364)
    theirs: list[float] = []
    ours: list[float] = []
    with logs.opened(logs.sqlite_store(folder)) as store:
        for _ in range(5):
            theirs.append(rate_of(lambda: tree.append_entry(entry), seconds / 3))
            ours.append(logs.load(store, 1, seconds / 3).rate)
    tree.con.close()
    rate = percentile(theirs, 0.5)
    table.add("pymerkle SqliteTree, 1 client, unsigned", f"{rate:,.0f}/s")
    table.ratio("  SQLite 1 client / pymerkle", percentile(ours, 0.5), rate, goal="≥ 2.5")


def rate_of(do: Callable[[], object], seconds: float) -> float:
    """Calls per second."""
    do()
    done, start = 0, perf_counter()
    while (passed := perf_counter() - start) < seconds:
        do()
        done += 1
    return done / passed
