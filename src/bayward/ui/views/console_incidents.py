"""The console: incidents, and what is to be done about one.

| request | fields | → |
|---|---|---|
| GET  /console/incidents[?state=open], /console/incidents/{id} | | `Incidents`, `IncidentPage` |
| GET  /console/incidents/{id}/live | | text/event-stream: `Renderer.live(page)` |
| POST /console/incidents/{id}/acknowledge | `note` | 303 back |
| POST /console/incidents/{id}/close | `reason` | 303 back, 422 with `problems` |
| POST /console/incidents/{id}/release | `reason`, `code` (TOTP) | 303 back, 422 with `problems` |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Facts, FieldProblem
from bayward.ui.views.console import (
    ONE_PAGE,
    ConsoleView,
    Filter,
    Pager,
    ParcelRow,
    Place,
    TimelineEntry,
)
from bayward.ui.views.mail import Severity
from bayward.ui.views.wall import Wall


class IncidentState(StrEnum):
    """How far the handling of an incident is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident."""

    href: str
    kind: str
    facts: Facts
    severity: Severity
    state: IncidentState
    bank: str
    at: Instant
    owner: str = ""
    due_at: Instant | None = None  # answer promised until


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents(ConsoleView):
    """All incidents that match."""

    template: ClassVar[str] = "console/incidents.html"
    place: ClassVar[Place] = Place.INCIDENTS
    rows: tuple[IncidentRow, ...]
    filters: tuple[Filter, ...] = ()
    pager: Pager = ONE_PAGE


class ReleaseState(StrEnum):
    """The override, as far as the locker has told us."""

    NONE = "none"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Settling(StrEnum):
    """What is still to be done to bring an incident to its end: release, then close."""

    LOCKED = "locked"
    UNSETTLED = "unsettled"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheckpoint:
    """A signed note as it was shown; `size` None when it cannot be read, or there was none."""

    size: int | None
    root: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownContradiction:
    """What a locker's log contradicted itself with; `kind` as in `cloud.audit.contradictions`."""

    kind: str
    at: Instant
    reason: str
    origin: str
    lost: int
    is_signed: bool
    known: ShownCheckpoint
    offered: ShownCheckpoint
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage(ConsoleView):
    """One incident: what happened, who was told, what to do.

    `url` is /console/incidents/{id}. `scope` names what is locked down ("Lobby A, all doors").
    `alerts` are deliveries of its alert, as in `Notifications`.
    """

    template: ClassVar[str] = "console/incident.html"
    live_template: ClassVar[str] = "console/incident_live.html"
    place: ClassVar[Place] = Place.INCIDENTS
    incident_id: str
    url: str
    row: IncidentRow
    timeline: tuple[TimelineEntry, ...]
    is_locked_down: bool = False
    scope: str = ""
    doors_affected: int = 0
    release: ReleaseState = ReleaseState.NONE
    can_release: bool = True
    reason: str = ""  # what was typed, when the form comes back
    problems: tuple[FieldProblem, ...] = ()
    closed_at: Instant | None = None
    closed_by: str = ""
    closed_why: str = ""
    alerts: tuple[tuple[str, str, Instant], ...] = ()  # (person, channel, told at)
    wall: Wall | None = None
    clip_href: str | None = None
    contradictions: tuple[ShownContradiction, ...] = ()
    behind: tuple[ParcelRow, ...] = ()  # parcels whose doors were forced

    @property
    def settling(self) -> Settling:
        """Which form the page has; a closed incident has none."""
        if self.row.state is IncidentState.CLOSED:
            return Settling.CLOSED
        return Settling.LOCKED if self.is_locked_down else Settling.UNSETTLED
