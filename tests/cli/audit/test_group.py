"""The group `bayward audit`: each command is there, explains itself, and answers with a code."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayward.cli import main

COMMANDS = (
    "verify",
    "fsck",
    "monitor",
    "prove",
    "diff",
    "export",
    "witness",
    "witness serve",
    "witness pull",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", *command.split(), "--help"])
    assert ended.value.code == 0
    assert f"usage: bayward audit {command}" in capsys.readouterr().out


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit"])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_verify_is_the_one_that_has_a_short_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text("{}")
    codes, said = [], []
    for words in (["verify"], ["audit", "verify"]):
        codes.append(main([*words, str(file)]))
        said.append(capsys.readouterr())
    assert codes == [1, 1]
    assert said[0] == said[1]
    assert main(["audit", "verify", str(tmp_path / "none")]) == 2
