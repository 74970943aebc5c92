from __future__ import annotations

import pty
from pathlib import Path

import pytest
import structlog

from bayward.cli import main


def test_a_machine_without_terminals_is_told_what_to_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError("out of pty devices")

    monkeypatch.setattr(pty, "openpty", fail)
    log = tmp_path / "demo.log"
    before = structlog.get_config()
    try:
        assert main(["demo", "--no-browser", "--log", str(log)]) == 2
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert "terminal.none (why=out of pty devices)" in said
    assert "mount -t devpts devpts /dev/pts" in said
    assert str(log) in said
    assert "Traceback" not in said
