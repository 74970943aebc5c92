"""What a log costs as it grows: append, prove, check, export, memory.

python -m bench.measures.growth 10000000   # up to ten million; 8 GB of disk
"""

from __future__ import annotations

import asyncio
import csv
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from time import perf_counter, process_time

import uvloop

from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.storage.log_store.sequencer import BATCH_MAX, Sequencer
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogEntry
from bayward.ledger.log import Log
from bayward.ledger.merkle import leaf_hash
from bench import logs, plot, postgres
from bench.machine import in_hashes, node_hash_s
from bench.table import Table, microseconds, percentile, us

LEAF_BYTES = 612  # of an event of 13 fields
PROOFS = 300
PROOF_HASHES = 450  # 150 µs where a core hashes three million nodes a second
FSCK_PER_S = 500_000
CSV = Path("out/growth.csv")
PICTURE = CSV.with_suffix(".svg")


@dataclass(frozen=True, slots=True)
class Point:
    """One log at one size."""

    store: str
    entries: int
    appended_per_s: float
    prove_p50_us: float
    consistency_p50_us: float
    fsck_per_cpu_s: float
    export_per_cpu_s: float
    rss_mib: float


def run(*, quick: bool) -> Table:
    return measure((10_000, 100_000) if quick else (10_000, 100_000, 1_000_000))


def measure(sizes: Sequence[int]) -> Table:
    table = Table("The log as it grows", "python -m bench growth")
    points: list[Point] = []
    with tempfile.TemporaryDirectory() as name, postgres.server() as server:
        for kind, store in (
            ("SQLite", logs.sqlite_store(Path(name))),
            ("PostgreSQL", logs.postgres_store(server)),
        ):
            with logs.opened(store):
                points += grow(kind, store, sizes)
    for point in points:
        table.add(f"{point.store}, {point.entries:,} entries", said(point))
    for kind in ("SQLite", "PostgreSQL"):
        mine = [point for point in points if point.store == kind]
        first, last = mine[0], mine[-1]
        table.add(f"{kind}, largest / smallest", (
            f"append {last.appended_per_s / first.appended_per_s:.2f}, "
            f"proof {last.prove_p50_us / first.prove_p50_us:.2f}, "
            f"fsck {last.fsck_per_cpu_s / first.fsck_per_cpu_s:.2f}, "
            f"export {last.export_per_cpu_s / first.export_per_cpu_s:.2f}"
        ))  # fmt: skip
        table.ratio(f"{kind}: proof p50 / 150 µs", last.prove_p50_us, 150, goal="≤ 1")
        proof_s = last.prove_p50_us / 1e6
        table.ratio("  / a hash of a node", proof_s, node_hash_s(), goal=f"≤ {PROOF_HASHES}")
        table.ratio(f"{kind}: fsck / 0.5 M a second", last.fsck_per_cpu_s, FSCK_PER_S, goal="≥ 1")
        in_nodes = 1 / last.fsck_per_cpu_s / node_hash_s()
        goal = f"(goal ≤ {in_hashes(FSCK_PER_S):.0f})"
        table.add(f"{kind}: fsck, an entry in hashes of a node", f"{in_nodes:.1f}   {goal}")
    keep(points)
    plot.draw(CSV, PICTURE)
    table.add("plotted", str(PICTURE))
    return table


def grow(kind: str, store: OneLog, sizes: Sequence[int]) -> Iterator[Point]:
    size = 0
    for wanted in sizes:
        rate = append(store, size, wanted)
        memory, size = logs.rss_mib(), wanted
        log = Log(store, logs.signers)
        assert log.resume().size == size
        prove, older = proofs(log, size)
        yield Point(
            kind, size, rate, prove, older,
            size / fsck(store), size / export(store), memory,
        )  # fmt: skip


def proofs(log: Log, size: int) -> tuple[float, float]:
    """A proof of an entry, and one of an older size: medians, in microseconds."""
    chance = random.Random(size)
    inclusion = microseconds(lambda: log.prove(chance.randrange(size)), PROOFS)
    older = microseconds(lambda: log.prove_consistency(chance.randrange(1, size)), PROOFS)
    return percentile(inclusion, 0.5), percentile(older, 0.5)


def append(store: OneLog, size: int, wanted: int) -> float:
    """Through the sequencer, as many in flight as a batch holds; entries per second."""
    rest = bytes(LEAF_BYTES - 8)
    numbers = iter(range(size, wanted))

    async def client(sequencer: Sequencer) -> None:
        for n in numbers:
            await sequencer.append(store.origin, n.to_bytes(8, "big") + rest)

    async def everybody() -> None:
        async with Sequencer(store.logs, lambda _: logs.signers()) as sequencer:
            await asyncio.gather(*(client(sequencer) for _ in range(BATCH_MAX)))

    start = perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(everybody())
    return (wanted - size) / (perf_counter() - start)


def fsck(store: OneLog) -> float:
    """Hash every entry, build the tree, compare with the signed root; seconds of CPU."""
    start = process_time()
    edge = Frontier()
    for segment in store.segments():
        hashes = [leaf_hash(entry) for entry in segment.entries]
        assert tuple(hashes) == segment.leaf_hashes
        edge = edge.grow(hashes)
    note = store.read_head()
    assert note is not None
    assert open_checkpoint(note, logs.SIGNER.key).checkpoint.root == edge.root
    return process_time() - start


def export(store: OneLog) -> float:
    """Write every entry as a line of an export; seconds of CPU."""
    start = process_time()
    with tempfile.TemporaryFile() as file:
        for segment in store.segments():
            for at, entry in enumerate(segment.entries):
                line = LogEntry(segment.first + at, segment.leaf_hashes[at], entry).line
                file.write(line)
    return process_time() - start


def said(point: Point) -> str:
    return (
        f"append {point.appended_per_s:,.0f}/s, proof {us(point.prove_p50_us)}, "
        f"consistency {us(point.consistency_p50_us)}, {point.rss_mib:.0f} MiB; "
        f"per second of CPU: fsck {point.fsck_per_cpu_s:,.0f}, export {point.export_per_cpu_s:,.0f}"
    )


def keep(points: Sequence[Point]) -> None:
    CSV.parent.mkdir(exist_ok=True)
    with CSV.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([one.name for one in fields(Point)])
        writer.writerows(astuple(point) for point in points)


if __name__ == "__main__":
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    print(measure([size for size in (10**n for n in range(4, 10)) if size <= largest]))
