"""Lockdown: which signals lock what, and who may end it.

A tamper signal locks down at once and locally. `RESPONSE` says how loud and how wide. Nothing
but an administrator's override ends a lockdown, and restarting the program does not either: a
lockdown is an event in the log, and the log outlives the power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK
from bayward.core.door import DoorAlarm
from bayward.core.ids import CompartmentId


class Scope(StrEnum):
    """How much is locked down."""

    COMPARTMENT = "compartment"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Response:
    """What one kind of signal causes at the bank itself."""

    has_siren: bool
    scope: Scope


RESPONSE: Mapping[DoorAlarm, Response] = {
    DoorAlarm.FORCED_OPEN: Response(has_siren=True, scope=Scope.BANK),
    # A forgotten door is not a burglary: it sounds, and it alone is locked, unless the site's
    # settings widen the scope.
    DoorAlarm.OPEN_TOO_LONG: Response(has_siren=True, scope=Scope.COMPARTMENT),
}


@dataclass(frozen=True, slots=True)
class Lockdown:
    """One lockdown in force; `scope` is `bank` or a compartment id."""

    scope: str
    since: Instant
    reason: str


def holds(lockdowns: Mapping[str, Lockdown], compartment: CompartmentId | None) -> Lockdown | None:
    """The lockdown that forbids opening `compartment` (or anything, for None), if any."""
    if SCOPE_BANK in lockdowns:
        return lockdowns[SCOPE_BANK]
    return lockdowns.get(compartment) if compartment is not None else None
