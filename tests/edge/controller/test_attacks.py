"""Attack cases that need a whole bank: its tables, its throttle, its visit, its time."""

from __future__ import annotations

import pytest

from bayward.core.clock import DAY_MS, HOUR_MS, SECOND_MS
from bayward.core.commands import AdmitCourier, OpenForGrant
from bayward.core.compartment import CompartmentState, Size
from bayward.core.errors import BaywardError
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.throttle import OFF_MS
from bayward.edge.agent import (
    BeginDeposit,
    ConfirmDeposit,
    Leave,
    OpenAgain,
    PresentCode,
    PresentPass,
    SignIn,
    Stage,
)
from bayward.edge.controller import Settings, Tick
from table_top import ANNA, TableTop

T = EventType
OTHER_COURIER = PersonId.of(b"another courier!")
PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


def refused(bank: TableTop, request: object) -> str:
    with pytest.raises(BaywardError) as caught:
        bank.do(request)  # type: ignore[arg-type]  # one of the requests of a kiosk
    return caught.value.code


@pytest.mark.parametrize("life_ms", [HOUR_MS, 7 * DAY_MS])
@pytest.mark.parametrize(("ms", "opens"), [(-SECOND_MS, True), (0, False), (SECOND_MS, False)])
@pytest.mark.parametrize("is_ticked", [True, False])
def test_identity_04_a_code_dies_to_the_second_by_trusted_time(
    life_ms: int, ms: int, opens: bool, is_ticked: bool
) -> None:
    """The default of a week and an hour that a site chose; whether or not a timer came first."""
    assert Settings().code_life_ms == 7 * DAY_MS
    bank = TableTop(settings=Settings(code_life_ms=life_ms))
    code, _ = bank.deposit()
    bank.do(Leave())
    (grant,) = bank.controller.bank.grants.values()
    assert grant.not_after == bank.now + life_ms
    bank.later(life_ms + ms)
    if is_ticked:
        bank.do(Tick())
    bank.do(PresentCode(code))
    assert bank.stage() is (Stage.OPENING if opens else Stage.REFUSED)


def test_identity_07_ten_wrong_codes_pause_the_keypad_and_call_staff_once() -> None:
    bank = TableTop()
    for guess in range(9):
        bank.do(PresentCode(f"{guess:08d}"))
        bank.later(bank.visit().wait_ms)
    assert T.KEYPAD_PAUSED not in bank.kinds()
    bank.do(PresentCode("99999999"))
    assert bank.kinds()[-2:] == [T.ACCESS_REFUSED, T.KEYPAD_PAUSED]
    assert bank.log[-1].not_after == bank.now + OFF_MS
    bank.do(PresentCode("99999998"))
    bank.restart()
    assert bank.kinds().count(T.KEYPAD_PAUSED) == 1


def test_identity_09_valid_codes_in_between_buy_one_guess_each() -> None:
    """He owns four parcels, and uses up a code whenever the keypad makes him wait."""
    bank = TableTop()
    parcels = [bank.deposit(size) for size in (Size.S, Size.M, Size.L, Size.S)]
    began = bank.now
    while bank.now < began + HOUR_MS // 2:
        bank.do(PresentCode("00000000"))
        wait_ms = bank.visit().wait_ms
        bank.do(Leave())
        if wait_ms <= 4 * SECOND_MS or not parcels:
            bank.later(max(wait_ms, SECOND_MS))
            continue
        bank.later(wait_ms)
        code, door = parcels.pop()
        bank.do(PresentCode(code))
        bank.opens()
        bank.read(door, is_closed=True, is_occupied=False)
        bank.do(Leave())
    assert not parcels, "he did use them all"
    guesses = sum(one.reason == "code.unknown" for one in bank.log)
    assert 10 <= guesses <= 10 + 4 + 1  # a full bucket, four refunds, half an hour


