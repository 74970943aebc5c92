"""The blast-radius governor: how many doors may open, whatever anybody orders.

It is the last thing between an order and a coil and knows nothing of people, parcels or the cloud,
so that a stolen control plane, a bug in the controller or a replayed message can open a few doors
and not a wall of them. Opening in bulk is not refused here; there is no word for it.

Its whole memory is one list: the pulses of the last ten minutes. Every rule is a question to that
list, and the list is charged *before* the frame leaves. A decision depends on the state, the
request and the time, and on nothing else, so the governor can run in a process of its own.

Time is the governor's own: milliseconds during which it was running. A restart goes on from where
the stored state ended, as if no time had passed, so that pulling the plug refills nothing, and the
wall clock does not enter at all. The price is that limits last longer across a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.core.errors import Invalid, Misconfigured
from bayward.core.ids import CommandId, CompartmentId

MEMORY_MS = 10 * MINUTE_MS  # the longest window of any rule
IN_FLIGHT_POLL_MS = 20  # a frame waits for its bus about this long; ask again then
PULSES_MAX = 1_000  # more than any settings allow in ten minutes; bounds what is read back


@dataclass(frozen=True, slots=True)
class GovernorLimits:
    """Every limit, with its reason."""

    # A solenoid draws 1 to 3 A and a board carries 6 A at most, so there is one coil at a time on
    # a supply; its voltage needs this long to recover after a pulse.
    stagger_ms: int = 200
    # Coils are made for 500 ms now and then. These keep one below the temperature at which its
    # varnish ages, even when somebody keeps asking for a jammed door.
    coil_gap_ms: int = 5 * SECOND_MS
    coil_burst: int = 3
    coil_burst_window_ms: int = 30 * SECOND_MS
    coil_rest_ms: int = 60 * SECOND_MS
    # Nobody stands there: a caretaker lets somebody in from afar, one door, rarely a second. At
    # this rate a stolen control plane needs four hours for 160 doors, and is noticed.
    unattended_per_minute: int = 2
    unattended_per_ten_minutes: int = 6
    # Somebody stands there: a courier needs 10 s per parcel, and few banks have three kiosks.
    attended_per_minute: int = 30

    def __post_init__(self) -> None:
        counts = (self.coil_burst, self.unattended_per_minute, self.attended_per_minute)
        times = (self.stagger_ms, self.coil_gap_ms, self.coil_burst_window_ms, self.coil_rest_ms)
        if min(*counts, self.unattended_per_ten_minutes) < 1 or min(times) < 0:
            raise Misconfigured("governor.limits")
        if max(times) > MEMORY_MS or self.attended_per_minute * 10 > PULSES_MAX:
            raise Misconfigured("governor.limits")


@dataclass(frozen=True, slots=True)
class PulseRequest:
    """One coil, once."""

    command: CommandId
    coil: CompartmentId
    supply: str
    pulse_ms: int
    has_presence: bool


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse that was permitted; `at_ms` is None until the bus says that the frame has left."""

    request: PulseRequest
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class GovernorState:
    """The pulses of the last ten minutes, oldest first, and the governor's time so far."""

    time_ms: int = 0
    pulses: tuple[Pulse, ...] = ()


class Brake(StrEnum):
    """Which rule makes a request wait."""

    IN_FLIGHT = "in_flight"
    SUPPLY = "supply"
    COIL = "coil"
    UNATTENDED = "unattended"
    ATTENDED = "attended"


@dataclass(frozen=True, slots=True)
class Granted:
    """Send the frame, then tell `sent`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; ask again in `ms` (more than 0)."""

    ms: int
    brake: Brake


@dataclass(frozen=True, slots=True)
class PulsedBefore:
    """This command has had its pulse; find out by reading what it did."""


Decision = Granted | Wait | PulsedBefore


def decide(
    state: GovernorState, request: PulseRequest, now_ms: int, limits: GovernorLimits
) -> tuple[GovernorState, Decision]:
    """Permit a pulse, and charge for it, or say how long to wait."""
    state = at(state, now_ms)
    if any(pulse.request.command == request.command for pulse in state.pulses):
        return state, PulsedBefore()
    waits = [wait for wait in _waits(state, request, limits) if wait.ms > 0]
    if waits:
        return state, max(waits, key=lambda wait: wait.ms)
    charged = (*state.pulses, Pulse(request, at_ms=None))
    return replace(state, pulses=charged), Granted()


