"""Level `core`: the pure controller and its fold, no I/O and no programs around it.

The steel is a few sets, and everything happens at once. What is beyond the bank is not there:
orders wait while the cable is cut, and letters lie where the controller has put them.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core import fold, trusted_time
from bayward.core.bank import BankState
from bayward.core.clock import DAY_MS, MINUTE_MS, Instant, after
from bayward.core.commands import (
    COMMAND_LIFE_MS,
    DOOR_COMMAND_LIFE_MS,
    MOVES_A_DOOR,
    AdmitCourier,
    Command,
    OpenForGrant,
    Order,
    ReleaseLockdown,
)
from bayward.core.compartment import Mode, Size
from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.events import Event
from bayward.core.grants import Grant
from bayward.core.ids import BankId, CompartmentId, GrantId, PersonId, TenantId
from bayward.edge.agent import BeginDeposit, PresentPass, Request, Stage
from bayward.edge.controller import (
    CommandReceived,
    Controller,
    DoorRead,
    Effect,
    Input,
    Letter,
    Resolve,
    Settings,
    Siren,
    Step,
    Tick,
    Unlock,
    UnlockEnded,
)
from bayward.sim.steel import build
from bayward.wire.passes import Pass, Purpose, sign_pass, verify_pass
from scenarios.bench import demand_plain, fields_of, may_release, named, numbers_of, shown
from scenarios.driver import ADMIN, COURIER, Fact, Fields, Level, Tool, Trap, Unable
from scenarios.grammar import Scenario
from table_top import START, ChanceIds, PlainCodes

TENANT, BANK = TenantId.of(b"tenant".ljust(16)), BankId.of(b"bank".ljust(16))
KEY_ID = 1
TICK_MS = 10 * MINUTE_MS  # a shell observes the time at least each minute; a hold needs ten


def person(name: str) -> PersonId:
    """Somebody's id."""
    return PersonId.of(name.encode().ljust(16)[:16])


