from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cloud_bench
from bayward.cloud.storage.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file as the migrations made it."""
    path = tmp_path / "cloud.db"
    path.write_bytes(cloud_bench.template())
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path)
    yield store
    store.close()
