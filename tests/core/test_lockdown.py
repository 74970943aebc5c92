from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.commands import SCOPE_BANK, EngageLockdown, Order, ReleaseLockdown
from bayward.core.door import DoorAlarm
from bayward.core.errors import BaywardError
from bayward.core.events import EventType
from bayward.core.lockdown import RESPONSE, Lockdown, Scope, holds
from bayward.edge.agent import PresentCode, PresentPass, Request, SignIn, Stage
from bayward.edge.controller import Settings, Tick
from table_top import ANNA, START, TableTop, layout

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


class Siege(RuleBasedStateMachine):
    """Crowbars, doors forgotten open, orders, plugs; and people who want in all the while.

    The model is a set of scopes. Nothing but an order to release takes one out of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.top = TableTop(seed=3)
        self.codes = [self.top.deposit()[0], self.top.deposit()[0]]
        self.courier = self.top.admit()
        self.top.later(60_000)  # or a door that opens may still be one of those unlocks
        self.held: set[str] = set()
        self.pulses = len(self.top.unlocks())

    @rule(door=st.integers(2, 5))
    def a_crowbar(self, door: int) -> None:
        compartment = self.top.layout[door].id
        if self.top.controller.bank.spaces[compartment].is_open is False:
            self.top.read(compartment, is_closed=False)
            self.held.add(SCOPE_BANK)

    @rule(door=st.integers(2, 5))
    def a_door_is_pushed_shut(self, door: int) -> None:
        self.top.read(self.top.layout[door].id, is_closed=True)

    @rule()
    def hours_pass(self) -> None:
        """Neither time nor a door that is shut again ends anything."""
        self.top.later(8 * Settings().door_open_ms_max)
        self.top.do(Tick())
        told = [one for one in self.top.log if one.type is EventType.LOCKDOWN_ENGAGED]
        self.held |= {one.scope or "" for one in told[-6:] if one.time == self.top.now}

    def order(self, order: Order, *, life_ms: int = 10_000) -> bool:
        self.top.order(order, life_ms=life_ms)
        return self.top.reports()[-1].result.is_done

    @rule(scope=st.sampled_from([SCOPE_BANK, ONE.id, OTHER.id]))
    def staff_locks_down(self, scope: str) -> None:
        if self.order(EngageLockdown(scope, ANNA, "drill")):
            self.held.add(scope)

    @rule(scope=st.sampled_from([SCOPE_BANK, ONE.id, OTHER.id, "cmp_nonsense", ""]))
    def staff_releases(self, scope: str) -> None:
        is_done = self.order(ReleaseLockdown(scope, ANNA, "looked"))
        assert is_done == (scope in self.held)
        self.held.discard(scope)

    @rule(scope=st.sampled_from([SCOPE_BANK, ONE.id]))
    def an_order_to_release_comes_too_late(self, scope: str) -> None:
        assert not self.order(ReleaseLockdown(scope, ANNA, "late"), life_ms=-1)

    @rule()
    def the_power_is_cut(self) -> None:
        self.top.restart()
        self.pulses = 0

    @rule(which=st.sampled_from(["code", "other code", "wrong", "pass", "courier"]))
    def somebody_wants_in(self, which: str) -> None:
        grants = sorted(self.top.controller.bank.grants)
        requests: dict[str, Request] = {
            "code": PresentCode(self.codes[0]),
            "other code": PresentCode(self.codes[1]),
            "wrong": PresentCode("00000000"),
            "pass": PresentPass("L1:" + grants[0]),
            "courier": SignIn(self.courier),
        }
        if SCOPE_BANK not in self.held:
            return  # what opens then is for `tests/edge/controller/test_machine.py`
        try:
            self.top.do(requests[which])
        except BaywardError:
            return
        if which != "courier":
            assert self.top.stage() is Stage.LOCKED_DOWN

    @invariant()
    def what_holds_is_what_was_engaged_and_not_released(self) -> None:
        bank = self.top.controller.bank
        assert set(bank.lockdowns) == self.held
        for door in (ONE.id, OTHER.id):
            assert bool(holds(bank.lockdowns, door)) == bool(self.held & {SCOPE_BANK, door})

    @invariant()
    def no_lock_moves(self) -> None:
        assert len(self.top.unlocks()) == self.pulses

    @invariant()
    def the_log_alone_says_the_same(self) -> None:
        replayed = BankState.of(self.top.layout)
        for event in self.top.log:
            fold.apply(replayed, event)
        assert set(replayed.lockdowns) == self.held


TestSiege = Siege.TestCase
TestSiege.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
