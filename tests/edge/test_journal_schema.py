from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Misconfigured
from bayward.core.events import Event, EventType
from bayward.edge import journal_schema
from bayward.edge.journal import Journal, JournalSetup

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)
TAG = "c0ffee" * 10


def opened(number: int) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")


def issued(tag: str | None = TAG) -> Event:
    return Event(
        type=EventType.GRANT_ISSUED,
        time=NOON,
        grant="grt_1",
        parcel="prc_1",
        compartment="cmp_1",
        recipient="prs_1",
        not_after=NOON + 1,
        tag=tag,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET leaf = x'00' WHERE place = 1",
        "DELETE FROM entry WHERE place = 1",
        "INSERT OR REPLACE INTO entry VALUES (1, x'00', '')",
        "INSERT INTO entry VALUES (7, x'00', '')",
        "UPDATE hash SET hash = x'00'",
        "INSERT OR REPLACE INTO hash VALUES (0, x'00')",
        "DELETE FROM local_field",
        "INSERT OR REPLACE INTO local_field VALUES (0, '')",
        "UPDATE head SET size = 1",
        "DELETE FROM head",
        "INSERT OR REPLACE INTO head SELECT * FROM head",
        "UPDATE identity SET bank = 'bank_other'",
        "INSERT OR REPLACE INTO identity SELECT * FROM identity",
    ],
)
def test_audit_02_tables_refuse_to_be_rewritten(make_setup: SetupMaker, statement: str) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([issued(), opened(2)])
    journal.close()
    connection = journal_schema.connect(setup.path)
    journal_schema.prepare(connection)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


def test_a_newer_journal_is_refused(make_setup: SetupMaker) -> None:
    setup = make_setup()
    Journal.open(setup).close()
    with sqlite3.connect(setup.path) as connection:
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(Misconfigured, match=r"journal\.newer \(found=3, known=2\)"):
        Journal.open(setup)


def test_files_of_other_programs_are_refused(make_setup: SetupMaker, tmp_path: Path) -> None:
    database = tmp_path / "cookies.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE cookie (name TEXT)")
    connection.close()
    with pytest.raises(Misconfigured, match=r"journal\.foreign_file"):
        Journal.open(make_setup(path=database))
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100)
    with pytest.raises(Misconfigured, match=r"journal\.damaged"):
        Journal.open(make_setup(path=text))
