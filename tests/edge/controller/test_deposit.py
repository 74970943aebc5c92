from __future__ import annotations

import pytest

from bayward.core.compartment import CompartmentState, Size
from bayward.core.door import UnlockOutcome
from bayward.core.errors import BaywardError
from bayward.core.events import EventType
from bayward.edge.agent import (
    BeginDeposit,
    CancelDeposit,
    ChangeSize,
    ConfirmDeposit,
    Leave,
    OpenAgain,
    SignIn,
    Stage,
)
from bayward.edge.controller import Settings, Tick, UnlockEnded
from table_top import ANNA, TableTop

T = EventType
TRACKING = "1Z5R89390357567127"
BEGIN = BeginDeposit(ANNA, Size.S, TRACKING, needs_low=False)


def begun(*, has_sensor: bool = True, request: BeginDeposit = BEGIN) -> TableTop:
    """A courier in front of an open door."""
    bank = TableTop(has_sensor=has_sensor)
    bank.do(SignIn(bank.admit()))
    bank.do(request)
    bank.opens()
    return bank


def shut(bank: TableTop, *, is_occupied: bool | None = True) -> None:
    bank.later(4_000)
    bank.read(bank.unlocks()[-1].compartment, is_closed=True, is_occupied=is_occupied)


def refused(bank: TableTop, request: object) -> str:
    with pytest.raises(BaywardError) as caught:
        bank.do(request)  # type: ignore[arg-type]  # one of the requests of a kiosk
    return caught.value.code


def test_a_code_of_a_recipient_signs_no_courier_in() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    bank.do(SignIn(code))
    assert bank.stage() is Stage.REFUSED
    assert bank.log[-1].reason == "code.wrong_kind"


def test_a_permission_that_has_ended_signs_nobody_in() -> None:
    bank = TableTop()
    code = bank.admit()
    bank.later(10**10)
    bank.do(SignIn(code))
    assert bank.log[-1].reason == "courier.not_admitted"


@pytest.mark.parametrize("tracking", ["", "   ", "x" * 65, "a\nb"])
def test_a_parcel_needs_a_number_that_can_be_shown(tracking: str) -> None:
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    assert refused(bank, BeginDeposit(ANNA, Size.S, tracking, needs_low=False)) == (
        "tracking.malformed"
    )
    assert not bank.unlocks()


def test_nobody_deposits_without_signing_in() -> None:
    assert refused(TableTop(), BEGIN) == "courier.not_signed_in"


def test_one_parcel_at_a_time() -> None:
    bank = begun()
    assert refused(bank, BEGIN) == "deposit.unfinished"


def test_a_deposit_is_confirmed_behind_a_shut_door_only() -> None:
    bank = begun()
    assert refused(bank, ConfirmDeposit()) == "deposit.door_open"
    shut(bank)
    assert bank.stage() is Stage.CONFIRM
    bank.do(ConfirmDeposit())
    assert bank.kinds()[-2:] == [T.PARCEL_DEPOSITED, T.GRANT_ISSUED]
    assert refused(bank, ConfirmDeposit()) == "deposit.none"


def test_a_compartment_that_looks_empty_is_asked_about() -> None:
    bank = begun()
    shut(bank, is_occupied=False)
    assert bank.stage() is Stage.LOOKS_EMPTY
    bank.do(ConfirmDeposit())  # a thin envelope: the courier's word counts, under his name
    assert bank.log[-2].actor == bank.visit().courier
    assert bank.log[-2].method == "courier"


def test_a_parcel_that_does_not_fit_gets_a_larger_door() -> None:
    bank = begun()
    first = bank.unlocks()[-1].compartment
    shut(bank, is_occupied=False)
    bank.do(ChangeSize(Size.L))
    assert bank.unlocks()[-1].compartment != first
    assert bank.controller.bank.spaces[first].state is CompartmentState.FREE
    assert bank.visit().size is Size.L
    assert bank.visit().tracking == TRACKING


def test_a_parcel_that_is_still_inside_is_not_given_away() -> None:
    bank = begun()
    first = bank.unlocks()[-1].compartment
    shut(bank)
    bank.do(CancelDeposit())
    assert bank.unlocks()[-1].compartment == first
    assert bank.controller.bank.spaces[first].state is CompartmentState.RESERVED


def test_a_courier_takes_the_parcel_away_again() -> None:
    bank = begun()
    shut(bank, is_occupied=False)
    bank.do(CancelDeposit())
    assert bank.log[-1].type is T.COMPARTMENT_RELEASED
    assert bank.log[-1].reason == "cancelled"
    assert bank.stage() is Stage.COURIER


def test_no_free_door_is_said_and_recorded() -> None:
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    bank.do(BeginDeposit(ANNA, Size.XL, TRACKING, needs_low=False))
    assert bank.stage() is Stage.FULL
    assert bank.log[-1].reason == "bank.full"
    assert not bank.unlocks()


def test_a_door_that_stuck_may_be_tried_again_until_it_is_settled() -> None:
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    bank.do(BEGIN)
    assert refused(bank, OpenAgain()) == "deposit.opening"
    bank.do(UnlockEnded(bank.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    assert bank.stage() is Stage.STUCK
    bank.do(OpenAgain())
    assert bank.stage() is Stage.OPENING
    bank.do(UnlockEnded(bank.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    bank.later(Settings().settle_ms + 1)
    assert refused(bank, OpenAgain()) == "deposit.too_late"


@pytest.mark.parametrize(
    ("is_occupied", "ends", "method"),
    [
        (True, CompartmentState.OCCUPIED, "timeout"),
        (False, CompartmentState.FREE, None),
    ],
)
def test_a_courier_who_walks_away_strands_no_parcel(
    is_occupied: bool, ends: CompartmentState, method: str | None
) -> None:
    bank = begun()
    door = bank.unlocks()[-1].compartment
    shut(bank, is_occupied=is_occupied)
    bank.later(Settings().settle_ms + 1)
    bank.do(Tick())
    assert bank.controller.bank.spaces[door].state is ends
    assert method in {event.method for event in bank.log} | {None}
    assert (bank.letters[-1].kind == "pickup") is is_occupied


def test_without_a_sensor_a_parcel_is_assumed_rather_than_lost() -> None:
    bank = begun(has_sensor=False)
    door = bank.unlocks()[-1].compartment
    shut(bank, is_occupied=None)
    bank.do(Leave())
    assert bank.controller.bank.spaces[door].state is CompartmentState.OCCUPIED
    assert bank.letters[-1].kind == "pickup"


def test_who_needs_a_low_door_gets_one() -> None:
    bank = begun(request=BeginDeposit(ANNA, Size.S, TRACKING, needs_low=True))
    door = next(one for one in bank.layout if one.id == bank.unlocks()[-1].compartment)
    assert door.is_within_reach
