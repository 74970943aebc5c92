"""The composition root of the edge: everything a bank's computer runs, in one loop.

    async with Edge(settings, state_dir=…) as edge: ...

Order of start: keys, hardware (doors are unknown until read), office (takes up the journal and
resolves by reading what was interrupted), kiosk, link. It ends in the other order, so that the
outcome of a pulse under way is still written down.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import structlog

from bayward.core.door import DoorReading
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.ids import CompartmentId
from bayward.edge import keys, predecessor
from bayward.edge.beacons import Beacons, Seen
from bayward.edge.clerk import Clerk, ClerkSetup
from bayward.edge.code_book import open_code_book
from bayward.edge.forgetter import Forgetter
from bayward.edge.hardware import Hardware
from bayward.edge.health import health_of, is_alive, is_sound, link_of, log_of
from bayward.edge.host import LinkHost
from bayward.edge.identity import Identity, link_context, log_origin
from bayward.edge.journal import Journal, JournalSetup
from bayward.edge.kiosk.app import make_app, make_kiosk
from bayward.edge.kiosk.guard import Guard
from bayward.edge.kiosk.server import KioskServer
from bayward.edge.office import Office
from bayward.edge.options import EdgeOptions
from bayward.edge.renewal import Renewal
from bayward.edge.settings import BankSettings, CloudSettings
from bayward.edge.state_dir import StateDir
from bayward.edge.systemd import ServiceManager
from bayward.edge.tenant_log import TenantWatch
from bayward.edge.trust_store import TrustStore
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.uplink import Dialer, JournalOutbox, Uplink, UplinkSetup
from bayward.ledger.keys import ecdsa_signer

KIOSK_URL = "kiosk-url"  # file in the state directory; the browser starts with what it says
ISLAND_EPOCH = 1

log = structlog.get_logger("edge")


class Edge:
    """One running bank."""

    def __init__(
        self, settings: BankSettings, *, state_dir: Path, options: EdgeOptions | None = None
    ) -> None:
        self.settings = settings
        self._options = options or EdgeOptions()
        self._state = StateDir(state_dir)
        self._manager = ServiceManager()
        self.clock = TrustedClock(self._options.clock)
        self.trust = TrustStore(settings.bank, self._state)
        self._identity = self._load_identity()
        self._keys = keys.open_or_create(self._state.keys, self._options.chance.random_bytes)
        self.journal = self._make_journal()
        self.tenant_log = TenantWatch(self.trust.tenant_vkey, self._state, self.clock)
        self.beacons = Beacons(
            self._signer.key,
            monotonic_ms=self._options.clock.monotonic_ms,
            keep=lambda seen: self._state.save("cosigned", seen),
            kept=self._state.load("cosigned", Seen),
            vkeys=self.trust.witnesses,
            above=lambda: self.tenant_log.checkpoint,
        )
        self.hardware = Hardware(
            settings.hardware,
            clock=self.clock,
            on_reading=self._door_read,
            on_governor=self._keep_governor,
            governor=self._kept_governor(),
            on_siren=self._options.on_siren,
        )
        clerk = self._make_clerk()
        self.office = Office(settings, clerk, self.clock, self.hardware)
        self.forgetter = Forgetter(self._state, self.journal.path, clerk, self.office)
        self.uplink = self._make_uplink()
        self.renewal = self._make_renewal()
        self._server = KioskServer(settings.kiosk.port)
        self._guard = Guard.fresh(
            self._server.port, self._options.chance.random_bytes, self._options.embedders
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._lock: BinaryIO | None = None
        self._is_over = False

    async def __aenter__(self) -> Self:
        try:
            self._lock = self._state.hold()
            await self.hardware.start()
            await self.office.start()
        except BaseException:
            await self.hardware.stop()
            await self.office.abandon()
            await self._server.stop()
            self._let_go()
            raise
        self._serve()
        self._tasks.append(asyncio.create_task(self._feed_watchdog(), name="watchdog"))
        if self.uplink is not None:
            self.office.on_growth = self.uplink.committed
            self._tasks.append(asyncio.create_task(self.uplink.run(), name="uplink"))
        if self.renewal is not None:
            self._tasks.append(asyncio.create_task(self.renewal.run(), name="renewal"))
        log.info("edge started", bank=self.settings.bank, version=self._options.version)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End in order; everything that happened is written down. Safe to repeat."""
        if self._is_over:
            return
        self._is_over = True
        self._manager.ending()
        await self._end_tasks()
        self.office.announce_end()
        await self._server.stop()
        try:
            await self.hardware.stop()
        finally:
            await self.office.stop()
            self._let_go()
        log.info("edge stopped", bank=self.settings.bank)

    async def abandon(self) -> None:
        """End at once and write nothing more: a power cut, for tests and simulations."""
        self._is_over = True
        await self._end_tasks()
        await self.office.abandon()
        await self.hardware.stop()
        await self._server.stop()
        self._let_go()

    def _let_go(self) -> None:
        """The state directory is free for the next program."""
        if self._lock is not None:
            self._lock.close()

    @property
    def kiosk_url(self) -> str:
        """Where the kiosk's browser starts; it lets in whoever knows it."""
        return self._guard.enter_url

    def health(self) -> Mapping[str, object]:
        """How the bank is doing."""
        view = self.office.view()
        told = health_of(view, self.hardware, self.clock, self.office.queue_length)
        status = self.uplink.status if self.uplink is not None else None
        certificate = self.renewal.health() if self.renewal is not None else None
        head, tenant_log = self.journal.known_head, self.tenant_log.health()
        if not is_sound(tenant_log) and told["status"] == "ok":
            told["status"] = "degraded"
        more = {"log": log_of(head), "link": link_of(status), "tenant_log": tenant_log}
        return {**told, **more, "certificate": certificate}

    def _make_journal(self) -> Journal:
        epoch = self._identity.epoch if self._identity is not None else ISLAND_EPOCH
        origin = log_origin(self.settings.deployment, self.settings.bank, epoch)
        self._signer = ecdsa_signer(origin, self._keys.log_key)
        return Journal(
            JournalSetup(
                path=self._state.journal(epoch),
                bank=self.settings.bank,
                signer=self._signer,
                clock=self._options.clock,
                random_bytes=self._options.chance.random_bytes,
            )
        )

    def _make_uplink(self) -> Uplink | None:
        """The way to the control plane; None on an island."""
        identity, cloud = self._identity, self.settings.cloud
        if identity is None or cloud is None:
            return None
        host = LinkHost(
            self.settings,
            office=self.office,
            hardware=self.hardware,
            clock=self.clock,
            trust=self.trust,
            state=self._state,
            version=self._options.version,
            journal=self.journal,
            beacons=self.beacons,
            tenant_log=self.tenant_log,
            forgetter=self.forgetter,
        )
        pins = self._pins(identity, cloud)
        dial = Dialer(
            url=cloud.link or identity.link_url,
            bank=self.settings.bank,
            context=lambda: link_context(self._state, pins),
        )
        chance = self._options.chance
        return Uplink(
            UplinkSetup(
                dial=dial,
                host=host,
                outbox=JournalOutbox(
                    self.journal,
                    self._signer,
                    self.office.on_clerks_thread,
                    self.forgetter.look_again,
                ),
                clock=self.clock,
                random=lambda: chance.randbelow(1 << 32) / (1 << 32),
                random_bytes=chance.random_bytes,
            )
        )

    def _make_renewal(self) -> Renewal | None:
        """Only where there is a control plane, there is a certificate."""
        identity, cloud = self._identity, self.settings.cloud
        if identity is None or cloud is None:
            return None
        pins, clock = self._pins(identity, cloud), self._options.clock
        return Renewal(self._state, identity, self._keys, pins=pins, clock=clock)

    @staticmethod
    def _pins(identity: Identity, cloud: CloudSettings) -> frozenset[str]:
        return cloud.pins if cloud.pins is not None else frozenset(identity.pins)

    def _load_identity(self) -> Identity | None:
        """What enrolment made of us; an island needs none."""
        identity = self._state.load("identity", Identity)
        if identity is None:
            if self.settings.cloud is not None:
                raise Misconfigured("edge.not_enrolled", bank=self.settings.bank)
            return None
        if identity.bank != self.settings.bank:
            raise Misconfigured(
                "edge.other_bank", enrolled=identity.bank, settings=self.settings.bank
            )
        if identity.deployment != self.settings.deployment:
            raise Misconfigured("edge.other_deployment", enrolled=identity.deployment)
        return identity

    def _make_clerk(self) -> Clerk:
        chance = self._options.chance
        codes = open_code_book(
            self._state,
            self._keys.bank_key,
            self.settings.codes,
            random_bytes=chance.random_bytes,
            randbelow=chance.randbelow,
            stretch=self._options.stretch,
        )
        return Clerk(
            ClerkSetup(
                settings=self.settings,
                journal=self.journal,
                clock=self.clock,
                codes=codes,
                ids=chance,
                open_pass=self.trust.open_pass,
                seal=self.trust.seal,
                version=self._options.version,
                beacons=self.beacons,
                tenant_log=self.tenant_log,
                predecessor=self._predecessor(),
            )
        )

    def _predecessor(self) -> predecessor.Predecessor | None:
        """The log before this one, when this is not the first epoch."""
        identity = self._identity
        if identity is None or identity.epoch == 1:
            return None
        before = identity.epoch - 1
        origin = log_origin(identity.deployment, self.settings.bank, before)
        return predecessor.read(self._state.journal(before), origin)

    def _serve(self) -> None:
        kiosk = make_kiosk(
            self.office,
            self.settings,
            clock=self.clock,
            guard=self._guard,
            random_bytes=self._options.chance.random_bytes,
            health=self.health,
            renderer=self._options.renderer,
            code_floor_s=self._options.code_floor_s,
        )
        self._server.start(make_app(kiosk))
        self._state.write(KIOSK_URL, self._guard.enter_url.encode())

    def _door_read(self, compartment: CompartmentId, reading: DoorReading) -> None:
        self.office.door_read(compartment, reading)
        if self.uplink is not None:
            self.uplink.readings_changed()

    async def _keep_governor(self, state: dict[str, object]) -> None:
        raw = json.dumps(state).encode()
        await asyncio.to_thread(self._state.write, "governor.json", raw)

    def _kept_governor(self) -> Mapping[str, object] | None:
        raw = self._state.read("governor.json")
        if raw is None:
            return None
        try:
            told = json.loads(raw)
        except ValueError as error:
            raise Misconfigured("state.malformed", file="governor.json") from error
        return told if isinstance(told, dict) else {}

    async def _feed_watchdog(self) -> None:
        """Tell the service manager that we work, while we do."""
        self._manager.ready()
        limit_s = self._manager.watchdog_s
        while limit_s is not None:
            await asyncio.sleep(limit_s / 3)
            try:
                await asyncio.wait_for(self.office.on_clerks_thread(lambda: None), limit_s / 3)
            except (TimeoutError, Unavailable):
                continue
            view = self.office.view()
            if is_alive(view, self.hardware):
                self._manager.alive()
                self._manager.status(view.trouble or "working")

    async def _end_tasks(self) -> None:
        await self.forgetter.stop()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
