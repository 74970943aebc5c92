from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bayward.cloud.storage import migrations, sqlite
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import GROUP_MAX, SqliteStore, make_engine, run_group
from bayward.core.errors import Conflict, LimitExceeded, Misconfigured, Unavailable


def add(tx: sa.Connection, name: str, size: int = 1) -> str:
    row = {"tenant": name, "name": name * size, "directory_revision": 0, "created_at": 0}
    tx.execute(s.tenant.insert().values(row))
    return name


def adding(name: str, size: int = 1) -> Callable[[sa.Connection], str]:
    return lambda tx: add(tx, name, size)


def pragma(text: str) -> Callable[[sa.Connection], Any]:
    return lambda tx: tx.exec_driver_sql(f"PRAGMA {text}").scalar()


class Busy:
    """Keeps the writer busy until it is let go."""

    def __init__(self) -> None:
        self.started, self.gate = threading.Event(), threading.Event()

    def __call__(self, tx: sa.Connection) -> bool:
        del tx
        self.started.set()
        return self.gate.wait(10)

    @classmethod
    async def of(cls, store: SqliteStore) -> tuple[Callable[[], None], asyncio.Future[bool]]:
        busy = cls()
        task = asyncio.ensure_future(store.write(busy))
        await asyncio.to_thread(busy.started.wait)
        return busy.gate.set, task


def names(tx: sa.Connection) -> list[str]:
    return list(tx.execute(sa.select(s.tenant.c.tenant).order_by("tenant")).scalars())


async def test_what_was_written_is_read_and_survives_closing(path: Path) -> None:
    store = SqliteStore.open(path)
    assert await store.write(lambda tx: add(tx, "a")) == "a"
    assert await store.read(names) == ["a"]
    store.close()
    again = SqliteStore.open(path)
    assert await again.read(names) == ["a"]
    again.close()


async def test_settings_are_the_ones_that_keep_promises(store: SqliteStore) -> None:
    def ask(tx: sa.Connection) -> dict[str, object]:
        asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        return {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked}

    told = await store.write(ask)
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }


async def test_many_writers_share_a_transaction(store: SqliteStore) -> None:
    commits = 0

    def count(_: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(store._engine, "commit", count)
    let_go, first = await Busy.of(store)
    rest = [asyncio.ensure_future(store.write(adding(f"t{n:03}"))) for n in range(60)]
    await asyncio.sleep(0)
    let_go()
    assert await first
    assert await asyncio.gather(*rest) == [f"t{n:03}" for n in range(60)]
    assert commits == 2


async def test_one_that_fails_does_not_take_the_others_along(store: SqliteStore) -> None:
    def refuse(tx: sa.Connection) -> str:
        add(tx, "half")
        raise Conflict("no")

    let_go, held = await Busy.of(store)
    three = (adding("before"), refuse, adding("after"))
    waiting = [asyncio.ensure_future(store.write(one)) for one in three]
    await asyncio.sleep(0)
    let_go()
    await held
    before, refused, later = await asyncio.gather(*waiting, return_exceptions=True)
    assert (before, later) == ("before", "after")
    assert isinstance(refused, Conflict)
    assert await store.read(names) == ["after", "before"]


async def test_a_full_disk_is_told_and_leaves_nothing_half_written(store: SqliteStore) -> None:
    """Every amount of room, from none to enough: all or nothing."""
    await store.scrub(is_whole=True)  # no room left by tables of older revisions
    pages = await store.read(pragma("page_count"))

    def three(tx: sa.Connection) -> list[str]:
        return [add(tx, name, size=9_000) for name in ("a", "b", "c")]

    refused = 0
    for room in range(20):
        await store.write(pragma(f"max_page_count={pages + room}"))
        [told] = await asyncio.gather(store.write(three), return_exceptions=True)
        kept = await store.read(names)
        if not isinstance(told, Unavailable):
            assert told == kept == ["a", "b", "c"]
            break
        assert (told.code, told.facts) == ("storage.full", {"cause": "full"})
        assert kept == []
        refused += 1
    assert 3 < refused < 20


async def test_a_full_disk_refuses_each_of_a_group(store: SqliteStore) -> None:
    await store.scrub(is_whole=True)  # no room left by tables of older revisions
    pages = await store.read(pragma("page_count"))
    await store.write(pragma(f"max_page_count={pages}"))
    big = [store.write(adding(f"t{n}", 9_000)) for n in range(5)]
    told = await asyncio.gather(*big, return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in told)
    await store.write(pragma(f"max_page_count={pages + 100}"))
    assert await store.write(adding("small")) == "small"


async def test_a_disk_gone_read_only_is_told(store: SqliteStore) -> None:
    await store.write(lambda tx: tx.exec_driver_sql("PRAGMA query_only=ON"))
    with pytest.raises(Unavailable) as caught:
        await store.write(lambda tx: add(tx, "a"))
    assert caught.value.facts == {"cause": "read_only"}


async def test_a_reader_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(Unavailable):
        await store.read(lambda tx: add(tx, "a"))
    assert await store.read(names) == []


async def test_reading_goes_on_while_somebody_writes(store: SqliteStore) -> None:
    gate = threading.Event()

    def slow(tx: sa.Connection) -> None:
        add(tx, "slow")
        gate.wait(10)

    writing = asyncio.ensure_future(store.write(slow))
    await asyncio.sleep(0)
    assert await store.read(names) == []
    gate.set()
    await writing
    assert await store.read(names) == ["slow"]


async def test_a_waiter_that_left_changes_nothing(store: SqliteStore) -> None:
    let_go, held = await Busy.of(store)
    left = asyncio.ensure_future(store.write(adding("left")))
    await asyncio.sleep(0)
    left.cancel()
    let_go()
    await held
    await store.write(adding("stayed"))
    assert await store.read(names) == ["left", "stayed"]


async def test_too_many_waiting_is_said_at_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "QUEUE_MAX", 3)
    let_go, held = await Busy.of(store)
    waiting = [asyncio.ensure_future(store.write(adding(f"t{n}"))) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(LimitExceeded):
        await store.write(adding("too many"))
    let_go()
    await asyncio.gather(held, *waiting)


async def test_closing_writes_what_waits_and_takes_nothing_more(path: Path) -> None:
    store = SqliteStore.open(path)
    count = 2 * GROUP_MAX
    waiting = [asyncio.ensure_future(store.write(adding(f"{n:04}"))) for n in range(count)]
    await asyncio.sleep(0)
    store.close()
    store.close()
    assert len(await asyncio.gather(*waiting)) == count
    with pytest.raises(Unavailable):
        await store.write(adding("late"))
    with pytest.raises(Unavailable):
        await store.read(names)


async def test_a_second_process_is_refused(store: SqliteStore, path: Path) -> None:
    assert store is not None
    with pytest.raises(Misconfigured) as caught:
        SqliteStore.open(path)
    assert caught.value.code == "database.in_use"


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num='9999'")
    raw.close()
    with pytest.raises(Misconfigured) as caught:
        SqliteStore.open(path)
    assert caught.value.code == "database.newer"
    assert caught.value.facts["found"] == "9999"
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT * FROM alembic_version").fetchall() == [("9999",)]
        raw.execute("UPDATE alembic_version SET version_num=?", [migrations.head()])
    raw.close()
    SqliteStore.open(path).close()  # the lock was given back


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cloud.db"
    path.write_bytes(b"not a database, but long enough to be read as one" * 50)
    with pytest.raises(Misconfigured) as caught:
        SqliteStore.open(path)
    assert caught.value.code == "database.unreadable"


def test_a_place_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured) as caught:
        SqliteStore.open(tmp_path / "file" / "cloud.db")
    assert caught.value.code == "database.unreachable"


