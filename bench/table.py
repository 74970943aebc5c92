"""A table of measured figures, and the little statistics they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns


@dataclass(slots=True)
class Table:
    """What one benchmark found."""

    title: str
    command: str
    rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, what: str, value: str) -> None:
        self.rows.append((what, value))

    def ratio(self, what: str, value: float, yardstick: float, *, goal: str) -> None:
        """Add `value / yardstick`, and what we want it to be."""
        self.add(what, f"{value / yardstick:.2f}   (goal {goal})")

    def __str__(self) -> str:
        width = max(len(what) for what, _ in self.rows)
        lines = [f"{what:<{width}}  {value}" for what, value in self.rows]
        return "\n".join([f"\n## {self.title}", f"   {self.command}", *lines])


def percentile(sample: Sequence[float], share: float) -> float:
    """The nearest-rank percentile, e.g. `percentile(sample, 0.99)`."""
    ordered = sorted(sample)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def microseconds(do: Callable[[], object], times: int) -> list[float]:
    """How long each of `times` calls took."""
    taken = []
    for _ in range(times):
        start = perf_counter_ns()
        do()
        taken.append((perf_counter_ns() - start) / 1_000)
    return taken


def us(value: float) -> str:
    """Microseconds for people."""
    return f"{value:,.0f} µs" if value < 10_000 else f"{value / 1000:,.1f} ms"
