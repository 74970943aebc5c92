from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import structlog

import cloud_bench
from bayward.cloud.storage.inline import InlineStore
from cloud_bench import CloudBench


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """One line per event: drawing a traceback with all its locals takes seconds."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


@pytest.fixture(scope="session")
def kept_story() -> None:
    asyncio.run(cloud_bench.keep_story())


@pytest.fixture
def cloud(kept_story: None) -> Iterator[CloudBench]:
    bench = cloud_bench.make()
    yield bench
    assert isinstance(bench.store, InlineStore)
    bench.store.close()
