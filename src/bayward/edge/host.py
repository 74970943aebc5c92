"""The bank around its uplink: takes orders, keys, names and time, and shows how things stand."""

from __future__ import annotations

import hashlib

import msgspec
import structlog

from bayward.core.clock import Instant
from bayward.core.commands import Command, CommandResult, ForgetPerson
from bayward.core.door import DoorReading, UnknownDoor
from bayward.core.errors import Unavailable
from bayward.core.ids import PersonId
from bayward.edge import agent
from bayward.edge.beacons import Beacons
from bayward.edge.directory import Directory
from bayward.edge.forgetter import DirectoryFile, Forgetter, keep_directory
from bayward.edge.hardware import Hardware
from bayward.edge.health import state_of
from bayward.edge.identity import Trust
from bayward.edge.journal import Journal
from bayward.edge.office import Office
from bayward.edge.settings import BankSettings
from bayward.edge.state_dir import StateDir
from bayward.edge.tenant_log import TenantWatch
from bayward.edge.trust_store import TrustStore
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.uplink import Facts, LinkStatus, OwnLog
from bayward.ledger.checkpoint import Checkpoint
from bayward.wire import messages
from bayward.wire.messages import DoorState, Layout, Readings, TenantLog, Welcome, layout_of

log = structlog.get_logger("edge.link")


class LinkHost:
    """The `edge.uplink.Host` of one bank."""

    def __init__(
        self,
        settings: BankSettings,
        *,
        office: Office,
        hardware: Hardware,
        clock: TrustedClock,
        trust: TrustStore,
        state: StateDir,
        version: str,
        journal: Journal,
        beacons: Beacons,
        tenant_log: TenantWatch,
        forgetter: Forgetter,
    ) -> None:
        self.status: LinkStatus | None = None
        self._settings = settings
        self._office = office
        self._hardware = hardware
        self._clock = clock
        self._trust = trust
        self._state = state
        self._version = version
        self._journal = journal
        self._beacons = beacons
        self._tenant_log = tenant_log
        self._forgetter = forgetter
        self._layout = _layout(settings)
        kept = state.load("directory", DirectoryFile) or DirectoryFile(0, ())
        office.directory = Directory(kept.revision, kept.recipients)

    async def carry_out(self, command: Command, epoch: str) -> CommandResult:
        """Carry out an order that came over the connection `epoch`; returns how it ended."""
        if isinstance(command.order, ForgetPerson):
            return self._forgetter.begin(command, epoch)
        return await self._office.carry_out(command, epoch)

    async def take_directory(
        self, revision: int, recipients: tuple[messages.Recipient, ...]
    ) -> None:
        """Keep the directory, then use it."""
        found = tuple(
            agent.Recipient(PersonId(one.person), one.unit, one.name, one.needs_low)
            for one in recipients
        )
        keep_directory(self._state, self._office, Directory(revision, found))
        log.info("directory replaced", revision=revision, recipients=len(found))

    async def take_welcome(self, welcome: Welcome) -> None:
        """Keep the keys the control plane gave."""
        self._trust.take(Trust(issuers=tuple(welcome.issuers), notifier_key=welcome.notifier_key))

    def take_cosigned(self, cosigned: str, witness_note: str | None) -> Checkpoint | None:
        """Keep a cosignature; gives what was cosigned when it verifies and is news."""
        found = self._beacons.take(cosigned, witness_note)
        return None if found is None else found.checkpoint

    def remembered(self) -> int:
        """How much of the tenant's log was proven to this bank."""
        seen = self._tenant_log.checkpoint
        return 0 if seen is None else seen.size

    async def take_tenant_log(self, shown: TenantLog, acked: int, own: OwnLog) -> None:
        """Judge what the control plane shows of the tenant's log, and tell the bank's own log."""
        try:
            await self._tenant_log.judge(shown, acked, own)
        except Unavailable as error:
            log.warning("tenant log not kept", error=str(error))
        self._tell_doubt()

    def still_connected(self) -> None:
        """The link is up; what should have been shown by now is missed."""
        try:
            self._tenant_log.still_connected()
        except Unavailable as error:
            log.warning("tenant log not kept", error=str(error))
        self._tell_doubt()

    def _tell_doubt(self) -> None:
        if self._tenant_log.due(self._clock.now()) is not None:
            self._office.look_again()  # the next tick writes it into the log

    def take_time(self, cloud: Instant, round_trip_ms: int) -> None:
        """The control plane's clock said `cloud`, at most `round_trip_ms` ago."""
        self._clock.confirm(Instant(cloud + round_trip_ms // 2))

    def take_status(self, status: LinkStatus) -> None:
        """The link came up, went down, or fails in another way than before."""
        self.status = status
        self._office.set_online(is_online=status.is_up)
        self._office.look_again()  # a quarantined journal puts the kiosk out of order now

    def facts(self) -> Facts:
        """What hello says."""
        revision = self._office.directory.revision
        return Facts(self._version, self._layout.hash, revision)

    def layout(self) -> Layout:
        """The bank as built."""
        return self._layout

    def readings(self) -> Readings:
        """How the doors stand now; unknown is told as unknown."""
        now = self._clock.now()
        head = self._journal.known_head
        return Readings(
            doors=[
                _told(one.id, self._hardware.reading(one.id), now) for one in self._settings.layout
            ],
            is_siren_on=self._hardware.siren_is_on,
            lockdowns=list(self._office.lockdowns),
            pending=head.size - head.acked if head is not None else 0,
        )


def _told(compartment: str, reading: DoorReading, now: Instant) -> messages.DoorReading:
    state = DoorState(state_of(reading))
    if isinstance(reading, UnknownDoor):
        age_ms = max(0, now - reading.since)
        return messages.DoorReading(
            compartment=compartment, state=state, age_ms=age_ms, why=reading.why.value
        )
    return messages.DoorReading(
        compartment=compartment,
        state=state,
        age_ms=max(0, now - reading.at),
        occupied=reading.is_occupied,
    )


def _layout(settings: BankSettings) -> Layout:
    """The layout under the hash of its own bytes."""
    plain = layout_of(settings.name, "0" * 64, settings.layout)
    digest = hashlib.sha256(msgspec.json.encode(plain, enc_hook=str)).hexdigest()
    return layout_of(settings.name, digest, settings.layout)
