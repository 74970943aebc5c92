"""The fold is tested by every controller test; here is what only a long life shows."""

from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.clock import DAY_MS, Instant
from bayward.core.grants import TOMBSTONE_MS
from bayward.edge.agent import PresentCode
from bayward.edge.controller import Tick
from table_top import START, TableTop


def test_replaying_the_log_gives_the_same_bank() -> None:
    top = TableTop()
    code, compartment = top.deposit()
    top.do(PresentCode(code))
    top.opens()
    top.read(compartment, is_closed=True)
    again = BankState.of(top.layout)
    for event in top.log:
        fold.apply(again, event)
    assert again == top.controller.bank


def test_a_bank_forgets_what_no_decision_needs_but_no_live_code() -> None:
    top = TableTop()
    for _ in range(3):
        code, compartment = top.deposit()
        top.do(PresentCode(code))
        top.opens()
        top.read(compartment, is_closed=True)
    bank = top.controller.bank
    live = bank.live_codes()
    top.later(TOMBSTONE_MS + 8 * DAY_MS)
    top.do(Tick())

    fold.prune(bank, top.now)

    assert bank.live_codes() == live
    assert len(bank.tags) == live
    assert not bank.grants
    assert not bank.unlocks


def test_identity_06_a_dead_code_stays_buried_for_ninety_days() -> None:
    top = TableTop()
    code, _ = top.deposit()
    top.later(7 * DAY_MS)
    top.do(Tick())
    buried = top.controller.bank.tags[code[::-1]].buried_until
    assert buried == Instant(START + 300 + 5_000 + 7 * DAY_MS + TOMBSTONE_MS)
