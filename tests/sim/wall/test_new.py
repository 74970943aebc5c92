from __future__ import annotations

from pathlib import Path

import pytest

from bayward.core.compartment import Size
from bayward.core.errors import Misconfigured
from bayward.edge.settings import load
from bayward.edge.state_dir import StateDir
from bayward.sim.wall.new import COLUMNS, columns_of, write
from edge_bench import BANK
from edge_rig import enrolled

URL, WEB = "socket://127.0.0.1:4001", "http://localhost:8000"


def test_columns_are_read() -> None:
    assert columns_of(COLUMNS) == [(4, Size.S), (3, Size.M), (2, Size.L)]
    assert columns_of(" 12s, 1XL ") == [(12, Size.S), (1, Size.XL)]


@pytest.mark.parametrize(
    "text", ["", "S", "0S", "4X", "4S,,3M", "4S;3M", "-1S", ",".join(["99S"] * 11)]
)
def test_columns_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        columns_of(text)
    assert caught.value.code == "wall.columns"


def test_an_island_is_settings_the_edge_takes(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    write(path, columns_of(COLUMNS), url=URL, state=None, web=None)
    settings = load(path)
    assert len(settings.layout) == 9
    assert settings.cloud is None
    assert settings.hardware.ports[0].url == URL
    again = tmp_path / "again.toml"
    write(again, columns_of(COLUMNS), url=URL, state=None, web=None)
    assert not {one.id for one in settings.layout} & {one.id for one in load(again).layout}


def test_an_enrolled_computer_keeps_its_name(tmp_path: Path) -> None:
    enrolled(tmp_path / "state")
    path = tmp_path / "bank.toml"
    write(path, columns_of(COLUMNS), url=URL, state=tmp_path / "state", web=WEB)
    settings = load(path)
    assert (settings.bank, settings.deployment) == (BANK, "bayward.test")
    assert settings.cloud is not None
    assert settings.cloud.web == WEB


def test_nothing_is_overwritten_and_nobody_is_made_up(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    StateDir(tmp_path / "state")
    with pytest.raises(Misconfigured) as caught:
        write(path, columns_of(COLUMNS), url=URL, state=tmp_path / "state", web=WEB)
    assert caught.value.code == "wall.not_enrolled"
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(Misconfigured) as caught:
        write(path, columns_of(COLUMNS), url=URL, state=None, web=None)
    assert caught.value.code == "wall.exists"
    assert path.read_text() == "mine"
