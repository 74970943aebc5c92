from __future__ import annotations

import ast
import re
from enum import StrEnum

import pytest

from reference import source, states
from reference.states import MACHINES, Machine

TABLE = re.compile(r"(dict|Mapping)\[tuple\[\w+, \w+\]")


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


class Hand(StrEnum):
    PRESS = "press"
    TURN = "turn"
    DROP = "drop"


MOVES = {
    (Lamp.OFF, Hand.PRESS): Lamp.ON,
    (Lamp.OFF, Hand.TURN): Lamp.ON,
    (Lamp.ON, Hand.PRESS): Lamp.OFF,
    (Lamp.ON, Hand.DROP): Lamp.BROKEN,
}


def test_a_table_becomes_a_diagram() -> None:
    assert states.diagram(MOVES, "off").splitlines() == [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> off",
        "    off --> on: press, turn",
        "    on --> off: press",
        "    on --> broken: drop",
        "    broken --> [*]",
        "```",
    ]


def test_a_table_becomes_rows_one_for_each_move() -> None:
    rows = states.table(MOVES).splitlines()
    assert rows[2] == "| off | `press` | on |"
    assert len(rows) == 2 + len(MOVES)


def test_every_table_of_transitions_in_the_source_is_drawn() -> None:
    found = {
        (module.name, node.target.id)
        for module in source.modules("core", "ledger", "wire", "edge", "cloud")
        for node in module.tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and TABLE.match(ast.unparse(node.annotation))
    }
    assert found == {(machine.module, machine.table) for machine in MACHINES}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.title)
def test_every_state_can_be_reached_from_the_first(machine: Machine) -> None:
    reached = {machine.start}
    while (
        more := {
            after.value for (before, _), after in machine.moves.items() if before.value in reached
        }
        - reached
    ):
        reached |= more
    assert reached == {state.value for state in states.states(machine.moves)}


def test_a_state_is_explained_by_the_comment_beside_it() -> None:
    held = next(iter(MACHINES[1].moves.values())).__class__("held")
    assert states.meaning(held) == "in a blocked compartment; staff must look"
