from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.plot import Panel, draw, svg

HEAD = (
    "store,entries,appended_per_s,prove_p50_us,consistency_p50_us,fsck_per_cpu_s,"
    "export_per_cpu_s,rss_mib\n"
)


def points(picture: str) -> list[list[tuple[float, float]]]:
    lines = re.findall(r'<polyline [^>]*points="([^"]*)"', picture)
    return [[(float(x), float(y)) for x, y in re.findall(r"(\S+),(\S+)", line)] for line in lines]


def test_each_power_of_ten_is_a_step_and_what_is_level_looks_level() -> None:
    panel = Panel("Append", "a second", {"SQLite": [(10, 5.0), (100, 5.0), (1_000, 5.0)]})
    [line] = points(svg([panel]))
    assert [x for x, _ in line] == [0, 130, 260]
    assert len({y for _, y in line}) == 1


def test_a_panel_for_each_figure_and_a_line_for_each_store(tmp_path: Path) -> None:
    table = tmp_path / "growth.csv"
    table.write_text(HEAD + "".join(
        f"{store},{size},{size},2,3,400000,5,6\n"
        for store in ("SQLite", "PostgreSQL") for size in (10, 100)
    ))  # fmt: skip
    draw(table, tmp_path / "growth.svg")
    picture = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert len(points(picture)) == 12
    said = re.findall(r"<text [^>]*>([^<]*)</text>", picture)
    assert {"SQLite", "PostgreSQL", "Append, signed and durable", "10²", "400 k"} <= set(said)


def test_no_points_are_no_picture() -> None:
    with pytest.raises(ValueError, match="0 kinds"):
        svg([])
