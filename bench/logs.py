"""Logs to measure: both stores in a private folder, events like real ones, clients in a loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter, perf_counter_ns, process_time

import uvloop
from cryptography.hazmat.primitives.asymmetric import ed25519

from bayward.cloud.storage.log_store import postgres, sqlite
from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.storage.log_store.sealer import Lines
from bayward.cloud.storage.log_store.sealers import Sealers
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.ledger.keys import Signer, ed25519_signer
from bayward.ledger.leaf import SALT_BYTES, Sealed, Value, seal, seal_lines
from bench.postgres import OWNER, WRITER, Server

ORIGIN = "bench.example/tenant/1"
SIGNER: Signer = ed25519_signer(ORIGIN, ed25519.Ed25519PrivateKey.generate())
_numbers = count()
_EVENT: dict[str, Value] = {
    "type": "access.granted",
    "time": 1_795_000_000_000,
    "tq": "S",
    "bank": "bnk_0123456789abcdefghjkmnpqrs",
    "compartment": "cmp_0123456789abcdefghjkmnpqrs",
    "parcel": "prc_0123456789abcdefghjkmnpqrs",
    "grant": "grt_0123456789abcdefghjkmnpqrs",
    "recipient": "prs_0123456789abcdefghjkmnpqrs",
    "method": "code",
    "command": "cmd_0123456789abcdefghjkmnpqrs",
    "door": "closed",
    "boot": 17,
}


def event() -> Sealed:
    """An event of 13 fields, sealed; salts from one draw."""
    return seal(fields(), os.urandom(SALT_BYTES * 13))


def entry() -> Lines:
    """The same as it is appended: an entry, and what opens it."""
    return seal_lines(fields(), os.urandom(SALT_BYTES * 13))


def fields() -> dict[str, Value]:
    """An event of 13 fields."""
    return _EVENT | {"seq": next(_numbers)}


def signers() -> Sequence[Signer]:
    return [SIGNER]


def sqlite_store(folder: Path) -> OneLog:
    path = folder / f"log{next(_numbers)}.sqlite"
    connection = sqlite.connect(path)
    sqlite.create(connection)
    connection.close()
    return OneLog(sqlite.SqliteLogs(lambda: sqlite.connect(path)), ORIGIN)


def postgres_store(server: Server) -> OneLog:
    with server.connect(OWNER) as owner:
        postgres.create(owner, WRITER)
    logs = postgres.PostgresLogs(lambda: server.connect(WRITER))
    return OneLog(logs, f"{ORIGIN}/{next(_numbers)}")


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients in a loop got."""

    rate: float  # receipts per second
    taken_us: list[float]
    rss_mib: float
    per_cpu_s: float  # receipts per second of CPU time, of this process and those that seal


@contextmanager
def opened(store: OneLog) -> Iterator[OneLog]:
    try:
        yield store
    finally:
        store.close()


def load(store: OneLog, clients: int, seconds: float, sealers: int = 0) -> Load:
    """Each client makes an entry, waits for its receipt, and makes the next.

    With processes that seal it waits for these first, and that is part of what its receipt took.
    """
    taken: list[float] = []
    used = 0.0

    async def client(sequencer: Sequencer, pool: Sealers, end: float) -> None:
        going = True  # once at least, however slow the machine is
        while going:
            if sealers:
                start = perf_counter_ns()
                leaf, opened = await pool.seal(fields())
            else:
                leaf, opened = entry()
                start = perf_counter_ns()
            await sequencer.append(store.origin, leaf, opened)
            taken.append((perf_counter_ns() - start) / 1_000)
            going = perf_counter() < end

    async def run() -> float:
        nonlocal used
        async with (
            Sealers(sealers, os.urandom) as pool,
            Sequencer(store.logs, lambda _: signers(), perf_counter) as sequencer,
        ):
            before, start = cpu_s(pool.at_work), perf_counter()
            end = start + seconds
            await asyncio.gather(*(client(sequencer, pool, end) for _ in range(clients)))
            used = cpu_s(pool.at_work) - before
            return perf_counter() - start

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        passed = runner.run(run())
    return Load(len(taken) / passed, taken, rss_mib(), len(taken) / used)


def cpu_s(others: Iterable[int]) -> float:
    """Seconds of CPU so far, of this process and these."""
    spent = [Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii") for pid in others]
    return process_time() + sum(int(one.split()[0]) for one in spent) / 1e9


def rss_mib() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
