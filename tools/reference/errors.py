"""`docs/reference/errors.md`: every error code and what it says to people.

Codes are read from the source: what errors are raised with, what the policy denies with, what
pages show as a problem. A code has a sentence of its own in `ui/locale/en.toml`, or shares the
one of its family (`ui/problems.py`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from bayward.cloud.web.problems import HTTP_CODES, STATUS
from bayward.core.door import UnlockOutcome
from bayward.edge.uplink.trouble import WORDS
from bayward.ui.i18n import catalogues
from bayward.ui.problems import key_of
from reference import source
from reference.source import Module

BOXES = ("core", "wire", "edge", "cloud")
ROOT_CLASS = "BaywardError"
# Calls that name a code without being an error, and at which place.
SPEAKERS = {
    "Problem": 0,
    "FieldProblem": 1,
    "Refused": 0,
    "Deny": 0,
    "_answer": 2,
    "_refuse": 2,
    "out_of_order": 1,
}
_INTRODUCTION = """\
# Errors

Every error has a code that never changes: the key of its text, the `code` of an HTTP problem
(RFC 9457, type `urn:bayward:problem:<code>`), the word in log lines. Its kind decides the status.
Made from the source and from `ui/locale/en.toml` by `tools/reference/errors.py`.
"""
_OWN = """
Codes that begin with `session.` are answered with 401.

## Codes with a sentence of their own
"""
_SHARED = """
## Codes that share the sentence of their family

People hardly meet these: they end in a terminal, in a program's log, or on the other side of the
link. Whoever does can do the same about all of a family.
"""
_LINK = """
## Why a bank's link is down

