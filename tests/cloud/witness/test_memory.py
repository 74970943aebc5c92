"""The file of a witness: one step at a time, never back, whatever goes wrong."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bayward.cloud.witness.memory import SUSPECTS_MAX, WitnessFile
from bayward.core.errors import Misconfigured, Unavailable
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Unverified
from bayward.ledger.keys import cosigner
from bayward.ledger.log import plan_append
from bayward.ledger.witness import add_checkpoint, origin_hash, parse_kept
from ledger_bench import LOG, ORIGIN, ed25519_key, witness
from mirror_bench import MIRROR, Source, World

NAME = "example.com/witness"
SOURCE = Source(700)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "witness.db"


@pytest.fixture
def file(path: Path) -> Iterator[WitnessFile]:
    with closing(WitnessFile(path, NAME)) as opened:
        yield opened


def see(file: WitnessFile, old: int, new: int, source: Source = SOURCE) -> int:
    logs = {ORIGIN: [LOG.key]}
    body = source.request(old, new)
    return add_checkpoint(body, logs, lambda: [witness()], file, file.suspect).status


def kept(file: WitnessFile) -> int:
    note = file.newest(ORIGIN)
    return 0 if note is None else parse_kept(note).size


def test_it_remembers_over_a_restart(path: Path) -> None:
    for old, new in ((0, 3), (3, 9), (9, 700)):
        with closing(WitnessFile(path, NAME)) as file:
            assert see(file, old, new) == 200
            assert see(file, old, new) == 409
    with closing(WitnessFile(path, NAME)) as file:
        assert kept(file) == 700
        found = file.newest_by_hash(origin_hash(ORIGIN))
        assert found == (ORIGIN, file.newest(ORIGIN))
        assert file.newest_by_hash(origin_hash("x")) is None
        assert file.newest_by_hash(origin_hash(ORIGIN), is_mirror=True) is None


def test_a_step_that_raises_keeps_nothing(file: WitnessFile) -> None:
    def fail(_: str | None) -> str:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        file.step(ORIGIN, fail)
    assert kept(file) == 0
    assert see(file, 0, 5) == 200
    with pytest.raises(OSError, match="no"):
        file.step(ORIGIN, fail)
    assert kept(file) == 5


def test_audit_16_racing_requests_over_two_connections_never_roll_back(path: Path) -> None:
    """Each of 24 clients says `old 0`: one of them wins, all others are told the winner's size."""
    with closing(WitnessFile(path, NAME)) as one, closing(WitnessFile(path, NAME)) as two:
        start = threading.Barrier(24)
        statuses: list[tuple[int, int]] = []

        def run(number: int) -> None:
            start.wait()
            size = number + 1
            statuses.append((see(one if number % 2 else two, 0, size), size))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(24)]
        for one_thread in threads:
            one_thread.start()
        for one_thread in threads:
            one_thread.join()
        won = [size for status, size in statuses if status == 200]
        assert len(won) == 1
        assert sorted({status for status, _ in statuses}) == [200, 409]
        assert kept(one) == kept(two) == won[0]


def test_audit_02_the_memory_of_a_witness_refuses_to_go_back(file: WitnessFile, path: Path) -> None:
    see(file, 0, 9)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA recursive_triggers = ON")
        for statement in (
            "UPDATE log SET size = 3",
            "DELETE FROM log",
            "INSERT OR REPLACE INTO log (origin, hash) SELECT origin, 'x' FROM log",
            "UPDATE log SET following = -1",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="a witness never"):
                db.execute(statement)


def test_contradictions_are_kept_once_and_not_without_end(file: WitnessFile) -> None:
    see(file, 0, 9)
    other = Source(700, b"other %d")
    assert [see(file, 9, 20, other), see(file, 9, 20, other)] == [422, 422]
    (pair,) = file.suspects(ORIGIN)
    assert [parse_kept(note).size for note in pair] == [9, 20]
    for size in range(30, 30 + SUSPECTS_MAX + 5):
        see(file, 9, size, other)
    assert len(file.suspects(ORIGIN)) == SUSPECTS_MAX


def test_files_that_are_not_ours(file: WitnessFile, path: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="other_name"):
        WitnessFile(path, "example.com/another")
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE x (y)")
    with pytest.raises(Misconfigured, match="foreign_file"):
        WitnessFile(foreign, NAME)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(Misconfigured, match="newer_file"):
        WitnessFile(path, NAME)
    torn = tmp_path / "torn.db"
    torn.write_bytes(b"SQLite format 3\0" + b"\xff" * 200)
    with pytest.raises(Unavailable, match="not_writable"):
        WitnessFile(torn, NAME)


def mirror_world(file: WitnessFile) -> World:
    world = World(700)
    store = file.mirror_of(ORIGIN)
    world.mirror = type(world.mirror)(
        logs=world.mirror.logs,
        open_store=file.mirror_of,
        cosigners=world.cosigners,
        secret=b"s" * 32,
    )
    assert see(file, 0, 700) == 200
    assert store.read().frontier.size == 0
    return world


def test_audit_09_a_mirror_goes_on_after_any_restart(path: Path) -> None:
    with closing(WitnessFile(path, NAME)) as file:
        world = mirror_world(file)
        assert world.bring(0, 700, packages=1).status == 202
    with closing(WitnessFile(path, NAME)) as file:
        world.mirror = type(world.mirror)(
            logs=world.mirror.logs,
            open_store=file.mirror_of,
            cosigners=world.cosigners,
            secret=b"t" * 32,
        )
        assert world.bring(256, 700).status == 200
        found = file.newest_by_hash(origin_hash(ORIGIN), is_mirror=True)
        assert found is not None
        mirror = cosigner(MIRROR, ed25519_key("mirror"), 1).key
        assert open_checkpoint(found[1], LOG.key, [mirror]).checkpoint.size == 700
        assert file.mirror_of(ORIGIN).read_entries(0, 700) == world.source.entries
        assert file.mirror_of(ORIGIN).read_entries(699, 900) == world.source.entries[699:]


def test_entries_somebody_else_brought_are_not_kept_twice(file: WitnessFile) -> None:
    store = file.mirror_of(ORIGIN)
    see(file, 0, 700)
    append = plan_append(Frontier(), SOURCE.entries[:5])
    assert store.add(append) == append.frontier
    assert store.add(append) == append.frontier
    late = plan_append(Frontier(), SOURCE.entries[:3])
    assert store.add(late) == append.frontier
    assert store.read_entries(0, 9) == SOURCE.entries[:5]


def test_lost_hashes_are_noticed(file: WitnessFile, path: Path) -> None:
    store = file.mirror_of(ORIGIN)
    see(file, 0, 700)
    store.add(plan_append(Frontier(), SOURCE.entries[:5]))
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM hash WHERE place = 6")
        db.commit()
    with pytest.raises(Unverified, match="place 6"):
        store.read()
