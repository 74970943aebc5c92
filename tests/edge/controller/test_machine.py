"""Whatever people, doors, orders and power cuts do in whatever order, the promises hold."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bayward.core.clock import DAY_MS
from bayward.core.commands import (
    SCOPE_BANK,
    AdmitCourier,
    Command,
    DismissCourier,
    EngageLockdown,
    OpenForGrant,
    ReleaseLockdown,
    RestoreCompartment,
    RevokeGrant,
    RotateCode,
)
from bayward.core.compartment import CompartmentState, Size
from bayward.core.custody import ParcelState
from bayward.core.door import UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.errors import BaywardError
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.edge.agent import (
    BeginDeposit,
    CancelDeposit,
    ChangeSize,
    ConfirmDeposit,
    Leave,
    MoreTime,
    OpenAgain,
    PresentCode,
    PresentPass,
    SignIn,
)
from bayward.edge.controller import (
    CommandReceived,
    DoorRead,
    Input,
    Siren,
    Tick,
    Unlock,
    UnlockEnded,
)
from table_top import ANNA, COURIER, TableTop

T = EventType
sizes = st.sampled_from(list(Size))
doors = st.integers(0, 5)


class Bank(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.top = TableTop(seed=7)
        self.top.admit()
        self.pulsed: dict[str, int] = {}
        self.seen_effects = 0
        self.sent: list[Command] = []

    def ask(self, request: Input) -> None:
        try:
            step = self.top.controller.decide(request, self.top.now)
        except BaywardError:
            return  # out of turn: refused, and nothing was proposed
        self.top.commit(step)  # what was proposed never contradicts the tables

    def order(self, order: object) -> None:
        command = self.top.order(order)  # type: ignore[arg-type]  # built by the rules below
        self.sent.append(command)

    @rule(data=st.data())
    def present_a_code(self, data: st.DataObject) -> None:
        codes = [letter.code for letter in self.top.letters] + ["00000000", "x", "١٢٣٤٥٦٧٨"]
        self.ask(PresentCode(data.draw(st.sampled_from(codes))))

    @rule(size=sizes, shut=st.sampled_from([True, False, None, "open"]))
    def a_courier_delivers(self, size: Size, shut: bool | str | None) -> None:
        """The whole way, so that deep states are common and not a lucky draw."""
        admitted = [letter.code for letter in self.top.letters if letter.kind == "courier"]
        self.ask(Leave())
        self.ask(SignIn(admitted[-1]))
        pulses = len(self.top.unlocks())
        self.ask(BeginDeposit(ANNA, size, "TBA000000000000", needs_low=False))
        if len(self.top.unlocks()) == pulses:
            return
        compartment = self.top.opens()
        if shut != "open":
            self.top.read(compartment, is_closed=True, is_occupied=shut is not False)
            self.ask(ConfirmDeposit())

    @rule(data=st.data(), door_works=st.booleans())
    def a_resident_collects(self, data: st.DataObject, door_works: bool) -> None:
        live = [
            letter.code
            for letter in self.top.letters
            if letter.kind == "pickup" and not self.is_buried(letter.code)
        ]
        if not live:
            return
        pulses = len(self.top.unlocks())
        self.ask(PresentCode(data.draw(st.sampled_from(live))))
        if door_works and len(self.top.unlocks()) > pulses:
            self.top.opens()

    def is_buried(self, code: str) -> bool:
        use = self.top.controller.bank.tags.get(code[::-1])
        return use is None or use.buried_until is not None

    @rule(data=st.data())
    def sign_in(self, data: st.DataObject) -> None:
        codes = [letter.code for letter in self.top.letters]
        self.ask(SignIn(data.draw(st.sampled_from(codes))))

    @rule(data=st.data())
    @precondition(lambda self: self.top.controller.bank.grants)
    def present_a_pass(self, data: st.DataObject) -> None:
        grants = sorted(self.top.controller.bank.grants)
        self.ask(PresentPass("L1:" + data.draw(st.sampled_from(grants))))

    @rule(size=sizes, needs_low=st.booleans())
    def begin_deposit(self, size: Size, needs_low: bool) -> None:
        self.ask(BeginDeposit(ANNA, size, "TBA000000000000", needs_low))

    @rule(request=st.sampled_from([ConfirmDeposit(), CancelDeposit(), OpenAgain(), Leave()]))
    def press(self, request: Input) -> None:
        self.ask(request)

    @rule(size=sizes)
    def change_size(self, size: Size) -> None:
        self.ask(ChangeSize(size))

    @rule()
    def need_more_time(self) -> None:
        self.ask(MoreTime())

    @rule(outcome=st.sampled_from(list(UnlockOutcome)), is_seen=st.booleans())
    def an_unlock_ends(self, outcome: UnlockOutcome, is_seen: bool) -> None:
        pending = [u for u in self.top.controller.bank.unlocks.values() if u.result is None]
        if not pending:
            return
        unlock = pending[0]
        if outcome is UnlockOutcome.OPENED and is_seen:
            self.top.read(unlock.compartment, is_closed=False)
        self.ask(UnlockEnded(unlock.command, outcome))

    @rule(data=st.data(), is_occupied=st.sampled_from([True, False, None]))
    def a_door_is_shut(self, data: st.DataObject, is_occupied: bool | None) -> None:
        spaces = self.top.controller.bank.spaces
        ajar = [key for key, space in spaces.items() if space.is_open is not False]
        if ajar:
            self.top.read(data.draw(st.sampled_from(ajar)), is_closed=True, is_occupied=is_occupied)

    @rule(door=doors)
    @precondition(lambda self: self.top.controller.bank.grants)
    def a_crowbar(self, door: int) -> None:
        self.top.read(self.top.layout[door].id, is_closed=False)

    @rule(door=doors)
    def a_board_falls_silent(self, door: int) -> None:
        lost = UnknownDoor(self.top.now, UnknownWhy.BUS_SILENT)
        self.ask(DoorRead(self.top.layout[door].id, lost))

    @rule(ms=st.sampled_from([500, 5_000, 61_000, 125_000, 200_000, DAY_MS, 8 * DAY_MS]))
    def time_passes(self, ms: int) -> None:
        self.top.later(ms)
        self.ask(Tick())

    @rule()
    def the_power_is_cut(self) -> None:
        before = self.facts()
        self.top.restart()
        self.seen_effects = 0
        assert self.facts() == before

    @rule(data=st.data(), has_presence=st.booleans())
    @precondition(lambda self: self.top.controller.bank.grants)
    def tap(self, data: st.DataObject, has_presence: bool) -> None:
        grant = data.draw(st.sampled_from(sorted(self.top.controller.bank.grants)))
        presence = self.top.controller.presence if has_presence else "000000"
        self.order(OpenForGrant(grant, presence, ANNA))

    @rule(data=st.data())
    @precondition(lambda self: self.sent)
    def a_command_is_delivered_again(self, data: st.DataObject) -> None:
        command = data.draw(st.sampled_from(self.sent))
        self.ask(CommandReceived(command, "now"))

    @rule(data=st.data())
    @precondition(lambda self: self.top.controller.bank.grants)
    def staff_order(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from(sorted(self.top.controller.bank.grants)))
        door = data.draw(st.sampled_from(self.top.layout)).id
        until = self.top.now + DAY_MS
        orders = [
            RotateCode(grant),
            RevokeGrant(grant, "test"),
            EngageLockdown(SCOPE_BANK, ANNA, "drill"),
            RestoreCompartment(door, ANNA),
            DismissCourier(COURIER),
            AdmitCourier(COURIER, "C", "UPS", until),  # type: ignore[arg-type]  # an Instant
        ]
        self.order(data.draw(st.sampled_from(orders)))

    @rule()
    def staff_release(self) -> None:
        for scope in list(self.top.controller.bank.lockdowns):
            self.order(ReleaseLockdown(scope, ANNA, "looked"))

    def facts(self) -> object:
        bank = self.top.controller.bank
        return (
            {key: space.state for key, space in bank.spaces.items()},
            {key: grant.state for key, grant in bank.grants.items()},
            dict(bank.lockdowns),
            bank.keypad,
            {tag: use.buried_until for tag, use in bank.tags.items()},
        )

    @invariant()
    def no_unlock_without_an_intent_in_the_log_and_none_during_lockdown(self) -> None:
        intents = {event.command for event in self.top.log if event.type is T.UNLOCK_REQUESTED}
        for effect in self.top.effects[self.seen_effects :]:
            if isinstance(effect, Unlock):
                assert effect.command in intents
                self.pulsed[effect.command] = self.pulsed.get(effect.command, 0) + 1
                assert self.pulsed[effect.command] == 1
        self.seen_effects = len(self.top.effects)

    @invariant()
    def after_a_forced_door_nothing_unlocks_until_release(self) -> None:
        is_locked = False
        for event in self.top.log:
            if event.type is T.LOCKDOWN_ENGAGED and event.scope == SCOPE_BANK:
                is_locked = True
            elif event.type is T.LOCKDOWN_RELEASED and event.scope == SCOPE_BANK:
                is_locked = False
            elif event.type is T.UNLOCK_REQUESTED:
                assert not is_locked
        forced = any(event.type is T.DOOR_FORCED_OPEN for event in self.top.log)
        released = any(event.type is T.LOCKDOWN_RELEASED for event in self.top.log)
        if forced and not released:
            assert SCOPE_BANK in self.top.controller.bank.lockdowns

    @invariant()
    def a_compartment_holds_at_most_one_parcel_and_the_tables_agree(self) -> None:
        bank = self.top.controller.bank
        inside = [p for p in bank.parcels.values() if p.state is ParcelState.DEPOSITED]
        assert len({parcel.compartment for parcel in inside}) == len(inside)
        for parcel in inside:
            space = bank.spaces[parcel.compartment]
            assert (space.parcel, space.state) == (parcel.id, CompartmentState.OCCUPIED)
        for space in bank.spaces.values():
            if space.state is CompartmentState.FREE:
                assert space.parcel is None

    @invariant()
    def one_unlock_at_a_time_per_door(self) -> None:
        pending = [u.compartment for u in self.top.controller.bank.unlocks.values() if not u.result]
        assert len(set(pending)) == len(pending)

    @invariant()
    def custody_begins_behind_a_shut_door(self) -> None:
        last: dict[str | None, EventType] = {}
        for event in self.top.log:
            if event.type in (T.DOOR_OPENED, T.DOOR_CLOSED, T.DOOR_FORCED_OPEN, T.DOOR_LOST):
                last[event.compartment] = event.type
            elif event.type is T.PARCEL_DEPOSITED:
                assert last[event.compartment] is T.DOOR_CLOSED

    @invariant()
    def a_grant_is_consumed_at_most_once_and_its_code_dies_with_it(self) -> None:
        bank = self.top.controller.bank
        for grant in bank.grants.values():
            if grant.state is not GrantState.ACTIVE and grant.state is not GrantState.OPENING:
                assert grant.tag is None or bank.tags[grant.tag].buried_until is not None
        doors_per_grant: dict[str, set[str]] = {}
        for event in self.top.log:
            if event.type is T.UNLOCK_REQUESTED and event.grant:
                doors_per_grant.setdefault(event.grant, set()).add(event.compartment or "")
        assert all(len(found) == 1 for found in doors_per_grant.values())

    @invariant()
    def no_code_is_in_the_log(self) -> None:
        told = " ".join(str(event.public().to_fields()) for event in self.top.log[-5:])
        assert not any(letter.code in told for letter in self.top.letters)

    @invariant()
    def the_siren_ends(self) -> None:
        if any(isinstance(effect, Siren) for effect in self.top.effects):
            since = self.top.controller.bank.siren_since
            assert since is None or self.top.controller.next_deadline() is not None


TestBank = Bank.TestCase
TestBank.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
