"""Disks that are full under PostgreSQL: that of the tables, and that of the write-ahead log.

A disk here is a file system in memory, of a fixed size; only root may mount one, so it takes sudo
that does not ask.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bayward.cloud.storage.log_store import postgres
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.core.errors import Unavailable
from bench.postgres import OWNER, WRITER, Server, server, user_of_server
from ledger_bench import LOG, ORIGIN
from log_store_bench import Kind, postgres_database, postgres_kind, recheck

pytestmark = pytest.mark.system  # a server is started for it
AS_ROOT = () if os.geteuid() == 0 else ("sudo", "-n")
KIB = 1024
ENTRY_BYTES = 40 * KIB
SEGMENT_KIB = 1024  # of the write-ahead log


@dataclass(frozen=True, slots=True)
class Disk:
    """A small disk; `leave` fills it up to so much room, `free` takes the filling away."""

    folder: Path

    @property
    def filling(self) -> Path:
        return self.folder / "filling"

    def leave(self, room: int) -> None:
        self.free()
        found = os.statvfs(self.folder)
        with self.filling.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, found.f_bavail * found.f_frsize - room))

    def free(self) -> None:
        self.filling.unlink(missing_ok=True)


@contextmanager
def disk(mib: int) -> Iterator[Disk]:
    owner = user_of_server() or os.geteuid()
    with tempfile.TemporaryDirectory(prefix="disk-", dir="/tmp") as folder:
        size = f"size={mib}m,uid={owner},gid={owner},mode=700"
        subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run([*AS_ROOT, "umount", "-l", folder], check=True)


class Tries:
    """Entries that were given to a log, and what was said of each."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.sequencer = sequencer
        self.placed: dict[int, bytes] = {}
        self.refused: dict[bytes, str] = {}

    async def add(self, name: str) -> bool:
        """Append an entry; true when it has a place."""
        entry = name.encode().ljust(ENTRY_BYTES, b" ")
        try:
            placed = await self.sequencer.append(ORIGIN, entry)
        except Unavailable as error:
            self.refused[entry] = error.code
            return False
        self.placed[placed.index] = entry
        return True

    def check(self, kind: Kind) -> None:
        """All that has a place is kept, in its place, and nothing of what was refused is."""
        kept = recheck(kind.store())
        assert {index: kept[index] for index in self.placed} == self.placed
        assert set(self.refused.values()) <= {"storage.not_kept", "log.unknown"}
        doubtful = {one for one, code in self.refused.items() if code == "log.unknown"}
        assert set(kept) <= set(self.placed.values()) | doubtful
        assert len(set(kept)) == len(kept)


def on_tablespace(database: Server, small: Disk) -> Kind:
    with database.connect(OWNER) as owner:
        owner.execute(f"CREATE TABLESPACE small LOCATION '{small.folder}'".encode())
        owner.execute("CREATE DATABASE on_small TABLESPACE small")
    with database.connect(OWNER, "on_small") as owner:
        postgres.create(owner, WRITER)
    return postgres_kind(database, "on_small")


async def test_audit_11_a_full_disk_of_tables_keeps_all_or_nothing_and_heals() -> None:
    with disk(24) as small, server() as database:
        kind = on_tablespace(database, small)
        async with Sequencer(kind.logs(), lambda _: [LOG]) as sequencer:
            tries = Tries(sequencer)
            assert await tries.add("before")
            for room in range(0, 120 * KIB, 4 * KIB):
                small.leave(room)
                await tries.add(f"{room} bytes free")
                small.free()
            assert await tries.add("after"), "it goes on when there is room again"
        tries.check(kind)
        assert "storage.not_kept" in tries.refused.values(), "some did not fit"
        assert len(tries.placed) > 5
        kind.close()
        database.stop("immediate")  # it lets go of the disk
        database.start()
        tries.check(kind)
        kind.close()


async def test_audit_11_a_full_disk_of_the_write_ahead_log_stops_it_and_loses_nothing() -> None:
    """PostgreSQL ends itself then; what it had said yes to is there when it can start again."""
    with disk(32) as small, server(small.folder / "wal") as database:
        kind = postgres_kind(database, postgres_database(database, "logs"))
        async with Sequencer(kind.logs(), lambda _: [LOG]) as sequencer:
            tries = Tries(sequencer)
            assert await tries.add("before")
            small.leave(0)
            for number in range(4 * SEGMENT_KIB * KIB // ENTRY_BYTES):
                if not await tries.add(f"number {number}"):
                    break
            assert tries.refused, "the segment that was there is full"
            assert not await tries.add("while nothing answers")
            small.free()
            again(database)
            assert await tries.add("after"), "it goes on when there is room again"
        tries.check(kind)
        assert len(tries.placed) > 5
        assert "PANIC" in (database.folder / "log").read_text()
        kind.close()


def again(database: Server) -> None:
    """Start a server that has ended itself, unless it has come back by itself."""
    try:
        database.connect().close()
    except psycopg.OperationalError:
        database.control("restart", "-m", "immediate")
