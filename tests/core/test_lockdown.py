from bayward.core.commands import SCOPE_BANK
from bayward.core.door import DoorAlarm
from bayward.core.lockdown import RESPONSE, Lockdown, Scope, holds
from table_top import START, layout

ONE, OTHER = layout(2)


def test_a_bank_wide_lockdown_holds_every_door_and_the_kiosk() -> None:
    down = {SCOPE_BANK: Lockdown(SCOPE_BANK, START, "forced_open")}
    assert holds(down, ONE.id)
    assert holds(down, None)


def test_a_lockdown_of_one_compartment_holds_only_that_one() -> None:
    down: dict[str, Lockdown] = {ONE.id: Lockdown(ONE.id, START, "open_too_long")}
    assert holds(down, ONE.id)
    assert holds(down, OTHER.id) is None
    assert holds(down, None) is None


def test_every_alarm_has_a_response() -> None:
    assert set(RESPONSE) == set(DoorAlarm) - {DoorAlarm.NORMAL}
    assert RESPONSE[DoorAlarm.FORCED_OPEN].scope is Scope.BANK
