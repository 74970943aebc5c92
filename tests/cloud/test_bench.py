"""That a story put into a control plane is the one that is told there."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import bench_snapshot
import cloud_bench
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.storage.sqlite import make_engine
from cloud_bench import BankTwin, CloudBench


async def go_on(bank: BankTwin) -> BankTwin:
    """What happens next needs the database, the keys, the time and the bank's log."""
    bank.collect(2)
    await bank.upload(bank.bench.ingest)
    return bank


def size_of(cloud: CloudBench) -> dict[str, int]:
    with cloud.tx.begin():
        names = cloud.tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: cloud.tx.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
            for (name,) in names.all()
        }


async def test_a_story_goes_on_from_a_copy_as_from_itself(cloud: CloudBench) -> None:
    original = await go_on(await cloud_bench.tell(cloud_bench.make()))
    copies = [await cloud_bench.story(one) for one in (cloud, cloud_bench.make())]
    assert cloud.told == copies[1].bench.told
    first, second = [await go_on(one) for one in copies]
    for one in (first, second):
        assert one.bench.told == original.bench.told
        assert one.log.entries == original.log.entries
        assert one.told is not None
        assert one.told.acked == one.log.size
        assert size_of(one.bench) == size_of(original.bench)
    assert first.log.entries is not second.log.entries


@pytest.mark.parametrize("is_told", [False, True])
async def test_where_something_has_happened_it_is_told_on_the_spot(
    cloud: CloudBench, is_told: bool
) -> None:
    assert bench_snapshot.is_untouched(cloud)
    await (cloud_bench.story(cloud) if is_told else cloud.tenant(7))
    assert not bench_snapshot.is_untouched(cloud)


def test_an_empty_database_by_the_script_is_what_the_migrations_make() -> None:
    engine = make_engine(None)
    with closing(InlineStore(cloud_bench.template())) as migrated, engine.connect() as connection:
        for _ in range(2):  # the second finds it made
            with connection.begin():
                cloud_bench.quick_upgrade()(connection)
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        assert list(raw.iterdump()) == cloud_bench.dump_of(migrated)
