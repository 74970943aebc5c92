"""Collecting a parcel: a code, a pass or a tap, and then a door.

Whatever is wrong with a credential, the screen says the same; the log says what it was.
"""

from __future__ import annotations

from bayward.core import grants, throttle
from bayward.core.bank import TagUse
from bayward.core.door import UnlockOutcome
from bayward.core.errors import BaywardError, Denied, Invalid
from bayward.core.events import EventType
from bayward.core.grants import Grant
from bayward.core.ids import CommandId, GrantId, ParcelId, PersonId
from bayward.core.lockdown import holds
from bayward.edge.agent import PresentCode, PresentPass, Purpose, Stage
from bayward.edge.controller.step import Desk

UNIFORM_REFUSAL = "access.refused"  # the one text for every credential that opens nothing


def present_code(desk: Desk, request: PresentCode) -> None:
    """Somebody typed a code at Collect."""
    use = typed(desk, request.text)
    if use is None:
        return
    if use.courier is not None and desk.modes_of(use.courier) & desk.modes_for_two():
        # The second person of a door that needs two may be the first to type.
        desk.await_second("code", Purpose.PICKUP, courier=use.courier)
        return
    if use.grant is None:
        refuse(desk, "code", "code.wrong_kind")
        return
    _open(desk, use.grant, "code")


def present_pass(desk: Desk, request: PresentPass) -> None:
    """Somebody held a pass to the camera; passes are not throttled, their signature is enough."""
    if _is_locked_down(desk, "pass"):
        return
    try:
        grant = desk.open_pass(request.text, desk.now)
    except (Denied, Invalid) as error:
        refuse(desk, "pass", error.code)
        return
    _open(desk, grant, "pass")


def typed(desk: Desk, text: str) -> TagUse | None:
    """Look a typed code up, through the throttle; None when it has been refused already.

    The tag is computed whatever the outcome, so that the time tells nothing.
    """
    tag = desk.codes.tag(text)
    if _is_locked_down(desk, "code"):
        return None
    answer = throttle.attempt(desk.bank.keypad, desk.now)
    if isinstance(answer, throttle.Wait):
        refuse(desk, "code", "throttled", wait_ms=answer.ms)
        return None
    use = desk.bank.tags.get(tag) if tag is not None else None
    if use is None:
        refuse(desk, "code", "code.unknown")
        return None
    if use.buried_until is not None:
        refuse(desk, "code", "code.dead", grant=use.grant)
        return None
    return use


def refuse(
    desk: Desk, method: str, reason: str, *, wait_ms: int = 0, grant: GrantId | None = None
) -> None:
    """Log why, show the uniform text, and start the countdown a wrong code has earned."""
    desk.record(EventType.ACCESS_REFUSED, method=method, reason=reason, grant=grant)
    if method == "code" and reason != "throttled":
        charged = throttle.failed(desk.bank.keypad, desk.now)
        if charged.off_until != desk.bank.keypad.off_until:
            desk.record(EventType.KEYPAD_PAUSED, not_after=charged.off_until)
        answer = throttle.attempt(charged, desk.now)
        wait_ms = answer.ms if isinstance(answer, throttle.Wait) else 0
    shown_ms = max(wait_ms, desk.settings.refused_ms)
    refusal = "access.throttled" if reason == "throttled" else UNIFORM_REFUSAL
    desk.leave()
    desk.show(Stage.REFUSED, for_ms=shown_ms, refusal=refusal, wait_ms=wait_ms)


def tap(desk: Desk, grant: GrantId, command: CommandId) -> None:
    """A resident's tap, presence already proven; raises `Denied` with the reason."""
    found = desk.bank.grants.get(grant)
    if found is None:
        raise Denied("grant.unknown")
    if holds(desk.bank.lockdowns, found.compartment) is not None:
        raise Denied("lockdown")
    if desk.needs_second(found.compartment):
        raise Denied("grant.two_people")
    _check(desk, found)
    _use(desk, found, "tap", command)


def together(desk: Desk, second: PersonId) -> None:
    """The second person is here too: what the first one came for, checked anew."""
    if desk.visit.grant is not None:
        _open(desk, desk.visit.grant, desk.visit.method or "code", second)


def joined(desk: Desk, grant: GrantId) -> None:
    """Who collects is here too, after the second person."""
    second = desk.visit.courier
    desk.leave()
    _open(desk, grant, "code", second)


