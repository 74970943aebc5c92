import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

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


DOORS = 3


class Wall(RuleBasedStateMachine):
    """Every move at any time, against what hands could have done: claims, parcels, padlocks."""

    def __init__(self) -> None:
        super().__init__()
        self.states = [CompartmentState.FREE] * DOORS
        self.claimed: set[int] = set()
        self.full: set[int] = set()
        self.padlocked: set[int] = set()

    @rule(door=st.integers(0, DOORS - 1), move=st.sampled_from(Move))
    def try_it(self, door: int, move: Move) -> None:
        is_possible = self.by_hand(door, move)
        before = list(self.states)
        try:
            self.states[door] = moved(self.states[door], move)
        except Conflict:
            assert not is_possible
            assert self.states == before
        else:
            assert is_possible

    def by_hand(self, door: int, move: Move) -> bool:
        """The same without the table; says whether it makes sense."""
        is_idle = door not in self.claimed | self.full | self.padlocked
        match move:
            case Move.RESERVE if is_idle:
                self.claimed.add(door)
            case Move.RELEASE if door in self.claimed:
                self.claimed.remove(door)
            case Move.DEPOSIT if door in self.claimed:
                self.claimed.remove(door)
                self.full.add(door)
            case Move.COLLECT if door in self.full:
                self.full.remove(door)
            case Move.BLOCK if door not in self.padlocked:
                self.claimed.discard(door)
                self.full.discard(door)
                self.padlocked.add(door)
            case Move.RESTORE if door in self.padlocked:
                self.padlocked.remove(door)
            case _:
                return False
        return True

    @invariant()
    def the_table_says_what_hands_did(self) -> None:
        for door, state in enumerate(self.states):
            assert (state is CompartmentState.RESERVED) == (door in self.claimed)
            assert (state is CompartmentState.OCCUPIED) == (door in self.full)
            assert (state is CompartmentState.BLOCKED) == (door in self.padlocked)


TestWall = Wall.TestCase
TestWall.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