def test_identity_10_a_throttled_keypad_stops_neither_pass_nor_tap() -> None:
    for is_tap in (False, True):
        bank = TableTop()
        code, door = bank.deposit()
        (grant,) = bank.controller.bank.grants
        while bank.visit().refusal != "access.throttled":
            bank.do(PresentCode("00000000"))
        bank.do(PresentCode(code))
        assert bank.visit().refusal == "access.throttled"
        if is_tap:
            bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))
        else:
            bank.do(PresentPass(f"L1:{grant}"))
        assert bank.stage() is Stage.OPENING
        assert bank.unlocks()[-1].compartment == door


def signed_in() -> tuple[TableTop, str]:
    bank = TableTop()
    code = bank.admit()
    bank.do(SignIn(code))
    return bank, code


def delivered() -> tuple[TableTop, str, str]:
    """A courier has just confirmed; his code, and the door that now holds the parcel."""
    bank, code = signed_in()
    bank.do(PARCEL)
    door = bank.opens()
    bank.read(door, is_closed=True, is_occupied=True)
    bank.do(ConfirmDeposit())
    return bank, code, door


def test_identity_77_an_occupied_door_is_given_to_nobody() -> None:
    bank, _, taken = delivered()
    given = []
    while bank.stage() is not Stage.FULL:
        bank.do(PARCEL)
        if bank.stage() is Stage.OPENING:
            door = bank.opens()
            given.append(door)
            bank.read(door, is_closed=True, is_occupied=True)
            bank.do(ConfirmDeposit())
    assert taken not in given
    assert len(set(given)) == len(given) == 5
    assert bank.log[-1].reason == "bank.full"


def test_identity_77_after_confirming_it_is_shut_for_him() -> None:
    bank, code, _ = delivered()
    pulses = len(bank.unlocks())
    assert refused(bank, OpenAgain()) == "deposit.none"
    bank.do(Leave())
    bank.do(SignIn(code))
    assert refused(bank, OpenAgain()) == "visit.nothing_to_reopen"
    bank.do(PresentCode(code))
    assert bank.log[-1].reason == "code.wrong_kind"
    assert len(bank.unlocks()) == pulses


@pytest.mark.parametrize(("late_ms", "opens"), [(0, True), (1, False)])
def test_identity_77_two_minutes_after_it_was_shut_it_stays_shut(late_ms: int, opens: bool) -> None:
    assert Settings().settle_ms == 120 * SECOND_MS
    bank, _ = signed_in()
    bank.do(PARCEL)
    door = bank.opens()
    bank.read(door, is_closed=True, is_occupied=True)
    pulses = len(bank.unlocks())
    bank.later(Settings().settle_ms + late_ms)
    if opens:
        bank.do(OpenAgain())
    else:
        assert refused(bank, OpenAgain()) == "deposit.too_late"
    assert len(bank.unlocks()) - pulses == opens


def test_identity_77_another_couriers_session_opens_nothing_of_his() -> None:
    bank, _ = signed_in()
    bank.do(PARCEL)
    door = bank.opens()
    bank.read(door, is_closed=True, is_occupied=True)
    bank.do(Leave())  # not confirmed: the door may be reopened in his own visit only
    bank.order(AdmitCourier(OTHER_COURIER, "O. Ther", "DHL", bank.now + 10**9))  # type: ignore[arg-type]  # an Instant
    bank.do(SignIn(bank.letters[-1].code))
    assert bank.visit().courier == OTHER_COURIER
    assert refused(bank, OpenAgain()) == "visit.nothing_to_reopen"
    bank.do(PARCEL)
    assert bank.unlocks()[-1].compartment != door
    assert bank.controller.bank.spaces[bank.unlocks()[-1].compartment].state is (
        CompartmentState.RESERVED
    )
    bank.later(Settings().settle_ms + 1)
    bank.do(Tick())
    deposited = [one for one in bank.log if one.type is T.PARCEL_DEPOSITED]
    assert [(one.compartment, one.method) for one in deposited] == [(door, "timeout")]
    assert deposited[0].actor != OTHER_COURIER
