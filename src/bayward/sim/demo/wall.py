"""What the demo's page shows of the steel: doors as a camera would see them."""

from __future__ import annotations

from bayward.sim.hardware.compartment import TwinCompartment
from bayward.sim.hardware.twin import BankTwin
from bayward.sim.steel import KIOSK_AFTER_COLUMN, Steel
from bayward.ui.views.demo import Leaf, SteelColumn, SteelDoor


def columns(steel: Steel, twin: BankTwin, bent: set[str]) -> tuple[SteelColumn, ...]:
    """The wall from left to right; `bent` are compartments the crowbar was at."""
    built: dict[int, list[SteelDoor]] = {}
    for one in steel.compartments:
        door = SteelDoor(
            number=f"{one.number:02d}",
            units=one.height_units,
            leaf=_leaf(twin.compartment(one.id), is_bent=one.id in bent),
            has_parcel=twin.compartment(one.id).is_occupied,
        )
        built.setdefault(one.column, []).append(door)
    wall = [SteelColumn(doors=tuple(doors)) for _, doors in sorted(built.items())]
    wall.insert(KIOSK_AFTER_COLUMN, SteelColumn(is_kiosk=True, units_wide=2))
    return tuple(wall)


def _leaf(compartment: TwinCompartment, *, is_bent: bool) -> Leaf:
    if compartment.is_open:
        return Leaf.BENT if is_bent else Leaf.OPEN
    return Leaf.CLOSED