def sent(state: GovernorState, command: CommandId, now_ms: int) -> GovernorState:
    """The frame has left, or may have: from here on its coil counts as energised.

    A frame that never left is told here too. What was charged is not given back, because an
    attacker who can break a port would otherwise be paid for it.
    """
    state = at(state, now_ms)
    pulses = tuple(
        replace(pulse, at_ms=state.time_ms)
        if pulse.request.command == command and pulse.at_ms is None
        else pulse
        for pulse in state.pulses
    )
    return replace(state, pulses=pulses)


def at(state: GovernorState, now_ms: int) -> GovernorState:
    """The state at `now_ms`; a time that runs back stands still."""
    time_ms = max(state.time_ms, now_ms)
    since = time_ms - MEMORY_MS
    pulses = tuple(pulse for pulse in state.pulses if pulse.at_ms is None or pulse.at_ms > since)
    return GovernorState(time_ms, pulses)


def to_dict(state: GovernorState) -> dict[str, object]:
    """The state as JSON-ready values."""
    return {
        "time_ms": state.time_ms,
        "pulses": [
            [
                pulse.request.command,
                pulse.request.coil,
                pulse.request.supply,
                pulse.request.pulse_ms,
                pulse.request.has_presence,
                pulse.at_ms,
            ]
            for pulse in state.pulses
        ],
    }


def from_dict(stored: Mapping[str, object]) -> GovernorState:
    """Read `to_dict` back; raises `Invalid("governor.malformed")` on anything else.

    A frame that was on its way when the program ended counts as sent now.
    """
    time_ms, pulses = stored.get("time_ms"), stored.get("pulses")
    if type(time_ms) is not int or time_ms < 0:
        raise Invalid("governor.malformed", field="time_ms")
    if not isinstance(pulses, list) or len(pulses) > PULSES_MAX:
        raise Invalid("governor.malformed", field="pulses")
    return GovernorState(time_ms, tuple(_pulse_from(row, time_ms) for row in pulses))


def _waits(state: GovernorState, request: PulseRequest, limits: GovernorLimits) -> list[Wait]:
    """What each rule says; 0 ms and less means that it does not mind."""
    now = state.time_ms
    waits: list[Wait] = []
    coil: list[int] = []
    attended: list[int] = []
    unattended: list[int] = []
    for pulse in state.pulses:
        since = now if pulse.at_ms is None else pulse.at_ms
        if pulse.request.supply == request.supply:
            if pulse.at_ms is None:
                waits.append(Wait(IN_FLIGHT_POLL_MS, Brake.IN_FLIGHT))
            free_at = since + pulse.request.pulse_ms + limits.stagger_ms
            waits.append(Wait(free_at - now, Brake.SUPPLY))
        if pulse.request.coil == request.coil:
            coil.append(since)
        (attended if pulse.request.has_presence else unattended).append(since)
    waits.append(Wait(_coil_ready(coil, limits) - now, Brake.COIL))
    if request.has_presence:
        counts = [(attended, limits.attended_per_minute, MINUTE_MS)]
    else:
        counts = [
            (unattended, limits.unattended_per_minute, MINUTE_MS),
            (unattended, limits.unattended_per_ten_minutes, MEMORY_MS),
        ]
    brake = Brake.ATTENDED if request.has_presence else Brake.UNATTENDED
    waits += [Wait(_free_again(times, most, ms) - now, brake) for times, most, ms in counts]
    return waits


def _coil_ready(times: list[int], limits: GovernorLimits) -> int:
    """When a coil with these pulses may be energised again."""
    if not times:
        return 0
    times = sorted(times)
    ready = times[-1] + limits.coil_gap_ms
    burst = times[-limits.coil_burst :]
    if len(burst) == limits.coil_burst and burst[-1] - burst[0] <= limits.coil_burst_window_ms:
        ready = max(ready, burst[-1] + limits.coil_rest_ms)
    return ready


def _free_again(times: list[int], most: int, window_ms: int) -> int:
    """When fewer than `most` of `times` lie within the window."""
    times = sorted(times)
    return times[-most] + window_ms if len(times) >= most else 0


def _pulse_from(row: object, time_ms: int) -> Pulse:
    match row:
        case [str(command), str(coil), str(supply), int(pulse_ms), bool(has_presence), at_ms]:
            pass
        case _:
            raise Invalid("governor.malformed", field="pulses")
    if at_ms is None:
        at_ms = time_ms
    if type(at_ms) is not int or not 0 <= at_ms <= time_ms or not 0 < pulse_ms <= MEMORY_MS:
        raise Invalid("governor.malformed", field="pulses")
    request = PulseRequest(
        CommandId.parse(command), CompartmentId.parse(coil), supply, pulse_ms, has_presence
    )
    return Pulse(request, at_ms)
