from __future__ import annotations

import pytest

from bayward.cli import main
from bayward.sim import cli
from bayward.sim.run import Report, run
from bayward.sim.world import Violation


def test_one_seed_with_every_transition(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "--seed", "3", "--hours", "1", "--quick", "--trace"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "bank.started" in " ".join(lines[:12])
    assert lines[-1].split()[:2] == ["3", "ok"]


def test_several_seeds_from_a_first_one(capsys: pytest.CaptureFixture[str]) -> None:
    told = ["sim", "--seeds", "2", "--seed", "10", "--hours", "1", "--quick"]
    assert main(told) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["10", "11", "2"]


@pytest.mark.parametrize("trace", [[], ["--trace"]])
def test_a_broken_promise_is_told_and_is_exit_code_1(
    trace: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(seed: int, **told: object) -> Report:
        def change(founded: object) -> None:
            raise Violation("a promise")

        return run(seed, hours=1, is_whole=False, change=change)

    monkeypatch.setattr(cli, "run", broken)
    assert main(["sim", "--seed", "3", *trace]) == cli.VIOLATED
    assert "violated: a promise" in capsys.readouterr().out
