from __future__ import annotations

import pytest

from bayward.core.clock import MINUTE_MS
from bayward.core.commands import ReleaseLockdown
from bayward.core.door import DoorAlarm, UnlockOutcome
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.lockdown import Scope
from bayward.edge.agent import PresentCode, Stage
from bayward.edge.controller import Settings, Siren, Tick, UnlockEnded
from table_top import TableTop

ADMIN = PersonId.of(b"admin".ljust(16))


def left_open(settings: Settings) -> tuple[TableTop, str, str]:
    """Two parcels; the first one's door is left open. Gives the bench, its door, the other code."""
    top = TableTop(settings=settings)
    code, door = top.deposit()
    other, _ = top.deposit()
    top.do(PresentCode(code))
    assert top.opens() == door
    top.later(settings.door_open_ms_max - 1_000)
    top.do(Tick())
    assert EventType.DOOR_OPEN_TOO_LONG not in top.kinds()
    top.later(2_000)
    top.do(Tick())
    return top, door, other


def test_a_door_left_open_sounds_and_locks_only_itself() -> None:
    top, door, other = left_open(Settings())
    assert top.kinds()[-2:] == [EventType.DOOR_OPEN_TOO_LONG, EventType.LOCKDOWN_ENGAGED]
    assert top.log[-1].scope == door
    assert Siren(is_on=True) in top.effects
    top.do(PresentCode(other))
    assert top.stage() is Stage.OPENING


def test_a_site_may_lock_the_bank_down_for_a_door_left_open() -> None:
    wide = {DoorAlarm.OPEN_TOO_LONG: Scope.BANK}
    top, _, other = left_open(Settings(tamper_scope=wide))
    assert top.log[-1].scope == "bank"
    top.do(PresentCode(other))
    assert top.stage() is Stage.LOCKED_DOWN


def test_an_alarm_is_told_once_and_the_siren_ends_by_itself() -> None:
    top, _, _ = left_open(Settings())
    for _ in range(5):
        top.later(MINUTE_MS)
        top.do(Tick())
    assert top.kinds().count(EventType.DOOR_OPEN_TOO_LONG) == 1
    assert top.effects.count(Siren(is_on=False)) == 1


@pytest.mark.parametrize("is_shut", [False, True])
def test_only_an_override_ends_it(*, is_shut: bool) -> None:
    top, door, _ = left_open(Settings())
    if is_shut:
        top.read(top.layout[0].id, is_closed=True)
    assert door in top.controller.bank.lockdowns
    top.order(ReleaseLockdown(door, ADMIN, "looked inside, all well"))
    assert top.controller.bank.lockdowns == {}


def test_a_tick_between_the_pulse_and_the_opening_edge_leaves_nothing_inside() -> None:
    """The unlock can be told to have opened before the watch has told of the open door."""
    top = TableTop()
    code, door = top.deposit()
    top.later(5 * MINUTE_MS)
    top.do(PresentCode(code))
    top.do(UnlockEnded(top.unlocks()[-1].command, UnlockOutcome.OPENED))
    top.do(Tick())
    assert EventType.COMPARTMENT_BLOCKED not in top.kinds()
    top.read(door, is_closed=False)
    top.read(door, is_closed=True, is_occupied=False)
    assert top.kinds()[-1] is EventType.PARCEL_COLLECTED


def test_an_opening_that_nobody_ever_reads_is_looked_into() -> None:
    """As after a power cut in the moment between: the door is shut again, and nobody saw it."""
    top = TableTop()
    code, _ = top.deposit()
    top.later(5 * MINUTE_MS)
    top.do(PresentCode(code))
    top.do(UnlockEnded(top.unlocks()[-1].command, UnlockOutcome.OPENED))
    top.restart()
    top.later(Settings().leftover_ms)
    top.do(Tick())
    assert top.log[-1].type is EventType.COMPARTMENT_BLOCKED
    assert top.log[-1].reason == "left_inside"
