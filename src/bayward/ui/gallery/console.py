"""Samples of the console: wall, parcels, incidents, errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.core.clock import Instant
from bayward.ui.gallery import Sample
from bayward.ui.gallery.world import ALARM_WALL, BANK, DOOR_14, NOW, WALL, ago, ahead, wall
from bayward.ui.views import console as views
from bayward.ui.views.base import Facts, FieldProblem, Problem
from bayward.ui.views.mail import Severity
from bayward.ui.views.wall import CellState

INCIDENT = "/console/incidents/inc_5x8n"
BANNER = views.Banner(
    kind="door.forced_open",
    facts={"door": "31", "reason": "nobody was granted access"},
    at=ago(24),
    href=INCIDENT,
    is_locked_down=True,
    release_href=f"{INCIDENT}#release",
)
SHELL = views.Shell(site="Northgate House", person="Ines Duarte", role="admin")
ALARM_SHELL = replace(SHELL, incidents_open=1, banners=(BANNER,))
CALM = views.Counts(compartments=57, free=31, occupied=22, reserved=3, overdue=2, out=1, open=1)


def happening(
    at: Instant,
    kind: str,
    facts: Facts,
    *,
    is_proven: bool | None = True,
    severity: Severity | None = None,
) -> views.Happening:
    """One line of the rail."""
    return views.Happening(
        at=at, kind=kind, facts=facts, is_proven=is_proven, href="/console/log", severity=severity
    )


RAIL = (
    happening(ago(743), "parcel.collected", {"door": "14", "who": "M. Okafor", "method": "code"}),
    happening(
        ago(1790), "parcel.deposited", {"door": "36", "carrier": "UPS", "who": "courier 7K2"}
    ),
    happening(ago(1827), "access.refused", {"method": "code", "reason": "other wall"}),
    happening(ago(2671), "courier.signed_in", {"carrier": "UPS", "who": "7K2", "method": "pass"}),
    happening(ago(6320), "bank_log.accepted", {"detail": "8,214 entries"}),
    happening(ago(80_000), "parcel.collected", {"door": "02", "who": "J. Petit", "method": "tap"}),
    happening(ago(81_200), "step_up.passed", {"who": "Ines Duarte", "method": "totp"}),
)
ALARM_RAIL = (
    happening(
        ago(24),
        "lockdown.engaged",
        {"scope": "Lobby A, all doors", "detail": "0.2 s after the door"},
        is_proven=None,
        severity=Severity.CRITICAL,
    ),
    happening(
        ago(24),
        "door.forced_open",
        {"door": "31", "reason": "no grant"},
        severity=Severity.CRITICAL,
    ),
    happening(ago(200), "door.open_too_long", {"door": "12"}, severity=Severity.WARNING),
    *RAIL,
)
FRESH = views.Freshness(read_at=Instant(NOW - 300), is_cable_up=True, log_verified_at=ago(95))
HOME = views.Home(
    shell=SHELL, bank_id=BANK, bank="Lobby A", wall=WALL, counts=CALM, freshness=FRESH,
    happenings=RAIL,
)  # fmt: skip


def homes() -> Iterator[Sample]:
    """The wall by day and by night."""
    yield Sample("console/home", HOME)
    alarm = replace(
        HOME,
        shell=ALARM_SHELL,
        wall=ALARM_WALL,
        counts=replace(CALM, needs_you=1),
        happenings=ALARM_RAIL,
    )
    yield Sample("console/home-alarm", alarm)
    rough = {
        12: CellState.OPEN_TOO_LONG,
        40: CellState.JAMMED,
        **dict.fromkeys((46, 47, 48, 49), CellState.UNKNOWN),
    }
    cut = views.Freshness(
        read_at=ago(190), is_cable_up=False, down_since=ago(188), log_verified_at=ago(600)
    )
    tabs = (
        views.BankTab(href="/console", name="Lobby A", is_current=True, incidents_open=1),
        views.BankTab(href="/console?bank=2", name="Courtyard"),
        views.BankTab(href="/console?bank=3", name="Garage"),
    )
    warned = replace(
        BANNER,
        kind="bank.disconnected",
        facts={"bank": "Lobby A", "reason": "no answer for 3 min"},
        severity=Severity.WARNING,
        is_locked_down=False,
        release_href=None,
    )
    yield Sample(
        "console/home-cable-cut",
        replace(
            HOME,
            shell=replace(SHELL, incidents_open=1, banners=(warned,)),
            wall=wall(rough, is_online=False),
            counts=replace(CALM, needs_you=2, unknown=4),
            freshness=cut,
            tabs=tabs,
        ),
    )
    empty = views.Counts(compartments=0, free=0, occupied=0, reserved=0, overdue=0, out=0)
    yield Sample(
        "console/home-empty",
        replace(HOME, bank="", wall=None, counts=empty, happenings=(), tabs=()),
    )


def samples() -> Iterator[Sample]:
    """All of this file."""
    yield from homes()
