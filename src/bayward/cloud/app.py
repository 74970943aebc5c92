"""The composition root: everything of a control plane, in one process and one event loop.

    async with Cloud(settings) as cloud:
        cloud.http_url, cloud.link_url, cloud.enrol_url, cloud.setup_link

Started from below: keys, database, unit of work, workers, the listener of the banks, the faces.
Stopped from above, so that nothing is asked of a part that is gone. The first start makes the
deployment's keys, its first tenant and site, and a link by which its first administrator sets up
an account; the link is made anew at each start until somebody has used it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import Self

import structlog
from litestar.types import ASGIApp

from bayward.cloud import upkeep
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.anchoring import Anchoring, read_witnesses
from bayward.cloud.audit.checking import Checks
from bayward.cloud.audit.maker import Maker, stamper_of
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.deployment import FOLDERS, Deployment
from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.jobs import Worker
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.link.dispatch import Dispatcher
from bayward.cloud.link.ingest import Ingest
from bayward.cloud.link.server import LinkServer, LinkSetup
from bayward.cloud.notify.caller import Caller
from bayward.cloud.notify.mailer import Mailer
from bayward.cloud.people import service as people
from bayward.cloud.people import set_up
from bayward.cloud.people import store as people_store
from bayward.cloud.people.argon2id import Argon2id
from bayward.cloud.people.details import Details
from bayward.cloud.people.passwords import AT_ONCE, WAITING_MAX, Passwords, Scheme
from bayward.cloud.people.store import PersonState
from bayward.cloud.reactions import react
from bayward.cloud.settings import CloudSettings
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.strangers import Strangers
from bayward.cloud.system_clock import SystemClock
from bayward.cloud.unit import House, Ids, Unit, Work
from bayward.cloud.web import limits, links, pack_forms, site
from bayward.cloud.web.changes import Changes
from bayward.cloud.web.enrol import PATH as ENROL_PATH
from bayward.cloud.web.server import HttpServer, OnlyEnrolment, listen
from bayward.cloud.web.state import Desk
from bayward.cloud.witness import start as witness
from bayward.cloud.workers import lanes
from bayward.core.clock import HOUR_MS, SECOND_MS, Clock
from bayward.core.errors import Misconfigured
from bayward.core.ids import PersonId, TenantId, base32
from bayward.core.roles import Binding, Node, Role
from bayward.ui.render import Renderer
from bayward.wire.trust import enrolment_context, server_context

DATABASE = "bayward.db"
KEYRING = "keyring.db"
KEYS = "keys"
BOOT_BYTES = 5
FRACTION_BYTES = 7  # 53 bits of a float and a bit more
HOUSEKEEPING_MS = HOUR_MS
UNNAMED = "Administrator"  # until the link is used

_log = structlog.get_logger()


class Cloud:
    """One control plane; see the top of this file."""

    def __init__(
        self,
        settings: CloudSettings,
        *,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = os.urandom,
        is_loopback_called: bool = False,
        has_listeners: bool = True,
        schemes: Sequence[Scheme] = (),
        renderer: Renderer | None = None,
    ) -> None:
        """Nothing is started yet.

        For demos and tests: `is_loopback_called` lets webhooks call this machine; without
        `has_listeners` requests go straight into `app`; `schemes` are how passwords are kept
        (Argon2id), and a `renderer` may be shared.
        """
        self.settings = settings
        self.clock = clock or SystemClock()
        self._random = random
        self._is_loopback_called = is_loopback_called
        self._has_listeners = has_listeners
        self._schemes = tuple(schemes)
        self._renderer = renderer
        self._closing = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ready = False
        self._is_first_start = False  # until it is written down
        self.setup_link: str | None = None

    async def __aenter__(self) -> Self:
        """Start; on failure whatever was started is stopped again."""
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            self._undo_first_start()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, gracefully."""
        self._is_ready = False
        await self._closing.aclose()
        _log.info("cloud.stopped")

    @property
    def http_url(self) -> str:
        """Where people go."""
        return self.settings.public_url

    @property
    def link_url(self) -> str:
        """Where banks dial."""
        return f"wss://{self.settings.link_host}:{self.settings.link_port}"

    @property
    def enrol_url(self) -> str:
        """Where new banks enrol."""
        return f"https://{self.settings.link_host}:{self.settings.enrol_port}{ENROL_PATH}"

    async def _start(self) -> None:
        settings, closing = self.settings, self._closing
        sockets = self._listen() if self._has_listeners else []
        keys, self.deployment = self._identity()
        store = SqliteStore.open(settings.state / DATABASE)
        closing.callback(store.close)
        keyring = Keyring(KeyringFile(settings.state / KEYRING), keys)
        closing.callback(keyring.close)
        if sockets:
            http, enrolling = (one.getsockname()[1] for one in sockets)
            self.settings = settings.at_ports(http=http, link=settings.link_port, enrol=enrolling)
            settings = self.settings
        house = House(settings.name, settings.public_url, keys, keyring)
        self.unit = Unit(
            store=store, clock=self.clock, ids=Ids(self._random), house=house, react=react
        )
        await upkeep.before_anybody(self.unit)
        self.setup_link = await self.unit.write(self._first_start)
        self._is_first_start = False
        self.witness = closing.enter_context(
            witness.started(settings, keys, self.clock, self._random)
        )
        self.stamper = stamper_of(settings)
        witnesses = read_witnesses(settings.anchor_policy)
        self.anchoring = Anchoring(self.unit, witnesses, stamper=self.stamper)
        self.gate = DeviceGate(settings.name)
        for bank in await self.unit.read(lambda work: fleet_store.enrolled(work.tx)):
            pin = base64.b64encode(bank.spki or b"").decode()
            self.gate.allow(DeviceIdentity(tenant=bank.tenant, bank=bank.bank, spki_pin=pin))
        self.strangers = Strangers(self.unit, self.clock, settings.name)
        await self._start_link()
        self.desk = self._desk()
        closing.callback(self.desk.hashing.shutdown)
        closing.callback(self.desk.changes.close)
        self._start_workers()
        closing.push_async_callback(self._stop_tasks)
        self.app: ASGIApp = site.build(self.desk)
        if sockets:
            await self._serve(self.app, *sockets)
        self._is_ready = True
        _log.info("cloud.started", http=self.http_url, link=self.link_url, enrol=self.enrol_url)

    def _listen(self) -> list[socket]:
        """The sockets for people and for new banks, before anything else is started."""
        settings = self.settings
        opened = []
        for host, port in (
            (settings.http_host, settings.http_port),
            (settings.link_bind, settings.enrol_port),
        ):
            one = listen(host, port)
            self._closing.callback(one.close)
            opened.append(one)
        return opened

    def _identity(self) -> tuple[FileKeys, Deployment]:
        """The deployment's keys: made on the first start, opened ever after."""
        state, hosts = self.settings.state, [self.settings.link_host]
        name = self.settings.name
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            if (state / DATABASE).exists() or (state / KEYS).exists() or Deployment.exists(state):
                keys = FileKeys.open(state / KEYS)
                _check_database(state / DATABASE)
                return keys, Deployment(state, name, hosts, self.clock, self._random)
            self._is_first_start = True
            try:
                keys = FileKeys.create(state / KEYS)
            except Misconfigured:  # somebody else begins here at this moment
                self._is_first_start = False
                raise
            return keys, Deployment.create(state, name, hosts, self.clock, self._random)
        except OSError as error:
            raise Misconfigured("state.unusable", folder=str(state), why=error.strerror) from error

    def _undo_first_start(self) -> None:
        """What never began leaves nothing behind that the next start would have to refuse."""
        if self._is_first_start:
            for made in (KEYS, *FOLDERS):
                shutil.rmtree(self.settings.state / made, ignore_errors=True)
            for file in self.settings.state.glob("*.db*"):
                file.unlink()

    def _first_start(self, work: Work) -> str | None:
        """The first tenant with its site and its owner; a link until the owner has come."""
        tenants = fleet_store.tenants(work.tx)
        if not tenants:
            enrolment.create_tenant(work, "Platform", people.PLATFORM_TENANT)
            tenant = enrolment.create_tenant(work, self.settings.organisation)
            enrolment.create_site(work, tenant, self.settings.site, time_zone=self.settings.zone)
            offered = Binding(PersonId(""), Role.ADMIN, Node(tenant), work.now, None)
            people.add(work, tenant, None, Details(name=UNNAMED), offered)
            tenants = fleet_store.tenants(work.tx)
        first = next(one.tenant for one in tenants if one.tenant != people.PLATFORM_TENANT)
        owner = _unclaimed(work, first)
        if owner is None:
            return None
        token = set_up.mint_link(work, first, owner)
        return f"{self.settings.public_url}/setup/{token}"

    async def _start_link(self) -> None:
        tls = server_context([self.deployment.anchor], self.deployment.server, self.gate.judge)
        self.ingest = ingest = Ingest(self.unit, self.deployment.notifier_spki)
        await ingest.start()
        tls.failed = self.strangers.saw_handshake
        setup = LinkSetup(
            tls=tls,
            gate=self.gate,
            inbox=ingest,
            clock=self.clock,
            random=self._fraction,
            turned_away=self.strangers.saw,
        )
        self.link = LinkServer(setup)
        self.dispatcher = Dispatcher(self.unit, self.link.connections, ingest)
        self.dispatcher.start()
        self._closing.push_async_callback(self.dispatcher.stop)
        if not self._has_listeners:
            return
        try:
            await self.link.start(self.settings.link_bind, self.settings.link_port)
        except OSError as error:
            raise Misconfigured(
                "port.in_use", host=self.settings.link_bind, port=self.settings.link_port
            ) from error
        self._closing.push_async_callback(self.link.stop)
        self.settings = self.settings.at_ports(
            http=self.settings.http_port,
            link=self.link.port,
            enrol=self.settings.enrol_port,
        )

    def _desk(self) -> Desk:
        renderer = self._renderer or Renderer()
        hashing = ThreadPoolExecutor(AT_ONCE + WAITING_MAX + 1, thread_name_prefix="hashing")
        tools = renderer.assets.verifiers
        return Desk(
            unit=self.unit,
            settings=self.settings,
            clock=self.clock,
            random=self._random,
            renderer=renderer,
            passwords=Passwords(self._schemes or (Argon2id(),), self._random),
            hashing=hashing,
            deployment=self.deployment,
            gate=self.gate,
            notifier_key=self.deployment.notifier_spki,
            link_url=self.link_url,
            enrol_url=self.enrol_url,
            limiter=limits.Limiter(self.clock),
            changes=Changes(
                self.unit,
                base32(self._random(BOOT_BYTES)),
                streams_max=limits.STREAMS_MAX,
                streams_of_one_max=limits.STREAMS_OF_ONE_MAX,
            ),
            witness=self.witness,
            is_ready=lambda: self._is_ready,
            checks=Checks(self.unit, self.clock),
            strangers=self.strangers,
            packs=Maker(self.unit, tools, self.stamper, self.anchoring, pack_forms.rows),
        )

    def _start_workers(self) -> None:
        mail = self.settings.mail
        mailer = None
        if mail is not None:
            mailer = Mailer(
                unit=self.unit,
                smtp=mail,
                password=mail.read_password(),
                render=self.desk.renderer.mail,
                links=links.LINKS,
                notifier=self.deployment.notifier,
            )
        caller = Caller(self.unit, audit.event_at, is_loopback_allowed=self._is_loopback_called)
        workers = lanes(self.unit, mailer=mailer, caller=caller, random=self._fraction)
        workers.append(Worker(self.unit, {links.ASKED_JOB: links.duty()}, self._fraction))
        workers.append(Worker(self.unit, self.desk.packs.duties(), self._fraction))
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(worker.run()) for worker in workers]
        self._tasks.append(loop.create_task(self._keep_house()))
        self._tasks.append(loop.create_task(self.anchoring.run()))
        self._tasks.append(loop.create_task(self.desk.checks.run()))
        self._tasks.append(loop.create_task(self.strangers.run()))
        self._closing.push_async_callback(self.desk.checks.stop)

    async def _serve(self, app: ASGIApp, http: socket, enrolling: socket) -> None:
        tls = enrolment_context(self.deployment.server)
        tls.failed = self.strangers.saw_handshake
        server = await HttpServer(app, http, self.settings).start()
        self._closing.push_async_callback(server.stop)
        enrol = HttpServer(OnlyEnrolment(app), enrolling, self.settings, tls=tls)
        await enrol.start()
        self._closing.push_async_callback(enrol.stop)
        self._closing.callback(self.desk.changes.close)  # streams end before the servers wait

    async def _keep_house(self) -> None:
        """Once an hour: renew the listeners' certificate when it is time."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_MS / SECOND_MS)
            if self.deployment.renew():
                _log.warning("cloud.certificate_renewed", restart="at the next opportunity")

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.strangers.stop()

    def _fraction(self) -> float:
        """A number in [0, 1)."""
        whole = int.from_bytes(self._random(FRACTION_BYTES), "big") >> 3
        return whole / (1 << 53)


async def serve(settings: CloudSettings, told: Callable[[Cloud], None]) -> None:
    """Run until the process is asked to stop (SIGINT, SIGTERM); `told` is called once it runs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Cloud(settings) as cloud:
        told(cloud)
        await stop.wait()
        _log.info("cloud.stopping")


def _check_database(path: Path) -> None:
    """Keys without their database: a disk that is not mounted, a file that was deleted."""
    if not path.exists() or path.stat().st_size == 0:
        raise Misconfigured(
            "database.missing", path=str(path), expected="a backup of it, or another state folder"
        )


def _unclaimed(work: Work, tenant: TenantId) -> PersonId | None:
    """The owner who has not come yet, when nobody else could let him in."""
    owners = people_store.owners(work.tx, tenant, work.now)
    states = [people.get(work, tenant, one).state for one in owners]
    if PersonState.ACTIVE in states or not owners:
        return None
    return owners[0]
