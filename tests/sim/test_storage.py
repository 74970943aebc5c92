from __future__ import annotations

import sqlite3

import pytest

from bayward.core.errors import Misconfigured
from bayward.edge.journal_reader import LogReader
from bayward.sim.storage import JOURNAL, Disk, Mark, PowerCut


@pytest.fixture
def disk() -> Disk:
    disk = Disk()
    card = disk.connect(JOURNAL)
    card.execute("CREATE TABLE t (x)")
    return disk


def rows(disk: Disk) -> list[int]:
    return [row[0] for row in disk.connect(JOURNAL).execute("SELECT x FROM t ORDER BY x")]


def put(disk: Disk, value: int) -> None:
    card = disk.connect(JOURNAL)
    card.execute("BEGIN IMMEDIATE")
    card.execute("INSERT INTO t VALUES (?)", (value,))
    card.execute("COMMIT")


def test_what_is_committed_outlives_the_power_and_the_rest_does_not(disk: Disk) -> None:
    put(disk, 1)
    card = disk.connect(JOURNAL)
    card.execute("BEGIN IMMEDIATE")
    card.execute("INSERT INTO t VALUES (2)")
    disk.lose_power()
    assert rows(disk) == [1]
    put(disk, 3)
    assert rows(disk) == [1, 3]


@pytest.mark.parametrize("touch", [1, 2, 3])
def test_the_plug_is_pulled_at_the_touch_that_was_chosen(disk: Disk, touch: int) -> None:
    disk.cut_in = touch
    with pytest.raises(PowerCut):
        put(disk, 1)
    disk.lose_power()
    assert rows(disk) == []


@pytest.mark.parametrize(("is_kept", "expected"), [(True, [1]), (False, [])])
def test_a_commit_that_fails_may_have_been_kept(
    disk: Disk, is_kept: bool, expected: list[int]
) -> None:
    disk.is_kept_when_failed = is_kept
    disk.fail_in = 3
    with pytest.raises(sqlite3.OperationalError, match="I/O"):
        put(disk, 1)
    disk.connect(JOURNAL).close()
    assert rows(disk) == expected


def test_a_full_disk_can_be_read(disk: Disk) -> None:
    put(disk, 1)
    disk.is_full = True
    with pytest.raises(sqlite3.OperationalError, match="full"):
        put(disk, 2)
    assert rows(disk) == [1]


def test_looking_from_beside_neither_counts_nor_fails(disk: Disk) -> None:
    disk.cut_in = 1
    touches = disk.touches
    with disk.beside():
        assert rows(disk) == []
    assert disk.touches == touches


@pytest.mark.parametrize("with_mark", [True, False])
def test_an_old_card_comes_back_with_its_notes(disk: Disk, with_mark: bool) -> None:
    put(disk, 1)
    disk.notes["governor"] = "then"
    disk.mark.write(JOURNAL, 1, b"then")
    image = disk.image()
    put(disk, 2)
    disk.notes["governor"] = "now"
    disk.mark.write(JOURNAL, 2, b"now")
    disk.restore(image, with_mark=with_mark)
    assert rows(disk) == [1]
    assert disk.notes["governor"] == "then"
    assert disk.mark.told == ((1, b"then") if with_mark else (2, b"now"))


def test_a_mark_remembers_a_journal_that_is_gone() -> None:
    mark = Mark()
    mark.check_absent(JOURNAL)
    mark.begun(JOURNAL)
    with pytest.raises(Misconfigured, match=r"journal\.lost"):
        mark.check_absent(JOURNAL)
    mark.write(JOURNAL, 3, bytes(32))
    with pytest.raises(Misconfigured, match=r"journal\.rolled_back"):
        mark.check_absent(JOURNAL)
    with pytest.raises(Misconfigured, match=r"journal\.rolled_back"):
        mark.check(JOURNAL, LogReader(sqlite3.connect(":memory:"), 2))
