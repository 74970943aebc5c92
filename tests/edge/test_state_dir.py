from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bayward.core.errors import Misconfigured, Unavailable
from bayward.edge.identity import Trust
from bayward.edge.state_dir import StateDir


def test_files_are_private_and_come_back(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    assert state.load("trust", Trust) is None
    state.save("trust", Trust(notifier_key=b"1"))
    state.save("trust", Trust(notifier_key=b"2"))
    assert state.load("trust", Trust) == Trust(notifier_key=b"2")
    assert [path.name for path in state.path.iterdir()] == ["trust.json"]
    assert stat.S_IMODE((state.path / "trust.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700


def test_a_folder_others_can_look_into_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    with pytest.raises(Misconfigured, match=r"state\.exposed"):
        StateDir(folder)


def test_bent_content_is_refused_with_its_file(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.write("trust.json", b"{}x")
    with pytest.raises(Misconfigured, match=r"state\.malformed \(file=trust\.json"):
        state.load("trust", Trust)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    (state.path / "trust.json.new").mkdir()
    with pytest.raises(Unavailable, match=r"state\.not_writable"):
        state.save("trust", Trust())
    (state.path / "identity.json").mkdir()
    with pytest.raises(Unavailable, match=r"state\.not_readable"):
        state.read("identity.json")


@pytest.mark.parametrize("folder", ["/dev/null/state", "/proc/state"])
def test_a_folder_that_cannot_be_made_is_named(folder: str) -> None:
    with pytest.raises(Misconfigured, match=rf"state\.unusable \(folder={folder}"):
        StateDir(Path(folder))


def test_one_program_at_a_time_holds_it(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    with state.hold(), pytest.raises(Misconfigured, match=r"state\.in_use"):
        StateDir(state.path).hold()
    state.hold().close()
