"""A process that appends until it is killed, and says of each entry when it is durable."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psycopg

from bayward.cloud.storage.log_store import sqlite
from bayward.cloud.storage.log_store.postgres import PostgresLogStore
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.ledger.log import Store
from ledger_bench import LOG

CLIENTS = 8


def store_at(kind: str, where: str, origin: str, database: str = "") -> Store:
    if kind == "sqlite":
        return sqlite.SqliteLogStore(lambda: sqlite.connect(Path(where)), origin)
    return PostgresLogStore(
        lambda: psycopg.connect(host=where, dbname=database, user="writer"), origin
    )


async def main(run: str, *address: str) -> None:
    async with Sequencer(store_at(*address), lambda: [LOG]) as sequencer:

        async def client(number: int) -> None:
            for n in range(1_000_000):
                entry = f"{run}-{number}-{n}"
                placed = await sequencer.append(entry.encode())
                print(placed.index, entry, flush=True)

        await asyncio.gather(*(client(number) for number in range(CLIENTS)))


asyncio.run(main(*sys.argv[1:]))
