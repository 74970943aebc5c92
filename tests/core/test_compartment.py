import pytest

from bayward.core.compartment import TRANSITIONS, CompartmentState, Move, Size, moved
from bayward.core.errors import Conflict, Invalid
from table_top import layout


@pytest.mark.parametrize("state", CompartmentState)
@pytest.mark.parametrize("move", Move)
def test_only_moves_in_the_table_happen(state: CompartmentState, move: Move) -> None:
    if (state, move) in TRANSITIONS:
        assert moved(state, move) is TRANSITIONS[state, move]
    else:
        with pytest.raises(Conflict, match=r"compartment\.move"):
            moved(state, move)


def test_every_state_can_be_left_and_reached() -> None:
    assert {state for state, _ in TRANSITIONS} == set(CompartmentState)
    assert set(TRANSITIONS.values()) == set(CompartmentState)


def test_sizes_are_ordered() -> None:
    assert [size.rank for size in (Size.S, Size.M, Size.L, Size.XL)] == [0, 1, 2, 3]


def test_reach_follows_the_standard() -> None:
    low, waist, chest = layout(3)
    assert [space.floor_height_mm for space in (low, waist, chest)] == [300, 800, 1300]
    assert [space.is_within_reach for space in (low, waist, chest)] == [False, True, False]
    assert [space.reach for space in (low, waist, chest)] == ["low", "waist", "chest"]


def test_steel_has_size() -> None:
    space = layout(1)[0]
    with pytest.raises(Invalid, match="not_positive"):
        type(space)(space.id, 0, 1, 1, 1, Size.S, 1, 1, 1, 0)
    with pytest.raises(Invalid, match="below_ground"):
        type(space)(space.id, 1, 1, 1, 1, Size.S, 1, 1, 1, -1)
