"""How each event changes what a bank knows: one small function per event type.

`apply` raises `Conflict` when an event contradicts the tables of `core`; the controller decides
only what the tables allow, so a conflict in a replay means that the journal is not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bayward.core import compartment as compartments
from bayward.core import custody, grants, throttle
from bayward.core.bank import Admission, BankState, TagUse, Unlock
from bayward.core.clock import DAY_MS, Instant
from bayward.core.commands import SCOPE_BANK
from bayward.core.compartment import CompartmentState, Move
from bayward.core.custody import Parcel, ParcelMove, ParcelState
from bayward.core.door import DoorAlarm, UnlockOutcome
from bayward.core.events import ERASED, Event, EventType
from bayward.core.grants import TOMBSTONE_MS, Grant, GrantMove
from bayward.core.ids import CommandId, CompartmentId, GrantId, ParcelId, PersonId
from bayward.core.lockdown import Lockdown

FINISHED_KEPT_MS = DAY_MS  # unlocks and commands: long past any redelivery
NOT_CHARGED = frozenset({"throttled", "lockdown"})  # refusals that were no guess


def apply(bank: BankState, event: Event) -> None:
    """Take one event in."""
    handler = _APPLY.get(event.type)
    if handler is not None:
        handler(bank, event)


def prune(bank: BankState, now: Instant) -> None:
    """Forget what no decision can need any more; keeps memory bounded over the years."""
    bank.tags = {
        tag: use
        for tag, use in bank.tags.items()
        if use.buried_until is None or use.buried_until > now
    }
    horizon = now - TOMBSTONE_MS
    bank.grants = {
        key: grant
        for key, grant in bank.grants.items()
        if grant.is_live or grant.not_after > horizon
    }
    ended = (ParcelState.COLLECTED, ParcelState.CANCELLED)
    bank.parcels = {
        key: parcel
        for key, parcel in bank.parcels.items()
        if parcel.state not in ended or parcel.since > horizon
    }
    bank.unlocks = {
        key: unlock
        for key, unlock in bank.unlocks.items()
        if unlock.ended_at is None or unlock.ended_at > now - FINISHED_KEPT_MS
    }
    bank.commands = {
        key: entry for key, entry in bank.commands.items() if entry[1] > now - FINISHED_KEPT_MS
    }


def _change_space(bank: BankState, event: Event, **changes: object) -> None:
    """Replace fields of the event's compartment."""
    compartment = CompartmentId(event.compartment or "")
    bank.spaces[compartment] = replace(bank.spaces[compartment], **changes)  # type: ignore[arg-type]  # field names are literal at each call


def _move_space(bank: BankState, event: Event, move: Move, **changes: object) -> None:
    """Move the event's compartment along its table."""
    space = bank.spaces[CompartmentId(event.compartment or "")]
    state = compartments.moved(space.state, move)
    _change_space(bank, event, state=state, since=event.time, **changes)


def _move_parcel(bank: BankState, parcel: ParcelId | None, move: ParcelMove, at: Instant) -> None:
    """Move a parcel along its table."""
    if parcel is not None:
        old = bank.parcels[parcel]
        bank.parcels[parcel] = replace(old, state=custody.moved(old.state, move), since=at)


def _move_grant(bank: BankState, grant: Grant, move: GrantMove, at: Instant) -> None:
    """Move a grant along its table; one that can no longer open buries its tag."""
    state = grants.moved(grant.state, move)
    opened_at = at if move is GrantMove.OPEN and grant.opened_at is None else grant.opened_at
    if move is GrantMove.STAY_SHUT:
        opened_at = None
    grant = replace(grant, state=state, opened_at=opened_at)
    bank.grants[grant.id] = grant
    if not grant.is_live:
        _bury(bank, grant.tag, at)


def _bury(bank: BankState, tag: str | None, at: Instant) -> None:
    """Keep a dead tag from being drawn for somebody else."""
    if tag is not None and tag in bank.tags:
        bank.tags[tag] = replace(bank.tags[tag], buried_until=Instant(at + TOMBSTONE_MS))


def _started(bank: BankState, event: Event) -> None:
    bank.starts += 1
    for compartment, space in bank.spaces.items():
        if space.state is CompartmentState.RESERVED:
            bank.spaces[compartment] = replace(space, was_unwatched=True)
    prune(bank, event.time)


def buried_with(until: Instant) -> Instant:
    """How long the tag of a code is kept that was good until then."""
    return Instant(until + TOMBSTONE_MS)


