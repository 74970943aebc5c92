"""A bank's shell on a bench: real journal, code book and clerk, cheap key stretching."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import Instant
from bayward.core.commands import AdmitCourier, Command, Order
from bayward.core.compartment import Compartment
from bayward.core.door import KnownDoor, UnlockOutcome
from bayward.core.errors import Denied
from bayward.core.ids import BankId, CommandId, GrantId, PersonId
from bayward.edge import controller
from bayward.edge.agent import BeginDeposit, ConfirmDeposit, SignIn
from bayward.edge.beacons import Beacons
from bayward.edge.clerk import Clerk, ClerkSetup, Outcome
from bayward.edge.codes import Argon2id, CodeBook, Epoch
from bayward.edge.controller import CommandReceived, DoorRead, Input, Letter, Unlock, UnlockEnded
from bayward.edge.drivers.boards.families import Family
from bayward.edge.journal import Journal, JournalSetup, SealedLetter
from bayward.edge.journal_schema import Connect, connect
from bayward.edge.predecessor import Predecessor
from bayward.edge.settings import BankSettings, KioskSettings
from bayward.edge.settings_file import CodesTable
from bayward.edge.tenant_log import TenantWatch
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.wiring import BoardSettings, HardwareSettings, LockSettings, PortSettings
from bayward.ledger.keys import ecdsa_signer
from bayward.wire import letters
from table_top import COURIER, START, ChanceIds, layout

BANK = BankId.of(b"bank-of-the-test")
LOG_KEY = ec.derive_private_key(20_261_120, ec.SECP256R1())
NOTIFIER = ec.derive_private_key(20_261_121, ec.SECP256R1())
QUICK = Argon2id(memory_kib=8, passes=1)
VERSION = "test"


@dataclass
class HandClock:
    """A clock that moves when the test moves it."""

    wall_ms: int = START
    mono_ms: int = 5_000

    def now(self) -> Instant:
        return Instant(self.wall_ms)

    def monotonic_ms(self) -> int:
        return self.mono_ms

    def later(self, ms: int) -> None:
        self.wall_ms += ms
        self.mono_ms += ms


def wired(doors: list[Compartment]) -> HardwareSettings:
    """Wiring that nobody will open."""
    return HardwareSettings(
        ports=(PortSettings("line", "socket://127.0.0.1:1"),),
        boards=(BoardSettings("board", "line", Family.KERONG_CU16, 0, 1, "psu"),),
        supplies=("psu",),
        locks=tuple(LockSettings(door.id, "board", lock) for lock, door in enumerate(doors)),
    )


def make_settings(
    doors: list[Compartment] | None = None,
    hardware: HardwareSettings | None = None,
    *,
    port: int = 8080,
    times: controller.Settings | None = None,
) -> BankSettings:
    doors = layout() if doors is None else doors
    return BankSettings(
        bank=BANK,
        name="North lobby",
        site="12 Elm Street",
        deployment="bayward.test",
        layout=tuple(doors),
        hardware=hardware or wired(doors),
        controller=times or controller.Settings(),
        kiosk=KioskSettings(
            port=port, zone=ZoneInfo("UTC"), languages=("en", "pl"), contact="Front desk"
        ),
        codes=CodesTable(),
        cloud=None,
    )


def no_pass(text: str, now: Instant) -> GrantId:
    raise Denied("pass.prefix")


@dataclass
class ClerkBench:
    """One bank's clerk; `restart` is a power cut."""

    path: Path
    clock: HandClock = field(default_factory=HandClock)
    settings: BankSettings = field(default_factory=make_settings)
    seed: int = 1
    connect: Connect = connect
    code_key: bytes = bytes(range(40, 72))
    open_pass: Callable[[str, Instant], GrantId] = no_pass
    letters: list[Letter] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    beacons: Beacons | None = None
    predecessor: Predecessor | None = None
    tenant_log: TenantWatch | None = None

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.ids = ChanceIds(self.seed)
        self.clerk = self.build()

    def build(self) -> Clerk:
        origin = f"{self.settings.deployment}/bank/{BANK}/1"
        journal = Journal.open(
            JournalSetup(
                path=self.path,
                bank=BANK,
                signer=ecdsa_signer(origin, LOG_KEY),
                clock=self.clock,
                random_bytes=self.random.randbytes,
                connect=self.connect,
            )
        )
        self.journal = journal
        self.trusted = TrustedClock(self.clock)
        return Clerk(
            ClerkSetup(
                settings=self.settings,
                journal=journal,
                clock=self.trusted,
                codes=CodeBook(
                    self.code_key,
                    [Epoch(0, bytes(16), QUICK)],
                    length=8,
                    randbelow=self.random.randrange,
                ),
                ids=self.ids,
                open_pass=self.open_pass,
                seal=self.seal,
                version=VERSION,
                beacons=self.beacons,
                predecessor=self.predecessor,
                tenant_log=self.tenant_log,
            )
        )

    def seal(self, letter: Letter) -> SealedLetter:
        self.letters.append(letter)
        sealed = letters.seal(letter.code, NOTIFIER.public_key(), BANK, letter.subject)
        return SealedLetter(letter.kind, letter.subject, sealed)

    def start(self) -> Outcome:
        return self._kept(self.clerk.start())

    def do(self, request: Input) -> Outcome:
        return self._kept(self.clerk.handle(request))

    def restart(self) -> Outcome:
        """Pull the plug: nothing is said goodbye to."""
        self.journal.close()
        self.clerk = self.build()
        return self.start()

    def read_all(self, *, is_closed: bool = True, is_occupied: bool | None = False) -> None:
        for door in self.settings.layout:
            self.read(door, is_closed=is_closed, is_occupied=is_occupied)

    def read(self, door: Compartment, *, is_closed: bool, is_occupied: bool | None = False) -> None:
        self.do(DoorRead(door.id, KnownDoor(is_closed, is_occupied, self.trusted.now())))

    def admit(self, courier: PersonId = COURIER, modes: str = "") -> str:
        until = Instant(self.trusted.now() + 10**10)
        order = AdmitCourier(courier, "C. Ourier", "UPS", until, modes)
        self.do(CommandReceived(self.command(order), "now"))
        return self.letters[-1].code

    def command(self, order: Order) -> Command:
        """An order in its envelope, good for ten seconds."""
        deadline = Instant(self.trusted.now() + 10_000)
        return Command(self.ids.command(), order, deadline, "now")

    def last_unlock(self) -> Unlock:
        effects = [one for outcome in self.outcomes for one in outcome.effects]
        return [one for one in effects if isinstance(one, Unlock)][-1]

    def opens(self) -> Compartment:
        """The newest unlock works: the door opens, is read, and the outcome is told."""
        unlock = self.last_unlock()
        door = next(one for one in self.settings.layout if one.id == unlock.compartment)
        self.read(door, is_closed=False)
        self.ended(unlock.command, UnlockOutcome.OPENED)
        return door

    def ended(self, command: CommandId, outcome: UnlockOutcome) -> Outcome:
        return self.do(UnlockEnded(command, outcome))

    def deposit(self, request: BeginDeposit) -> tuple[str, Compartment]:
        """One parcel from sign-in to confirmation; the recipient's code and the door."""
        self.do(SignIn(self.admit()))
        self.do(request)
        door = self.opens()
        self.clock.later(4_000)
        self.read(door, is_closed=True, is_occupied=True)
        self.do(ConfirmDeposit())
        return self.letters[-1].code, door

    def _kept(self, outcome: Outcome) -> Outcome:
        self.outcomes.append(outcome)
        return outcome
