"""Runs of lines that say the same of one door after another, for lists that show them as one.

A wall that starts says of each of its doors that it is shut: sixty lines between the one that
matters and the next. A run keeps all its lines, each with its own proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from bayward.core.clock import MINUTE_MS
from bayward.ui.views.base import Fact
from bayward.ui.views.console import Happening

RUN_MIN = 4  # shorter ones are read faster than unfolded


def in_runs(lines: Iterable[Happening]) -> list[tuple[Happening, ...]]:
    """The lines in their order; those of one run together, any other by itself."""
    found: list[tuple[Happening, ...]] = []
    for _, same in groupby(lines, _sameness):
        run = tuple(same)
        found += [run] if len(run) >= RUN_MIN else [(one,) for one in run]
    return found


def door_span(run: Sequence[Happening]) -> str:
    """The doors of a run as one text: the first and the last of them."""
    doors = sorted(str(one.facts.get("door", "")) for one in run)
    return f"{doors[0]}–{doors[-1]}"  # noqa: RUF001 - an en dash is what is meant


def _sameness(one: Happening) -> tuple[object, ...]:
    """Equal for two lines of a run; a line that may not be in one is equal to none."""
    if one.severity is not None or "door" not in one.facts:
        return (object(),)
    rest: list[tuple[str, Fact]] = sorted(
        ((name, value) for name, value in one.facts.items() if name != "door"), key=str
    )
    is_suspect = one.time is not None and one.time.is_suspect
    return (one.kind, one.is_proven, is_suspect, one.at // MINUTE_MS, tuple(rest))