def _admitted(bank: BankState, event: Event) -> None:
    if event.actor == ERASED:  # his code opened something then, and must not be drawn again
        if event.tag is not None:
            bank.tags[event.tag] = TagUse(None, None, buried_with(Instant(event.not_after or 0)))
        return
    person = PersonId(event.actor or "")
    if person in bank.couriers:
        _bury(bank, bank.couriers[person].tag, event.time)
    until = Instant(event.not_after or 0)
    modes = compartments.modes_of(event.modes)
    bank.couriers[person] = Admission(person, event.carrier or "", until, event.tag, modes)
    if event.tag is not None:
        bank.tags[event.tag] = TagUse(grant=None, courier=person)


def _dismissed(bank: BankState, event: Event) -> None:
    admission = bank.couriers.pop(PersonId(event.actor or ""), None)
    if admission is not None:
        _bury(bank, admission.tag, event.time)


def _signed_in(bank: BankState, event: Event) -> None:
    if event.method == "code":
        bank.keypad = throttle.succeeded(bank.keypad, event.time)


def _granted(bank: BankState, event: Event) -> None:
    _signed_in(bank, event)
    grant = bank.grants[GrantId(event.grant or "")]
    _move_grant(bank, grant, GrantMove.OPEN, event.time)


def _refused(bank: BankState, event: Event) -> None:
    if event.method == "code" and event.reason not in NOT_CHARGED:
        bank.keypad = throttle.failed(bank.keypad, event.time)


def _unlock_requested(bank: BankState, event: Event) -> None:
    command = CommandId(event.command or "")
    bank.unlocks[command] = Unlock(
        command=command,
        compartment=CompartmentId(event.compartment or ""),
        purpose=event.purpose or "",
        requested_at=event.time,
        grant=GrantId(event.grant) if event.grant else None,
    )


def _unlock_ended(bank: BankState, event: Event) -> None:
    unlock = bank.unlocks.get(CommandId(event.command or ""))
    if unlock is None:
        return
    result = UnlockOutcome(event.result or "")
    bank.unlocks[unlock.command] = replace(unlock, result=result, ended_at=event.time)
    grant = bank.grants.get(unlock.grant) if unlock.grant else None
    if grant is None or grant.state is not grants.GrantState.OPENING:
        return
    if result in (UnlockOutcome.OPENED, UnlockOutcome.ALREADY_OPEN):
        _move_grant(bank, grant, GrantMove.CONSUME, event.time)
    elif result is not UnlockOutcome.DOUBTFUL:
        _move_grant(bank, grant, GrantMove.STAY_SHUT, event.time)


def _door_opened(bank: BankState, event: Event) -> None:
    _change_space(bank, event, is_open=True, open_since=event.time, was_opened=True)
    unlock = bank.unlocks.get(CommandId(event.command or ""))
    grant = bank.grants.get(unlock.grant) if unlock is not None and unlock.grant else None
    if grant is not None and grant.is_live:
        _move_grant(bank, grant, GrantMove.CONSUME, event.time)


def _door_closed(bank: BankState, event: Event) -> None:
    occupied = {"occupied": True, "empty": False}.get(event.result or "")
    _change_space(
        bank, event, is_open=False, open_since=None, closed_at=event.time, is_occupied=occupied
    )


def _forced(bank: BankState, event: Event) -> None:
    _change_space(
        bank,
        event,
        is_open=True,
        open_since=event.time,
        alarm=DoorAlarm.FORCED_OPEN,
        was_opened=True,
        was_forced=True,
    )
    bank.siren_since = event.time


def _too_long(bank: BankState, event: Event) -> None:
    _change_space(bank, event, alarm=DoorAlarm.OPEN_TOO_LONG)
    bank.siren_since = event.time


def _lost(bank: BankState, event: Event) -> None:
    _change_space(bank, event, is_open=None, was_unwatched=True)


def _reserved(bank: BankState, event: Event) -> None:
    parcel = ParcelId(event.parcel or "")
    bank.parcels[parcel] = Parcel(
        id=parcel,
        compartment=CompartmentId(event.compartment or ""),
        recipient=PersonId(event.recipient or ""),
        courier=PersonId(event.actor or ""),
        state=ParcelState.EXPECTED,
        since=event.time,
        tracking=event.tracking,
    )
    # Programs before this one let a forced door be used again: in their logs that was the word.
    _move_space(
        bank,
        event,
        Move.RESERVE,
        parcel=parcel,
        was_opened=False,
        was_unwatched=False,
        was_forced=False,
    )


def _released(bank: BankState, event: Event) -> None:
    _move_parcel(bank, ParcelId(event.parcel or ""), ParcelMove.CANCEL, event.time)
    _move_space(bank, event, Move.RELEASE, parcel=None)


def _blocked(bank: BankState, event: Event) -> None:
    space = bank.spaces[CompartmentId(event.compartment or "")]
    _move_parcel(bank, space.parcel, ParcelMove.HOLD, event.time)
    _move_space(bank, event, Move.BLOCK)


