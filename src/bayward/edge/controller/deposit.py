"""Leaving a parcel: reserve, open, shut, confirm.

The compartment is reserved before its door opens and becomes the recipient's only after it was
seen shut again. A courier who walks away does not strand a parcel: `settle` ends the deposit
for him, as the door and its sensor say.
"""

from __future__ import annotations

from bayward.core import allocation
from bayward.core.bank import Space
from bayward.core.clock import after
from bayward.core.compartment import CompartmentState, Mode, Size
from bayward.core.door import UnlockOutcome
from bayward.core.errors import Denied, Invalid
from bayward.core.events import EventType
from bayward.core.ids import LABEL_PREFIX, CompartmentId, PersonId
from bayward.core.lockdown import holds
from bayward.edge.agent import NOT_FOR_MODE, BeginDeposit, ChangeSize, Purpose, SignIn, Stage
from bayward.edge.controller.pickup import refuse, typed
from bayward.edge.controller.step import Desk, Letter

TRACKING_CHARS_MAX = 64


def sign_in(desk: Desk, request: SignIn) -> None:
    """A courier typed his personal code."""
    use = typed(desk, request.text)
    if use is None:
        return
    if use.courier is None:
        refuse(desk, "code", "code.wrong_kind")
        return
    admission = desk.bank.couriers.get(use.courier)
    if admission is None or desk.now >= admission.until:
        refuse(desk, "code", "courier.not_admitted")
        return
    desk.record(
        EventType.COURIER_SIGNED_IN,
        actor=use.courier,
        method="code",
        carrier=admission.carrier,
    )
    desk.leave()
    _show_courier(desk, courier=use.courier)


def begin(desk: Desk, request: BeginDeposit) -> None:
    """Reserve a compartment for one parcel and open it."""
    courier = _courier(desk)
    tracking = request.tracking.strip()
    if not tracking or len(tracking) > TRACKING_CHARS_MAX or not tracking.isprintable():
        raise Invalid("tracking.malformed", limit=TRACKING_CHARS_MAX)
    if _is_locked_down(desk, courier):
        return
    if _has_unconfirmed(desk):
        raise Denied("deposit.unfinished")
    modes = _modes_for_two(desk, tracking)
    if modes and not modes & desk.modes_of(courier):
        _refuse_mode(desk, courier)
        return
    if desk.visit.second is None and modes:
        desk.await_second(
            "courier",
            Purpose.DEPOSIT,
            recipient=request.recipient,
            size=request.size,
            tracking=tracking,
            needs_low=request.needs_low,
        )
        return
    _reserve(desk, courier, request.recipient, request.size, tracking, needs_low=request.needs_low)


def together(desk: Desk, second: PersonId) -> None:
    """The second person is here too: reserve what the courier came for."""
    visit, courier = desk.visit, _courier(desk)
    if visit.recipient is None or visit.size is None or visit.tracking is None:
        raise Denied("deposit.none")
    desk.show(Stage.SECOND_PERSON, second=second)
    _reserve(desk, courier, visit.recipient, visit.size, visit.tracking, needs_low=visit.needs_low)


def open_again(desk: Desk) -> None:
    """Reopen the compartment of the deposit that is not confirmed yet."""
    compartment, space = _unconfirmed(desk)
    if holds(desk.bank.lockdowns, compartment) is not None:
        desk.record(EventType.ACCESS_REFUSED, method="courier", reason="lockdown")
        desk.show(Stage.LOCKED_DOWN, for_ms=desk.settings.refused_ms)
        return
    since = space.closed_at or space.since
    if desk.now > after(since, desk.settings.settle_ms):
        raise Denied("deposit.too_late")
    if desk.bank.pending_unlock(compartment) is not None:
        raise Denied("deposit.opening")
    desk.unlock(compartment, Purpose.DEPOSIT, desk.ids.command(), None, desk.visit.second)
    desk.show(Stage.OPENING)


def confirm(desk: Desk) -> None:
    """The courier says it is in; the door must be shut."""
    compartment, space = _unconfirmed(desk)
    if space.is_open is not False or not space.was_opened:
        raise Denied("deposit.door_open")
    _deposited(desk, compartment, space, "courier")
    desk.show(
        Stage.DEPOSITED,
        for_ms=desk.settings.courier_idle_ms,
        compartment=compartment,
        deposited=desk.visit.deposited + 1,
        second=None,
    )


