"""The house rules, as a test: nobody has to remember them."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "bayward"
FILE_LINES_MAX = 400
ONE_FILE = {"ledger/standalone/verify.py": 2600}  # what a stranger reads and runs, alone
FUNCTION_LINES_MAX = 70
LINE_CHARS_MAX = 100
PUBLIC_DOCS = ("core", "wire", "ledger")
FOLDERS = {".ci", "bench", "docs", "requirements", "src", "tests", "tools"}
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
            yield path, text_of(path)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_fit_a_reader() -> None:
    found = []
    for path in sources():
        lines = text_of(path).splitlines()
        allowed = ONE_FILE.get(path.relative_to(SOURCE).as_posix(), FILE_LINES_MAX)
        if len(lines) > allowed:
            found.append(f"{name_of(path)}: {len(lines)} lines, split it by verb")
        for function in functions(tree_of(path)):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES_MAX:
                found.append(f"{name_of(path)}:{function.lineno} {function.name}: {length} lines")
    assert not found


def test_lines_fit_a_screen() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in sources()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if len(line) > LINE_CHARS_MAX and "type: ignore" not in line and "noqa" not in line
    ]
    assert not found


def test_nothing_is_called_utils() -> None:
    parts = {part for path in tracked() for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    assert not parts & BANNED_NAMES


def test_nothing_made_or_fetched_is_committed() -> None:
    """Folders that belong here, and no copy of a browser library or of a page that was written."""
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert folders <= FOLDERS
    assert not [name_of(path) for path in tracked() if "vendor" in path.parts]


def test_time_and_chance_come_from_outside() -> None:
    found = []
    for path in sources():
        if path.relative_to(SOURCE).as_posix() in CLOCK_OWNERS:
            continue
        for node in ast.walk(tree_of(path)):
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
        may_print = bool({"cli", "sim", "gallery"} & set(path.relative_to(SOURCE).parts))
        for node in ast.walk(tree_of(path)):
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
        inner = path.relative_to(SOURCE)
        if inner.parts[0] != package or path.name == "__init__.py" or inner.as_posix() in ONE_FILE:
            continue
        tree = tree_of(path)
        if ast.get_docstring(tree) is None:
            found.append(f"{name_of(path)}: no prose on top")
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                found.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert not found


# Parts of a simulator that mean something only together: a world is tested as a world.
TESTED_TOGETHER = {
    "sim/demo": "tests/browser/test_story.py",  # and `make demo-check`
    "sim": "tests/sim/test_world.py",
}


def test_every_module_has_its_test() -> None:
    """`src/bayward/a/b.py` is tested by `tests/a/test_b.py` (or by `tests/a/b/`)."""
    missing = []
    for path in sources():
        inner = path.relative_to(SOURCE)
        if path.name in {"__init__.py", "__main__.py"} or is_declaration(path):
            continue
        together = TESTED_TOGETHER.get(inner.parent.as_posix())
        if together is not None and (ROOT / together).exists():
            continue
        beside = ROOT / "tests" / inner.parent
        mirrored = beside / f"test_{inner.stem}.py"
        above = beside.parent / f"test_{inner.parent.name}.py"
        if not mirrored.exists() and not above.exists() and not (beside / inner.stem).is_dir():
            missing.append(f"{name_of(path)} → {name_of(mirrored)}")
    assert not missing


def is_declaration(path: Path) -> bool:
    """Whether a module only declares data: tables, view models, protocols, constants."""
    tree = tree_of(path)
    bodies = (node.body for node in functions(tree))
    return not any(len(body) > 1 or not is_trivial(body[0]) for body in bodies)


def is_trivial(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


PURE = ("core", "wire", "ledger", "edge/controller", "edge/unlock.py", "edge/governor.py")
# What gives the same answer in whatever order it is told.
ORDERLESS = {"sorted", "min", "max", "sum", "any", "all", "len", "set", "frozenset", "Counter"}


def test_pure_code_goes_through_no_set_in_its_order() -> None:
    """The order of a set differs from run to run, and a simulated world must not."""
    found = [
        f"{name_of(path)}:{line}"
        for path in sources()
        if path.relative_to(SOURCE).as_posix().startswith(PURE)
        for line in ordered_sets(tree_of(path))
    ]
    assert not found, "sort it first"


def ordered_sets(tree: ast.Module) -> list[int]:
    """Lines where a set is gone through in its own order."""
    constants = set_names(tree.body)
    lines: set[int] = set()
    for function in functions(tree):
        arguments = (*function.args.args, *function.args.kwonlyargs)
        told = {one.arg for one in arguments if one.annotation and is_set_kind(one.annotation)}
        names = constants | told | set_names(list(ast.walk(function)))
        lines.update(uses_of_order(function, names))
    return sorted(lines)


def uses_of_order(tree: ast.AST, names: set[str]) -> Iterator[int]:
    harmless = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ORDERLESS and node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and is_set(node.iter, names):
            yield node.lineno
        elif id(node) in harmless:
            continue
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            if any(is_set(one.iter, names) for one in node.generators):
                yield node.lineno
        elif isinstance(node, ast.Call) and node.args and is_set(node.args[0], names):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in {"list", "tuple", "enumerate", "join", "iter"}:
                yield node.lineno


def set_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are bound to a set."""
    return {name for node in nodes for name, value in bindings(node) if is_set(value, set())}


def bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names with what is assigned to them."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value


def is_set_kind(annotation: ast.expr) -> bool:
    return re.match(r"(frozen)?set\b", ast.unparse(annotation)) is not None


def is_set(node: ast.expr | None, names: set[str]) -> bool:
    """Whether an expression is a set, as far as one can see."""
    if isinstance(node, ast.BinOp):
        return is_set(node.left, names) or is_set(node.right, names)
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", "") in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp) or getattr(node, "id", None) in names


def test_the_rule_about_sets_sees_sets() -> None:
    text = """
A = frozenset({1})
def f(told: set[int], row: list[int]):
    for x in told: ...
    [x for x in {1, 2}]
    list(set(row) - A)
    ", ".join(told)
    for x in sorted(told): ...
    any(x for x in told)
    {x for x in told}
    [x for x in row]
"""
    assert ordered_sets(ast.parse(text)) == [4, 5, 6, 7]


def test_every_number_with_a_name_is_used() -> None:
    """A limit that nothing reads limits nothing."""
    read: set[str] = set()
    for path in tracked():
        if path.suffix == ".py" and not {"tests", "bench"} & set(path.relative_to(ROOT).parts):
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    read.add(node.id)
                elif isinstance(node, ast.Attribute):
                    read.add(node.attr)
    named = {
        (name, name_of(path))
        for path in sources()
        for node in tree_of(path).body
        for name, value in bindings(node)
        if isinstance(value, ast.Constant | ast.BinOp) and name.isupper()
    }
    assert not sorted(f"{place}: {name}" for name, place in named if name not in read)


def test_tests_wait_for_events_and_skip_nothing() -> None:
    words = (
        "pytest." + "skip",
        "mark." + "skip",
        "x" + "fail(",
        "time." + "sleep(",
        "importor" + "skip",
    )
    found = [
        f"{name_of(path)}: {word}"
        for path, text in texts()
        for word in words
        if path.suffix == ".py" and word in text
    ]
    assert not found


def test_no_optimised_python() -> None:
    """Asserts guard the doors: nothing may start us with -O."""
    found = [
        name_of(path)
        for path, text in texts()
        if re.search(r"python3? -O|PYTHONOPTIMIZE=", text) and path != Path(__file__)
    ]
    assert not found
