"""Orders from the control plane.

An order is judged before it is looked at: known id, live connection, deadline. Every order ends
in `command.done` or `command.refused` in the log, and in a report on the link; a second arrival
of the same id is answered from the log and moves nothing.
"""

from __future__ import annotations

from bayward.core import commands, forgetting
from bayward.core.clock import after
from bayward.core.commands import Command, CommandResult
from bayward.core.compartment import CompartmentState, modes_of
from bayward.core.custody import ParcelState
from bayward.core.door import UnlockOutcome
from bayward.core.errors import BaywardError, Conflict, Denied, NotFound
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.controller import deposit, pickup
from bayward.edge.controller.step import CommandReceived, Desk, Letter, Report, Siren


def received(desk: Desk, request: CommandReceived) -> None:
    """Judge one command and carry it out, or refuse it."""
    command = request.command
    known = desk.bank.commands.get(command.id)
    if known is not None:
        _report(desk, command.id, known[0])
        return
    unlock = desk.bank.unlocks.get(command.id)
    if unlock is not None:
        if unlock.result is not None:  # ended while we were restarting
            _end(desk, command.id, unlock.result)
        return  # else it is under way, and its outcome will be reported
    try:
        _judge(desk, command, request.epoch)
        result = _carry_out(desk, command)
    except BaywardError as error:
        _refuse(desk, command.id, error.code)
        return
    if result is not None:
        _done(desk, command.id, result)


def unlock_ended(desk: Desk, command: CommandId, outcome: UnlockOutcome) -> None:
    """An unlock that a command asked for has an outcome: so has the command."""
    unlock = desk.bank.unlocks[command]
    grant = desk.bank.grants.get(unlock.grant) if unlock.grant else None
    if grant is None or command not in desk.ordered:
        return
    _end(desk, command, outcome)


def _end(desk: Desk, command: CommandId, outcome: UnlockOutcome) -> None:
    desk.ordered.discard(command)
    if outcome in (UnlockOutcome.OPENED, UnlockOutcome.ALREADY_OPEN):
        _done(desk, command, outcome.value)
    else:
        _refuse(desk, command, f"unlock.{outcome.value}")


def _judge(desk: Desk, command: Command, epoch: str) -> None:
    if command.epoch != epoch and isinstance(command.order, commands.MOVES_A_DOOR):
        raise Denied("command.stale_connection")
    if desk.now > command.not_after:
        raise Denied("command.stale")
    if command.not_after > after(desk.now, 2 * commands.life_ms(command.order)):
        raise Denied("command.lives_too_long")


def _carry_out(desk: Desk, command: Command) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one arm per order is the table
    match command.order:
        case commands.AdmitCourier() as order:
            return _admit(desk, order)
        case commands.DismissCourier(person=person):
            if person not in desk.bank.couriers:
                raise NotFound("courier.unknown")
            desk.record(EventType.COURIER_DISMISSED, actor=person)
            if desk.visit.courier == person:
                desk.leave()
            return "dismissed"
        case commands.OpenForGrant() as order:
            if not desk.is_presence(order.presence):
                raise Denied("presence.missing")
            desk.ordered.add(command.id)
            try:
                pickup.tap(desk, order.grant, command.id)
            except BaywardError:
                desk.ordered.discard(command.id)
                raise
            return None
        case commands.RotateCode(grant=grant):
            return _rotate(desk, grant)
        case commands.RevokeGrant(grant=grant, reason=reason):
            found = desk.bank.grants.get(grant)
            if found is None or not found.is_live:
                raise NotFound("grant.unknown")
            desk.record(EventType.GRANT_REVOKED, grant=grant, reason=reason)
            return "revoked"
        case commands.EngageLockdown() as order:
            return _engage(desk, order)
        case commands.ReleaseLockdown() as order:
            return _release(desk, order)
        case commands.BlockCompartment() as order:
            space = desk.bank.spaces.get(order.compartment)
            if space is None:
                raise NotFound("compartment.unknown")
            if space.state is CompartmentState.BLOCKED:
                raise Conflict("compartment.blocked")
            desk.record(
                EventType.COMPARTMENT_BLOCKED,
                compartment=order.compartment,
                reason=order.reason,
                actor=order.actor,
            )
            return "blocked"
        case commands.RestoreCompartment() as order:
            return _restore(desk, order)
        case commands.ForgetPerson(person=person):
            # The shell takes him out of the log first. Until it has, the order stays open.
            return None if forgetting.is_named(desk.bank, person) else "forgotten"


