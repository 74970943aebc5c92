"""The house rules, as a test: nobody has to remember them."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "bayward"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_CHARS_MAX = 100
PUBLIC_DOCS = ("core", "wire", "ledger")
BANNED_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler_impl", "data2"}
# Calls that read the world, and what to use instead.
BANNED_CALLS = {
    ("datetime", "now"): "clock.now()",
    ("datetime", "utcnow"): "clock.now()",
    ("time", "time"): "clock.now()",
    ("uuid", "uuid4"): "core.ids",
}
CLOCK_OWNERS = {"edge/app.py", "cloud/app.py", "sim/clock.py", "core/clock.py", "system.py"}
MARKERS = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
)
MACHINE_TRACES = re.compile(r"/(?:work|root|home)/|farm-|pypi\.org/simple|registry\.npmjs")


@cache
def tracked() -> tuple[Path, ...]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return tuple(ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file())


def sources() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and SOURCE in path.parents]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".sh", ".html", ".css", ".js", ".txt", ".json"}:
            yield path, path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_fit_a_reader() -> None:
    found = []
    for path in sources():
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            found.append(f"{name_of(path)}: {len(lines)} lines, split it by verb")
        for function in functions(ast.parse(text)):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES_MAX:
                found.append(f"{name_of(path)}:{function.lineno} {function.name}: {length} lines")
    assert not found


def test_lines_fit_a_screen() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LINE_CHARS_MAX and "type: ignore" not in line and "noqa" not in line
    ]
    assert not found


def test_nothing_is_called_utils() -> None:
    parts = {part for path in tracked() for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    assert not parts & BANNED_NAMES


def test_time_and_chance_come_from_outside() -> None:
    found = []
    for path in sources():
        if path.relative_to(SOURCE).as_posix() in CLOCK_OWNERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            key = (owner.id if isinstance(owner, ast.Name) else "", node.func.attr)
            if key in BANNED_CALLS:
                found.append(f"{name_of(path)}:{node.lineno}: use {BANNED_CALLS[key]}")
    assert not found


def test_no_bare_except_and_no_print() -> None:
    found = []
    for path in sources():
        may_print = path.name == "cli.py" or bool({"sim", "gallery"} & set(path.parts))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                found.append(f"{name_of(path)}:{node.lineno}: bare except")
            if may_print or not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "id", "") == "print":
                found.append(f"{name_of(path)}:{node.lineno}: print")
    assert not found


def test_no_leftover_markers_and_no_traces_of_a_machine() -> None:
    found = [
        f"{name_of(path)}: {match.group(0)}"
        for path, text in texts()
        for pattern in (MARKERS, MACHINE_TRACES)
        if path != Path(__file__)
        for match in pattern.finditer(text)
    ]
    assert not found


@pytest.mark.parametrize("package", PUBLIC_DOCS)
def test_public_names_of_the_rules_are_documented(package: str) -> None:
    found = []
    for path in sources():
        if path.relative_to(SOURCE).parts[0] != package or path.name == "__init__.py":
            continue
        tree = ast.parse(path.read_text())
        if ast.get_docstring(tree) is None:
            found.append(f"{name_of(path)}: no prose on top")
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                found.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert not found


def test_every_module_has_its_test() -> None:
    """`src/bayward/a/b.py` is tested by `tests/a/test_b.py` (or by `tests/a/b/`)."""
    missing = []
    for path in sources():
        inner = path.relative_to(SOURCE)
        if path.name in {"__init__.py", "__main__.py"} or is_declaration(path):
            continue
        beside = ROOT / "tests" / inner.parent
        mirrored = beside / f"test_{inner.stem}.py"
        above = beside.parent / f"test_{inner.parent.name}.py"
        if not mirrored.exists() and not above.exists() and not (beside / inner.stem).is_dir():
            missing.append(f"{name_of(path)} → {name_of(mirrored)}")
    assert not missing


def is_declaration(path: Path) -> bool:
    """Whether a module only declares data: tables, view models, protocols, constants."""
    tree = ast.parse(path.read_text())
    bodies = (node.body for node in functions(tree))
    return not any(len(body) > 1 or not is_trivial(body[0]) for body in bodies)


def is_trivial(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_no_optimised_python() -> None:
    """Asserts guard the doors: nothing may start us with -O."""
    found = [
        name_of(path)
        for path, text in texts()
        if re.search(r"python3? -O|PYTHONOPTIMIZE=", text) and path != Path(__file__)
    ]
    assert not found
