from __future__ import annotations

from collections.abc import Iterator

import pytest

import cloud_bench
from bayward.cloud.storage.inline import InlineStore
from cloud_bench import CloudBench


@pytest.fixture
def cloud() -> Iterator[CloudBench]:
    bench = cloud_bench.make()
    yield bench
    assert isinstance(bench.store, InlineStore)
    bench.store.close()
