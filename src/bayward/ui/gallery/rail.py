"""Samples of what happened: the lines beside a wall and on the log's page."""

from __future__ import annotations

from bayward.core.clock import Instant
from bayward.ui.gallery.world import ago
from bayward.ui.views import console as views
from bayward.ui.views.base import Facts, TimeProof
from bayward.ui.views.mail import Severity


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
        at=at,
        kind=kind,
        facts=facts,
        is_proven=is_proven,
        href="/console/log",
        severity=severity,
        time=time_proof(at, is_suspect=kind == "access.refused"),
    )


def time_proof(at: Instant, *, is_suspect: bool = False) -> TimeProof:
    """A time between a beacon and a cosignature."""
    before, after = Instant(at - 240_000), Instant(at + 1_999)
    return TimeProof("U" if is_suspect else "S", before, after, is_suspect)


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
STARTED = tuple(
    happening(ago(600), "door.closed", {"door": f"{door:02d}", "result": "empty"})
    for door in range(36, 0, -1)
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
