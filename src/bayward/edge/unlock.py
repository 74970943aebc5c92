"""One unlock, from the order to its outcome.

    CHECKING → WAITING → SENDING → CONFIRMING ⇄ SHUT → outcome

A coil is pulsed at most once for a command, and not because somebody counts: `SENDING` is entered
along one edge of the table, and no edge leads back to a phase before it. What a pulse did is found
out by reading the door, never by pulsing again. A door that cannot be read is not pulsed, because
nobody could tell what came of it. `not_after` is obeyed up to the last moment before the frame
leaves, so that no door opens to somebody who has gone.

After a restart nobody knows whether the frame left: `resolving` begins at `CONFIRMING` and can
therefore only read. A door that is then found shut ends as `NO_EDGE`: no opening was seen, which
does not prove that there was none while we were away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bayward.core.clock import Instant
from bayward.core.door import DoorReading, KnownDoor, UnlockOutcome
from bayward.core.ids import CommandId, CompartmentId


@dataclass(frozen=True, slots=True)
class UnlockRequest:
    """What the controller asks for, after the intent is durable in the log."""

    command: CommandId
    compartment: CompartmentId
    not_after: Instant
    has_presence: bool  # somebody proved to be at the bank: a code, a pass, the kiosk's number


class Phase(StrEnum):
    """What is being done for an unlock."""

    CHECKING = "checking"  # read the door: is it shut at all?
    WAITING = "waiting"  # ask the governor
    SENDING = "sending"  # hand one frame to the bus
    CONFIRMING = "confirming"  # read the door; it could not be read since the pulse
    SHUT = "shut"  # read the door; it is still shut


class Signal(StrEnum):
    """What can happen to an unlock."""

    READ_OPEN = "read_open"
    READ_SHUT = "read_shut"
    UNREADABLE = "unreadable"
    TOKEN = "token"  # noqa: S105 - the governor's permission, not a secret
    NO_TOKEN = "no_token"  # noqa: S105 - as above
    PULSED_BEFORE = "pulsed_before"  # the governor knows this command from before a restart
    SENT = "sent"
    NOT_SENT = "not_sent"  # not one byte left
    UNSURE = "unsure"  # the port broke while the frame was on its way
    LATE = "late"  # `not_after` has passed
    TIME_UP = "time_up"  # the time to confirm is over
    STOPPED = "stopped"  # the program is ending


_P, _S, _O = Phase, Signal, UnlockOutcome
TRANSITIONS: Mapping[tuple[Phase, Signal], Phase | UnlockOutcome] = {
    (_P.CHECKING, _S.READ_OPEN): _O.ALREADY_OPEN,
    (_P.CHECKING, _S.READ_SHUT): _P.WAITING,
    (_P.CHECKING, _S.UNREADABLE): _O.REFUSED,
    (_P.CHECKING, _S.LATE): _O.EXPIRED,
    (_P.CHECKING, _S.STOPPED): _O.REFUSED,
    (_P.WAITING, _S.READ_OPEN): _O.ALREADY_OPEN,
    (_P.WAITING, _S.UNREADABLE): _O.REFUSED,
    (_P.WAITING, _S.TOKEN): _P.SENDING,
    (_P.WAITING, _S.NO_TOKEN): _O.REFUSED,
    (_P.WAITING, _S.PULSED_BEFORE): _P.CONFIRMING,
    (_P.WAITING, _S.LATE): _O.EXPIRED,
    (_P.WAITING, _S.STOPPED): _O.REFUSED,
    (_P.SENDING, _S.SENT): _P.CONFIRMING,
    (_P.SENDING, _S.UNSURE): _P.CONFIRMING,
    (_P.SENDING, _S.NOT_SENT): _O.REFUSED,
    (_P.SENDING, _S.LATE): _O.EXPIRED,
    (_P.CONFIRMING, _S.READ_OPEN): _O.OPENED,
    (_P.CONFIRMING, _S.READ_SHUT): _P.SHUT,
    (_P.CONFIRMING, _S.TIME_UP): _O.DOUBTFUL,
    (_P.CONFIRMING, _S.STOPPED): _O.DOUBTFUL,
    (_P.SHUT, _S.READ_OPEN): _O.OPENED,
    (_P.SHUT, _S.UNREADABLE): _P.CONFIRMING,
    (_P.SHUT, _S.TIME_UP): _O.NO_EDGE,
    (_P.SHUT, _S.STOPPED): _O.DOUBTFUL,
}


@dataclass(frozen=True, slots=True)
class Unlock:
    """One unlock; `at` is its phase, or its outcome once it has ended."""

    command: CommandId
    compartment: CompartmentId
    at: Phase | UnlockOutcome = Phase.CHECKING

    @property
    def outcome(self) -> UnlockOutcome | None:
        """How it ended; None while it is under way."""
        return self.at if isinstance(self.at, UnlockOutcome) else None


def requested(request: UnlockRequest) -> Unlock:
    """A new unlock."""
    return Unlock(request.command, request.compartment)


def resolving(command: CommandId, compartment: CompartmentId) -> Unlock:
    """An unlock that was under way when the program ended: it may have pulsed, so only read."""
    return Unlock(command, compartment, Phase.CONFIRMING)


def advanced(unlock: Unlock, signal: Signal) -> Unlock:
    """The unlock after `signal`; a signal that says nothing in this phase changes nothing."""
    if isinstance(unlock.at, UnlockOutcome):
        return unlock
    return replace(unlock, at=TRANSITIONS.get((unlock.at, signal), unlock.at))


def signal_of(reading: DoorReading) -> Signal:
    """What a reading of the door tells an unlock."""
    if isinstance(reading, KnownDoor):
        return Signal.READ_SHUT if reading.is_closed else Signal.READ_OPEN
    return Signal.UNREADABLE
