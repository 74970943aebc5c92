"""`docs/reference/states.md`: every state machine, drawn from the table it runs on."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reference import source

Moves = Mapping[Any, StrEnum]  # from a pair of state and move to a state


@dataclass(frozen=True)
class Machine:
    """One table of transitions: where it is, what it is called, where it begins."""

    title: str
    module: str
    table: str
    start: str

    @property
    def moves(self) -> Moves:
        """The table itself."""
        moves: Moves = getattr(importlib.import_module(self.module), self.table)
        return moves


MACHINES = (
    Machine("Compartment", "bayward.core.compartment", "TRANSITIONS", "free"),
    Machine("Parcel", "bayward.core.custody", "TRANSITIONS", "expected"),
    Machine("Item", "bayward.core.items", "TRANSITIONS", "held"),
    Machine("Grant", "bayward.core.grants", "TRANSITIONS", "active"),
    Machine("Unlock", "bayward.edge.unlock", "TRANSITIONS", "checking"),
    Machine("Link", "bayward.wire.link.states", "TRANSITIONS", "connecting"),
    Machine("Upload", "bayward.wire.link.states", "FLOW", "flowing"),
)
_INTRODUCTION = """\
# States

Every state machine of the rules, the edge and the link. Each is a table in the source and this
page is made from those tables (`tools/reference/states.py`), so it shows what runs. A move that
is not in a table is an error, or, for an unlock, changes nothing.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *map(section, MACHINES)])


def section(machine: Machine) -> str:
    """Heading, theory, diagram, meaning of the states, table."""
    module = source.module(machine.module)
    assert module is not None, machine.module
    first = next(iter(machine.moves))[0]
    theory = source.first_paragraph(type(first).__doc__)
    where = f"`{module.short}`, `{machine.table}`."
    parts = [f"## {machine.title}", f"{theory} In {where}", diagram(machine.moves, machine.start)]
    meanings = [
        f"- **{state.value}**: {said}"
        for state in states(machine.moves)
        if (said := meaning(state))
    ]
    if meanings:
        parts.append("\n".join(meanings))
    parts.append(table(machine.moves))
    return "\n\n".join(parts) + "\n"


def diagram(moves: Moves, start: str) -> str:
    """A Mermaid `stateDiagram-v2`; moves between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, move), after in moves.items():
        arrows.setdefault((before.value, after.value), []).append(move.value)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    for (before_, after_), names in arrows.items():
        lines.append(f"    {before_} --> {after_}: {', '.join(names)}")
    sources = {before.value for before, _ in moves}
    ends = [state.value for state in states(moves) if state.value not in sources]
    lines += [f"    {end} --> [*]" for end in ends]
    return "\n".join([*lines, "```"])


def table(moves: Moves) -> str:
    """The same as a table."""
    lines = ["| in | on | becomes |", "|---|---|---|"]
    lines += [
        f"| {before.value} | `{move.value}` | {after.value} |"
        for (before, move), after in moves.items()
    ]
    return "\n".join(lines)


def states(moves: Moves) -> list[StrEnum]:
    """All states, in the order in which the table names them."""
    named = (state for (before, _), after in moves.items() for state in (before, after))
    return list(dict.fromkeys(named))


def meaning(state: StrEnum) -> str:
    """The comment beside a state where its class is declared."""
    module = source.module(type(state).__module__)
    assert module is not None, type(state)
    return source.member_comments(module, type(state).__name__).get(state.name, "")