def _restored(bank: BankState, event: Event) -> None:
    space = bank.spaces[CompartmentId(event.compartment or "")]
    _move_parcel(bank, space.parcel, ParcelMove.RESOLVE, event.time)
    _move_space(bank, event, Move.RESTORE, parcel=None, is_occupied=None, was_forced=False)


def _deposited(bank: BankState, event: Event) -> None:
    _move_parcel(bank, ParcelId(event.parcel or ""), ParcelMove.DEPOSIT, event.time)
    _move_space(bank, event, Move.DEPOSIT)


def _collected(bank: BankState, event: Event) -> None:
    _move_parcel(bank, ParcelId(event.parcel or ""), ParcelMove.COLLECT, event.time)
    _move_space(bank, event, Move.COLLECT, parcel=None)


def _issued(bank: BankState, event: Event) -> None:
    grant = Grant(
        id=GrantId(event.grant or ""),
        parcel=ParcelId(event.parcel or ""),
        compartment=CompartmentId(event.compartment or ""),
        recipient=PersonId(event.recipient or ""),
        not_after=Instant(event.not_after or 0),
        tag=event.tag,
    )
    bank.grants[grant.id] = grant
    if event.tag is not None:
        bank.tags[event.tag] = TagUse(grant=grant.id, courier=None)


def _expired(bank: BankState, event: Event) -> None:
    _move_grant(bank, bank.grants[GrantId(event.grant or "")], GrantMove.EXPIRE, event.time)


def _revoked(bank: BankState, event: Event) -> None:
    _move_grant(bank, bank.grants[GrantId(event.grant or "")], GrantMove.REVOKE, event.time)


def _rotated(bank: BankState, event: Event) -> None:
    grant = bank.grants[GrantId(event.grant or "")]
    _bury(bank, grant.tag, event.time)
    bank.grants[grant.id] = replace(grant, tag=event.tag)
    if event.tag is not None:
        bank.tags[event.tag] = TagUse(grant=grant.id, courier=None)


def _locked_down(bank: BankState, event: Event) -> None:
    scope = event.scope or SCOPE_BANK
    bank.lockdowns[scope] = Lockdown(scope, event.time, event.reason or "")


def _unlocked_down(bank: BankState, event: Event) -> None:
    scope = event.scope or SCOPE_BANK
    bank.lockdowns.pop(scope, None)
    bank.siren_since = None
    for compartment, space in bank.spaces.items():
        if space.alarm is not DoorAlarm.NORMAL and scope in (SCOPE_BANK, compartment):
            # A door that still stands open starts a new clock: it may be left open again.
            since = event.time if space.is_open else None
            bank.spaces[compartment] = replace(space, alarm=DoorAlarm.NORMAL, open_since=since)


def _commanded(bank: BankState, event: Event) -> None:
    outcome = f"done:{event.result}" if event.type is EventType.COMMAND_DONE else event.reason
    bank.commands[CommandId(event.command or "")] = (outcome or "", event.time)


_T = EventType
_APPLY: dict[EventType, Callable[[BankState, Event], None]] = {
    _T.BANK_STARTED: _started,
    _T.COURIER_ADMITTED: _admitted,
    _T.COURIER_DISMISSED: _dismissed,
    _T.COURIER_SIGNED_IN: _signed_in,
    _T.ACCESS_GRANTED: _granted,
    _T.ACCESS_REFUSED: _refused,
    _T.UNLOCK_REQUESTED: _unlock_requested,
    _T.UNLOCK_ENDED: _unlock_ended,
    _T.DOOR_OPENED: _door_opened,
    _T.DOOR_CLOSED: _door_closed,
    _T.DOOR_FORCED_OPEN: _forced,
    _T.DOOR_OPEN_TOO_LONG: _too_long,
    _T.DOOR_LOST: _lost,
    _T.COMPARTMENT_RESERVED: _reserved,
    _T.COMPARTMENT_RELEASED: _released,
    _T.COMPARTMENT_BLOCKED: _blocked,
    _T.COMPARTMENT_RESTORED: _restored,
    _T.PARCEL_DEPOSITED: _deposited,
    _T.PARCEL_COLLECTED: _collected,
    _T.GRANT_ISSUED: _issued,
    _T.GRANT_EXPIRED: _expired,
    _T.GRANT_REVOKED: _revoked,
    _T.CODE_ROTATED: _rotated,
    _T.LOCKDOWN_ENGAGED: _locked_down,
    _T.LOCKDOWN_RELEASED: _unlocked_down,
    _T.COMMAND_DONE: _commanded,
    _T.COMMAND_REFUSED: _commanded,
}
