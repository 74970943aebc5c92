"""A control plane as somebody starts it: a process, a folder, a link."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.system
START_S_MAX = 30


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.toml"
    path.write_text(
        f'state = "{tmp_path / "state"}"\npublic_url = "http://127.0.0.1"\n'
        "http_port = 0\nlink_port = 0\nenrol_port = 0\n"
    )
    return path


@pytest.fixture
def cloud(settings: Path) -> Iterator[subprocess.Popen[str]]:
    with started(settings) as process:
        yield process
        process.kill()


def started(settings: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bayward.cli", "cloud", "--settings", str(settings), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said_until(process: subprocess.Popen[str], mark: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if mark in line:
            return said
    assert process.stderr is not None
    raise AssertionError(f"ended after {said!r}: {process.stderr.read()[-1000:]}")


def test_the_first_start_prints_a_one_time_link_that_leads_to_the_set_up(
    cloud: subprocess.Popen[str],
) -> None:
    said = said_until(cloud, "/setup/")
    assert "No [mail] in the settings" in said
    link = re.search(r"http://\S+/setup/\S+", said)
    assert link is not None
    assert httpx.get(link.group(0), trust_env=False).status_code == httpx.codes.OK
    origin = link.group(0).partition("/setup/")[0]
    assert httpx.get(f"{origin}/readyz", trust_env=False).status_code == httpx.codes.OK
    cloud.send_signal(signal.SIGTERM)
    assert cloud.wait(START_S_MAX) == 0


def test_a_port_that_is_taken_is_said_and_nothing_else_happens(
    cloud: subprocess.Popen[str], settings: Path, tmp_path: Path
) -> None:
    said = said_until(cloud, "Bayward is at")
    port = said.strip().rpartition(":")[2].split()[0]
    other = tmp_path / "other.toml"
    other.write_text(settings.read_text().replace("/state", "/other"))
    with started(other, "--http-port", port) as second:
        _, told = second.communicate(timeout=START_S_MAX)
    assert second.returncode == 2
    assert "port.in_use" in told


def test_a_folder_that_is_in_use_is_refused(cloud: subprocess.Popen[str], settings: Path) -> None:
    said_until(cloud, "Bayward is at")
    with started(settings) as second:
        _, told = second.communicate(timeout=START_S_MAX)
    assert second.returncode == 2
    assert "bayward cloud:" in told