def _restore(desk: Desk, order: commands.RestoreCompartment) -> str:
    space = desk.bank.spaces.get(order.compartment)
    if space is None:
        raise NotFound("compartment.unknown")
    if space.state is not CompartmentState.BLOCKED:
        raise Conflict("compartment.not_blocked")
    is_alone = order.second is None or order.second == order.actor
    if is_alone and desk.needs_second(order.compartment):
        raise Denied("compartment.two_people")
    desk.record(
        EventType.COMPARTMENT_RESTORED,
        compartment=order.compartment,
        actor=order.actor,
        witness=order.second,
    )
    return "restored"


def _admit(desk: Desk, order: commands.AdmitCourier) -> str:
    modes_of(order.modes)  # a mode this program does not know admits nobody
    code, tag = desk.codes.draw(lambda taken: taken in desk.bank.tags)
    desk.record(
        EventType.COURIER_ADMITTED,
        actor=order.person,
        carrier=order.carrier,
        not_after=order.until,
        modes=order.modes or None,
        tag=tag,
    )
    desk.step.letters.append(Letter("courier", order.person, code))
    return "admitted"


def _rotate(desk: Desk, grant_id: str) -> str:
    grant = next((one for one in desk.bank.grants.values() if one.id == grant_id), None)
    parcel = desk.bank.parcels.get(grant.parcel) if grant else None
    if grant is None or parcel is None or parcel.state is not ParcelState.DEPOSITED:
        raise NotFound("grant.unknown")
    if grant.state is GrantState.ACTIVE and desk.now < grant.not_after:
        code, tag = desk.codes.draw(lambda taken: taken in desk.bank.tags)
        desk.record(EventType.CODE_ROTATED, grant=grant.id, tag=tag)
        desk.step.letters.append(Letter("pickup", grant.id, code))
        return "rotated"
    if grant.state in (GrantState.EXPIRED, GrantState.REVOKED):
        deposit.issue(desk, parcel.id, parcel.compartment, parcel.recipient)
        return "reissued"
    raise Denied("grant.in_use")


def _engage(desk: Desk, order: commands.EngageLockdown) -> str:
    known = order.scope == commands.SCOPE_BANK or CompartmentId(order.scope) in desk.bank.spaces
    if not known:
        raise NotFound("compartment.unknown")
    if order.scope in desk.bank.lockdowns:
        raise Conflict("lockdown.already")
    desk.record(
        EventType.LOCKDOWN_ENGAGED, scope=order.scope, reason=order.reason, actor=order.actor
    )
    return "engaged"


def _release(desk: Desk, order: commands.ReleaseLockdown) -> str:
    if order.scope not in desk.bank.lockdowns:
        raise Conflict("lockdown.none")
    desk.record(
        EventType.LOCKDOWN_RELEASED, scope=order.scope, reason=order.reason, actor=order.actor
    )
    desk.step.effects.append(Siren(is_on=False))
    return "released"


def _done(desk: Desk, command: CommandId, result: str) -> None:
    desk.record(EventType.COMMAND_DONE, command=command, result=result)
    desk.step.effects.append(Report(CommandResult(command, is_done=True, result=result)))


def _refuse(desk: Desk, command: CommandId, reason: str) -> None:
    desk.record(EventType.COMMAND_REFUSED, command=command, reason=reason)
    desk.step.effects.append(Report(CommandResult(command, is_done=False, result=reason)))


def _report(desk: Desk, command: CommandId, outcome: str) -> None:
    is_done = outcome.startswith("done:")
    result = outcome.removeprefix("done:")
    desk.step.effects.append(Report(CommandResult(command, is_done, result)))
