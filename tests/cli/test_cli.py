from pathlib import Path

import pytest

import bayward
from bayward.cli import COMMANDS, main, parser_for


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: bayward" in capsys.readouterr().out


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
    assert all(command in parser_for("").format_help() for command in COMMANDS)


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert bayward.__version__ in capsys.readouterr().out


def test_a_control_plane_without_a_folder_says_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cloud"]) == 2
    assert "--state" in capsys.readouterr().err


def test_an_error_with_a_sentence_of_its_own_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["edge", "enrol", "BW1XX", "--state", str(tmp_path)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "bayward edge: ticket.malformed"
    assert told[1].startswith("This is not a whole token.")


def test_an_error_without_one_is_told_by_its_code_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["edge", "check", str(tmp_path / "none.toml"), "--state", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
