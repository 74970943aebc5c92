"""The documentation keeps its promises: links lead somewhere, rows of the mission name tests."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from test_tidy import ROOT, name_of, tracked

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (M\d\d) \|(.*)\|$", re.MULTILINE)
MISSION_ROWS = 46


def pages() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def test_links_inside_the_repository_resolve() -> None:
    broken = []
    for page in pages():
        for match in LINK.finditer(page.read_text()):
            target = match.group(1) or match.group(2)
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (page.parent / target).exists():
                broken.append(f"{name_of(page)}: {target}")
    assert not broken


def test_each_page_has_one_title() -> None:
    found = []
    for page in pages():
        outside = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        titles = re.findall(r"^# .+$", outside, re.MULTILINE)
        if len(titles) != 1:
            found.append(f"{name_of(page)}: {len(titles)} titles")
    assert not found


@cache
def mission_rows() -> list[tuple[str, list[str]]]:
    text = (ROOT / "docs" / "mission.md").read_text()
    return [(row, [cell.strip() for cell in rest.split("|")]) for row, rest in ROW.findall(text)]


def test_the_mission_table_is_complete() -> None:
    wanted = [f"M{number:02d}" for number in range(1, MISSION_ROWS + 1)]
    assert [row for row, _ in mission_rows()] == wanted


def test_a_row_that_claims_to_work_names_code_and_a_test_that_exist() -> None:
    wrong = []
    for row, (_, state, where, proof) in mission_rows():
        if state not in {"works", "partly", "not yet"}:
            wrong.append(f"{row}: state {state!r}")
        for cell in (where, proof) if state != "not yet" else ():
            names = re.findall(r"`([^`]+)`", cell)
            if not names:
                wrong.append(f"{row}: nothing named")
            wrong += [f"{row}: {name}" for name in names if not exists(name)]
    assert not wrong


def exists(name: str) -> bool:
    path, _, test = name.partition("::")
    found = ROOT / path if path.startswith("tests") else ROOT / "src" / "bayward" / path
    return found.exists() and (not test or f"def {test}" in found.read_text())


NAMED_PATH = re.compile(
    r"`((?:core|wire|ledger|edge|cloud|ui|sim|cli|tests|docs|tools|bench)/[\w./*-]+)`"
)
NAMED_TEST = re.compile(r"`(?:tests/[\w/.]+::)?(test_\w+)`")


@cache
def outside_fences(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def test_files_that_are_named_are_there() -> None:
    missing = [
        f"{name_of(page)}: {name}"
        for page in pages()
        for name in NAMED_PATH.findall(outside_fences(page))
        if not any(any(base.glob(name.rstrip("/"))) for base in (ROOT, ROOT / "src" / "bayward"))
    ]
    assert not missing


def test_tests_that_are_named_are_there() -> None:
    written = {
        name
        for path in tracked()
        if path.suffix == ".py" and "tests" in path.parts
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    missing = [
        f"{name_of(page)}: {name}"
        for page in pages()
        for name in NAMED_TEST.findall(outside_fences(page))
        if name not in written and not (ROOT / "tests" / f"{name}.py").exists()
    ]
    assert not missing
