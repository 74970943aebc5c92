"""Which free compartment a parcel gets.

Smallest that fits, because a large one is dear; within reach for who needs it, because the top
row is out of reach from a wheelchair; and the high doors first for everybody else, so that the
low ones stay free for who cannot do without. Among equals the one that has rested longest, so that
locks wear evenly and no coil is asked for again while it is warm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bayward.core.clock import Instant
from bayward.core.compartment import Compartment, Size
from bayward.core.errors import Denied
from bayward.core.ids import CompartmentId


def allocate(
    free: Iterable[Compartment],
    size: Size,
    *,
    needs_low: bool,
    used_at: Mapping[CompartmentId, Instant],
) -> Compartment:
    """Choose a compartment of at least `size`; raises `Denied("bank.full")` when none fits.

    `used_at` says when something last happened to a compartment; missing is never.
    """
    fitting = [
        space
        for space in free
        if space.size.rank >= size.rank and (space.is_within_reach or not needs_low)
    ]
    if not fitting:
        raise Denied("bank.full", size=size.value)

    def rank(space: Compartment) -> tuple[int, bool, int, int]:
        rested = used_at.get(space.id, 0)
        return (space.size.rank, space.is_within_reach, rested, space.number)

    return min(fitting, key=rank)


def free_by_size(free: Iterable[Compartment]) -> dict[Size, int]:
    """How many free compartments could take a parcel of each size."""
    spaces = list(free)
    return {size: sum(space.size.rank >= size.rank for space in spaces) for size in Size}
