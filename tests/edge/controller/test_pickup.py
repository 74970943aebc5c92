from __future__ import annotations

import pytest

from bayward.core.door import UnlockOutcome
from bayward.core.errors import Denied
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.edge.agent import Leave, OpenAgain, PresentCode, PresentPass, Stage
from bayward.edge.controller import Settings, Tick, UnlockEnded
from table_top import TableTop

T = EventType


def waiting() -> tuple[TableTop, str]:
    """A parcel for Anna, and nobody at the kiosk."""
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    return bank, code


def grant_state(bank: TableTop) -> GrantState:
    (grant,) = bank.controller.bank.grants.values()
    return grant.state


def shut(bank: TableTop, *, is_occupied: bool) -> None:
    bank.later(4_000)
    bank.read(bank.unlocks()[-1].compartment, is_closed=True, is_occupied=is_occupied)


def test_whatever_is_wrong_the_screen_says_the_same() -> None:
    bank, _ = waiting()
    shown = set()
    for request in (
        PresentCode("00000000"),
        PresentCode("x"),
        PresentPass("L1:no"),
        PresentPass(""),
    ):
        bank.do(request)
        shown.add((bank.stage(), bank.visit().refusal, bank.visit().compartment))
        bank.later(20_000)
        bank.do(Leave())
    assert shown == {(Stage.REFUSED, "access.refused", None)}


def test_the_log_says_what_was_wrong() -> None:
    bank, code = waiting()
    bank.do(PresentCode("00000000"))
    assert bank.log[-1].reason == "code.unknown"
    bank.later(20_000)
    bank.do(PresentCode(code))
    bank.opens()
    shut(bank, is_occupied=False)
    bank.do(Leave())
    bank.do(PresentCode(code))
    assert bank.log[-1].reason == "code.dead"
    assert bank.log[-1].grant == next(iter(bank.controller.bank.grants))


def test_a_couriers_code_collects_nothing() -> None:
    bank = TableTop()
    code = bank.admit()
    bank.do(PresentCode(code))
    assert bank.log[-1].reason == "code.wrong_kind"


def test_a_throttled_keypad_counts_down_and_asks_nothing_of_who_has_a_pass() -> None:
    bank, code = waiting()
    for guess in range(12):
        bank.do(PresentCode(f"{guess:08d}"))
    assert bank.visit().refusal == "access.throttled"
    assert bank.visit().wait_ms > 0
    bank.do(PresentCode(code))
    assert bank.visit().refusal == "access.throttled"
    bank.do(PresentPass("L1:" + next(iter(bank.controller.bank.grants))))
    assert bank.stage() is Stage.OPENING


def test_a_grant_is_used_up_by_a_door_that_opens_and_not_by_a_pulse() -> None:
    bank, code = waiting()
    bank.do(PresentCode(code))
    assert grant_state(bank) is GrantState.OPENING
    bank.do(UnlockEnded(bank.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    assert bank.stage() is Stage.STUCK
    assert grant_state(bank) is GrantState.ACTIVE
    bank.do(OpenAgain())
    bank.opens()
    assert grant_state(bank) is GrantState.CONSUMED


def test_custody_ends_when_it_is_seen_empty() -> None:
    bank, code = waiting()
    bank.do(PresentCode(code))
    bank.opens()
    shut(bank, is_occupied=False)
    assert bank.log[-1].type is T.PARCEL_COLLECTED
    assert bank.stage() is Stage.COLLECTED


def test_what_was_left_inside_opens_once_more_for_a_minute() -> None:
    bank, code = waiting()
    bank.do(PresentCode(code))
    door = bank.opens()
    shut(bank, is_occupied=True)
    assert bank.stage() is Stage.STILL_INSIDE
    assert T.PARCEL_COLLECTED not in bank.kinds()
    bank.do(OpenAgain())
    assert bank.opens() == door
    shut(bank, is_occupied=False)
    assert bank.log[-1].type is T.PARCEL_COLLECTED


def test_what_stays_inside_is_for_staff() -> None:
    bank, code = waiting()
    bank.do(PresentCode(code))
    bank.opens()
    shut(bank, is_occupied=True)
    bank.later(Settings().leftover_ms + 1)
    bank.do(Tick())
    assert bank.log[-1].type is T.COMPARTMENT_BLOCKED
    assert bank.log[-1].reason == "left_inside"


def test_a_second_door_is_never_opened_for_one_visit() -> None:
    bank, code = waiting()
    with pytest.raises(Denied, match=r"visit\.nothing_to_reopen"):
        bank.do(OpenAgain())
    bank.do(PresentCode(code))
    with pytest.raises(Denied, match=r"visit\.nothing_to_reopen"):
        bank.do(OpenAgain())
    assert len(bank.unlocks()) == 2  # the deposit's and this one
