from __future__ import annotations

from bayward.core.commands import ReleaseLockdown, RestoreCompartment
from bayward.core.compartment import CompartmentState, Size
from bayward.core.door import UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.events import EventType
from bayward.edge.agent import BeginDeposit, Leave, PresentCode, SignIn, Stage
from bayward.edge.controller import DoorRead, Settings, Siren, Tick, UnlockEnded
from bayward.edge.controller.step import LATE_PULL_MS
from table_top import ANNA, TableTop

T = EventType


def test_a_door_that_is_shut_when_we_come_is_only_known() -> None:
    bank = TableTop()
    assert bank.kinds().count(T.DOOR_CLOSED) == len(bank.layout)
    assert not {T.DOOR_FOUND, T.DOOR_FORCED_OPEN} & set(bank.kinds())


def test_a_door_that_cannot_be_read_is_lost_and_found() -> None:
    bank = TableTop()
    door = bank.layout[0].id
    gone = DoorRead(door, UnknownDoor(bank.now, UnknownWhy.BUS_SILENT))
    bank.do(gone)
    bank.do(gone)
    assert bank.kinds()[-1] is T.DOOR_LOST
    assert bank.kinds().count(T.DOOR_LOST) == 1
    assert bank.controller.bank.spaces[door].is_open is None
    assert bank.layout[0] not in bank.controller.bank.free()
    bank.read(door, is_closed=True)
    assert bank.kinds()[-2:] == [T.DOOR_FOUND, T.DOOR_CLOSED]


def test_a_door_that_was_opened_while_nobody_could_see_is_forced() -> None:
    bank = TableTop()
    door = bank.layout[0].id
    bank.do(DoorRead(door, UnknownDoor(bank.now, UnknownWhy.PORT_GONE)))
    bank.read(door, is_closed=False)
    assert bank.log[-3].type is T.DOOR_FORCED_OPEN
    assert bank.log[-3].detail == "found_open"
    assert bank.log[-1].type is T.LOCKDOWN_ENGAGED


def test_who_pulls_late_is_still_that_unlocks() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    bank.do(PresentCode(code))
    unlock = bank.unlocks()[-1]
    bank.do(UnlockEnded(unlock.command, UnlockOutcome.NO_EDGE))
    bank.later(LATE_PULL_MS)
    bank.read(unlock.compartment, is_closed=False)
    assert bank.log[-1].type is T.DOOR_OPENED
    assert bank.log[-1].command == unlock.command
    assert bank.stage() is Stage.DOOR_OPEN


def test_who_pulls_later_than_that_breaks_in() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    bank.do(PresentCode(code))
    unlock = bank.unlocks()[-1]
    bank.do(UnlockEnded(unlock.command, UnlockOutcome.NO_EDGE))
    bank.later(LATE_PULL_MS + 1)
    bank.read(unlock.compartment, is_closed=False)
    assert T.DOOR_FORCED_OPEN in bank.kinds()


def test_an_unlock_that_never_pulsed_explains_no_open_door() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    bank.do(PresentCode(code))
    unlock = bank.unlocks()[-1]
    bank.do(UnlockEnded(unlock.command, UnlockOutcome.REFUSED))
    bank.read(unlock.compartment, is_closed=False)
    assert T.DOOR_FORCED_OPEN in bank.kinds()


