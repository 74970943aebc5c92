"""A process that appends until it is killed, and says of each entry when it is durable."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psycopg

from bayward.cloud.storage.log_store import sqlite
from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.storage.log_store.postgres import PostgresLogs
from bayward.cloud.storage.log_store.sealers import Sealers
from bayward.cloud.storage.log_store.sequencer import Sequencer
from ledger_bench import LOG

CLIENTS = {"thread": 8, "loop": 8, "sealers": 48}


def store_at(kind: str, where: str, origin: str, database: str = "") -> OneLog:
    if kind == "sqlite":
        return OneLog(sqlite.SqliteLogs(lambda: sqlite.connect(Path(where))), origin)
    logs = PostgresLogs(lambda: psycopg.connect(host=where, dbname=database, user="writer"))
    return OneLog(logs, origin)


async def main(run: str, where: str, *address: str) -> None:
    store = store_at(*address)
    stopwatch = None if where == "thread" else lambda: 0.0
    async with (
        Sealers(int(where == "sealers"), os.urandom) as pool,
        Sequencer(store.logs, lambda _: [LOG], stopwatch) as sequencer,
    ):

        async def client(number: int) -> None:
            for n in range(1_000_000):
                entry = f"{run}-{number}-{n}".encode()
                if where == "sealers":
                    entry, _ = await pool.seal({"n": entry.decode()})
                placed = await sequencer.append(store.origin, entry)
                print(placed.index, entry.decode(), flush=True)

        await asyncio.gather(*(client(number) for number in range(CLIENTS[where])))


asyncio.run(main(*sys.argv[1:]))
