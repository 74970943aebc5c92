"""What happens because nobody did anything."""

from __future__ import annotations

from collections.abc import Iterator

from bayward.core.bank import BankState, Space
from bayward.core.clock import Instant, after
from bayward.core.compartment import CompartmentState
from bayward.core.door import DoorAlarm
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.edge.agent import Stage, Visit
from bayward.edge.controller import deposit, doors
from bayward.edge.controller.step import Desk, Settings, Siren


def tick(desk: Desk) -> None:
    """Do what is due."""
    for compartment, space in list(desk.bank.spaces.items()):
        left_open = _open_deadline(space, desk.settings)
        if left_open is not None and desk.now >= left_open:
            desk.record(EventType.DOOR_OPEN_TOO_LONG, compartment=compartment, parcel=space.parcel)
            doors.respond(desk, compartment, DoorAlarm.OPEN_TOO_LONG)
        unsettled = _settle_deadline(space, desk.settings)
        if unsettled is not None and desk.now >= unsettled:
            deposit.settle(desk, compartment, space)
            if desk.visit.compartment == compartment:
                desk.leave()
        leftover = _leftover_deadline(desk.bank, space, desk.settings)
        if leftover is not None and desk.now >= leftover:
            desk.record(
                EventType.COMPARTMENT_BLOCKED, compartment=compartment, reason="left_inside"
            )
    _expire(desk)
    since = desk.bank.siren_since
    if since is not None and desk.now >= after(since, desk.settings.siren_ms_max):
        desk.step.effects.append(Siren(is_on=False))
    deadline = desk.visit.deadline
    if deadline is not None and desk.now >= deadline and desk.step.visit is None:
        _time_out(desk)


def next_deadline(
    bank: BankState, settings: Settings, visit: Visit, *, is_expiry_on_hold: bool
) -> Instant | None:
    """When the next tick has something to do; None when only new input matters."""
    due = [*_deadlines(bank, settings)]
    if not is_expiry_on_hold:
        due += [one.not_after for one in bank.grants.values() if one.state is GrantState.ACTIVE]
    if visit.deadline is not None:
        due.append(visit.deadline)
    return min(due, default=None)


def _deadlines(bank: BankState, settings: Settings) -> Iterator[Instant]:
    for space in bank.spaces.values():
        for deadline in (
            _open_deadline(space, settings),
            _settle_deadline(space, settings),
            _leftover_deadline(bank, space, settings),
        ):
            if deadline is not None:
                yield deadline
    if bank.siren_since is not None:
        yield after(bank.siren_since, settings.siren_ms_max)


def _open_deadline(space: Space, settings: Settings) -> Instant | None:
    if space.is_open and space.open_since is not None and space.alarm is DoorAlarm.NORMAL:
        return after(space.open_since, settings.door_open_ms_max)
    return None


def _settle_deadline(space: Space, settings: Settings) -> Instant | None:
    if space.state is not CompartmentState.RESERVED or space.is_open is not False:
        return None
    since = max(space.since, space.closed_at or space.since)
    return after(since, settings.settle_ms)


def _leftover_deadline(bank: BankState, space: Space, settings: Settings) -> Instant | None:
    is_shut_full = space.is_open is False and space.is_occupied is True
    if space.state is not CompartmentState.OCCUPIED or not is_shut_full or space.parcel is None:
        return None
    grant = bank.grant_of(space.parcel)
    if grant is None or grant.state is not GrantState.CONSUMED or space.closed_at is None:
        return None
    # A door that is just being opened may not have been read yet: count from its unlock.
    unlock = bank.last_unlock(grant.compartment)
    since = max(space.closed_at, unlock.requested_at if unlock else space.closed_at)
    return after(since, settings.leftover_ms)


def _expire(desk: Desk) -> None:
    if desk.is_expiry_on_hold:
        return
    for grant in list(desk.bank.grants.values()):
        if grant.state is GrantState.ACTIVE and desk.now >= grant.not_after:
            desk.record(EventType.GRANT_EXPIRED, grant=grant.id, parcel=grant.parcel)


def _time_out(desk: Desk) -> None:
    back_to_courier = (Stage.REFUSED, Stage.FULL, Stage.STUCK)
    if desk.visit.stage in back_to_courier and desk.visit.courier is not None:
        desk.show(
            Stage.COURIER,
            for_ms=desk.settings.courier_idle_ms,
            compartment=None,
            purpose=None,
            second=None,
        )
        return
    desk.leave()
