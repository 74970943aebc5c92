"""The wall as people see it: columns of doors, shared by kiosk, console, phone and demo.

Geometry is proportional: a column is `units_wide` wide, a cell `units` high (any whole numbers
up to `UNITS_MAX`, so 100 mm or rack units both do). Cells go from top to bottom; columns of one
wall should add up to the same height. The kiosk itself and blind panels are cells too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Self

from bayward.core.clock import Instant
from bayward.core.compartment import Compartment
from bayward.core.errors import Invalid

UNITS_MAX = 240  # classes for cell heights are written out in the style sheet up to here


class CellKind(StrEnum):
    """What a rectangle of the wall is."""

    COMPARTMENT = "compartment"
    KIOSK = "kiosk"
    PANEL = "panel"  # blind: electronics, meter, nothing


class CellState(StrEnum):
    """What differs from plan, most urgent first when several apply.

    `FREE` and `OCCUPIED` are according to plan and stay silent; every other state has a word.
    """

    FORCED = "forced"  # opened without a grant: red
    OPEN_TOO_LONG = "open_too_long"
    UNKNOWN = "unknown"  # not read; never drawn as closed
    JAMMED = "jammed"  # pulsed and did not open
    OPEN = "open"
    OVERDUE = "overdue"
    OUT = "out"  # out of service
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    FREE = "free"


class Reach(StrEnum):
    """How high a compartment is for a person in front of it: `Reach(compartment.reach)`."""

    LOW = "low"
    WAIST = "waist"
    CHEST = "chest"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One rectangle. `number` is what is printed on the door ("07"), never an id.

    `since` is when the state began (doors that stand open count up, overdue counts days);
    `href` is where it leads, None for a picture without links.
    """

    number: str = ""
    units: int = 1
    kind: CellKind = CellKind.COMPARTMENT
    state: CellState = CellState.FREE
    is_occupied: bool = False
    since: Instant | None = None
    href: str | None = None
    size: str = ""
    is_online: bool = True  # of the kiosk

    def __post_init__(self) -> None:
        if self.kind is CellKind.COMPARTMENT and not 1 <= self.units <= UNITS_MAX:
            raise Invalid("wall.units", number=self.number, units=self.units, limit=UNITS_MAX)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of cells, from top to bottom."""

    cells: tuple[Cell, ...]
    units_wide: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Where a door is, counted from the left and from the top, starting at 1."""

    column: int
    columns: int
    row: int
    rows: int
    reach: Reach


def door_label(number: int) -> str:
    """What is printed on a door: two digits at least."""
    return f"{number:02d}"


def _placed(compartment: Compartment, cell: Cell) -> Cell:
    return replace(
        cell,
        number=door_label(compartment.number),
        units=compartment.height_units,
        size=compartment.size.value,
    )


@dataclass(frozen=True, slots=True)
class Wall:
    """A bank seen from the front."""

    columns: tuple[Column, ...]

    @classmethod
    def of(
        cls,
        compartments: Iterable[Compartment],
        look: Callable[[Compartment], Cell],
        *,
        kiosk_after: int | None = None,
        is_kiosk_online: bool = True,
    ) -> Self:
        """Lay compartments out by their commissioning data; `look` draws each one.

        `kiosk_after` is the column the kiosk stands to the right of (0: leftmost), None where
        the wall has no kiosk. `look` need not set number, units and size.
        """
        placed = sorted(compartments, key=lambda one: (one.column, one.row))
        columns = [
            Column(tuple(_placed(one, look(one)) for one in doors))
            for _, doors in groupby(placed, key=lambda one: one.column)
        ]
        if kiosk_after is not None:
            tallest = cls(tuple(columns)).units_high
            kiosk = Cell(units=tallest, kind=CellKind.KIOSK, is_online=is_kiosk_online)
            columns.insert(kiosk_after, Column((kiosk,)))
        return cls(tuple(columns))

    @property
    def units_high(self) -> int:
        """Height of the tallest column."""
        return max((sum(cell.units for cell in column.cells) for column in self.columns), default=1)

    @property
    def rows(self) -> int:
        """How many of the smallest door fit on top of each other."""
        doors = [
            cell.units
            for column in self.columns
            for cell in column.cells
            if cell.kind is CellKind.COMPARTMENT
        ]
        return -(-self.units_high // min(doors, default=self.units_high))

    @property
    def units_wide(self) -> int:
        """Width of all columns."""
        return sum(column.units_wide for column in self.columns)

    def position(self, number: str, reach: Reach) -> Position:
        """The place of door `number`; raises `KeyError` when the wall has no such door."""
        for index, column in enumerate(self.columns, start=1):
            doors = [cell for cell in column.cells if cell.kind is CellKind.COMPARTMENT]
            for row, cell in enumerate(doors, start=1):
                if cell.number == number:
                    return Position(index, len(self.columns), row, len(doors), reach)
        raise KeyError(number)
