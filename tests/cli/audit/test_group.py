"""The group `bayward audit`: each command is there, explains itself, and answers with a code."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import pytest

from bayward.cli import main, parser_for
from bayward.cli.audit import PARTS

COMMANDS = (
    "verify",
    "fsck",
    "monitor",
    "prove",
    "diff",
    "export",
    "erase",
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
    file.write_text('{"kind": "bayward-receipt"}')
    codes, said = [], []
    for words in (["verify"], ["audit", "verify"]):
        codes.append(main([*words, str(file)]))
        said.append(capsys.readouterr())
    assert codes == [1, 1]
    assert said[0] == said[1]
    assert main(["audit", "verify", str(tmp_path / "none")]) == 2


@pytest.mark.parametrize("part", PARTS)
def test_only_what_is_asked_for_is_imported(part: str) -> None:
    with patch("importlib.import_module", wraps=import_module) as imported:
        parser_for("audit", part)
    asked = [call.args[0] for call in imported.call_args_list]
    assert asked == ["bayward.cli.audit", PARTS[part][0]]


def test_the_list_of_commands_says_of_each_what_it_says_of_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listed = []
    for asked in ("", None):
        with pytest.raises(SystemExit):
            parser_for("audit", asked).parse_args(["audit", "--help"])
        listed.append(capsys.readouterr().out)
    assert listed[0] == listed[1]


# The number of modules is what a process has that imports `argparse`, and a few to spare.
@pytest.mark.parametrize(("words", "ours", "all_of_them"), [([], 5, 120), (["verify"], 60, 260)])
def test_help_is_there_before_the_control_plane_is_imported(
    words: list[str], ours: int, all_of_them: int
) -> None:
    script = (
        "import sys; from bayward.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    told = [sys.executable, "-c", script, "audit", *words, "--help"]
    ended = subprocess.run(told, capture_output=True, text=True, check=True)
    modules = ended.stderr.split()
    assert ended.stdout.startswith("usage: bayward audit")
    assert len([one for one in modules if one.split(".")[0] == "bayward"]) <= ours
    assert len(modules) <= all_of_them
