from bayward.core.bank import BankState
from bayward.core.door import UnlockOutcome
from bayward.edge.agent import PresentCode
from bayward.edge.controller import UnlockEnded
from table_top import TableTop


def test_a_bank_whose_doors_were_never_read_has_nothing_free() -> None:
    top = TableTop()
    assert not BankState.of(top.layout).free()
    assert len(top.controller.bank.free()) == len(top.layout)


def test_an_open_or_blocked_or_locked_door_is_not_free() -> None:
    top = TableTop()
    _, compartment = top.deposit()
    free = {space.id for space in top.controller.bank.free()}
    assert compartment not in free
    top.read(top.layout[5].id, is_closed=False)
    assert not {space.id for space in top.controller.bank.free()} & {top.layout[5].id}


def test_unlocks_are_found_by_door() -> None:
    top = TableTop()
    code, compartment = top.deposit()
    bank = top.controller.bank
    top.do(PresentCode(code))
    pending = bank.pending_unlock(compartment)
    assert pending is not None
    assert bank.last_unlock(compartment) == pending
    top.do(UnlockEnded(pending.command, UnlockOutcome.NO_EDGE))
    assert bank.pending_unlock(compartment) is None


def test_codes_are_counted_while_they_live() -> None:
    top = TableTop()
    assert top.controller.bank.live_codes() == 0
    code, _ = top.deposit()
    assert top.controller.bank.live_codes() == 2  # the courier's and Anna's
    top.do(PresentCode(code))
    top.opens()
    assert top.controller.bank.live_codes() == 1
