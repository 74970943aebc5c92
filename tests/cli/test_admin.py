"""`bayward admin` on a directory that a control plane has left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bayward.cli import main
from bayward.cloud.app import Cloud
from bayward.cloud.settings import CloudSettings

ORIGIN = "http://localhost:8000"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The command says how to log, for its whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    async def start_once() -> None:
        async with Cloud(CloudSettings(state=tmp_path / "state"), has_listeners=False):
            """The first start makes everything."""

    asyncio.run(start_once())
    return tmp_path / "state"


def test_it_prints_the_link_of_whoever_runs_the_platform(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["admin", "root@example.com", "--platform", "--state", str(state)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Platform, once")
    assert f"{ORIGIN}/setup/" in told


def test_somebody_unknown_is_said_to_be_unknown(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["admin", "root@example.com", "--state", str(state)]) == 2
    assert "bayward admin: person.unknown" in capsys.readouterr().err


def test_it_needs_to_know_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "root@example.com"]) == 2
    assert "--state" in capsys.readouterr().err
