"""Grants: who may open what, until when, how often.

A grant belongs to one bank, names one compartment and is used once. Using it is two steps,
because between them lies a lock that may jam and a plug that may be pulled: *opening* is written
before the pulse; *consumed* only after the door was seen open. While opening, the same holder
may try again at the same door for `RETRY_WINDOW_MS`; nobody ever gets a second door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bayward.core.clock import DAY_MS, SECOND_MS, Instant
from bayward.core.errors import Conflict, Denied
from bayward.core.ids import CompartmentId, GrantId, ParcelId, PersonId

LIFE_DEFAULT_MS = 7 * DAY_MS
RETRY_WINDOW_MS = 60 * SECOND_MS
TOMBSTONE_MS = 90 * DAY_MS  # an old code must never open a stranger's compartment


class GrantState(StrEnum):
    """Where a grant stands."""

    ACTIVE = "active"
    OPENING = "opening"
    CONSUMED = "consumed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class GrantMove(StrEnum):
    """What can happen to a grant."""

    OPEN = "open"
    STAY_SHUT = "stay_shut"  # pulsed, and the door was read closed throughout
    CONSUME = "consume"
    EXPIRE = "expire"
    REVOKE = "revoke"


_S = GrantState
_M = GrantMove
TRANSITIONS: dict[tuple[GrantState, GrantMove], GrantState] = {
    (_S.ACTIVE, _M.OPEN): _S.OPENING,
    (_S.OPENING, _M.OPEN): _S.OPENING,
    (_S.OPENING, _M.STAY_SHUT): _S.ACTIVE,
    (_S.OPENING, _M.CONSUME): _S.CONSUMED,
    (_S.ACTIVE, _M.CONSUME): _S.CONSUMED,  # the door came open just after we had given up
    (_S.ACTIVE, _M.EXPIRE): _S.EXPIRED,
    (_S.ACTIVE, _M.REVOKE): _S.REVOKED,
    (_S.OPENING, _M.REVOKE): _S.REVOKED,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to open one compartment once; `tag` is the keyed tag of its code, hex."""

    id: GrantId
    parcel: ParcelId
    compartment: CompartmentId
    recipient: PersonId
    not_after: Instant
    tag: str | None
    state: GrantState = GrantState.ACTIVE
    opened_at: Instant | None = None

    @property
    def is_live(self) -> bool:
        """Whether it may still open its door."""
        return self.state in (GrantState.ACTIVE, GrantState.OPENING)


def moved(state: GrantState, move: GrantMove) -> GrantState:
    """The state after `move`; raises `Conflict` when the table has no such line."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise Conflict("grant.move", state=state.value, move=move.value) from None


def check(grant: Grant, now: Instant, *, is_expiry_on_hold: bool) -> None:
    """Raise `Denied` with the reason unless `grant` may open its door now.

    `is_expiry_on_hold` is set while the clock is not to be believed (`core.trusted_time`); it
    delays an expiry and revives nothing.
    """
    if grant.state is GrantState.CONSUMED:
        raise Denied("grant.used")
    if grant.state is GrantState.REVOKED:
        raise Denied("grant.revoked")
    if grant.state is GrantState.EXPIRED:
        raise Denied("grant.expired")
    if grant.state is GrantState.OPENING:
        if grant.opened_at is None or now > grant.opened_at + RETRY_WINDOW_MS:
            raise Denied("grant.used")
        return
    if now >= grant.not_after and not is_expiry_on_hold:
        raise Denied("grant.expired")
