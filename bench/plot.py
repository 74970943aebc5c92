"""Curves of a table of figures as one SVG: a panel for each figure, a line for each kind.

Sizes run in powers of ten, so they stand at equal steps; values start at zero, so that what
is level looks level.

python -m bench.plot out/growth.csv docs/pictures/growth.svg
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

WIDTH, HEIGHT = 260, 150  # of a panel's plane
LEFT, TOP, RIGHT, BOTTOM = 56, 44, 22, 34
PER_ROW = 3
ENDS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)  # at which an axis may end, and halves of which read well
LEGEND = 34
COLOURS = (("#0b66c3", "#6cb6ff"), ("#b45309", "#f0a35e"))  # on light, on dark
UP = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure: for each kind its points, as size and value."""

    title: str
    unit: str
    lines: Mapping[str, Sequence[tuple[int, float]]]


def svg(panels: Sequence[Panel]) -> str:
    """The picture; it follows the reader's colour scheme. Raises `ValueError` for no points."""
    kinds = list(dict.fromkeys(kind for panel in panels for kind in panel.lines))
    if not kinds or len(kinds) > len(COLOURS):
        raise ValueError(f"{len(kinds)} kinds of points")
    across, down = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    width = across * min(PER_ROW, len(panels))
    height = down * ceil(len(panels) / PER_ROW) + LEGEND
    drawn = [_legend(kinds)]
    for number, panel in enumerate(panels):
        row, column = divmod(number, PER_ROW)
        place = f"translate({column * across + LEFT} {row * down + TOP + LEGEND})"
        drawn.append(f'<g transform="{place}">{_panel(panel, kinds)}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' font-family="system-ui, sans-serif" font-size="12"><style>{_style()}</style>'
        f'<rect class="paper" width="{width}" height="{height}"/>{"".join(drawn)}</svg>\n'
    )


def _style() -> str:
    def scheme(dark: int) -> str:
        paper, ink, soft, rule = (
            ("#ffffff", "#1b2430", "#5b6675", "#dfe4ea"),
            ("#0f141b", "#e6ebf1", "#9aa7b5", "#2b3542"),
        )[dark]
        lines = "".join(
            f".k{n}{{stroke:{colour[dark]};fill:{colour[dark]}}}"
            for n, colour in enumerate(COLOURS)
        )
        return (
            f".paper{{fill:{paper}}}text{{fill:{ink}}}.soft{{fill:{soft}}}"
            f".rule{{stroke:{rule}}}{lines}"
        )

    return (
        f"{scheme(0)}@media(prefers-color-scheme:dark){{{scheme(1)}}}"
        "polyline{fill:none;stroke-width:2}text{stroke:none}"
    )


def _legend(kinds: Sequence[str]) -> str:
    return "".join(
        f'<circle class="k{n}" cx="{LEFT + 5 + n * 120}" cy="20" r="5"/>'
        f'<text x="{LEFT + 16 + n * 120}" y="24">{kind}</text>'
        for n, kind in enumerate(kinds)
    )


def _panel(panel: Panel, kinds: Sequence[str]) -> str:
    sizes = sorted({size for line in panel.lines.values() for size, _ in line})
    top = _round(max(value for line in panel.lines.values() for _, value in line))
    low, high = log10(sizes[0]), log10(sizes[-1])

    def x(size: int) -> float:
        return round(WIDTH * (log10(size) - low) / ((high - low) or 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    parts = [
        _text(panel.title, "", 0, -20, 'font-weight="600"'),
        _text(panel.unit, "soft", 0, -6),
    ]
    for value in (0, top / 2, top):
        parts += [
            f'<path class="rule" d="M0 {y(value)}H{WIDTH}"/>',
            _text(_short(value), "soft", -8, y(value) + 4, 'text-anchor="end"'),
        ]
    for size in sizes:
        power = str(round(log10(size))).translate(UP)
        parts.append(_text(f"10{power}", "soft", x(size), HEIGHT + 18, 'text-anchor="middle"'))
    for kind, line in panel.lines.items():
        which, points = kinds.index(kind), [(x(size), y(value)) for size, value in line]
        path = " ".join(f"{a},{b}" for a, b in points)
        parts.append(f'<polyline class="k{which}" style="fill:none" points="{path}"/>')
        parts += [f'<circle class="k{which}" cx="{a}" cy="{b}" r="3"/>' for a, b in points]
    return "".join(parts)


def _text(text: str, look: str, x: float, y: float, more: str = "") -> str:
    return f'<text class="{look}" x="{x}" y="{y}" {more}>{text}</text>'


def _round(value: float) -> float:
    """The next value people like to read at the end of an axis."""
    power = 10.0 ** floor(log10(value))
    return next(ends * power for ends in ENDS if ends * power >= value)


def _short(value: float) -> str:
    return f"{value / 1000:g} k" if value >= 10_000 else f"{value:g}"


FIGURES = {
    "appended_per_s": ("Append, signed and durable", "entries a second"),
    "fsck_per_cpu_s": ("Check everything (fsck)", "entries a second of CPU"),
    "export_per_cpu_s": ("Export", "entries a second of CPU"),
    "prove_p50_us": ("Prove an entry", "µs, median"),
    "consistency_p50_us": ("Prove an older tree", "µs, median"),
    "rss_mib": ("Memory of the sequencer", "MiB"),
}


def panels(table: Sequence[Mapping[str, str]]) -> list[Panel]:
    """The panels of what `bench growth` has written."""
    kinds = list(dict.fromkeys(row["store"] for row in table))
    return [
        Panel(title, unit, {
            kind: [(int(row["entries"]), float(row[name])) for row in table if row["store"] == kind]
            for kind in kinds
        })
        for name, (title, unit) in FIGURES.items()
    ]  # fmt: skip


def draw(source: Path, target: Path) -> None:
    """Draw the table in `source`."""
    with source.open(encoding="ascii", newline="") as file:
        target.write_text(svg(panels(list(csv.DictReader(file)))), encoding="utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