def change_size(desk: Desk, request: ChangeSize) -> None:
    """It does not fit: give this compartment back and open another."""
    courier = _courier(desk)
    compartment, space = _unconfirmed(desk)
    if _is_locked_down(desk, courier):
        return
    parcel = desk.bank.parcels[space.parcel] if space.parcel else None
    if parcel is None or not _give_back(desk, compartment, space, "wrong_size"):
        return
    _reserve(
        desk,
        courier,
        parcel.recipient,
        request.size,
        parcel.tracking or "-",
        needs_low=desk.visit.needs_low,
    )


def cancel(desk: Desk) -> None:
    """The courier takes the parcel away again."""
    compartment, space = _unconfirmed(desk)
    if _give_back(desk, compartment, space, "cancelled"):
        _show_courier(desk, courier=_courier(desk))


def closed(desk: Desk, compartment: CompartmentId, *, is_occupied: bool | None) -> None:
    """A deposit's door was shut."""
    if desk.visit.compartment != compartment or desk.visit.purpose is not Purpose.DEPOSIT:
        return  # `settle` will end it
    stage = Stage.LOOKS_EMPTY if is_occupied is False else Stage.CONFIRM
    desk.show(stage, for_ms=desk.settings.settle_ms)


def ended(desk: Desk, outcome: UnlockOutcome) -> None:
    """The unlock this visit waits for has an outcome."""
    if outcome in (UnlockOutcome.OPENED, UnlockOutcome.ALREADY_OPEN):
        desk.show(Stage.DOOR_OPEN)
    else:
        desk.show(Stage.STUCK, for_ms=desk.settings.visit_idle_ms)


def settle(desk: Desk, compartment: CompartmentId, space: Space) -> None:
    """End a deposit nobody confirmed: by the door, then by the sensor, never by hope."""
    if desk.bank.pending_unlock(compartment) is not None or space.is_open is not False:
        return
    is_seen_empty = space.is_occupied is False and (space.closed_at or 0) > space.since
    if not space.was_opened and space.was_unwatched and not is_seen_empty:
        # The lock moved while nobody could see the door: there may be a parcel in there.
        desk.record(
            EventType.COMPARTMENT_BLOCKED, compartment=compartment, reason="unwatched_deposit"
        )
    elif not space.was_opened:
        _release(desk, compartment, space, "not_opened")
    elif space.is_occupied is False:
        _release(desk, compartment, space, "empty")
    else:
        _deposited(desk, compartment, space, "timeout")


def issue(desk: Desk, parcel_id: str, compartment: CompartmentId, recipient: PersonId) -> None:
    """Give the recipient a grant with a fresh code, and post the code to him."""
    grant = desk.ids.grant()
    code, tag = desk.codes.draw(lambda taken: taken in desk.bank.tags)
    desk.record(
        EventType.GRANT_ISSUED,
        grant=grant,
        parcel=parcel_id,
        compartment=compartment,
        recipient=recipient,
        not_after=after(desk.now, desk.settings.code_life_ms),
        tag=tag,
    )
    desk.step.letters.append(Letter("pickup", grant, code))


def _reserve(
    desk: Desk,
    courier: PersonId,
    recipient: PersonId,
    size: Size,
    tracking: str,
    *,
    needs_low: bool,
) -> None:
    second = (desk.step.visit or desk.visit).second
    modes = _modes_for_two(desk, tracking)
    if modes:
        both = desk.modes_of(courier) & desk.modes_of(second or courier)
        modes &= both
        if not modes:
            _refuse_mode(desk, second or courier)
            return
    free = [
        space
        for space in desk.bank.free()
        if space.id != desk.visit.compartment
        and (space.mode in modes if modes else not space.mode.needs_two)
    ]
    try:
        used_at = {compartment: one.since for compartment, one in desk.bank.spaces.items()}
        space = allocation.allocate(free, size, needs_low=needs_low, used_at=used_at)
    except Denied:
        desk.record(
            EventType.ACCESS_REFUSED,
            method="courier",
            reason="bank.full",
            actor=courier,
            size=size.value,
        )
        desk.show(Stage.FULL, for_ms=desk.settings.courier_idle_ms, compartment=None)
        return
    parcel = desk.ids.parcel()
    desk.record(
        EventType.COMPARTMENT_RESERVED,
        compartment=space.id,
        parcel=parcel,
        actor=courier,
        recipient=recipient,
        size=size.value,
        tracking=tracking,
    )
    desk.unlock(space.id, Purpose.DEPOSIT, desk.ids.command(), None, second)
    desk.show(
        Stage.OPENING,
        purpose=Purpose.DEPOSIT,
        compartment=space.id,
        size=size,
        tracking=tracking,
        needs_low=needs_low,
    )