def test_an_outcome_is_taken_once() -> None:
    bank = TableTop()
    bank.deposit()
    size = len(bank.log)
    bank.do(UnlockEnded(bank.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    assert len(bank.log) == size


def test_a_crowbar_in_the_middle_of_a_visit_ends_it() -> None:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    bank.do(PresentCode(code))
    bank.read(bank.layout[-1].id, is_closed=False)
    assert bank.stage() is Stage.LOCKED_DOWN
    assert Siren(is_on=True) in bank.effects


def test_a_second_forced_door_is_recorded_under_the_same_lockdown() -> None:
    bank = TableTop()
    for door in bank.layout[:2]:
        bank.read(door.id, is_closed=False)
    assert bank.kinds().count(T.DOOR_FORCED_OPEN) == 2
    assert bank.kinds().count(T.LOCKDOWN_ENGAGED) == 1


def test_something_in_a_free_compartment_is_for_staff() -> None:
    bank = TableTop()
    door = bank.layout[0].id
    bank.do(DoorRead(door, UnknownDoor(bank.now, UnknownWhy.BUS_SILENT)))
    bank.read(door, is_closed=True, is_occupied=True)
    assert bank.log[-1].type is T.COMPARTMENT_BLOCKED
    assert bank.log[-1].reason == "unexpected_content"
    assert bank.controller.bank.spaces[door].state is CompartmentState.BLOCKED


def test_a_forced_door_that_is_pushed_shut_is_used_again_only_after_somebody_said_so() -> None:
    bank = TableTop()
    door = bank.layout[-1].id
    bank.read(door, is_closed=False)
    assert (bank.log[-2].type, bank.log[-2].reason) == (T.COMPARTMENT_BLOCKED, "door_forced_open")
    bank.read(door, is_closed=True)
    bank.order(ReleaseLockdown("bank", ANNA, "looked"))
    assert bank.controller.bank.spaces[door].state is CompartmentState.BLOCKED
    assert door not in [one.id for one in bank.controller.bank.free()]
    bank.order(RestoreCompartment(door, ANNA))
    assert door in [one.id for one in bank.controller.bank.free()]
    bank.read(door, is_closed=False)  # and again, for it may be forced again
    assert bank.controller.bank.spaces[door].state is CompartmentState.BLOCKED


def test_what_is_behind_a_forced_door_can_still_be_collected_and_nothing_put_in_after() -> None:
    bank = TableTop()
    code, door = bank.deposit()
    bank.do(Leave())
    bank.later(LATE_PULL_MS + 1)
    bank.read(door, is_closed=False)
    assert T.COMPARTMENT_BLOCKED not in bank.kinds()
    bank.read(door, is_closed=True)
    bank.order(ReleaseLockdown("bank", ANNA, "looked"))
    bank.do(PresentCode(code))
    assert bank.opens() == door
    bank.read(door, is_closed=True)
    assert bank.kinds()[-2:] == [T.PARCEL_COLLECTED, T.COMPARTMENT_BLOCKED]
    assert bank.controller.bank.spaces[door].state is CompartmentState.BLOCKED
    assert bank.controller.bank.spaces[door].parcel is None


def test_a_delivery_that_ends_empty_behind_a_forced_door_frees_nothing() -> None:
    bank = TableTop()
    bank.do(SignIn(bank.admit()))
    bank.do(BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False))
    door = bank.opens()
    bank.read(door, is_closed=True)
    bank.later(LATE_PULL_MS + 1)
    bank.read(door, is_closed=False)
    bank.read(door, is_closed=True, is_occupied=False)
    bank.later(Settings().settle_ms + 1)
    bank.do(Tick())
    assert bank.kinds()[-2:] == [T.COMPARTMENT_RELEASED, T.COMPARTMENT_BLOCKED]
    assert bank.controller.bank.spaces[door].state is CompartmentState.BLOCKED


def test_a_log_of_before_in_which_a_forced_door_went_on_being_used_replays() -> None:
    bank = TableTop()
    door = bank.layout[0].id
    bank.read(door, is_closed=False)
    bank.read(door, is_closed=True)
    bank.order(ReleaseLockdown("bank", ANNA, "looked"))
    bank.log = [one for one in bank.log if one.type is not T.COMPARTMENT_BLOCKED]
    bank.restart()
    bank.read(door, is_closed=True)
    code, used = bank.deposit()
    assert used == door
    bank.do(Leave())
    bank.do(PresentCode(code))
    bank.opens()
    bank.read(door, is_closed=True)
    assert bank.log[-1].type is T.PARCEL_COLLECTED
    assert bank.controller.bank.spaces[door].state is CompartmentState.FREE
