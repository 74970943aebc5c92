"""A process that banks are connected to: it accepts, it dies, it is started again.

What it does with what banks say is for its two kinds: `sim.cloud` is the whole control plane,
`sim.mirror` only keeps the logs, which is what makes it quick.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.link.inbox import Inbox
from bayward.core.clock import SECOND_MS
from bayward.core.commands import CommandResult
from bayward.core.errors import Unavailable
from bayward.core.ids import BankId, TenantId
from bayward.sim.gateway import Gateway
from bayward.sim.network import Network, Wire
from bayward.sim.world import Appointment, World
from bayward.wire.messages import Hello

RESTART_MS = (SECOND_MS, 40 * SECOND_MS)
STAGGER_MS = 5

Moment = Literal["before", "inside", "after"]


class Crash(BaseException):
    """The process has died; no handler of the program under test may catch this."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Keys that a bank pins: of the witness, and of its tenant's log where there is one."""

    witness_vkeys: tuple[str, ...]
    tenant_vkey: str | None = None


class Plane(ABC):
    """One control plane, running or not."""

    ingest: Inbox

    def __init__(self, world: World, network: Network) -> None:
        self.world = world
        self.clock = world  # a well-kept server knows the time
        self.chance = world.stream("cloud")
        self.devices: dict[str, DeviceIdentity] = {}  # by the name of the line
        self.on_accepted: list[Callable[[BankId, int], None]] = []
        self.restarts = 0
        self.is_up = False
        self.is_full = False  # its disk takes nothing more
        self.crash_in: int | None = None  # the process dies at this commit from now
        self.crash_when: Moment = "inside"
        self._network = network
        self._gateways: dict[BankId, Gateway] = {}

    @abstractmethod
    def start(self) -> None:
        """Start the process on what was kept."""

    @abstractmethod
    def stop(self) -> None:
        """End for good."""

    @abstractmethod
    def pump(self, gateway: Gateway) -> None:
        """Send a connected bank what waits for it."""

    @abstractmethod
    def ended(self, device: DeviceIdentity, result: CommandResult) -> None:
        """A bank has answered an order."""

    @abstractmethod
    def mirrored(self, bank: BankId) -> tuple[int, bytes]:
        """Size and root of a bank's log as it was accepted; for checkers."""

    @abstractmethod
    def log_keys(self, tenant: TenantId) -> LogKeys:
        """What a bank is given at enrolment to check logs with."""

    def is_crash_due(self) -> bool:
        """Count one commit; whether the process dies at it."""
        if self.crash_in is None:
            return False
        self.crash_in -= 1
        if self.crash_in > 0:
            return False
        self.crash_in = None
        return True

    def crash(self) -> None:
        """Die now, and be started again by whoever watches over it."""
        if not self.is_up:
            return
        self.is_up = False
        self.restarts += 1
        self.world.tell("cloud", "(crash)")
        self._network.accept = None
        self._network.drop()
        self._gateways.clear()
        self.world.after(self.chance.randint(*RESTART_MS), "cloud", self._restart)

    def guard(self, act: Callable[[], None]) -> None:
        """Run a part of the program; it ends where the process dies."""
        if not self.is_up:
            return
        try:
            act()
        except Crash:
            self.crash()

    def later(self, ms: int, act: Callable[[], None]) -> Appointment:
        """Do something later, if the process lives until then."""
        life = self.restarts

        def go() -> None:
            if life == self.restarts:
                self.guard(act)

        return self.world.after(ms, "cloud", go)

    def listen(self) -> None:
        """Let banks in."""
        self.is_up = True
        self._network.accept = self._accept

    def pump_later(self, bank: BankId) -> None:
        """There is something to send to a bank."""
        self.later(STAGGER_MS, lambda: self._pump(bank))

    # What a gateway tells.

    def welcomed(self, gateway: Gateway, hello: Hello) -> None:
        """A bank is live; an older connection of it ends."""
        bank = gateway.device.bank
        older = self._gateways.get(bank)
        self._gateways[bank] = gateway
        if older is not None and older is not gateway:
            older.drop()
        gateway.directory_revision = hello.directory_revision
        self.pump_later(bank)

    def left(self, gateway: Gateway) -> None:
        """A connection is gone."""
        if self._gateways.get(gateway.device.bank) is gateway:
            del self._gateways[gateway.device.bank]

    def accepted(self, device: DeviceIdentity, size: int) -> None:
        """A bank's log is accepted up to `size`."""
        self.world.tell("cloud", "(accepted)", f"{device.bank[-6:]} size={size}")
        for listener in self.on_accepted:
            listener(device.bank, size)

    def _accept(self, wire: Wire) -> bool:
        device = self.devices.get(wire.line)
        if device is None or not self.is_up:
            return False
        Gateway(self, device, wire.cloud)
        return True

    def _restart(self) -> None:
        try:
            self.start()
        except Crash:
            self.is_up = True  # it was, for a moment
            self.crash()
        except Unavailable as error:
            self.world.tell("cloud", "(cannot start)", error.code)
            self.world.after(self.chance.randint(*RESTART_MS), "cloud", self._restart)
        else:
            self.world.tell("cloud", "(up)")

    def _pump(self, bank: BankId) -> None:
        gateway = self._gateways.get(bank)
        if gateway is not None and gateway.is_live:
            self.pump(gateway)
