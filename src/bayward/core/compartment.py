"""A compartment: what it is, and what state it is in.

`Compartment` is commissioning data and changes only with the steel. The state moves along
`TRANSITIONS` and nothing else; a move that is not in the table is a `Conflict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bayward.core.errors import Conflict, Invalid
from bayward.core.ids import CompartmentId

REACH_MAX_MM = 1220  # ADA 2010 §308.2.1: 48 in, unobstructed forward reach
REACH_MIN_MM = 380  # 15 in


class Size(StrEnum):
    """Sizes as couriers know them, smallest first."""

    S = "S"
    M = "M"
    L = "L"
    XL = "XL"

    @property
    def rank(self) -> int:
        """Order of sizes, 0 is the smallest."""
        return list(Size).index(self)


class Mode(StrEnum):
    """What a compartment is used for."""

    DELIVERY = "delivery"
    STORAGE = "storage"
    ASSET = "asset"
    EVIDENCE = "evidence"
    MEDICINE = "medicine"
    VENDING = "vending"

    @property
    def needs_two(self) -> bool:
        """Whether a compartment of this mode opens for nobody alone.

        Who opens it must have been admitted for the mode, and so must the second person.
        """
        return self in _FOR_TWO


_FOR_TWO = frozenset({Mode.EVIDENCE, Mode.MEDICINE})


def modes_text(modes: Iterable[Mode]) -> str:
    """Modes as one text, for orders, events and tables; "" for none."""
    return ",".join(sorted(modes))


def modes_of(text: str | None) -> frozenset[Mode]:
    """The modes of a text of `modes_text`; raises `Invalid` for a word that is none."""
    try:
        return frozenset(Mode(word) for word in (text or "").split(",") if word)
    except ValueError:
        raise Invalid("compartment.mode", field="modes") from None


class LifeSafety(StrEnum):
    """Whether a person could be behind the door; such a door must never hold anybody in."""

    NONE = "none"
    OCCUPIABLE = "occupiable"


class TemperatureZone(StrEnum):
    """How the space is kept."""

    AMBIENT = "ambient"
    COOLED = "cooled"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Compartment:
    """One door and the space behind it, as built.

    `number` is painted on the door; `column` and `row` count from the left and the top, from 1;
    `height_units` is the drawn height. Inner sizes and the floor's height above ground in mm.
    """

    id: CompartmentId
    number: int
    column: int
    row: int
    height_units: int
    size: Size
    inner_width_mm: int
    inner_height_mm: int
    inner_depth_mm: int
    floor_height_mm: int
    mode: Mode = Mode.DELIVERY
    zone: TemperatureZone = TemperatureZone.AMBIENT
    has_occupancy_sensor: bool = False
    life_safety: LifeSafety = LifeSafety.NONE

    def __post_init__(self) -> None:
        positive = (self.number, self.column, self.row, self.height_units, self.inner_width_mm)
        if min(*positive, self.inner_height_mm, self.inner_depth_mm) < 1:
            raise Invalid("compartment.not_positive", number=self.number)
        if self.floor_height_mm < 0:
            raise Invalid("compartment.below_ground", number=self.number)

    @property
    def is_within_reach(self) -> bool:
        """Whether somebody seated can reach the parcel (ADA §308)."""
        return REACH_MIN_MM <= self.floor_height_mm <= REACH_MAX_MM

    @property
    def reach(self) -> str:
        """Height in words: `low`, `waist`, `chest` or `high`."""
        for name, limit_mm in (("low", 600), ("waist", 1100), ("chest", 1400)):
            if self.floor_height_mm < limit_mm:
                return name
        return "high"


class CompartmentState(StrEnum):
    """What a compartment holds."""

    FREE = "free"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    BLOCKED = "blocked"


class Move(StrEnum):
    """What can happen to a compartment."""

    RESERVE = "reserve"
    RELEASE = "release"
    DEPOSIT = "deposit"
    COLLECT = "collect"
    BLOCK = "block"
    RESTORE = "restore"


_S = CompartmentState
TRANSITIONS: dict[tuple[CompartmentState, Move], CompartmentState] = {
    (_S.FREE, Move.RESERVE): _S.RESERVED,
    (_S.RESERVED, Move.RELEASE): _S.FREE,
    (_S.RESERVED, Move.DEPOSIT): _S.OCCUPIED,
    (_S.OCCUPIED, Move.COLLECT): _S.FREE,
    (_S.FREE, Move.BLOCK): _S.BLOCKED,
    (_S.RESERVED, Move.BLOCK): _S.BLOCKED,
    (_S.OCCUPIED, Move.BLOCK): _S.BLOCKED,
    (_S.BLOCKED, Move.RESTORE): _S.FREE,
}


def moved(state: CompartmentState, move: Move) -> CompartmentState:
    """The state after `move`; raises `Conflict` when the table has no such line."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise Conflict("compartment.move", state=state.value, move=move.value) from None
