"""What a moving door means.

A door that opens within an unlock is that unlock's. A door that opens without one is forced:
the bank is locked down in the same step, before anybody far away knows. A door found open after
the power came back, though the log says it was shut, is no different.
"""

from __future__ import annotations

from bayward.core.bank import Space, Unlock
from bayward.core.clock import after
from bayward.core.commands import SCOPE_BANK
from bayward.core.compartment import CompartmentState
from bayward.core.door import DoorAlarm, KnownDoor, UnlockOutcome
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import CompartmentId
from bayward.core.lockdown import RESPONSE, Scope
from bayward.edge.agent import Purpose, Stage
from bayward.edge.controller import deposit, orders, pickup
from bayward.edge.controller.step import LATE_PULL_MS, Desk, DoorRead, Siren, UnlockEnded

_PULSED = (UnlockOutcome.OPENED, UnlockOutcome.NO_EDGE, UnlockOutcome.DOUBTFUL)


def door_read(desk: Desk, request: DoorRead) -> None:
    """A confirmed reading changed."""
    compartment, reading = request.compartment, request.reading
    space = desk.bank.spaces[compartment]
    if not isinstance(reading, KnownDoor):
        if space.is_open is not None:
            desk.record(EventType.DOOR_LOST, compartment=compartment, reason=reading.why.value)
        return
    if reading.is_closed:
        if space.is_open is not False:
            _shut(desk, compartment, space, is_occupied=reading.is_occupied)
    elif space.is_open is not True:
        _opened(desk, compartment, space)


def unlock_ended(desk: Desk, request: UnlockEnded) -> None:
    """The hardware is done with one unlock."""
    unlock = desk.bank.unlocks.get(request.command)
    if unlock is None or unlock.result is not None:
        return
    desk.record(
        EventType.UNLOCK_ENDED,
        command=unlock.command,
        compartment=unlock.compartment,
        result=request.outcome.value,
        grant=unlock.grant,
    )
    orders.unlock_ended(desk, unlock.command, request.outcome)
    if desk.visit.compartment == unlock.compartment and desk.visit.stage is Stage.OPENING:
        ended = pickup.ended if unlock.purpose == Purpose.PICKUP else deposit.ended
        ended(desk, request.outcome)


def respond(desk: Desk, compartment: CompartmentId, alarm: DoorAlarm) -> None:
    """Siren and lockdown, as the table and the site's settings say."""
    response = RESPONSE[alarm]
    wide = desk.settings.tamper_scope.get(alarm, response.scope)
    scope = SCOPE_BANK if wide is Scope.BANK else compartment
    if scope not in desk.bank.lockdowns:
        desk.record(
            EventType.LOCKDOWN_ENGAGED,
            scope=scope,
            compartment=compartment,
            reason=alarm.value,
            actor="bank",
        )
    if response.has_siren:
        desk.step.effects.append(Siren(is_on=True))


def _opened(desk: Desk, compartment: CompartmentId, space: Space) -> None:
    unlock = desk.bank.last_unlock(compartment)
    if unlock is not None and _explains(desk, unlock):
        desk.record(
            EventType.DOOR_OPENED,
            compartment=compartment,
            command=unlock.command,
            grant=unlock.grant,
        )
        is_shown = desk.visit.compartment == compartment
        if is_shown and desk.visit.stage in (Stage.OPENING, Stage.STUCK):
            desk.show(Stage.DOOR_OPEN)
        return
    if _was_never_read(space):
        desk.record(EventType.DOOR_OPENED, compartment=compartment, detail="found_open")
        return
    desk.record(
        EventType.DOOR_FORCED_OPEN,
        compartment=compartment,
        parcel=space.parcel,
        detail="found_open" if space.is_open is None else None,
    )
    if space.state is CompartmentState.FREE:
        desk.keep_out(compartment)  # what is in another goes first, see `Space.was_forced`
    respond(desk, compartment, DoorAlarm.FORCED_OPEN)
    if desk.visit.stage is not Stage.IDLE:
        desk.leave()
        desk.show(Stage.LOCKED_DOWN, for_ms=desk.settings.refused_ms)


def _was_never_read(space: Space) -> bool:
    return space.is_open is None and space.closed_at is None


def _explains(desk: Desk, unlock: Unlock) -> bool:
    if unlock.result is None:
        return True
    if unlock.result not in _PULSED or unlock.ended_at is None:
        return False
    return desk.now <= after(unlock.ended_at, LATE_PULL_MS)


def _shut(
    desk: Desk, compartment: CompartmentId, space: Space, *, is_occupied: bool | None
) -> None:
    sensor = desk.bank.layout[compartment].has_occupancy_sensor
    is_occupied = is_occupied if sensor else None
    told = {True: "occupied", False: "empty", None: "unknown"}[is_occupied]
    if space.is_open is None and not _was_never_read(space):
        desk.record(EventType.DOOR_FOUND, compartment=compartment)
    desk.record(EventType.DOOR_CLOSED, compartment=compartment, result=told)
    if space.state is CompartmentState.RESERVED and space.was_opened:
        deposit.closed(desk, compartment, is_occupied=is_occupied)
    elif space.state is CompartmentState.OCCUPIED and space.parcel is not None:
        grant = desk.bank.grant_of(space.parcel)
        if grant is not None and grant.state is GrantState.CONSUMED:
            pickup.closed(desk, space.parcel, is_occupied=is_occupied)
    elif space.state is CompartmentState.FREE and is_occupied:
        desk.record(
            EventType.COMPARTMENT_BLOCKED, compartment=compartment, reason="unexpected_content"
        )
