from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bayward.cloud.storage import migrations, schema
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.core.errors import Misconfigured
from cloud_bench import CloudBench
from older_database import at_revision


def test_the_migrations_and_the_schema_say_the_same() -> None:
    store = InlineStore()
    context = MigrationContext.configure(store.connection, opts={"compare_type": True})
    assert compare_metadata(context, schema.metadata) == []
    built = sa.create_engine("sqlite://")
    schema.metadata.create_all(built)
    with built.connect() as other:
        for table in schema.metadata.tables:
            sql = sa.text("SELECT sql FROM sqlite_master WHERE name = :name")
            made = store.connection.execute(sql, {"name": table}).scalar_one()
            declared = other.execute(sql, {"name": table}).scalar_one()
            assert sorted(_parts(made)) == sorted(_parts(declared)), table
    built.dispose()
    store.close()


def _parts(sql: str) -> list[str]:
    """What a table is made of; a column added later stands on the line of the one before."""
    inside = sql[sql.index("(") + 1 : sql.rindex(")")]
    return [part.strip() for part in inside.split(",")]


def test_upgrading_twice_changes_nothing() -> None:
    store = InlineStore()
    before = store.serialize()
    with store.connection.begin():
        migrations.upgrade(store.connection)
    assert store.serialize() == before
    store.close()


def test_a_newer_revision_is_refused() -> None:
    store = InlineStore()
    with store.connection.begin():
        store.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '7777'")
    with pytest.raises(Misconfigured) as caught, store.connection.begin():
        migrations.upgrade(store.connection)
    assert caught.value.facts == {"found": "7777", "known": migrations.head()}
    store.close()


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM log_segment WHERE first = 0",
        "UPDATE log_segment SET entries = x'00' WHERE first = 0",
        "UPDATE log_segment SET first = 77 WHERE first = 0",
        "UPDATE log_segment SET count = count",
        "INSERT OR REPLACE INTO log_segment SELECT * FROM log_segment",
        "INSERT INTO log_segment SELECT tenant, origin, 1, count, entries FROM log_segment",
        "INSERT INTO log_segment SELECT tenant, origin, 9, count, entries FROM log_segment",
        "DELETE FROM log_hash_run WHERE place = 0",
        "UPDATE log_hash_run SET run = x'00'",
        "INSERT OR REPLACE INTO log_hash_run SELECT * FROM log_hash_run",
        "INSERT INTO log_hash_run SELECT tenant, origin, 7, run FROM log_hash_run",
        "INSERT INTO log_hash_run SELECT tenant, origin, 1, x'00' FROM log_hash_run",
        "DELETE FROM log",
        "UPDATE log SET size = 0",
        "UPDATE log SET origin = 'another'",
        "INSERT OR REPLACE INTO log SELECT * FROM log",
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
async def test_audit_02_entries_are_guarded_against_accidents(
    cloud: CloudBench, attack: str, recursive: str
) -> None:
    await cloud.tenant()
    cloud.tx.exec_driver_sql(f"PRAGMA recursive_triggers = {recursive}")
    cloud.tx.exec_driver_sql("PRAGMA foreign_keys = OFF")
    cloud.tx.rollback()
    told = "only grows|begins once|no log is deleted|never goes back"
    with pytest.raises(sa.exc.IntegrityError, match=told), cloud.tx.begin():
        cloud.tx.exec_driver_sql(attack)


async def test_a_field_can_be_erased_from_an_entry(cloud: CloudBench) -> None:
    await cloud.tenant()
    with cloud.tx.begin():
        cloud.tx.exec_driver_sql("DELETE FROM disclosure WHERE idx = 0")


def test_an_erasure_that_waits_goes_on_waiting(tmp_path: Path) -> None:
    path = tmp_path / "bayward.db"
    at_revision(path, "0025")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO tenant VALUES ('ten', 'One', 0, 0, NULL)")
        old.execute(
            "INSERT INTO person (tenant, person, language, state, created_at)"
            " VALUES ('ten', 'prs_x', 'en', 'active', 0)"
        )
        old.execute(
            "INSERT INTO erasure VALUES ('ten', 'prs_x', 'prs_y', 'objection', 5, 9, 'hold.active')"
        )
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as new:
        assert new.execute("SELECT * FROM erasure").fetchall() == [
            ("ten", "prs_x", "prs_y", "objection", 5, 9, "hold.active", 0)
        ]
        new.execute(
            "INSERT INTO erasure VALUES ('ten', 'pty_x', 'prs_y', 'objection', 5, 9, NULL, 1)"
        )
        assert new.execute("PRAGMA foreign_key_check").fetchall() == []
