"""Killed with SIGKILL while many write: what was answered is there, and nothing is half there."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

import cloud_bench
from bayward.cloud.storage.schema import tenant
from bayward.cloud.storage.sqlite import SqliteStore

pytestmark = pytest.mark.system
EVERY = sa.select(tenant.c.tenant)

WRITER = """
import asyncio, sys
from pathlib import Path
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.storage.schema import tenant

def pair(tx, name):
    for half in "ab":
        row = {"tenant": name + half, "name": "x" * 500, "directory_revision": 0, "created_at": 0}
        tx.execute(tenant.insert().values(row))
    return name

async def one(store, lane):
    for number in range(10**6):
        name = await store.write(lambda tx: pair(tx, f"{lane}.{number}."))
        sys.stdout.write(name + "\\n")
        sys.stdout.flush()

async def main():
    store = SqliteStore.open(Path(sys.argv[1]))
    await asyncio.gather(*(one(store, lane) for lane in range(8)))

asyncio.run(main())
"""


def killed_while_writing(path: Path, seed: int) -> list[str]:
    """What the writer had answered for when it was killed."""
    until = random.Random(seed).randrange(20, 400)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        answered = [writer.stdout.readline().strip() for _ in range(until)]
        writer.kill()
        return answered + [line.strip() for line in writer.stdout if line.endswith("\n")]


@pytest.mark.parametrize("seed", range(4))
async def test_audit_11_every_answer_survives_a_kill(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "cloud.db"
    path.write_bytes(cloud_bench.template())
    answered = killed_while_writing(path, seed)
    store = SqliteStore.open(path)
    kept = set(await store.read(lambda tx: list(tx.execute(EVERY).scalars())))
    store.close()
    assert {name + half for name in answered for half in "ab"} <= kept
    assert all({name[:-1] + "a", name[:-1] + "b"} <= kept for name in kept)
