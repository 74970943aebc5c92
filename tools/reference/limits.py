"""`docs/reference/limits.md`: every named limit, its value, and the reason beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from reference import source
from reference.source import Constant

BOXES = ("core", "ledger", "wire", "edge", "cloud")
# What makes a name a limit: it bounds something, or says how much of a unit.
_LIMIT = re.compile(r"_(MAX|MIN|MS|S|BYTES|CHARS|DAYS|ENTRIES|DIGITS|BURST|TRIES|EVERY)$")
_BOUND = re.compile(r"_(MS|S|BYTES|CHARS|MM)_(MAX|MIN|SPREAD)$")
_NOT_LIMITS = {"core/clock.py", "YEAR_S", "USEC_PER_S"}  # names of units
CLASSES = {"BusTiming", "GovernorLimits", "ThrottleSettings"}  # limits that are fields
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_KIB, _MIB = 1024, 1024 * 1024
_LARGE = 2**31  # beyond it a number is shown as it is written
_INTRODUCTION = """\
# Limits

Everything has a limit, and each limit has a name. What stands beside it in the source is its
reason; where nothing stands, the name says it or the form of the thing does (a digest has 32
bytes). What a person may set is in [bank settings](bank-settings.md) and
[cloud settings](cloud-settings.md). Made from the source by `tools/reference/limits.py`.
"""
_TITLES = {
    "core": "The rules",
    "ledger": "The log",
    "wire": "The link, passes and letters",
    "edge": "The computer in the wall",
    "cloud": "The control plane",
}


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for box in BOXES:
        found = limits(box)
        parts.append(f"## {_TITLES[box]}\n\n{table(found)}")
    return "\n".join(parts)


def limits(box: str) -> list[Constant]:
    """The limits of one box, in order of file and line."""
    found = []
    for module in source.modules(box):
        found += [
            one
            for one in source.constants(module)
            if is_limit(one.name) and not _NOT_LIMITS & {one.name, module.short}
        ]
        for name in sorted(CLASSES):
            found += source.defaults(module, name)
    return found


def is_limit(name: str) -> bool:
    """Whether a constant's name says that it bounds something."""
    return bool(_LIMIT.search(name) or _BOUND.search(name))


def table(found: Iterable[Constant]) -> str:
    """Rows grouped by file; the file is named once."""
    lines = ["| file | limit | value | reason |", "|---|---|---|---|"]
    for short, group in groupby(found, key=lambda one: one.module.short):
        for place, one in enumerate(group):
            file = f"`{short}`" if place == 0 else ""
            lines.append(f"| {file} | `{one.name}` | {shown(one)} | {source.cell(one.reason)} |")
    return "\n".join(lines) + "\n"


def shown(one: Constant) -> str:
    """A value with its unit, as people write it."""
    value = one.value
    units = one.name.upper().replace("_PER_S", "").split("_")
    if "MS" in units or ("S" in units and isinstance(value, int)):
        return _time(value if "MS" in units else value * 1_000)
    if "S" in units:
        return f"{value:g} s"
    if "BYTES" in units and value and value % _KIB == 0:
        return f"{value // _MIB} MiB" if value % _MIB == 0 else f"{value // _KIB} KiB"
    if isinstance(value, int) and value >= _LARGE:
        return f"`{one.written}`"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _time(ms: source.Number) -> str:
    for unit_ms, unit in _UNITS:
        if ms and ms % unit_ms == 0:
            return f"{ms // unit_ms} {unit}"
    return f"{ms} ms"
