"""The benchmarks by name. Each is a module with a `run`; what they share lies one folder up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bench.measures import (
    alarm,
    events,
    growth,
    ledger,
    passes,
    receipt,
    tap,
    unlock,
    verify,
    worlds,
)
from bench.table import Table


class Measure(Protocol):
    """What every benchmark offers."""

    def __call__(self, *, quick: bool) -> Table:
        """Measure; `quick` does fewer rounds."""
        ...


MEASURES: Mapping[str, Measure] = {
    "alarm": alarm.run,
    "events": events.run,
    "growth": growth.run,
    "ledger": ledger.run,
    "passes": passes.run,
    "receipt": receipt.run,
    "tap": tap.run,
    "unlock": unlock.run,
    "verify": verify.run,
    "worlds": worlds.run,
}
