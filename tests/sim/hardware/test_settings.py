"""Doors are spread over boards in order."""

from __future__ import annotations

import pytest

from bayward.sim.hardware.settings import one_line
from hardware_bench import doors


@pytest.mark.parametrize(("count", "boards"), [(1, 1), (16, 1), (17, 2), (160, 10)])
def test_one_line_takes_as_many_boards_as_it_needs(count: int, boards: int) -> None:
    names = doors(count)
    built = one_line(names)
    assert [board.address for board in built.boards] == list(range(boards))
    assert [name for board in built.boards for name in board.compartments] == names
    assert {board.port for board in built.boards} == {built.ports[0].name}
