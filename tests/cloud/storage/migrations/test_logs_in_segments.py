"""Logs of older programs are moved into segments: whole, proven, or not at all."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from bayward.cli.audit.stored import StoredLog, stored_logs
from bayward.cloud.audit import export, reader
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.anchoring import Anchoring
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import Place
from bayward.core.errors import Misconfigured
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.dense import stored_hash_count
from bayward.ledger.verify import verify_receipt
from cloud_bench import CloudBench, make, named
from ledger_bench import LOG
from older_database import grow_at_10, written_at_10

ENTRIES = 5_000  # more than two segments' worth


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bayward.db"
    written_at_10(path)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with another log that has many entries."""
    path = tmp_path_factory.mktemp("large") / "bayward.db"
    written_at_10(path)
    grow_at_10(path, LOG, (b"entry %d" % n for n in range(ENTRIES)))
    return path


def told(path: Path) -> dict[str, list[object]]:
    """Everything the logs hold: entries, hashes, and what the heads say."""
    with stored_logs(path) as logs:
        return {one.origin: list(_of(one)) for one in logs}


def _of(log: StoredLog) -> Iterator[object]:
    yield (log.header, log.size, log.root)
    yield from (entry.leaf for entry in log.entries())
    yield from log.read_hashes(range(stored_hash_count(log.size)))


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {row[0] for row in database.execute("SELECT name FROM sqlite_master")}


async def test_a_database_written_by_the_older_program_goes_on(path: Path) -> None:
    before = told(path)
    sizes = {origin.split("/")[1]: len(held) for origin, held in before.items()}
    assert set(sizes) == {"tenant", "bank", "anchor"}
    store = SqliteStore.open(path)
    try:
        cloud = make(store)
        assert not {"log_entry", "log_hash"} & tables(path)
        assert told(path) == before
        await receipts_hold(cloud)
        tenant = TenantId(named(TenantId, 1))
        event = Event(type=EventType.SIGN_IN_REFUSED, time=cloud.clock.at, method="code", reason="")
        await cloud.unit.write(lambda work: work.emit(event, tenant=tenant))
        await Anchoring(cloud.unit, []).enter()
        await receipts_hold(cloud)
    finally:
        store.close()


async def receipts_hold(cloud: CloudBench) -> None:
    """Each log verifies, and each entry has a receipt that does."""
    for number in (0, 1):
        tenant = TenantId(named(TenantId, number))
        for head in await cloud.do(audit.logs, tenant):
            assert (await cloud.do(export.verify, tenant, head.origin)).ok
            entries = await cloud.do(reader.entries, tenant, head.origin, 0, 999)
            assert len(entries) == head.size > 0
            for index in range(head.size):
                receipt = await cloud.do(audit.receipt, tenant, Place(head.origin, index))
                assert verify_receipt(receipt.text).ok


def test_entries_are_put_together(large: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(large, tmp_path))
    before = told(path)
    SqliteStore.open(path).close()
    assert told(path) == before
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT first, count FROM log_segment WHERE origin = ? ORDER BY first",
            (LOG.key.name,),
        ).fetchall()
    assert rows == [(0, 2048), (2048, 2048), (4096, ENTRIES - 4096)]


TOUCHES = {
    "entry": ("UPDATE log_entry SET leaf = x'00' WHERE idx = 3", "entries from 0 on"),
    "gap": ("DELETE FROM log_entry WHERE idx = 3", "gap at 3"),
    "hash": ("UPDATE log_hash SET hash = zeroblob(32) WHERE place = 5", "not the tree's"),
    "inner hash": ("DELETE FROM log_hash WHERE place = 6", "not the tree's"),
    "one hash more": (
        (
            "INSERT INTO log_hash SELECT tenant, origin, max(place) + 1, hash FROM log_hash"
            " GROUP BY origin"
        ),
        "a hash too many",
    ),
    "tail": ("DELETE FROM log_entry WHERE idx = 10", "not the tree's|root mismatch|gap"),
    "head": ("UPDATE log SET size = size - 1", "the head says something else"),
    "root": ("UPDATE log SET root = zeroblob(32)", "the head says something else"),
    "note": ("UPDATE log SET note = replace(note, 'lockers', 'other')", "note"),
    "no note": ("UPDATE log SET note = ''", "without a checkpoint"),
    "key": ("UPDATE log SET vkey = 'none'", "vkey"),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_audit_01_a_log_that_does_not_verify_is_refused_by_name(path: Path, touch: str) -> None:
    statement, why = TOUCHES[touch]
    with closing(sqlite3.connect(path)) as database, database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        assert database.execute(statement).rowcount > 0
    with pytest.raises(Misconfigured, match=r"database\.log_broken") as caught:
        SqliteStore.open(path)
    assert str(caught.value.facts["origin"]).startswith("lockers.example.com/")
    assert re.search(why, str(caught.value.facts["why"]))
    assert "log_entry" in tables(path)
    assert "log_segment" not in tables(path)


@pytest.mark.system
@pytest.mark.parametrize("seed", range(6))
def test_audit_11_killed_while_moving_nothing_is_half_moved(
    large: Path, tmp_path: Path, seed: int
) -> None:
    path = Path(shutil.copy(large, tmp_path))
    before = told(path)
    line = (
        "import sys; from pathlib import Path;"
        "from bayward.cloud.storage.sqlite import SqliteStore;"
        "print(flush=True); SqliteStore.open(Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", line, path], stdout=subprocess.PIPE) as moving:
        assert moving.stdout is not None
        moving.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            moving.wait(random.Random(seed).uniform(0, 0.25))
        moving.kill()
    assert ({"log_entry", "log_hash"} <= tables(path)) != ("log_segment" in tables(path))
    assert told(path) == before
    SqliteStore.open(path).close()
    assert told(path) == before


def test_an_older_file_can_still_be_checked(path: Path) -> None:
    with stored_logs(path) as logs:
        assert all(list(one.entries()) for one in logs)


def test_the_database_is_sound_afterwards(path: Path) -> None:
    SqliteStore.open(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()
