"""Evidence packs in the console: asking for one, seeing it being made, fetching it.

| request | fields | → |
|---|---|---|
| GET  /console/evidence | | `EvidencePage` |
| GET  /console/evidence/live | | text/event-stream: `Renderer.live(page)` |
| POST /console/evidence | `origin` `since` `before` `item` `hidden` | 303 |
|   | `authority` `handed_to` `reason` | |
| GET  /console/evidence/{pack}/pack | | application/zip |
| GET  /console/evidence/{pack}/receipt | | application/json |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console import ConsoleView, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRow:
    """One pack: who asked for what, how far it is, until when it can be fetched."""

    name: str
    log: str
    person: str
    asked_at: Instant
    first: int
    last: int
    entries: int
    done: int
    state: str  # working | ready | failed
    problem: str | None = None
    digest: str | None = None
    is_stamped: bool = False
    fetch_until: Instant | None = None
    is_yours: bool = False
    item: str = ""  # label of the one item it is about


@dataclass(frozen=True, slots=True)
class Kept:
    """Fields that can be kept back, in one group."""

    name: str
    fields: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePage(ConsoleView):
    """The form and the packs."""

    template: ClassVar[str] = "console/evidence.html"
    live_template: ClassVar[str] = "console/evidence_live.html"
    place: ClassVar[Place] = Place.LOG
    logs: tuple[Choice, ...]
    kept: tuple[Kept, ...]
    packs: tuple[PackRow, ...] = ()
    item: str = ""
    since: str = ""
    before: str = ""
    authority: str = ""
    handed_to: str = ""
    reason: str = ""
    entries_max: int = 0
    problems: tuple[FieldProblem, ...] = ()
