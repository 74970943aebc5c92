"""The invented house that all samples share: Northgate House, wall "Lobby A"."""

from __future__ import annotations

from bayward.core.clock import DAY_MS, SECOND_MS, Instant, after
from bayward.ui.views.wall import Cell, CellKind, CellState, Column, Reach, Wall

NOW = Instant(1_795_199_730_000)  # 2026-11-20 18:35:30 UTC
BANK = "bank_0c7m2k9v4x1q8z5n3b6r7t2w4y"
NARROW, MIDDLE, LARGE = 2, 3, 5

_FULL = {1, 3, 7, 8, 9, 10, 16, 18, 23, 24, 27, 28, 33, 34, 36, 41, 47, 48, 49, 53, 56, 57}
_STATES = {
    11: CellState.RESERVED,
    14: CellState.OPEN,
    17: CellState.RESERVED,
    25: CellState.OUT,
    36: CellState.OVERDUE,
    50: CellState.RESERVED,
    56: CellState.OVERDUE,
}
_SINCE = {
    14: after(NOW, -41 * SECOND_MS),
    36: after(NOW, -2 * DAY_MS),
    56: after(NOW, -2 * DAY_MS),
    12: after(NOW, -252 * SECOND_MS),
}


def ago(seconds: int) -> Instant:
    """An instant in the past."""
    return after(NOW, -seconds * SECOND_MS)


def ahead(days: int) -> Instant:
    """An instant in the future."""
    return after(NOW, days * DAY_MS)


def cell(number: int, units: int, more: dict[int, CellState]) -> Cell:
    """Door `number` as it stands now; `more` are states on top of the usual evening."""
    is_full = number in _FULL
    usual = CellState.OCCUPIED if is_full else CellState.FREE
    return Cell(
        number=f"{number:02d}",
        units=units,
        state=more.get(number, _STATES.get(number, usual)),
        is_occupied=is_full,
        since=_SINCE.get(number),
        href=f"/console/banks/{BANK}?door={number}",
        size={NARROW: "S", MIDDLE: "M"}.get(units, "L"),
    )


def wall(more: dict[int, CellState] | None = None, *, is_online: bool = True) -> Wall:
    """57 doors in seven columns, the kiosk in the middle."""
    states = more or {}

    def column(first: int, heights: list[int]) -> Column:
        return Column(tuple(cell(first + i, units, states) for i, units in enumerate(heights)))

    kiosk = Column((Cell(units=24, kind=CellKind.KIOSK, is_online=is_online),))
    return Wall(
        (
            column(1, [NARROW] * 12),
            column(13, [MIDDLE] * 8),
            column(21, [NARROW] * 12),
            kiosk,
            column(33, [MIDDLE] * 8),
            column(41, [4, LARGE, LARGE, LARGE, LARGE]),
            column(46, [NARROW] * 12),
        )
    )


WALL = wall()
ALARM_WALL = wall({31: CellState.FORCED})
DOOR_14 = WALL.position("14", Reach.WAIST)
