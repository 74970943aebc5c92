from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bayward.cli import main
from bayward.cloud.custody import parties
from bayward.core.roles import Role
from cloud_bench import HOUSE
from cloud_house import URL, open_house


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The command says how to log, for its whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


async def lived(state: Path) -> None:
    async with open_house(state) as house:
        await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)
        await house.bench.do(parties.named, house.tenant, "County Court")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    asyncio.run(lived(state))
    path = tmp_path / "cloud.toml"
    path.write_text(f'state = "{state}"\npublic_url = "{URL}"\nname = "{HOUSE}"\n')
    return path


def test_erased_once_and_then_nobody(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["audit", "erase", "zoe@example.com", "--basis", "objection"]
    command += ["--settings", str(settings)]
    assert main(command) == 0
    assert "no copy of the key can be left after" in capsys.readouterr().out
    assert main(command) == 1
    assert "person.unknown" in capsys.readouterr().err


def test_a_state_of_another_name_is_said_in_words(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who gives the folder alone has named no deployment."""
    command = ["audit", "erase", "zoe@example.com", "--basis", "objection"]
    assert main([*command, "--state", str(settings.parent / "state")]) == 2
    said = capsys.readouterr().err
    assert f"This state is of the deployment {HOUSE}" in said
    assert "--settings" in said
    command[2] = "nobody@example.com"
    assert main([*command, "--settings", str(settings)]) == 1
    assert "There is nothing here" in capsys.readouterr().err


def test_a_party_by_name(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["audit", "erase", "county court", "--party", "--basis", "objection"]
    command += ["--settings", str(settings)]
    assert main(command) == 0
    assert "erased, 0 records" in capsys.readouterr().out
    assert main([*command, "--leave-items"]) == 1
    assert "party" in capsys.readouterr().err


def test_the_epoch_can_end_at_once(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["audit", "erase", "zoe@example.com", "--basis", "objection", "--roll"]
    assert main([*command, "--settings", str(settings)]) == 0
    assert "epoch 2 of the keys has begun" in capsys.readouterr().out


def test_a_place_without_a_control_plane_cannot_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["audit", "erase", "zoe@example.com", "--basis", "objection"]
    assert main([*command, "--state", str(tmp_path / "none")]) == 2
    assert "deployment.missing" in capsys.readouterr().err


def test_a_ground_has_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["audit", "erase", "zoe@example.com", "--state", str(tmp_path)])
    assert caught.value.code == 2
