from __future__ import annotations

from pathlib import Path

import pytest

import bench.measures
from bench.__main__ import main
from bench.measures import MEASURES


def test_every_benchmark_in_the_folder_can_be_named() -> None:
    folder = Path(bench.measures.__file__).parent
    assert sorted(MEASURES) == sorted(path.stem for path in folder.glob("[!_]*.py"))
    for name, run in MEASURES.items():
        assert run.__module__ == f"bench.measures.{name}"


def test_a_benchmark_named_on_the_command_line_prints_its_ratio(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["passes", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "python -m bench passes" in shown
    assert "(goal ≤ 3)" in shown


def test_an_unknown_name_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["lobby"])
    assert "there are alarm, passes, receipt, tap, unlock, worlds" in capsys.readouterr().err
