from __future__ import annotations

from bayward.core.compartment import CompartmentState
from bayward.core.door import UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.events import EventType
from bayward.edge.agent import Leave, PresentCode, Stage
from bayward.edge.controller import DoorRead, Siren, UnlockEnded
from bayward.edge.controller.step import LATE_PULL_MS
from table_top import TableTop

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
    assert bank.log[-2].type is T.DOOR_FORCED_OPEN
    assert bank.log[-2].detail == "found_open"
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
