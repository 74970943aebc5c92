"""What a program with a mistake, or a hand at a shell, cannot do to a log in a file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bayward.cloud.storage.log_store.sqlite import LAYOUT
from log_store_bench import KEPT, REWRITES, keep, recheck, sqlite_kind

REPLACES = (
    "INSERT OR REPLACE INTO segment SELECT * FROM segment WHERE first = 0",
    "REPLACE INTO segment SELECT log, first, count, note, leaves, leaves, opened FROM segment",
    "INSERT OR REPLACE INTO hash_run SELECT log, 0, leaves FROM segment",
    "INSERT OR REPLACE INTO head SELECT log, origin, 0, NULL FROM head",
    "INSERT OR IGNORE INTO head SELECT log + 1, origin, 9, note FROM head",
    (
        "INSERT INTO segment SELECT * FROM segment WHERE first = 0"
        " ON CONFLICT DO UPDATE SET entries = x'00'"
    ),
)


def test_reading_a_hash_goes_through_no_table(tmp_path: Path) -> None:
    kind = sqlite_kind(tmp_path)
    keep(kind)
    shell = kind.raw()
    plan = [
        row[3] for row in shell.execute(f"EXPLAIN QUERY PLAN {LAYOUT.find_hashes}", ("[0]", 1, 1))
    ]
    shell.close()
    assert [one for one in plan if one.startswith("SCAN")] == ["SCAN wanted VIRTUAL TABLE INDEX 1:"]
    kind.close()


@pytest.mark.parametrize("statement", REWRITES)
def test_audit_02_past_rows_stay_in_sqlite(tmp_path: Path, statement: str) -> None:
    kind = sqlite_kind(tmp_path)
    keep(kind)
    shell = kind.raw()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(statement.format(""))
    shell.close()
    assert recheck(kind.store()) == KEPT
    kind.close()


@pytest.mark.parametrize("recursive", ["OFF", "ON"])
@pytest.mark.parametrize("statement", REPLACES)
def test_audit_02_replacing_is_no_way_around_it(
    tmp_path: Path, statement: str, recursive: str
) -> None:
    kind = sqlite_kind(tmp_path)
    keep(kind)
    shell = kind.raw()
    shell.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(statement)
    shell.close()
    assert recheck(kind.store()) == KEPT
    kind.close()
