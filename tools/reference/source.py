"""Reading our own source: constants, the comments beside them, codes, docstrings.

Values are computed from the syntax tree and not by importing: a page about limits should not
need a web server to be loaded. What is read are literals, names, attributes of our own modules
and arithmetic; anything else has no value here and is left out.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "bayward"

Number = int | float
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
}


@dataclass(frozen=True)
class Module:
    """One source file, read once."""

    name: str
    path: Path
    tree: ast.Module
    lines: tuple[str, ...]

    @property
    def short(self) -> str:
        """`edge/journal.py`."""
        return self.path.relative_to(PACKAGE).as_posix()


@dataclass(frozen=True)
class Constant:
    """A number with a name, and why it is what it is."""

    name: str
    module: Module
    value: Number
    written: str  # the value as it stands in the source
    reason: str


@cache
def module(name: str) -> Module | None:
    """A module of ours by its dotted name; None for somebody else's."""
    path = PACKAGE.parent / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not name.startswith("bayward") or not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return Module(name, path, ast.parse(text), tuple(text.splitlines()))


@cache
def modules(*boxes: str) -> tuple[Module, ...]:
    """All modules below these boxes (`core`, `edge` …), in order of their paths."""
    found = []
    for box in boxes:
        for path in sorted((PACKAGE / box).rglob("*.py")):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            one = module(name)
            assert one is not None, path
            found.append(one)
    return tuple(found)


def comment(lines: tuple[str, ...], number: int) -> str:
    """The comment at the end of a line (1 is the first), without marks for linters."""
    _, mark, said = lines[number - 1].partition("  # ")
    if not mark or said.startswith(("noqa", "type:")):
        return ""
    return said.strip()


def constants(module_: Module) -> Iterator[Constant]:
    """Public numbers at the top level of a module."""
    for place, node in enumerate(module_.tree.body):
        name, value = _assigned(node)
        if name is None or value is None or name.startswith("_") or not name.isupper():
            continue
        number = evaluated(value, module_)
        if number is not None:
            yield Constant(name, module_, number, ast.unparse(value), _reason(module_, place))


def defaults(module_: Module, name: str) -> Iterator[Constant]:
    """Numbers that are defaults of a class's fields; a comment above speaks for what follows it."""
    for node in module_.tree.body:
        if not isinstance(node, ast.ClassDef) or node.name != name:
            continue
        for line in node.body:
            field, value = _assigned(line)
            number = evaluated(value, module_) if value is not None else None
            if field is None or value is None or number is None:
                continue
            reason = comment(module_.lines, line.lineno) or _above(module_.lines, line.lineno)
            yield Constant(f"{name}.{field}", module_, number, ast.unparse(value), reason)


def evaluated(node: ast.expr, module_: Module) -> Number | None:
    """The number an expression stands for, if it is made of numbers."""
    if isinstance(node, ast.Constant):
        is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return node.value if is_number else None  # type: ignore[return-value]  # just checked
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = evaluated(node.left, module_), evaluated(node.right, module_)
        if left is None or right is None:
            return None
        number: Number = _OPERATORS[type(node.op)](left, right)
        return number
    if isinstance(node, ast.Name):
        return _named(node.id, module_)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        other = _imported(node.value.id, module_)
        return _named(node.attr, other) if isinstance(other, Module) else None
    return None


def member_comments(module_: Module, name: str) -> dict[str, str]:
    """The comments beside the members (or fields) of a class at the top level of a module."""
    found = {}
    for node in module_.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            for line in node.body:
                member, _ = _assigned(line)
                said = comment(module_.lines, line.end_lineno or line.lineno)
                if member is not None and said:
                    found[member] = said
    return found


def first_paragraph(docstring: str | None) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((docstring or "").strip().split("\n\n")[0].split())


def cell(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _assigned(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return None, None


def _reason(module_: Module, place: int) -> str:
    """The comment beside a constant, or the string literal below it."""
    node = module_.tree.body[place]
    beside = comment(module_.lines, node.end_lineno or node.lineno)
    if beside:
        return beside
    below = module_.tree.body[place + 1 : place + 2]
    if below and isinstance(below[0], ast.Expr) and isinstance(below[0].value, ast.Constant):
        said = below[0].value.value
        return first_paragraph(said if isinstance(said, str) else None)
    return ""


def _above(lines: tuple[str, ...], number: int) -> str:
    """The block of comment directly above a line (1 is the first)."""
    block: list[str] = []
    place = number - 2
    while place >= 0 and lines[place].strip().startswith("# "):
        block.insert(0, lines[place].strip().removeprefix("# "))
        place -= 1
    return " ".join(block)


def _named(name: str, module_: Module) -> Number | None:
    for node in module_.tree.body:
        target, value = _assigned(node)
        if target == name and value is not None:
            return evaluated(value, module_)
    found = _imported(name, module_)
    return found if isinstance(found, int | float) else None


def _imported(name: str, module_: Module) -> Module | Number | None:
    """What `from x import name` means: a module of ours, or a number in one."""
    for node in module_.tree.body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            if (alias.asname or alias.name) != name:
                continue
            inner = module(f"{node.module}.{alias.name}")
            if inner is not None:
                return inner
            outer = module(node.module)
            return _named(alias.name, outer) if outer is not None else None
    return None
