from __future__ import annotations

from pathlib import Path

import pytest

import foreign

STANZAS = """\
Types: deb
# http://example.org/snapshot
URIs: http://example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/one.gpg

Types: deb
URIs: http://example.org/security
Suites: bookworm-security
Components: main
"""
LINES = """\
# deb http://example.org/debian bookworm main
deb [signed-by=/usr/share/keyrings/one.gpg] http://example.org/debian bookworm contrib main
deb http://example.org/security bookworm-security main
deb http://example.org/other bookworm non-free
deb-src http://example.org/debian bookworm main
"""


def test_the_same_source_with_another_release_and_nothing_else() -> None:
    [moved] = foreign.moved_stanzas(STANZAS, "bookworm")
    assert moved.splitlines() == [
        "Types: deb",
        "URIs: http://example.org/debian",
        "Suites: trixie",
        "Components: main",
        "Signed-By: /usr/share/keyrings/one.gpg",
    ]
    assert list(foreign.moved_lines(LINES, "bookworm")) == [
        "deb [signed-by=/usr/share/keyrings/one.gpg] http://example.org/debian trixie contrib main"
    ]
    assert not list(foreign.moved_stanzas(STANZAS, "sid"))


def test_sources_of_either_form_are_found(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "b.sources").write_text(STANZAS)
    (parts / "c.sources.disabled").write_text(STANZAS)
    (tmp_path / "sources.list").write_text(LINES)
    found = list(foreign.sources_of(tmp_path, "bookworm"))
    assert [one.split()[0] for one in found] == ["deb", "Types:"]


def test_the_release_of_this_machine() -> None:
    assert foreign.release_of("ID=debian\nVERSION_CODENAME=bookworm\n") == "bookworm"
    assert foreign.release_of('VERSION_CODENAME="trixie"\n') == "trixie"
    with pytest.raises(foreign.Unusable):
        foreign.release_of("ID=arch\n")


def test_where_nothing_can_be_fetched_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert foreign.main(tmp_path / "foreign") == 1
    told = capsys.readouterr().err
    assert "there is no gcc" in told
    assert "litewitness" in told
    assert "Debian" in told
    for name in foreign.PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert foreign.main(tmp_path / "foreign") == 0, "they are in PATH"
