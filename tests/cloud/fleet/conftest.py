from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet.deployment import Deployment
from bayward.cloud.keys import FileKeys
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import House
from cloud_bench import keyring
from people_bench import Bench, HandClock


@pytest.fixture(scope="session")
def empty_database() -> bytes:
    store = InlineStore()
    return store.serialize()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def bench(empty_database: bytes, tmp_path: Path) -> Iterator[Bench]:
    store = InlineStore(empty_database)
    keys = FileKeys.create(tmp_path / "keys")
    house = House("lockers.example.com", "https://lockers.example.com", keys, keyring(keys))
    with store.connection.begin() as transaction:
        bench = Bench(store.connection, house, tenant=None, other=None)  # type: ignore[arg-type]  # set below
        bench.tenant = enrolment.create_tenant(bench.work, "Northgate House")
        bench.other = enrolment.create_tenant(bench.work, "Southgate House")
        yield bench
        transaction.rollback()
    store.close()


@pytest.fixture
def deployment(tmp_path: Path, clock: HandClock, bench: Bench) -> Deployment:
    return Deployment.create(
        tmp_path / "state", bench.house.name, ["lockers.example.com"], clock, bench.ids.random
    )
