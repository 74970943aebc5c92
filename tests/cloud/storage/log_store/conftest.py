from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bench.postgres import Server, server
from log_store_bench import STOPWATCHES, Kind, postgres_database, postgres_kind, sqlite_kind

_numbers = count()


@pytest.fixture(scope="session")
def database() -> Iterator[Server]:
    with server() as running:
        postgres_database(running, "shared")
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.system)])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    if request.param == "sqlite":
        made = sqlite_kind(tmp_path)
    else:
        made = postgres_kind(
            request.getfixturevalue("database"), "shared", f"test{next(_numbers)}/"
        )
    yield made
    made.close()


@pytest.fixture(params=STOPWATCHES)
def where(request: pytest.FixtureRequest) -> str:
    """In which thread a sequencer may commit."""
    return str(request.param)
