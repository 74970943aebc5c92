"""Custody: where a parcel is, from the courier's hand to the recipient's.

The states are few because a bank sees only what passes its doors. A move that is not in the
table is a `Conflict`; a parcel never leaves the table's paths, whatever order messages take.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bayward.core.clock import Instant
from bayward.core.errors import Conflict
from bayward.core.ids import CompartmentId, ParcelId, PersonId


class ParcelState(StrEnum):
    """Where a parcel is."""

    EXPECTED = "expected"  # a compartment is reserved; the courier still holds it
    DEPOSITED = "deposited"
    COLLECTED = "collected"
    CANCELLED = "cancelled"  # the courier took it away again
    HELD = "held"  # in a blocked compartment; staff must look


class ParcelMove(StrEnum):
    """What can happen to a parcel."""

    DEPOSIT = "deposit"
    COLLECT = "collect"
    CANCEL = "cancel"
    HOLD = "hold"
    RESOLVE = "resolve"


_S = ParcelState
_M = ParcelMove
TRANSITIONS: dict[tuple[ParcelState, ParcelMove], ParcelState] = {
    (_S.EXPECTED, _M.DEPOSIT): _S.DEPOSITED,
    (_S.EXPECTED, _M.CANCEL): _S.CANCELLED,
    (_S.EXPECTED, _M.HOLD): _S.HELD,
    (_S.DEPOSITED, _M.COLLECT): _S.COLLECTED,
    (_S.DEPOSITED, _M.HOLD): _S.HELD,
    (_S.HELD, _M.RESOLVE): _S.COLLECTED,
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel as a bank knows it."""

    id: ParcelId
    compartment: CompartmentId
    recipient: PersonId
    courier: PersonId
    state: ParcelState
    since: Instant
    tracking: str | None = None


def moved(state: ParcelState, move: ParcelMove) -> ParcelState:
    """The state after `move`; raises `Conflict` when the table has no such line."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise Conflict("parcel.move", state=state.value, move=move.value) from None