def open_again(desk: Desk) -> None:
    """The same door once more, for the same visit only."""
    visit = desk.visit
    if visit.compartment is None or visit.purpose is not Purpose.PICKUP:
        raise Denied("visit.nothing_to_reopen")
    if _is_locked_down(desk, "again"):
        return
    space = desk.bank.spaces[visit.compartment]
    grant = desk.bank.grant_of(space.parcel) if space.parcel else None
    if grant is None or desk.bank.pending_unlock(visit.compartment) is not None:
        raise Denied("visit.nothing_to_reopen")
    if grant.is_live:
        _open(desk, grant.id, "again")
        return
    is_recent = space.closed_at and desk.now <= space.closed_at + desk.settings.leftover_ms
    if grant.state is not grants.GrantState.CONSUMED or not is_recent:
        raise Denied("grant.used")
    if desk.needs_second(visit.compartment):
        raise Denied("grant.two_people")  # emptied already; who looks again begins anew
    desk.unlock(visit.compartment, Purpose.PICKUP, desk.ids.command(), grant.id)
    desk.show(Stage.OPENING)


def closed(desk: Desk, parcel: ParcelId, *, is_occupied: bool | None) -> None:
    """A pickup's door was shut: custody ends here, unless something is still inside."""
    held = desk.bank.parcels[parcel]
    grant = desk.bank.grant_of(parcel)
    if grant is None:
        return
    is_ours = desk.visit.compartment == held.compartment
    if is_occupied:
        if is_ours:
            desk.show(Stage.STILL_INSIDE, for_ms=desk.settings.leftover_ms)
        return
    desk.record(
        EventType.PARCEL_COLLECTED,
        parcel=parcel,
        compartment=held.compartment,
        grant=grant.id,
        recipient=held.recipient,
        result="empty" if is_occupied is False else "unknown",
        witness=desk.visit.second if is_ours else None,
    )
    if desk.bank.spaces[held.compartment].was_forced:
        desk.keep_out(held.compartment)
    if is_ours:
        desk.show(Stage.COLLECTED, for_ms=desk.settings.farewell_ms)


def ended(desk: Desk, outcome: UnlockOutcome) -> None:
    """The unlock this visit waits for has an outcome."""
    if outcome in (UnlockOutcome.OPENED, UnlockOutcome.ALREADY_OPEN):
        desk.show(Stage.DOOR_OPEN)
    else:
        desk.show(Stage.STUCK, for_ms=desk.settings.visit_idle_ms)


def _open(desk: Desk, grant_id: GrantId, method: str, second: PersonId | None = None) -> None:
    grant = desk.bank.grants.get(grant_id)
    if grant is None:
        refuse(desk, method, "grant.unknown")
        return
    try:
        if holds(desk.bank.lockdowns, grant.compartment) is not None:
            raise Denied("lockdown")
        _check(desk, grant)
    except BaywardError as error:
        if error.code == "lockdown":
            _show_lockdown(desk, method)
        else:
            refuse(desk, method, error.code, grant=grant.id)
        return
    if not desk.needs_second(grant.compartment):
        _use(desk, grant, method, desk.ids.command())
        return
    wrong = _wrong_two(desk, grant, second)
    if wrong is not None:
        refuse(desk, method, wrong, grant=grant.id)
    elif second is None:
        desk.leave()
        desk.await_second(method, Purpose.PICKUP, grant=grant.id)
    else:
        _use(desk, grant, method, desk.ids.command(), second)


def _wrong_two(desk: Desk, grant: Grant, second: PersonId | None) -> str | None:
    """Why these two do not open this door, as far as both are known yet."""
    if not desk.may_open(grant.recipient, grant.compartment):
        return "recipient.not_for_mode"
    if second == grant.recipient:
        return "same_person"
    if second is not None and not desk.may_open(second, grant.compartment):
        return "second.not_for_mode"
    return None


def _check(desk: Desk, grant: Grant) -> None:
    """Raise `Denied` unless it opens its door; of a used one that it was used, whatever since."""
    grants.check(grant, desk.now, is_expiry_on_hold=desk.is_expiry_on_hold)
    if desk.bank.pending_unlock(grant.compartment) is not None:
        raise Denied("grant.in_use")
    space = desk.bank.spaces[grant.compartment]
    if space.parcel != grant.parcel:
        raise Denied("grant.parcel_gone")


def _use(
    desk: Desk, grant: Grant, method: str, command: CommandId, second: PersonId | None = None
) -> None:
    desk.record(
        EventType.ACCESS_GRANTED,
        grant=grant.id,
        compartment=grant.compartment,
        parcel=grant.parcel,
        recipient=grant.recipient,
        method=method,
        command=command,
        witness=second,
    )
    desk.unlock(grant.compartment, Purpose.PICKUP, command, grant.id, second)
    desk.leave()
    desk.show(Stage.OPENING, purpose=Purpose.PICKUP, compartment=grant.compartment, second=second)


def _is_locked_down(desk: Desk, method: str) -> bool:
    if holds(desk.bank.lockdowns, None) is None:
        return False
    _show_lockdown(desk, method)
    return True


def _show_lockdown(desk: Desk, method: str) -> None:
    desk.record(EventType.ACCESS_REFUSED, method=method, reason="lockdown")
    desk.leave()
    desk.show(Stage.LOCKED_DOWN, for_ms=desk.settings.refused_ms)
