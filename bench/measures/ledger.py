"""The log: sealed, durable, signed events a second, on both stores, and peers beside them."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from bayward.ledger.leaf import Sealed
from bayward.ledger.log import Log
from bench import logs, postgres
from bench.logs import Load, SegmentStore
from bench.measures.receipt import fdatasync_us
from bench.table import Table, percentile, us

CLIENTS = (1, 8, 64, 256)
BATCH = 256
# Measured once beside a prototype of this design, on two cores of a virtual machine, in November
# 2026: Go programs that a benchmark in Python cannot install. 612-byte entries, durable.
REFERENCES = (
    ("Tessera 1.0.4 POSIX", "1 client 310-520/s; 256 clients, integrated 33-48 k/s"),
    ("Tessera, checkpoint published", "64 clients 655/s, p50 102 ms"),
    ("immudb embedded, default flush", "1 client 133-174/s; 64: 5.4 k/s; 256: 17 k/s"),
    ("immudb embedded, flush 1 ms", "1 client 562/s; 64: 18.0 k/s; 256: 28.5 k/s"),
)
IMMUDB_64 = 5_400
IMMUDB_64_TUNED = 18_000


def run(*, quick: bool) -> Table:
    seconds, rounds = (0.5, 1) if quick else (1.5, 3)
    table = Table("The log: sealed, durable, signed", "python -m bench ledger")
    with tempfile.TemporaryDirectory() as name, postgres.server() as server:
        folder = Path(name)
        flush = fdatasync_us(folder, 300 if quick else 2_000)
        sealing = rate_of(logs.event, seconds)
        table.add("fdatasync of one record, p50", us(flush))
        table.add("sealing 13 fields, one core", f"{sealing:,.0f}/s")
        table.add("memory before", f"{logs.rss_mib():.0f} MiB")
        first = under_load(
            table, "SQLite", lambda: logs.sqlite_store(folder), seconds=seconds, rounds=rounds,
            sealing=sealing, flush=flush,
        )  # fmt: skip
        other = under_load(
            table, "PostgreSQL", lambda: logs.postgres_store(server), seconds=seconds,
            rounds=rounds, sealing=sealing, flush=flush,
        )  # fmt: skip
        pre_sealed(table, folder, server, seconds)
        inserts = pgbench(server, seconds)
        table.add("pgbench, 32 clients, one such row each", f"{inserts:,.0f}/s")
        table.ratio("PostgreSQL 256 clients / pgbench 32", other[256].rate, inserts, goal="≥ 1")
        beside(table, folder, first)
    return table


def under_load(
    table: Table,
    name: str,
    make: Callable[[], SegmentStore],
    *,
    seconds: float,
    rounds: int,
    sealing: float,
    flush: float,
) -> dict[int, Load]:
    """Clients in a loop, the best round of each number of them."""
    best: dict[int, Load] = {}
    for clients in CLIENTS:
        with logs.opened(make()) as store:
            tries = [logs.load(store, clients, seconds) for _ in range(rounds)]
        one = best[clients] = max(tries, key=lambda load: load.rate)
        p50, p99 = (percentile(one.taken_us, share) for share in (0.5, 0.99))
        said = f"{one.rate:,.0f}/s, p50 {us(p50)}, p99 {us(p99)}, {one.rss_mib:.0f} MiB"
        table.add(f"{name}, {clients} clients", said)
        table.add("  rate / sealing; p50 and p99 / fdatasync", (
            f"{one.rate / sealing:.2f}; {p50 / flush:.1f} and {p99 / flush:.1f}"
        ))  # fmt: skip
    alone = percentile(best[1].taken_us, 0.5)
    table.ratio(f"{name}: p50 of 1 client / fdatasync", alone, flush, goal="≤ 3")
    crowd = percentile(best[64].taken_us, 0.99)
    table.ratio(f"{name}: p99 of 64 clients / fdatasync", crowd, flush, goal="≤ 50")
    table.ratio(f"{name}: 64 clients / sealing", best[64].rate, sealing, goal="≥ 0.40")
    return best


def pre_sealed(table: Table, folder: Path, server: postgres.Server, seconds: float) -> None:
    """Events sealed elsewhere: what appending costs, against plain rows of the same bytes."""
    events = [logs.event() for _ in range(1_024)]
    rows = rate_of(plain_rows(folder, events[:BATCH]), seconds) * BATCH
    table.add(f"SQLite, plain rows, {BATCH} a transaction", f"{rows:,.0f}/s")
    copied = rate_of(plain_copy(server, events[:BATCH]), seconds) * BATCH
    table.add(f"PostgreSQL, binary COPY, {BATCH} a transaction", f"{copied:,.0f}/s")
    for name, store, yardstick in (
        ("SQLite", logs.sqlite_store(folder), rows),
        ("PostgreSQL", logs.postgres_store(server), copied),
    ):
        for batch in (BATCH, 1_024):
            with logs.opened(store):
                appended = rate_of(appending(store, events[:batch]), seconds) * batch
            table.add(f"{name}, sealed elsewhere, {batch} a commit", f"{appended:,.0f}/s")
            table.ratio("  / plain rows", appended, yardstick, goal="≥ 0.30")


def appending(store: SegmentStore, events: Sequence[Sealed]) -> Callable[[], object]:
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
    connection.execute("CREATE TABLE plain (id bigserial PRIMARY KEY, leaf bytea, opened text)")
    connection.execute(f"GRANT ALL ON plain, plain_id_seq TO {postgres.WRITER}".encode())
    rows = [(one.leaf, "\n".join(one.disclosures)) for one in events]

    def copy_in() -> None:
        statement = "COPY plain (leaf, opened) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(("bytea", "text"))
            for row in rows:
                copy.write_row(row)

    return copy_in


def pgbench(server: postgres.Server, seconds: float) -> float:
    """Single rows of the same size from 32 clients, each durable by itself."""
    sealed = logs.event()
    script = server.folder / "insert.sql"
    values = f"'\\x{sealed.leaf.hex()}', '{chr(10).join(sealed.disclosures)}'"
    insert = "INSERT INTO plain (leaf, opened) VALUES"
    script.write_text(f"{insert} ({values});", encoding="ascii")
    said = server.run(
        "pgbench", "-h", str(server.folder), "-U", postgres.WRITER, "-n", "-M", "prepared",
        "-c", "32", "-j", "2", "-T", str(max(1, round(2 * seconds))), "-f", str(script), "postgres",
    )  # fmt: skip
    return float(said.split("tps = ")[1].split()[0])


def beside(table: Table, folder: Path, ours: dict[int, Load]) -> None:
    """Peers: one that runs here if it is installed, and figures of those that cannot."""
    if find_spec("pymerkle") is None:
        table.add("pymerkle", "not installed; pip install -r requirements/bench.txt")
    else:
        tree = import_module("pymerkle").SqliteTree(str(folder / "pymerkle.sqlite"))
        entry = os.urandom(364)
        theirs = rate_of(lambda: tree.append_entry(entry), 1.5)
        table.add("pymerkle SqliteTree, 1 client, unsigned", f"{theirs:,.0f}/s")
        table.ratio("  SQLite 1 client / pymerkle", ours[1].rate, theirs, goal="≥ 2.5")
        tree.con.close()
    for name, said in REFERENCES:
        table.add(f"{name} (reference, Nov 2026)", said)
    table.ratio("SQLite 64 clients / immudb default", ours[64].rate, IMMUDB_64, goal="≥ 5")
    table.ratio("SQLite 64 clients / immudb 1 ms", ours[64].rate, IMMUDB_64_TUNED, goal="≥ 1.5")


def rate_of(do: Callable[[], object], seconds: float) -> float:
    """Calls per second."""
    do()
    done, start = 0, perf_counter()
    while (passed := perf_counter() - start) < seconds:
        do()
        done += 1
    return done / passed
