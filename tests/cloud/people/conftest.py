from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bayward.cloud.keys import FileKeys
from bayward.cloud.people import service as people
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import House
from bayward.core.ids import TenantId
from cloud_bench import keyring
from people_bench import START, Bench


@pytest.fixture(scope="session")
def empty_database() -> bytes:
    store = InlineStore()
    return store.serialize()


@pytest.fixture
def bench(empty_database: bytes, tmp_path: Path) -> Iterator[Bench]:
    store = InlineStore(empty_database)
    keys = FileKeys.create(tmp_path / "keys")
    house = House("audit.example.com", "https://lockers.example.com", keys, keyring(keys))
    tenants = [TenantId.of(bytes([7, n]) * 8) for n in range(2)]
    tenants.append(people.PLATFORM_TENANT)
    with store.connection.begin() as transaction:
        for tenant in tenants:
            store.connection.execute(
                s.tenant.insert().values(
                    tenant=tenant, name="T", directory_revision=0, created_at=START
                )
            )
        bench = Bench(store.connection, house, tenants[0], tenants[1])
        assert bench.work.tx is store.connection  # which can seal and open from now on
        yield bench
        transaction.rollback()
    store.close()
