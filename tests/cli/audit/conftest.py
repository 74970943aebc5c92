"""Real state directories to look into: a furnished control plane, and a bank's journal."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacked_log import Verifiers
from audit_state import BANK, JOURNAL, Audit
from bayward.cli import main
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup
from cloud_house import Template, make_furnished, make_template
from page_bench import Page
from people_bench import START, HandClock

NOON = Instant(1_795_000_000_000)


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str]) -> Audit:
    """Run one command of `audit`; gives its code and all that it said."""

    def run(*words: object) -> tuple[int, str]:
        code = main(["audit", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("cloud")

    async def furnish() -> Template:
        bare = await make_template(folder / "bare")
        return await make_furnished(bare, folder / "furnished")

    return asyncio.run(furnish())


@pytest.fixture(scope="session")
def furnished_state(furnished: Template) -> Path:
    return furnished.state


@pytest.fixture
def cloud_state(furnished_state: Path, tmp_path: Path) -> Path:
    """The state directory of a control plane with a bank and a parcel."""
    return Path(shutil.copytree(furnished_state, tmp_path / "cloud"))


@pytest.fixture
def edge_state(tmp_path: Path) -> Path:
    """The state directory of a bank whose journal has 600 entries."""
    state = tmp_path / "edge"
    state.mkdir()
    setup = JournalSetup(
        path=state / "journal-1.db",
        bank=BANK,
        signer=JOURNAL,
        clock=HandClock(START),
        random_bytes=random.Random(1).randbytes,
    )
    journal = Journal.open(setup)
    for first in range(0, 600, 200):
        journal.append(
            [
                Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")
                for number in range(first, first + 200)
            ]
        )
    journal.close()
    return state


@pytest.fixture(scope="session")
def verifiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verifiers]:
    """Every verifier there is, to be asked about one attacked log."""
    with Page() as page:
        yield Verifiers(page, lambda: tmp_path_factory.mktemp("attacked"))