class CoreDriver:
    """`scenarios.driver.Driver` over a controller."""

    level = Level.CORE
    blind: Mapping[Fact, str] = {
        Fact.MAIL: "a code ends here as a letter; who carries it is the business of link and post",
        Fact.CONSOLE: "there is no control plane, so nobody keeps incidents",
        Fact.MIRROR: "there is no control plane that could have a copy",
        Fact.PROOF: "events are not entries yet; the journal makes them leaves and signs",
    }

    def __init__(self, scenario: Scenario) -> None:
        demand_plain(scenario.latches)
        self._layout = build(random.Random(1), scenario.wall, modes=scenario.modes).compartments
        self._numbers = numbers_of(self._layout)
        self._ids, self._codes = ChanceIds(1), PlainCodes(1)
        self._issuer = ec.derive_private_key(7, ec.SECP256R1())
        self._settings = Settings()
        self._monotonic_ms, self._hands_ms = 0, 0
        self._time = trusted_time.started(START, 0)
        self._open: set[CompartmentId] = set()
        self._full: set[CompartmentId] = set()
        self._jammed: set[CompartmentId] = set()
        self._pulses: list[int] = []
        self._events: list[Event] = []
        self._letters: list[Letter] = []
        self._traps: set[Trap] = set()
        self._is_powered, self._is_silent, self._is_siren_on = True, False, False
        self._connection, self._orders = 0, list[Command]()
        self._is_cut = False
        self._controller = self._built()
        self._take(self._controller.start(self._now(), "test"))
        self._read_all()
        admitted = AdmitCourier(person(COURIER), COURIER, "UPS", after(START, 90 * DAY_MS))
        self._order(admitted)

    # The bank.

    def _built(self) -> Controller:
        return Controller(
            BankState.of(self._layout),
            settings=self._settings,
            codes=self._codes,
            ids=self._ids,
            open_pass=self._open_pass,
        )

    def _open_pass(self, text: str, now: Instant) -> GrantId:
        keys = {KEY_ID: self._issuer.public_key()}
        audience = BANK.public_code
        return verify_pass(text, keys, audience=audience, purpose=Purpose.PICKUP, now=now).grant

    def _now(self) -> Instant:
        hands = after(START, self._monotonic_ms + self._hands_ms)
        self._time = trusted_time.observed(self._time, hands, self._monotonic_ms)
        if not self._is_cut:
            told = after(START, self._monotonic_ms)
            self._time = trusted_time.confirmed(self._time, told, self._monotonic_ms)
        return self._time.watermark

    def _do(self, request: Input) -> None:
        if not self._is_powered:
            return
        now = self._now()
        is_on_hold = self._time.is_on_hold
        self._take(self._controller.decide(request, now, is_expiry_on_hold=is_on_hold))

    def _take(self, step: Step) -> None:
        self._events += step.events
        self._letters += step.letters
        self._controller.commit(step)
        for effect in step.effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Siren):
            self._is_siren_on = effect.is_on
        elif isinstance(effect, Resolve):
            is_open = effect.compartment in self._open
            outcome = UnlockOutcome.OPENED if is_open else UnlockOutcome.NO_EDGE
            self._do(UnlockEnded(effect.command, outcome))
        elif isinstance(effect, Unlock) and self._is_powered:
            self._unlock(effect)

    def _unlock(self, effect: Unlock) -> None:
        """The lock, the hand at the door, and what the boards tell of both."""
        door = effect.compartment
        if Trap.POWER_FAILS in self._traps:
            self._lose_power()
            return
        if door in self._open:
            self._do(UnlockEnded(effect.command, UnlockOutcome.ALREADY_OPEN))
            return
        self._pulses.append(self._numbers[door])
        self._is_silent = Trap.BOARDS_SILENT in self._traps
        self._traps.clear()
        if door in self._jammed:
            self._do(UnlockEnded(effect.command, UnlockOutcome.NO_EDGE))
            return
        self._open.add(door)
        self._monotonic_ms += 300
        self._read(door)
        outcome = UnlockOutcome.DOUBTFUL if self._is_silent else UnlockOutcome.OPENED
        self._do(UnlockEnded(effect.command, outcome))

    def _lose_power(self) -> None:
        self._is_powered = self._is_siren_on = False
        self._traps.clear()

    def _read_all(self) -> None:
        for one in self._layout:
            self._read(one.id)

    def _read(self, door: CompartmentId) -> None:
        now = self._now()
        if self._is_silent:
            self._do(DoorRead(door, UnknownDoor(now, UnknownWhy.BUS_SILENT)))
        else:
            self._do(DoorRead(door, KnownDoor(door not in self._open, door in self._full, now)))

    # At the kiosk.

    async def press(self, request: Request) -> None:
        self._do(request)

    async def begin(self, resident: str, size: Size, tracking: str) -> None:
        self._do(
            BeginDeposit(person(resident), size, tracking, needs_low=named(resident).needs_low)
        )

    async def show_pass(self, resident: str) -> None:
        now = self._now()
        claims = Pass(
            audience=BANK.public_code,
            grant=self._grant(resident).id,
            purpose=Purpose.PICKUP,
            not_before=after(now, -DAY_MS),
            not_after=after(now, DAY_MS),
        )
        self._do(PresentPass(sign_pass(claims, key_id=KEY_ID, key=self._issuer)))

    async def stage(self) -> Stage:
        if not self._is_powered:
            return Stage.OUT_OF_ORDER
        return shown(self._controller.visit.stage, self._controller.bank.lockdowns)

    def _grant(self, resident: str) -> Grant:
        grants = self._controller.bank.grants.values()
        return [one for one in grants if one.recipient == person(resident)][-1]

    # At the steel.

    async def hand(self, tool: Tool, door: int) -> bool:
        place = next(one.id for one in self._layout if one.number == door)
        is_open = place in self._open
        possible = {
            Tool.PUSH: is_open and place not in self._jammed,
            Tool.PUT: is_open and place not in self._full,
            Tool.TAKE: is_open and place in self._full,
            Tool.FORCE: not is_open,
            Tool.JAM: True,
            Tool.FREE: True,
        }[tool]
        if possible:
            self._move(tool, place)
        return possible

    def _move(self, tool: Tool, place: CompartmentId) -> None:
        changed, is_in = {
            Tool.PUSH: (self._open, False),
            Tool.PUT: (self._full, True),
            Tool.TAKE: (self._full, False),
            Tool.FORCE: (self._open, True),
            Tool.JAM: (self._jammed, True),
            Tool.FREE: (self._jammed, False),
        }[tool]
        (changed.add if is_in else changed.discard)(place)
        if changed is self._open:
            self._read(place)

    async def open_doors(self) -> frozenset[int]:
        return frozenset(self._numbers[one] for one in self._open)

    async def pulses(self) -> Sequence[int]:
        return self._pulses

    async def is_siren_on(self) -> bool:
        return self._is_siren_on

    async def log(self) -> Sequence[Fields]:
        return [fields_of(one, self._numbers) for one in self._events]

    # Far away.

    async def codes(self, who: str) -> Sequence[str]:
        grants = self._controller.bank.grants

        def is_his(letter: Letter) -> bool:
            if letter.kind == "courier":
                return letter.subject == person(who)
            return grants[GrantId(letter.subject)].recipient == person(who)

        return [one.code for one in self._letters if is_his(one)]

    async def admit(self, who: str, mode: Mode) -> None:
        until = after(START, 90 * DAY_MS)
        self._order(AdmitCourier(person(who), who, "custody", until, mode.value))

    async def own_code(self, who: str) -> str:
        own = [one for one in self._letters if one.kind == "courier"]
        return next((one.code for one in reversed(own) if one.subject == person(who)), "")

    async def identity(self, who: str) -> str:
        return person(who)

    async def alerts(self) -> int:
        return 0

    async def warnings(self, who: str) -> int:
        raise Unable(self.blind[Fact.MAIL])

    async def tap(self, resident: str) -> None:
        grant = self._grant(resident)
        self._do(Tick())
        self._order(OpenForGrant(grant.id, self._controller.presence, person(resident)))

    async def release(self, reason: str, *, is_fresh: bool) -> bool:
        admin = person(ADMIN)
        if not may_release(TENANT, admin, BANK, self._now(), is_fresh=is_fresh):
            return False
        for scope in sorted(self._controller.bank.lockdowns):
            self._order(ReleaseLockdown(scope, admin, reason))
        return True

    async def incidents(self) -> int:
        raise Unable(self.blind[Fact.CONSOLE])

    async def is_mirrored(self) -> bool:
        raise Unable(self.blind[Fact.MIRROR])

    async def is_sound(self) -> bool:
        raise Unable(self.blind[Fact.PROOF])

    def _order(self, order: Order) -> None:
        life_ms = DOOR_COMMAND_LIFE_MS if isinstance(order, MOVES_A_DOOR) else COMMAND_LIFE_MS
        until = after(START, self._monotonic_ms + life_ms)
        self._orders.append(Command(self._ids.command(), order, until, str(self._connection)))
        self._deliver()

    def _deliver(self) -> None:
        if self._is_cut or not self._is_powered:
            return
        for command in self._orders:
            self._do(CommandReceived(command, str(self._connection)))
        self._orders.clear()

    # The world.

    async def cable(self, *, is_cut: bool) -> None:
        self._is_cut = is_cut
        if not is_cut:
            self._connection += 1
            self._deliver()

    async def power(self, *, is_on: bool) -> None:
        if not is_on:
            self._lose_power()
            return
        self._is_powered = True
        self._controller = self._built()
        for event in self._events:
            fold.apply(self._controller.bank, event)
        self._take(self._controller.start(self._now(), "test"))
        self._read_all()
        self._deliver()

    async def wait(self, ms: int) -> None:
        while ms > 0:
            self._monotonic_ms += min(ms, TICK_MS)
            ms -= TICK_MS
            self._do(Tick())

    async def turn_clock(self, ms: int) -> None:
        self._hands_ms += ms

    async def lay(self, trap: Trap) -> None:
        self._traps.add(trap)

    async def boards_answer(self) -> None:
        self._is_silent = False
        self._read_all()

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> bool:
        return await is_so()

    async def settle(self) -> None:
        return
