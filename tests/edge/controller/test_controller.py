import pytest

from bayward.core.clock import DAY_MS
from bayward.core.commands import OpenForGrant, ReleaseLockdown
from bayward.core.compartment import CompartmentState, Size
from bayward.core.door import UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.events import EventType
from bayward.edge.agent import BeginDeposit, Leave, PresentCode, PresentPass, SignIn, Stage
from bayward.edge.controller import DoorRead, Settings, Siren, Tick, UnlockEnded
from table_top import ANNA, TableTop

T = EventType


def test_a_parcel_goes_in_and_the_right_person_takes_it_out() -> None:
    bank = TableTop()
    code, compartment = bank.deposit()
    assert bank.stage() is Stage.DEPOSITED
    bank.do(Leave())

    bank.do(PresentCode(code))
    assert bank.opens() == compartment
    assert bank.stage() is Stage.DOOR_OPEN
    bank.read(compartment, is_closed=True, is_occupied=False)

    assert bank.stage() is Stage.COLLECTED
    assert bank.controller.bank.spaces[compartment].state is CompartmentState.FREE
    assert bank.kinds()[-6:] == [
        T.ACCESS_GRANTED,
        T.UNLOCK_REQUESTED,
        T.DOOR_OPENED,
        T.UNLOCK_ENDED,
        T.DOOR_CLOSED,
        T.PARCEL_COLLECTED,
    ]


def test_identity_01_a_code_opens_once_and_the_second_try_is_logged() -> None:
    bank = TableTop()
    code, compartment = bank.deposit()
    bank.do(PresentCode(code))
    bank.opens()
    bank.read(compartment, is_closed=True)
    pulses = len(bank.unlocks())

    bank.do(PresentCode(code))

    assert len(bank.unlocks()) == pulses
    assert bank.stage() is Stage.REFUSED
    assert (bank.log[-1].type, bank.log[-1].reason) == (T.ACCESS_REFUSED, "code.dead")


def test_identity_44_a_late_tap_moves_no_door() -> None:
    bank = TableTop()
    bank.deposit()
    grant = next(iter(bank.controller.bank.grants))
    pulses = len(bank.unlocks())
    tap = OpenForGrant(grant, bank.controller.presence, ANNA)

    bank.order(tap, epoch="before the cable was cut")
    bank.order(tap, life_ms=-1)

    assert [event.reason for event in bank.log[-2:]] == [
        "command.stale_connection",
        "command.stale",
    ]
    assert len(bank.unlocks()) == pulses


def test_a_tap_opens_with_the_number_the_kiosk_shows_and_not_without() -> None:
    bank = TableTop()
    bank.deposit()
    grant = next(iter(bank.controller.bank.grants))
    bank.order(OpenForGrant(grant, "nothere", ANNA))
    assert not bank.reports()[-1].result.is_done

    bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))
    bank.opens()

    assert bank.reports()[-1].result.is_done
    assert bank.reports()[-1].result.result == "opened"


def test_a_forced_door_locks_the_bank_down_and_survives_a_restart() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    victim = bank.layout[-1].id

    bank.read(victim, is_closed=False)

    assert bank.kinds()[-3:] == [
        T.DOOR_FORCED_OPEN,
        T.COMPARTMENT_BLOCKED,
        T.LOCKDOWN_ENGAGED,
    ]
    assert Siren(is_on=True) in bank.effects
    bank.do(PresentCode(code))
    assert bank.stage() is Stage.LOCKED_DOWN
    bank.restart()
    bank.do(PresentPass("L1:" + next(iter(bank.controller.bank.grants))))
    assert bank.stage() is Stage.LOCKED_DOWN

    bank.order(ReleaseLockdown("bank", ANNA, "looked, all well"))
    bank.do(PresentCode(code))
    assert bank.stage() is Stage.OPENING


def test_a_week_later_the_code_is_dead() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.later(7 * DAY_MS)
    bank.do(Tick())
    assert T.GRANT_EXPIRED in bank.kinds()
    bank.do(PresentCode(code))
    assert bank.stage() is Stage.REFUSED


def test_identity_74_no_credential_opens_anything_during_lockdown() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    grant = next(iter(bank.controller.bank.grants))
    bank.read(bank.layout[-1].id, is_closed=False)
    pulses = len(bank.unlocks())

    bank.do(PresentCode(code))
    bank.do(PresentPass(f"L1:{grant}"))
    bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))

    assert len(bank.unlocks()) == pulses
    assert bank.stage() is Stage.LOCKED_DOWN
    assert bank.reports()[-1].result.result == "lockdown"


def test_a_deposit_that_the_power_cut_hid_is_never_given_to_the_next_courier() -> None:
    """Found by `bayward sim --seed 1`: in went a parcel, out of the log, into another's hands."""
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    bank.do(BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False))
    unlock = bank.unlocks()[-1]
    bank.restart()  # meanwhile the door opened, took a parcel and was shut
    bank.do(UnlockEnded(unlock.command, UnlockOutcome.NO_EDGE))
    bank.later(Settings().settle_ms + 1)
    bank.do(Tick())
    assert (bank.log[-1].type, bank.log[-1].reason) == (
        T.COMPARTMENT_BLOCKED,
        "unwatched_deposit",
    )
    assert bank.controller.bank.spaces[unlock.compartment].state is CompartmentState.BLOCKED


@pytest.mark.parametrize(("is_occupied", "ends"), [(True, "blocked"), (False, "free")])
def test_a_deposit_behind_a_silent_board_ends_as_the_sensor_says(
    is_occupied: bool, ends: str
) -> None:
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    bank.do(BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False))
    unlock = bank.unlocks()[-1]
    bank.do(DoorRead(unlock.compartment, UnknownDoor(bank.now, UnknownWhy.BUS_SILENT)))
    bank.do(UnlockEnded(unlock.command, UnlockOutcome.DOUBTFUL))
    bank.later(3_000)
    bank.read(unlock.compartment, is_closed=True, is_occupied=is_occupied)
    bank.later(Settings().settle_ms + 1)
    bank.do(Tick())
    assert bank.controller.bank.spaces[unlock.compartment].state.value == ends
