import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.allocation import allocate, free_by_size
from bayward.core.compartment import Compartment, Size
from bayward.core.errors import Denied
from table_top import START, layout

WALL = layout(6)
subsets = st.lists(st.sampled_from(WALL), unique_by=lambda space: space.id)


@given(subsets, st.sampled_from(Size), st.booleans())
def test_the_smallest_that_fits_and_never_out_of_reach(
    free: list[Compartment], size: Size, needs_low: bool
) -> None:
    fitting = [s for s in free if s.size.rank >= size.rank and (s.is_within_reach or not needs_low)]
    if not fitting:
        with pytest.raises(Denied, match=r"bank\.full"):
            allocate(free, size, needs_low=needs_low, used_at={})
        return
    chosen = allocate(free, size, needs_low=needs_low, used_at={})
    assert chosen in fitting
    assert chosen.size.rank == min(space.size.rank for space in fitting)


def test_low_doors_are_kept_for_who_needs_them() -> None:
    low = next(space for space in WALL if space.is_within_reach)
    high = type(low)(WALL[0].id, 90, 9, 1, 1, low.size, 400, 200, 500, floor_height_mm=1_500)
    assert allocate([low, high], low.size, needs_low=False, used_at={}) is high
    assert allocate([low, high], low.size, needs_low=True, used_at={}) is low


def test_larger_doors_count_for_smaller_parcels() -> None:
    assert free_by_size(WALL) == {Size.S: 6, Size.M: 4, Size.L: 2, Size.XL: 0}


def test_among_equals_the_longest_rested() -> None:
    one, other = (space for space in WALL if space.size is Size.S)
    used = {one.id: START}
    assert allocate([one, other], Size.S, needs_low=False, used_at=used) is other
    assert allocate([one, other], Size.S, needs_low=False, used_at={}) is one
