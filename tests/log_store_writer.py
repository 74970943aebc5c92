"""A process that appends until it is killed, and says of each entry when it is durable."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psycopg

from bayward.cloud.storage.log_store import sqlite
from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.storage.log_store.postgres import PostgresLogs
from bayward.cloud.storage.log_store.sequencer import Sequencer
from ledger_bench import LOG

CLIENTS = 8


def store_at(kind: str, where: str, origin: str, database: str = "") -> OneLog:
    if kind == "sqlite":
        return OneLog(sqlite.SqliteLogs(lambda: sqlite.connect(Path(where))), origin)
    logs = PostgresLogs(lambda: psycopg.connect(host=where, dbname=database, user="writer"))
    return OneLog(logs, origin)


async def main(run: str, where: str, *address: str) -> None:
    store = store_at(*address)
    stopwatch = (lambda: 0.0) if where == "loop" else None
    async with Sequencer(store.logs, lambda _: [LOG], stopwatch) as sequencer:

        async def client(number: int) -> None:
            for n in range(1_000_000):
                entry = f"{run}-{number}-{n}"
                placed = await sequencer.append(store.origin, entry.encode())
                print(placed.index, entry, flush=True)

        await asyncio.gather(*(client(number) for number in range(CLIENTS)))


asyncio.run(main(*sys.argv[1:]))
