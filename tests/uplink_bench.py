"""A bank's uplink and the listener's parts, with a journal and a mirror but without a cloud."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.core.clock import Clock, Instant
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import BaywardError
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.journal import Journal, JournalSetup
from bayward.edge.uplink import (
    Facts,
    JournalOutbox,
    LinkStatus,
    OwnLog,
    Uplink,
    UplinkSetup,
)
from bayward.edge.uplink.ports import Dial
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.sim.certificates import p256
from bayward.wire.messages import (
    Acked,
    Hello,
    Issuer,
    Layout,
    Readings,
    Recipient,
    TenantLog,
    Upload,
    Welcome,
)
from bayward.wire.upload import check_hello
from link_bench import Mirror
from messages_table import HEX, READINGS, TENANT

BANK = BankId.of(b"bank-of-the-test")
OTHER = BankId.of(b"another-bank-...")
NAME = "locks.example"
PATIENCE_S = 10
T = TypeVar("T")


class Bell:
    """Rings whenever something changed; `wait` sleeps until what one waits for is true."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, is_true: Callable[[], object], *, within_s: int = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not is_true():
                await self._rung.wait()


def device(bank: BankId = BANK) -> DeviceIdentity:
    return DeviceIdentity(TENANT, bank, "pin")


@dataclass
class MirrorInbox:
    """An `Inbox` that verifies like the real one and keeps what it accepts in memory."""

    bell: Bell
    now: Callable[[], Instant]
    mirrors: dict[BankId, Mirror] = field(default_factory=dict)
    failures: list[BaywardError | Exception] = field(default_factory=list)
    uploads: int = 0
    layouts: list[Layout] = field(default_factory=list)
    seen: list[Readings] = field(default_factory=list)
    hellos: list[Hello] = field(default_factory=list)
    comings: list[str] = field(default_factory=list)
    working: int = 0
    gate: asyncio.Event | None = None  # uploads wait for it
    cosigned: str | None = None  # what an acknowledgement says
    shown: TenantLog = field(default_factory=lambda: TenantLog(checkpoint="c", consistency=[]))
    asked: list[int] = field(default_factory=list)

    def add(self, bank: BankId, signer: Signer) -> Mirror:
        self.mirrors[bank] = Mirror(signer.key)
        return self.mirrors[bank]

    async def hello(self, device: DeviceIdentity, hello: Hello) -> Welcome:
        self._fail()
        self.hellos.append(hello)
        known = self.mirrors[device.bank].known
        check_hello(known, hello)
        return Welcome(
            acked=known.size,
            root=known.root,
            now=self.now(),
            tenant=str(device.tenant),
            issuers=[Issuer(kid=1, spki=b"spki")],
            notifier_key=b"key",
            needs_layout=not self.layouts,
        )

    async def upload(self, device: DeviceIdentity, upload: Upload) -> Acked:
        self.working += 1
        assert self.working == 1, "one at a time for one device"
        try:
            self.bell.ring()
            if self.gate is not None:
                await self.gate.wait()
            self._fail()
            self.uploads += 1
            mirror = self.mirrors[device.bank]
            mirror.take(upload)
        finally:
            self.working -= 1
            self.bell.ring()
        return Acked(acked=mirror.size, cosigned=self.cosigned)

    async def tenant_log(self, device: DeviceIdentity, size: int) -> TenantLog:
        self.asked.append(size)
        self.bell.ring()
        self._fail()
        return self.shown

    async def layout(self, device: DeviceIdentity, layout: Layout) -> None:
        self.layouts.append(layout)
        self.bell.ring()

    async def readings(self, device: DeviceIdentity, readings: Readings) -> None:
        self.seen.append(readings)
        self.bell.ring()

    async def connected(self, device: DeviceIdentity, epoch: str) -> None:
        self.comings.append(f"{device.bank} on")
        self.bell.ring()

    async def disconnected(self, device: DeviceIdentity, epoch: str, reason: str) -> None:
        self.comings.append(f"{device.bank} off {reason}")
        self.bell.ring()

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


