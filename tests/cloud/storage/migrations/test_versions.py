from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bayward.cloud.storage import migrations, schema
from bayward.cloud.storage.inline import InlineStore
from bayward.core.errors import Misconfigured
from cloud_bench import CloudBench


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
        "DELETE FROM log_entry WHERE idx = 0",
        "UPDATE log_entry SET leaf = x'00' WHERE idx = 0",
        "UPDATE log_entry SET idx = 77 WHERE idx = 0",
        "INSERT OR REPLACE INTO log_entry SELECT tenant, origin, idx, x'00' FROM log_entry",
        "DELETE FROM log_hash WHERE place = 0",
        "UPDATE log_hash SET hash = x'00'",
        "INSERT OR REPLACE INTO log_hash SELECT tenant, origin, place, x'00' FROM log_hash",
    ],
)
async def test_audit_02_entries_are_guarded_against_accidents(
    cloud: CloudBench, attack: str
) -> None:
    await cloud.tenant()
    with pytest.raises(sa.exc.IntegrityError, match="only grows"), cloud.tx.begin():
        cloud.tx.exec_driver_sql(attack)


async def test_a_field_can_be_erased_from_an_entry(cloud: CloudBench) -> None:
    await cloud.tenant()
    with cloud.tx.begin():
        cloud.tx.exec_driver_sql("DELETE FROM disclosure WHERE idx = 0")