def test_what_one_engine_compiled_serves_every_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_compiled", sa.util.LRUCache(10))
    for folder in ("one", "two"):
        one = path.with_name(f"{folder}.db")
        for is_reader in (False, True):
            engine = make_engine(one, is_reader=is_reader)
            with engine.connect() as connection, connection.begin():
                assert connection.execute(sa.select(sa.literal(folder))).scalar() == folder
            engine.dispose()
    assert len(sqlite._compiled) == 1


def test_a_failure_at_any_statement_leaves_all_or_nothing(path: Path) -> None:
    """The n-th call to the database fails, for every n, also the COMMIT itself."""
    engine = make_engine(path)
    left = 0

    def fail(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError("the n-th call")

    def adding_two(name: str) -> Callable[[sa.Connection], list[str]]:
        return lambda tx: [add(tx, f"{name}.{half}") for half in "ab"]

    sa.event.listen(engine, "before_cursor_execute", fail)
    sa.event.listen(engine, "commit", fail)
    with engine.connect() as connection:
        for nth in range(1, 40):
            left = nth
            outcomes = run_group(connection, [adding_two(f"{nth}.{n}") for n in "xy"])
            is_through, left = left > 0, 0
            with connection.begin():
                kept = [name for name in names(connection) if name.startswith(f"{nth}.")]
            told = [name for result, _ in outcomes if isinstance(result, list) for name in result]
            assert kept == told, f"call {nth}"
            if is_through:
                break
    engine.dispose()
    assert 5 < nth < 39


def on_disk(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


async def test_nothing_deleted_is_left_in_the_files(store: SqliteStore, path: Path) -> None:
    word = b"a-word-to-be-forgotten"
    await store.write(adding(word.decode()))
    assert word in on_disk(path)
    await store.write(lambda tx: tx.execute(s.tenant.delete()))
    await store.scrub()
    assert word not in on_disk(path)
    await store.scrub(is_whole=True)
    store.close()
    with pytest.raises(Unavailable):
        await store.scrub()


async def test_a_scrub_says_so_when_somebody_reads_an_old_snapshot(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PRAGMAS", tuple(
        "busy_timeout=0" if one.startswith("busy") else one for one in sqlite.PRAGMAS
    ))  # fmt: skip
    await store.write(adding("first"))
    with sqlite3.connect(path) as raw:
        raw.execute("BEGIN")
        raw.execute("SELECT * FROM tenant").fetchall()
        await store.write(adding("second"))
        with pytest.raises(Unavailable) as caught:
            await store.scrub()
        assert caught.value.code == "storage.failed"
        raw.execute("COMMIT")
    raw.close()
    await store.scrub()