@dataclass
class RecordingHost:
    """A `Host` that writes down what it is told and answers commands as it is told to."""

    bell: Bell
    answer: Callable[[Command, str], Awaitable[CommandResult]] | None = None
    commands: list[tuple[Command, str]] = field(default_factory=list)
    directories: list[tuple[int, tuple[Recipient, ...]]] = field(default_factory=list)
    welcomes: list[Welcome] = field(default_factory=list)
    times: list[tuple[Instant, int]] = field(default_factory=list)
    statuses: list[LinkStatus] = field(default_factory=list)
    cosigned: list[tuple[str, str | None]] = field(default_factory=list)
    tenant_logs: list[tuple[TenantLog, int, Checkpoint | None]] = field(default_factory=list)
    rounds: int = 0
    seen_by_a_witness: Checkpoint | None = None  # what it says a cosignature was for

    @property
    def is_up(self) -> bool:
        return bool(self.statuses) and self.statuses[-1].is_up

    async def carry_out(self, command: Command, epoch: str) -> CommandResult:
        self.commands.append((command, epoch))
        self.bell.ring()
        if self.answer is not None:
            return await self.answer(command, epoch)
        return CommandResult(command.id, is_done=True, result="opened")

    async def take_directory(self, revision: int, recipients: tuple[Recipient, ...]) -> None:
        self.directories.append((revision, recipients))
        self.bell.ring()

    async def take_welcome(self, welcome: Welcome) -> None:
        self.welcomes.append(welcome)

    def take_cosigned(self, cosigned: str, witness_note: str | None) -> Checkpoint | None:
        self.cosigned.append((cosigned, witness_note))
        self.bell.ring()
        return self.seen_by_a_witness

    def remembered(self) -> int:
        return 4_711

    async def take_tenant_log(self, shown: TenantLog, acked: int, own: OwnLog) -> None:
        self.tenant_logs.append((shown, acked, await own(acked)))
        self.bell.ring()

    def still_connected(self) -> None:
        self.rounds += 1

    def take_time(self, cloud: Instant, round_trip_ms: int) -> None:
        self.times.append((cloud, round_trip_ms))

    def take_status(self, status: LinkStatus) -> None:
        self.statuses.append(status)
        self.bell.ring()

    def facts(self) -> Facts:
        return Facts(firmware="0.1.0", layout_hash=HEX, directory_revision=0)

    def layout(self) -> Layout:
        return Layout(name="Lobby", hash=HEX, compartments=[])

    def readings(self) -> Readings:
        return READINGS


async def inline(run: Callable[[], T]) -> T:
    """The journal's thread is ours."""
    return run()


@dataclass
class BankBench:
    """One bank: a real journal in a file, an uplink, and what its host was told."""

    bell: Bell
    journal: Journal
    outbox: JournalOutbox
    host: RecordingHost
    uplink: Uplink
    signer: Signer
    task: asyncio.Task[None] | None = None

    @classmethod
    def make(
        cls,
        folder: Path,
        dial: Dial,
        clock: Clock,
        bell: Bell,
        *,
        seed: int = 1,
        signer: Signer | None = None,
        is_eager: bool = False,
    ) -> BankBench:
        """`is_eager`: dial again without waiting."""
        chance = random.Random(seed)
        signer = signer or ecdsa_signer(f"{NAME}/bank/{BANK}/1", p256())
        journal = Journal.open(
            JournalSetup(
                path=folder / "journal.db",
                bank=BANK,
                signer=signer,
                clock=clock,
                random_bytes=chance.randbytes,
            )
        )
        outbox = JournalOutbox(journal, signer, inline)
        host = RecordingHost(bell)
        setup = UplinkSetup(
            dial=dial,
            host=host,
            outbox=outbox,
            clock=clock,
            random=(lambda: 0.0) if is_eager else chance.random,
            random_bytes=chance.randbytes,
        )
        return cls(bell, journal, outbox, host, Uplink(setup), signer)

    def start(self) -> None:
        self.task = asyncio.create_task(self.uplink.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None
        self.journal.close()

    def log(self, count: int = 1, **told: str) -> None:
        time = Instant(1_800_000_000_000)
        told = told or {"compartment": "cmp_00000000000000000000000000"}
        events = [Event(type=EventType.DOOR_OPENED, time=time, **told) for _ in range(count)]  # type: ignore[arg-type]  # texts only
        self.uplink.committed(self.journal.append(events).size)
