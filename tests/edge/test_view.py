from __future__ import annotations

from bayward.core.commands import EngageLockdown
from bayward.core.compartment import Size
from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy
from bayward.edge.agent import BeginDeposit, PresentCode, SignIn, Stage
from bayward.edge.view import bank_view, out_of_order
from table_top import ANNA, COURIER, TableTop, layout


def test_doors_are_shown_as_read_and_not_while_an_unlock_is_under_way() -> None:
    top = TableTop()
    code, door = top.deposit()
    top.do(PresentCode(code))
    view = bank_view(top.controller)
    assert view.compartment(door).door is None
    assert not view.compartment(door).is_free
    top.opens()
    shown = bank_view(top.controller).compartment(door).door
    assert isinstance(shown, KnownDoor)
    assert not shown.is_closed


def test_a_door_that_was_never_read_is_unknown() -> None:
    top = TableTop()
    top.log.clear()
    top.restart()
    view = bank_view(top.controller)
    why = {one.door.why for one in view.compartments if isinstance(one.door, UnknownDoor)}
    assert why == {UnknownWhy.NEVER_READ}
    assert not any(one.is_free for one in view.compartments)


def test_nothing_personal_is_in_it() -> None:
    top = TableTop()
    code, _ = top.deposit()
    top.do(SignIn(top.admit()))
    top.do(BeginDeposit(ANNA, Size.M, "1Z5R89390357567127", needs_low=False))
    view = bank_view(top.controller)
    assert view.carrier == "UPS"
    told = str(view)
    assert ANNA not in told
    assert code not in told
    assert "C. Ourier" not in told
    assert view.visit.courier == COURIER


def test_a_lockdown_of_the_bank_is_in_it() -> None:
    top = TableTop()
    top.order(EngageLockdown("bank", ANNA, "fire drill"))
    lockdown = bank_view(top.controller).lockdown
    assert lockdown is not None
    assert lockdown.reason == "fire drill"


def test_out_of_order_says_why_and_shows_no_door_as_shut() -> None:
    view = out_of_order(layout(2), "journal.not_writable")
    assert view.visit.stage is Stage.OUT_OF_ORDER
    assert view.trouble == "journal.not_writable"
    assert [one.door for one in view.compartments] == [None, None]