What the log of the bank's computer says, with what to do.
"""
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")

# Codes that are put together, by module and expression; an empty one passes on what was said
# elsewhere, as `error.code` and `decision.reason` do. Any other expression fails the test.
COMPOSED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("cloud/access/service.py", "f'grant.{found.state.value}'"): (
        "grant.consumed", "grant.expired", "grant.revoked",
    ),
    ("cloud/audit/mirror.py", "f'log.{head.state}'"): ("log.closed", "log.forked"),
    ("cloud/fleet/service.py", "f'bank.{found.state.value}'"): (
        "bank.created", "bank.quarantined", "bank.retired",
    ),
    ("cloud/web/asking.py", "self.action"): ("step_up.needed",),
    ("cloud/web/resident_pass.py", "found.result or ''"): (),
    ("cloud/web/problems.py", "HTTP_CODES.get(status, 'http.refused')"): (
        *HTTP_CODES.values(), "http.refused",
    ),
    ("cloud/web/problems.py", "code"): (),
    ("core/policy.py", "reason"): (),
    ("edge/controller/orders.py", "f'unlock.{outcome.value}'"): tuple(
        f"unlock.{outcome.value}" for outcome in UnlockOutcome
        if outcome not in {UnlockOutcome.OPENED, UnlockOutcome.ALREADY_OPEN}
    ),
    ("edge/journal.py", "verdict"): ("journal.forked", "journal.rolled_back"),
    ("edge/journal_mark.py", "verdict"): ("journal.forked", "journal.rolled_back"),
    ("edge/kiosk/screens.py", "bank.trouble or ''"): (),
    ("edge/uplink/trouble.py", "_certificate_code(error)"): (),
    ("edge/uplink/trouble.py", "_network_code(error)"): (),
    ("edge/uplink/trouble.py", "_status_code(error)"): (),
    ("edge/uplink/uplink.py", "reason"): (),
    ("edge/wiring.py", "code"): (
        "wiring.address_twice", "wiring.board_twice", "wiring.compartment_twice",
        "wiring.lock_twice", "wiring.port_twice",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Raised:
    """One place that says a code."""

    code: str
    kind: str
    module: Module


def page() -> str:
    """The whole page."""
    own, shared = split()
    english = catalogues()["en"]
    parts = [_INTRODUCTION, tree(), _OWN, "| code | kind | says |\n|---|---|---|"]
    for code, kinds in own.items():
        said_ = source.cell(str(english.texts[f"error.{code}"]))
        parts.append(f"| `{code}` | {', '.join(kinds)} | {said_} |")
    parts += [_SHARED, "| family | says | codes |\n|---|---|---|"]
    for family, codes in sorted(shared.items()):
        said_ = source.cell(str(english.texts[f"error_family.{family}"]))
        parts.append(f"| {family} | {said_} | {', '.join(f'`{code}`' for code in codes)} |")
    parts += [_LINK, "| code | words |\n|---|---|"]
    parts += [f"| `{code}` | {words} |" for code, words in sorted(WORDS.items())]
    return "\n".join(parts) + "\n"


def tree() -> str:
    """Kinds of error and their HTTP statuses."""
    lines = ["| kind | means | HTTP |", "|---|---|---|"]
    for kind, status in STATUS.items():
        said = source.first_paragraph(kind.__doc__).removeprefix("Raised when ")
        said = said.removeprefix("Raised at start when ")
        lines.append(f"| {kind.__name__} | {said} | {status} |")
    return "\n".join(lines)


def split() -> tuple[dict[str, tuple[str, ...]], dict[str, list[str]]]:
    """Codes with a sentence of their own (and their kinds), and the others by family."""
    by_code: dict[str, set[str]] = {}
    for one in raised()[0]:
        by_code.setdefault(one.code, set()).add(one.kind)
    own: dict[str, tuple[str, ...]] = {}
    shared: dict[str, list[str]] = {}
    for code, kinds in sorted(by_code.items()):
        area, _, name = key_of(catalogues()["en"], code).partition(".")
        if area == "error":
            own[code] = tuple(sorted(kinds - SPEAKERS.keys())) or ("told by a page",)
        else:
            shared.setdefault(name, []).append(code)
    return own, shared


@cache
def raised() -> tuple[list[Raised], list[str]]:
    """Every code that is said, and the expressions nobody has explained."""
    kinds = error_classes()
    found: list[Raised] = []
    unexplained: list[str] = []
    for module in source.modules(*BOXES):
        for kind, argument in said(module, kinds):
            codes = literals(argument, module)
            if codes is None:
                key = (module.short, ast.unparse(argument))
                codes = list(COMPOSED.get(key, ()))
                if key not in COMPOSED:
                    unexplained.append(f"{key[0]}: {kind}({key[1]})")
            found += [Raised(code, kind, module) for code in codes]
    return found, unexplained


def said(module: Module, kinds: frozenset[str]) -> Iterator[tuple[str, ast.expr]]:
    """Class and code of each error made in a module, and each reason it yields."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            place = SPEAKERS.get(name, 0 if name in kinds else -1)
            if 0 <= place < len(node.args):
                yield name, node.args[place]
        elif isinstance(node, ast.Yield) and module.short == "core/policy.py" and node.value:
            yield "Denied", node.value


def error_classes() -> frozenset[str]:
    """The tree of errors by name, with what other modules hang onto it."""
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for module in source.modules(*BOXES)
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
    }
    found = {ROOT_CLASS}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


def literals(node: ast.expr, module: Module) -> list[str] | None:
    """The codes an expression can be, if it says them itself; None when it does not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if _CODE.fullmatch(node.value) else None
    if isinstance(node, ast.Attribute) and node.attr in {"code", "reason"}:
        return []
    if isinstance(node, ast.IfExp):
        codes: list[str] = []
        for branch in (node.body, node.orelse):
            said_here = literals(branch, module)
            if said_here is None:
                said_here = list(COMPOSED.get((module.short, ast.unparse(branch)), ()))
            codes += said_here
        return codes
    if isinstance(node, ast.Name):
        named = [
            literals(line.value, module)
            for line in ast.walk(module.tree)
            if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == node.id
        ]
        return next((found for found in named if found), None)
    return None