def _modes_for_two(desk: Desk, tracking: str) -> frozenset[Mode]:
    """The modes an item goes into here: those that need two, where there are such; else none."""
    is_item = tracking.upper().startswith(LABEL_PREFIX)
    return desk.modes_for_two() if is_item else frozenset()


def _refuse_mode(desk: Desk, person: PersonId) -> None:
    desk.record(
        EventType.ACCESS_REFUSED, method="courier", reason="courier.not_for_mode", actor=person
    )
    desk.leave()
    desk.show(Stage.REFUSED, for_ms=desk.settings.refused_ms, refusal=NOT_FOR_MODE)


def _is_locked_down(desk: Desk, courier: PersonId) -> bool:
    if holds(desk.bank.lockdowns, None) is None:
        return False
    desk.record(EventType.ACCESS_REFUSED, method="courier", reason="lockdown", actor=courier)
    desk.show(Stage.LOCKED_DOWN, for_ms=desk.settings.refused_ms)
    return True


def _has_unconfirmed(desk: Desk) -> bool:
    try:
        _unconfirmed(desk)
    except Denied:
        return False
    return True


def _give_back(desk: Desk, compartment: CompartmentId, space: Space, reason: str) -> bool:
    """Release a reservation; reopens instead when the parcel is still in there."""
    if desk.bank.pending_unlock(compartment) is not None:
        raise Denied("deposit.opening")
    if space.is_open is False and space.is_occupied:
        open_again(desk)
        return False
    # Without a sensor the courier's word counts; the next count of the bank will show.
    _release(desk, compartment, space, reason, actor=desk.visit.courier)
    return True


def _release(
    desk: Desk,
    compartment: CompartmentId,
    space: Space,
    reason: str,
    *,
    actor: PersonId | None = None,
) -> None:
    desk.record(
        EventType.COMPARTMENT_RELEASED,
        compartment=compartment,
        parcel=space.parcel,
        reason=reason,
        actor=actor,
    )
    if space.was_forced:
        desk.keep_out(compartment)


def _deposited(desk: Desk, compartment: CompartmentId, space: Space, method: str) -> None:
    if space.parcel is None:
        raise Denied("deposit.none")
    parcel = desk.bank.parcels[space.parcel]
    admission = desk.bank.couriers.get(parcel.courier)
    desk.record(
        EventType.PARCEL_DEPOSITED,
        parcel=parcel.id,
        compartment=compartment,
        actor=parcel.courier,
        recipient=parcel.recipient,
        carrier=admission.carrier if admission else None,
        tracking=parcel.tracking,
        size=desk.bank.layout[compartment].size.value,
        method=method,
        witness=desk.visit.second if desk.visit.compartment == compartment else None,
    )
    issue(desk, parcel.id, compartment, parcel.recipient)


def _unconfirmed(desk: Desk) -> tuple[CompartmentId, Space]:
    visit = desk.visit
    if visit.compartment is None or visit.purpose is not Purpose.DEPOSIT:
        raise Denied("deposit.none")
    space = desk.bank.spaces[visit.compartment]
    if space.state is not CompartmentState.RESERVED:
        raise Denied("deposit.none")
    return visit.compartment, space


def _courier(desk: Desk) -> PersonId:
    if desk.visit.courier is None:
        raise Denied("courier.not_signed_in")
    return desk.visit.courier


def _show_courier(desk: Desk, *, courier: PersonId) -> None:
    desk.show(
        Stage.COURIER,
        for_ms=desk.settings.courier_idle_ms,
        courier=courier,
        compartment=None,
        purpose=None,
        refusal=None,
        wait_ms=0,
        second=None,
    )
