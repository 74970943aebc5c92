"""One simulated bank: the real clerk, controller, journal and trusted clock, in unreal steel.

What `edge.office` does with queues and threads happens here in steps of the heap, so that the
plug can be pulled at every touch of the disk and between any two effects. After that nothing of
the program is left; the disk, the doors and whoever stands before them are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant
from bayward.core.door import DoorReading
from bayward.core.errors import BaywardError, Denied, Misconfigured, Unavailable
from bayward.core.ids import BankId, CommandId, CompartmentId, GrantId, ParcelId
from bayward.edge.agent import Request, Stage, Visit
from bayward.edge.beacons import Beacons
from bayward.edge.clerk import Clerk, ClerkSetup, Outcome
from bayward.edge.codes import CodeBook, Epoch, Pbkdf2
from bayward.edge.controller import (
    DoorRead,
    Input,
    Letter,
    Report,
    Resolve,
    Siren,
    Tick,
    Unlock,
    UnlockEnded,
)
from bayward.edge.journal import Journal, JournalSetup, SealedLetter
from bayward.edge.settings import BankSettings
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.unlock import Unlock as InProgress
from bayward.edge.unlock import UnlockRequest, requested, resolving
from bayward.ledger.keys import Signer
from bayward.sim.locks import Steel
from bayward.sim.network import Network
from bayward.sim.opening import Governed, Opening
from bayward.sim.plane import LogKeys
from bayward.sim.storage import JOURNAL, Disk, PowerCut
from bayward.sim.uplink import Uplink
from bayward.sim.world import Appointment, DriftingClock, World
from bayward.wire import letters
from bayward.wire.passes import Purpose, verify_pass

VERSION = "0.1.0"
TICK_MS_MAX = 5 * MINUTE_MS  # the real shell ticks each minute; a hold needs ten
TICK_MS_MIN = 50
RETRY_MS = 5 * SECOND_MS
BOOT_MS = 4 * SECOND_MS
CODE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Made:
    """What a bank is made of, and stays."""

    name: str
    bank: BankId
    settings: BankSettings
    signer: Signer
    bank_key: bytes
    drift_ppm: int


class SimBank:
    """The computer in the wall; `on_grown` is told when the log has grown, before any effect."""

    def __init__(self, world: World, network: Network, made: Made, steel: Steel) -> None:
        self.world = world
        self.made = made
        self.steel = steel
        self.disk = Disk()
        self.clock = DriftingClock(world, made.drift_ppm)
        self.is_powered = False
        self.trouble: str | None = None  # why it needs a technician
        self.was_rolled_back = False  # somebody has put an old card back
        self.starts = 0
        self.visit = Visit(stage=Stage.OUT_OF_ORDER)
        self.presence = ""
        self.codes: set[str] = set()  # every code it ever drew: none may be seen anywhere
        self.on_grown: list[Callable[[], None]] = []
        self.uplink = Uplink(self, network)
        self._chance = world.stream(f"bank/{made.name}")
        self._ids = _Ids(world, made.name)
        self._boot = 0
        self._timer: Appointment | None = None
        self.log_keys = LogKeys(())
        self.journal: Journal
        self.beacons: Beacons
        self.trusted: TrustedClock
        self._governed: Governed
        self._clerk: Clerk | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.made.name

    @property
    def is_working(self) -> bool:
        """Whether it can decide anything now."""
        is_up = self.is_powered and self.trouble is None
        return is_up and self._clerk is not None and not self._clerk.needs_start

    @property
    def clerk(self) -> Clerk:
        """The program that runs now."""
        assert self._clerk is not None, "started"
        return self._clerk

    def power_on(self) -> None:
        """Plug it in."""
        if self.is_powered:
            return
        self._boot += 1
        self.is_powered = True
        self.clock.boot()
        self.world.tell(self.name, "(power on)")
        self.later(BOOT_MS, self._boot_up)

    def power_off(self) -> None:
        """Pull the plug."""
        if not self.is_powered:
            return
        self.is_powered = False
        self.steel.on_reading = None
        self.steel.is_siren_on = False
        self.visit = Visit(stage=Stage.OUT_OF_ORDER)
        self.world.tell(self.name, "(power off)")
        self.disk.lose_power()
        self._clerk = None
        self.uplink.power_off()

    def later(self, ms: int, act: Callable[[], None]) -> Appointment:
        """Do something later, if the power lasts until then."""
        boot = self._boot

        def go() -> None:
            if self.is_powered and boot == self._boot:
                self.guard(act)

        return self.world.after(ms, self.name, go)

    def guard(self, act: Callable[[], None]) -> None:
        """Run a part of the program; it ends where the plug is pulled."""
        try:
            act()
        except PowerCut:
            self.power_off()

    def ask(self, request: Request) -> Visit:
        """Somebody at the kiosk asks for something; gives what the kiosk shows then."""
        if self.is_powered:
            self.guard(lambda: self._asked(request))
        return self.visit

    def handle(self, request: Input) -> None:
        """Hand one input to the clerk and carry out what is durable; raises as the clerk does."""
        if not self.is_working:
            raise Unavailable("edge.starting")
        try:
            outcome = self.clerk.handle(request)
        except BaywardError:
            if self.clerk.needs_start:
                self.visit = Visit(stage=Stage.OUT_OF_ORDER)
                self.later(RETRY_MS, self._take_up)
            raise
        self._carry_out(outcome)

    def _asked(self, request: Request) -> None:
        try:
            self.handle(request)
        except BaywardError as error:
            self.world.tell(self.name, "(refused)", error.code)

    def _boot_up(self) -> None:
        """Start the program, as often as it takes."""
        made = self.made
        setup = JournalSetup(
            path=JOURNAL,
            bank=made.bank,
            signer=made.signer,
            clock=self.clock,
            random_bytes=self._chance.randbytes,
            connect=self.disk.connect,
            marks=self.disk.mark,
        )
        try:
            self.journal = Journal.open(setup)
            self.trusted = TrustedClock(self.clock)
        except Unavailable as error:
            self.world.tell(self.name, "(cannot start)", error.code)
            self.later(RETRY_MS, self._boot_up)
            return
        except Misconfigured as error:
            self.give_up(error)
            return
        self.beacons = Beacons(
            made.signer.key,
            monotonic_ms=self.clock.monotonic_ms,
            keep=lambda seen: self.disk.notes.update(cosigned=seen),
            kept=self.disk.notes.get("cosigned"),
            vkeys=self.log_keys.witness_vkeys,
        )
        self._governed = Governed(self.disk.notes, self.clock.monotonic_ms)
        self._clerk = self._make_clerk()
        self._take_up()
        self.uplink.start()

    def _make_clerk(self) -> Clerk:
        return Clerk(
            ClerkSetup(
                settings=self.made.settings,
                journal=self.journal,
                clock=self.trusted,
                codes=CodeBook(
                    self.made.bank_key,
                    [Epoch(0, bytes(16), Pbkdf2(1))],  # what stretching costs is measured elsewhere
                    length=CODE_DIGITS,
                    randbelow=self._chance.randrange,
                ),
                ids=self._ids,
                open_pass=self._open_pass,
                seal=self._seal,
                version=VERSION,
                beacons=self.beacons,
            )
        )

    def _take_up(self) -> None:
        if not self.clerk.needs_start:
            return
        try:
            outcome = self.clerk.start()
        except Misconfigured as error:
            self.give_up(error)
        except Unavailable as error:
            if self.journal_is_quarantined():
                self.give_up(error)
                return
            self.world.tell(self.name, "(cannot start)", error.code)
            self.later(RETRY_MS, self._take_up)
        else:
            self.starts += 1
            self._carry_out(outcome)

    def journal_is_quarantined(self) -> bool:
        """Whether the log must not be used any more; False when that cannot be read now."""
        try:
            return self.journal.head.quarantine is not None
        except BaywardError:
            return False

    def give_up(self, error: BaywardError) -> None:
        """Nothing opens here any more until a technician has looked."""
        self.trouble = error.code
        self.visit = Visit(stage=Stage.OUT_OF_ORDER)
        self.world.tell(self.name, "(out of order)", str(error))

    def _carry_out(self, outcome: Outcome) -> None:
        """The step is durable: tell everybody, then act."""
        self.visit = outcome.view.visit
        self.presence = outcome.view.presence
        for listener in self.on_grown:
            listener()
        self._set_timer(outcome.deadline)
        if outcome.is_restarted:
            self.steel.on_reading = self._door_read
            self.steel.read_all()
        for effect in outcome.effects:
            self.disk.touch()
            match effect:
                case Unlock(command, compartment, not_after):
                    wanted = UnlockRequest(command, compartment, not_after, has_presence=True)
                    self._opening(requested(wanted), wanted)
                case Resolve(command, compartment):
                    self._opening(resolving(command, compartment), None)
                case Siren(is_on):
                    self.steel.is_siren_on = is_on
                    self.world.tell(self.name, "(siren)", "on" if is_on else "off")
                case Report(result):
                    self.uplink.report(result)
        self.uplink.grown()

    def _opening(self, unlock: InProgress, request: UnlockRequest | None) -> None:
        opening = Opening(
            unlock,
            request,
            steel=self.steel,
            governed=self._governed,
            now=self.trusted.now,
            after=self.later,
            ended=lambda command, outcome: self._quietly(UnlockEnded(command, outcome)),
        )
        self.later(self._chance.randint(1, 20), opening.go_on)

    def _door_read(self, compartment: CompartmentId, reading: DoorReading) -> None:
        self.guard(lambda: self._quietly(DoorRead(compartment, reading)))

    def _quietly(self, request: Input) -> None:
        """Inputs nobody waits for; what cannot be written now is read again after the restart."""
        try:
            self.handle(request)
        except Unavailable as error:
            self.world.tell(self.name, "(not written)", error.code)

    def _set_timer(self, deadline: Instant) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_ms = min(max(deadline - self.trusted.now(), TICK_MS_MIN), TICK_MS_MAX)
        self._timer = self.later(wait_ms, lambda: self._quietly(Tick()))

    def _open_pass(self, text: str, now: Instant) -> GrantId:
        keys = self.disk.notes.get("issuers", {})
        audience = self.made.bank.public_code
        return verify_pass(text, keys, audience=audience, purpose=Purpose.PICKUP, now=now).grant

    def _seal(self, letter: Letter) -> SealedLetter:
        key = self.disk.notes.get("notifier")
        if key is None:
            raise Denied("letter.no_key")
        self.codes.add(letter.code)
        sealed = letters.seal(letter.code, key, self.made.bank, letter.subject)
        return SealedLetter(letter.kind, letter.subject, sealed)


class _Ids:
    """New ids of one bank, from the seed."""

    def __init__(self, world: World, name: str) -> None:
        self._chance = world.stream(f"ids/{name}")

    def command(self) -> CommandId:
        return CommandId.of(self._chance.randbytes(16))

    def parcel(self) -> ParcelId:
        return ParcelId.of(self._chance.randbytes(16))

    def grant(self) -> GrantId:
        return GrantId.of(self._chance.randbytes(16))

    def number(self, below: int) -> int:
        return self._chance.randrange(below)
