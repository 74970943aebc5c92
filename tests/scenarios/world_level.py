"""Level `world`: every program of the house in a simulated world (`bayward.sim`).

Real clerk, controller, journal, link, ingest, slices and mailer, on unreal steel, disk and
cable; the safety checkers stand beside them. Time is the world's, and passes quickly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bayward.cloud.access import couriers
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, after
from bayward.core.compartment import Mode, Size
from bayward.core.ids import CommandId, CompartmentId, PersonId
from bayward.edge.agent import BeginDeposit, PresentPass, Request, Stage
from bayward.sim.checkers import Watch
from bayward.sim.cloud import SimCloud
from bayward.sim.locks import Door
from bayward.sim.office import LIVE
from bayward.sim.plan import Plan
from bayward.sim.post import Received
from bayward.sim.register import ADMINISTRATOR, BANKS, COURIERS, address_of, register
from bayward.sim.register import RESIDENTS as REGISTERED
from bayward.sim.settle import settled
from bayward.sim.storage import PowerCut
from bayward.sim.town import found
from bayward.sim.world import World
from bayward.ui.views.mail import DoorForced
from scenarios.bench import demand_plain, fields_of, may_release, named, numbers_of, shown
from scenarios.driver import ADMIN, COURIER, RESIDENTS, Fact, Fields, Level, Tool, Trap
from scenarios.grammar import Scenario

# Who of the register plays whom.
NAMES = dict(zip(RESIDENTS, REGISTERED, strict=False)) | {
    COURIER: COURIERS[0],
    ADMIN: ADMINISTRATOR,
}
LOOK_MS = 100
PATIENCE_MS = 150 * SECOND_MS  # mail takes a minute; a door that is left open calls after three
SETTLE_MS = 5 * SECOND_MS
LEAP_MS = HOUR_MS  # nobody does anything in a longer wait; leap over it
AWAKE_MS = 6 * MINUTE_MS  # after it everybody looks at his clock, the bank every five minutes
GUESSES = 10.0  # that the checkers forgive where a clock is turned forward


class WorldDriver:
    """`scenarios.driver.Driver` over a world with one bank."""

    level = Level.WORLD
    blind: Mapping[Fact, str] = {}

    def __init__(self, scenario: Scenario) -> None:
        demand_plain(scenario.latches)
        self._world = World(1)
        self._founded = found(self._world, Plan(columns=scenario.wall, modes=scenario.modes))
        assert isinstance(self._founded.cloud, SimCloud)
        self._cloud: SimCloud = self._founded.cloud
        (self._bank,) = self._founded.banks
        self._numbers = numbers_of(self._bank.made.settings.layout)
        self._watch = Watch(self._bank, lambda: GUESSES)
        self._events: list[Fields] = []
        self._codes: dict[str, list[str]] = {}
        self._own: dict[str, str] = {}
        self._awaits: dict[str, bool] = {}  # who was admitted and has no code yet
        self._alerts = 0
        self._warned: list[str] = []
        self._carried = ""
        self._traps: set[Trap] = set()
        for name in NAMES:
            self._founded.post.people[address_of(NAMES[name])] = self._reader(name)
        self._bank.on_grown.append(self._grown)
        self._bank.steel.on_pulse.append(self._pulsed)
        self._bank.power_on()
        self._pass(10 * SECOND_MS)
        self._founded.town.desk.admit(self._person(COURIER), COURIER, self._bank.made.bank)

        async def is_admitted() -> bool:
            return COURIER in self._codes

        assert settled(self.until(is_admitted)), "the courier got his code"

    def close(self) -> None:
        """Let go of databases and loops."""
        self._founded.close()

    def _person(self, name: str) -> PersonId:
        return register().people[NAMES[name]]

    def _reader(self, name: str) -> Callable[[Received], None]:
        def read(mail: Received) -> None:
            if name == ADMIN:
                self._alerts += 1
            elif mail.kind == DoorForced.template:
                self._warned.append(name)
            elif mail.code:
                self._codes.setdefault(name, []).append(mail.code)
                if self._awaits.pop(name, None):
                    self._own[name] = mail.code

        return read

    def _pass(self, ms: int) -> None:
        self._world.run(self._world.now_ms + ms)

    def _grown(self) -> None:
        """Something is durable; nothing has moved yet."""
        with self._bank.disk.beside():
            new = list(self._bank.journal.reader().events(len(self._events)))
        self._events += [fields_of(one, self._numbers) for one in new]
        is_intent = any(one.type == "unlock.requested" for one in new)
        if is_intent and Trap.POWER_FAILS in self._traps:
            self._traps.discard(Trap.POWER_FAILS)
            raise PowerCut

    def _pulsed(self, compartment: CompartmentId, command: CommandId) -> None:
        del compartment, command
        if Trap.BOARDS_SILENT in self._traps:
            self._traps.discard(Trap.BOARDS_SILENT)
            self._bank.steel.fall_silent(is_silent=True)

    # At the kiosk.

    async def press(self, request: Request) -> None:
        self._bank.ask(request)

    async def begin(self, resident: str, size: Size, tracking: str) -> None:
        self._carried = tracking  # the checkers know a parcel by its label
        self._bank.ask(
            BeginDeposit(
                self._person(resident), size, tracking, needs_low=named(resident).needs_low
            )
        )

    async def show_pass(self, resident: str) -> None:
        door = self._waiting(resident)
        desk, bank = self._founded.town.desk, self._bank.made.bank
        self._bank.ask(PresentPass(desk.pass_for(self._person(resident), bank, door) or ""))

    async def stage(self) -> Stage:
        return shown(self._bank.visit.stage, self._watch.state.lockdowns)

    def _waiting(self, resident: str) -> CompartmentId:
        """The compartment of somebody's newest parcel."""
        person = self._person(resident)
        parcels = self._watch.state.parcels.values()
        return [one.compartment for one in parcels if one.recipient == person][-1]

    # At the steel.

    def _door(self, number: int) -> Door:
        doors = self._bank.steel.doors.values()
        return next(one for one in doors if one.built.number == number)

    async def hand(self, tool: Tool, door: int) -> bool:
        steel, at = self._bank.steel, self._door(door)
        place, was_open = at.built.id, at.is_open
        match tool:
            case Tool.PUSH if was_open and not at.is_jammed:
                steel.shut(place)
            case Tool.FORCE if not was_open:
                steel.force(place)
            case Tool.PUT if was_open and not at.inside:
                at.inside.append(self._carried)
            case Tool.TAKE if was_open and at.inside:
                at.inside.clear()
            case Tool.JAM | Tool.FREE:
                at.is_jammed = tool is Tool.JAM
            case _:
                return False
        return True

    async def open_doors(self) -> frozenset[int]:
        doors = self._bank.steel.doors.values()
        return frozenset(one.built.number for one in doors if one.is_open)

    async def pulses(self) -> Sequence[int]:
        return [self._numbers[one] for one in self._bank.steel.pulses.values()]

    async def is_siren_on(self) -> bool:
        return self._bank.steel.is_siren_on

    async def log(self) -> Sequence[Fields]:
        return self._events

    # Far away.

    async def codes(self, who: str) -> Sequence[str]:
        return self._codes.get(who, [])

    async def admit(self, who: str, mode: Mode) -> None:
        self._awaits[who] = True
        self._own.pop(who, None)

        def ask(work: Work) -> None:
            couriers.admit(
                work,
                register().tenant,
                self._bank.made.bank,
                person=self._person(who),
                name=who,
                carrier="custody",
                until=after(work.now, DAY_MS),
                actor=self._person(ADMIN),
                modes=frozenset({mode}),
            )

        self._cloud.write(ask)

    async def own_code(self, who: str) -> str:
        return self._own.get(who, "")

    async def identity(self, who: str) -> str:
        return self._person(who)

    async def alerts(self) -> int:
        return self._alerts

    async def warnings(self, who: str) -> int:
        return self._warned.count(who)

    async def tap(self, resident: str) -> None:
        number, door = self._bank.presence, self._waiting(resident)
        bank = self._bank.made.bank
        self._founded.town.desk.tap(self._person(resident), bank, door, number)

    async def release(self, reason: str, *, is_fresh: bool) -> bool:
        bank, admin = self._bank.made.bank, self._person(ADMIN)
        tenant, now = register().tenant, self._world.now()
        if not may_release(tenant, admin, bank, now, is_fresh=is_fresh):
            return False

        def end(work: Work) -> None:
            for one in self._live(work):
                if incidents.lockdowns(work, tenant, incident=one.id):
                    incidents.release(work, tenant, one.id, actor=admin, reason=reason)

        self._cloud.write(end)
        return True

    def _live(self, work: Work) -> Sequence[Incident]:
        bank = self._bank.made.bank
        return incidents.incidents(work, register().tenant, states=LIVE, bank=bank)

    async def incidents(self) -> int:
        return len(self._cloud.read(self._live))

    async def is_mirrored(self) -> bool:
        size, root = self._cloud.mirrored(self._bank.made.bank)
        return size == self._watch.size and root == self._watch.root_at(size)

    async def is_sound(self) -> bool:
        """The checker has recomputed each root from the leaves; look whether it is the head's."""
        self._watch.look()
        head = self._bank.journal.head
        return head.size == self._watch.size and head.frontier.root == self._watch.root_at(
            head.size
        )

    # The world.

    async def cable(self, *, is_cut: bool) -> None:
        (self._founded.network.cut if is_cut else self._founded.network.mend)(BANKS[0])

    async def power(self, *, is_on: bool) -> None:
        if not is_on:
            self._bank.power_off()
            return
        self._bank.power_on()
        self._pass(10 * SECOND_MS)

    async def wait(self, ms: int) -> None:
        if ms > LEAP_MS:
            self._world.leap(ms - AWAKE_MS)
            ms = AWAKE_MS
        self._pass(ms)

    async def turn_clock(self, ms: int) -> None:
        self._bank.clock.step(ms)

    async def lay(self, trap: Trap) -> None:
        self._traps.add(trap)

    async def boards_answer(self) -> None:
        self._bank.steel.fall_silent(is_silent=False)

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> bool:
        for _ in range(0, PATIENCE_MS, LOOK_MS):
            if await is_so():
                return True
            self._pass(LOOK_MS)
        return await is_so()

    async def settle(self) -> None:
        self._pass(SETTLE_MS)
