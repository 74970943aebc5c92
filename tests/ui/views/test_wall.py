"""The wall's geometry: every door in its place, whatever the order it was listed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.compartment import Compartment, Size
from bayward.core.errors import Invalid
from bayward.core.ids import CompartmentId
from bayward.ui.assets import Assets
from bayward.ui.views.wall import (
    UNITS_MAX,
    Cell,
    CellKind,
    CellState,
    Column,
    Position,
    Reach,
    Wall,
)


def compartment(number: int, column: int, row: int, units: int) -> Compartment:
    return Compartment(
        id=CompartmentId.of(number.to_bytes(16, "big")),
        number=number,
        column=column,
        row=row,
        height_units=units,
        size=Size.M,
        inner_width_mm=400,
        inner_height_mm=190,
        inner_depth_mm=450,
        floor_height_mm=900,
    )


STEEL = [
    compartment(1, 1, 1, 2),
    compartment(2, 1, 2, 4),
    compartment(3, 2, 1, 3),
    compartment(4, 2, 2, 3),
]


def look(one: Compartment) -> Cell:
    return Cell(state=CellState.OCCUPIED, is_occupied=True, href=f"/{one.number}")


@given(st.permutations(STEEL))
def test_doors_stand_where_they_were_built(listed: list[Compartment]) -> None:
    wall = Wall.of(listed, look)
    assert [[cell.number for cell in column.cells] for column in wall.columns] == [
        ["01", "02"],
        ["03", "04"],
    ]
    first = wall.columns[0].cells[0]
    assert (first.units, first.size, first.href, first.is_occupied) == (2, "M", "/1", True)


def test_the_kiosk_stands_between_columns_and_is_as_high_as_they_are() -> None:
    wall = Wall.of(STEEL, look, kiosk_after=1, is_kiosk_online=False)
    (kiosk,) = wall.columns[1].cells
    assert (kiosk.kind, kiosk.units, kiosk.is_online) == (CellKind.KIOSK, 6, False)
    assert wall.units_wide == 3


def test_a_place_is_counted_from_the_left_and_the_top() -> None:
    wall = Wall.of(STEEL, look, kiosk_after=1)
    assert wall.position("04", Reach.WAIST) == Position(3, 3, 2, 2, Reach.WAIST)
    with pytest.raises(KeyError):
        wall.position("05", Reach.LOW)


@pytest.mark.parametrize("units", [0, -1, UNITS_MAX + 1])
def test_a_door_the_style_sheet_cannot_draw_is_refused(units: int) -> None:
    with pytest.raises(Invalid, match=r"wall\.units"):
        Cell(number="01", units=units)
    assert Cell(kind=CellKind.KIOSK, units=UNITS_MAX + 1).units > UNITS_MAX


def test_the_style_sheet_knows_every_height() -> None:
    rules = Assets().files["css/geometry.css"].decode()
    assert all(f'[data-u="{units}"]' in rules for units in range(1, UNITS_MAX + 1))


def test_rows_follow_the_smallest_door() -> None:
    assert Wall.of(STEEL, look).rows == 3
    assert Wall.of(STEEL, look).units_high == 6


def test_an_empty_wall_is_still_a_wall() -> None:
    wall = Wall(())
    assert (wall.units_high, wall.units_wide, wall.rows) == (1, 0, 1)
    blind = Wall((Column((Cell(kind=CellKind.PANEL, units=4),)),))
    assert blind.rows == 1


@pytest.mark.parametrize("one", STEEL)
def test_reach_has_a_word_for_every_compartment(one: Compartment) -> None:
    assert Reach(one.reach) is Reach.WAIST
