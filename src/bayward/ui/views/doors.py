"""Doors that open for nobody alone: what is in them, and what waits for a second person.

| request | fields | → |
|---|---|---|
| GET  /console/items/doors[?bank=&compartment=&kind=] | | `Doors`, with the form to ask |
| POST /console/items/doors/ask | `bank`, `compartment`, `kind`, `reason` | 303 back |
| POST /console/items/doors/agree | `bank`, `compartment`, `kind` | 303 back |
| POST /console/items/doors/refuse | `bank`, `compartment`, `kind` | 303 back |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Problem
from bayward.ui.views.console import ConsoleView, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asked for at a door, and who has to answer until `until`."""

    kind: str  # restore | key
    by: str
    at: Instant
    until: Instant
    reason: str
    is_yours: bool = False  # you asked: you can take it back, and not agree


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRow:
    """One door for two. `items` are what it holds: address and name."""

    bank_id: str
    bank: str
    compartment: str
    number: str
    mode: str  # core.compartment.Mode
    state: str  # core.compartment.CompartmentState
    reason: str = ""  # why it is blocked
    items: tuple[tuple[str, str], ...] = ()
    asked: tuple[Asked, ...] = ()
    can_ask: tuple[str, ...] = ()  # kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors(ConsoleView):
    """All doors for two that this person keeps."""

    template: ClassVar[str] = "console/doors.html"
    place: ClassVar[Place] = Place.ITEMS
    rows: tuple[DoorRow, ...]
    asking: tuple[DoorRow, str] | None = None  # whose form is open, and for which kind
    problem: Problem | None = None
