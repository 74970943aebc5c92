"""The wall of the demo: 57 compartments around a kiosk, on four boards and one line.

`bank_toml` writes what a technician would have written after commissioning; the edge program
reads it like any other bank's settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

from bayward.core.compartment import Compartment, Mode, Size
from bayward.core.ids import BankId, CompartmentId
from bayward.sim.hardware.settings import TwinBoard, TwinSettings, one_line

# Columns from the left: how many doors of which size. The kiosk stands after the third.
COLUMNS: tuple[tuple[int, Size], ...] = (
    (12, Size.S), (8, Size.M), (12, Size.S), (8, Size.M), (5, Size.L), (12, Size.S),
)  # fmt: skip
KIOSK_AFTER_COLUMN = 3
PLAIN: Mapping[int, Mode] = {}
HEIGHT_UNITS = 120  # every column is as high as the others
WALL_MM = 1_920
FOOT_MM = 120
INNER_WIDTH_MM = 420
INNER_DEPTH_MM = 560
SHEET_MM = 12  # steel between two compartments


@dataclass(frozen=True, slots=True)
class Steel:
    """A wall: its compartments, and how they are wired."""

    compartments: tuple[Compartment, ...]
    twin: TwinSettings

    def lock_of(self, compartment: CompartmentId) -> tuple[str, int]:
        """Board and lock index of a compartment."""
        for board in self.twin.boards:
            if compartment in board.compartments:
                return board.name, board.compartments.index(compartment)
        raise KeyError(compartment)


def build(
    chance: Random,
    columns: Sequence[tuple[int, Size]] = COLUMNS,
    closed_levels: Sequence[int] = (1,),
    modes: Mapping[int, Mode] = PLAIN,
) -> Steel:
    """Weld a wall; `closed_levels` are what shut doors read, board by board, over and over.

    `modes` are those of the doors, by number, that are not for parcels.
    """
    built: list[Compartment] = []
    for column, (doors, size) in enumerate(columns, 1):
        outer_mm = WALL_MM // doors
        for row in range(1, doors + 1):
            built.append(
                Compartment(
                    id=CompartmentId.of(chance.randbytes(16)),
                    number=len(built) + 1,
                    column=column,
                    row=row,
                    height_units=HEIGHT_UNITS // doors,
                    size=size,
                    inner_width_mm=INNER_WIDTH_MM,
                    inner_height_mm=outer_mm - SHEET_MM,
                    inner_depth_mm=INNER_DEPTH_MM,
                    floor_height_mm=FOOT_MM + WALL_MM - outer_mm * row,
                    has_occupancy_sensor=True,
                    mode=modes.get(len(built) + 1, Mode.DELIVERY),
                )
            )
    line = one_line([one.id for one in built])
    boards = tuple(map(_with_level, line.boards, cycle(closed_levels)))
    return Steel(tuple(built), replace(line, boards=boards))


def _with_level(board: TwinBoard, closed_level: int) -> TwinBoard:
    return replace(board, closed_level=closed_level)


def bank_toml(
    steel: Steel,
    *,
    bank: BankId,
    name: str,
    site: str,
    deployment: str,
    port_url: str,
    kiosk_port: int,
    languages: Iterable[str] = ("en", "es", "pl", "de"),
    cloud: Mapping[str, object] | None = None,
) -> str:
    """`bank.toml` for a wall whose line is reached at `port_url`; `cloud` is its table."""
    tables = [
        _table("[bank]", id=bank, name=name, site=site, deployment=deployment,
               languages=list(languages), contact="Front desk, +1 555 0100",
               overflow="Front desk, open until 20:00"),
        _table("[kiosk]", port=kiosk_port),
    ]  # fmt: skip
    if cloud is not None:
        tables.append(_table("[cloud]", **cloud))
    line = steel.twin.ports[0]
    tables.append(_table("[[port]]", name=line.name, url=port_url, baud=line.baud))
    tables += [
        _table("[[board]]", name=board.name, port=board.port, family="kerong_cu16",
               address=board.address, closed_when=board.closed_level, supply=board.supply,
               pulse_ms=board.pulse_ms)
        for board in steel.twin.boards
    ]  # fmt: skip
    tables += [_compartment(steel, one) for one in steel.compartments]
    supplies = sorted({board.supply for board in steel.twin.boards})
    return "\n".join([f"supplies = {json.dumps(supplies)}\n", *tables])


def _compartment(steel: Steel, one: Compartment) -> str:
    board, lock = steel.lock_of(one.id)
    inner = [one.inner_width_mm, one.inner_height_mm, one.inner_depth_mm]
    return _table(
        "[[compartment]]", id=one.id, number=one.number, column=one.column, row=one.row,
        height_units=one.height_units, size=one.size.value, inner_mm=inner,
        floor_height_mm=one.floor_height_mm, board=board, lock=lock,
        has_occupancy_sensor=one.has_occupancy_sensor, mode=one.mode.value,
    )  # fmt: skip


def _table(head: str, **values: object) -> str:
    """One TOML table; strings, numbers, booleans and lists of them are written as in JSON."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([head, *lines, ""])
