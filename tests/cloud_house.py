"""A whole control plane in a temporary directory, and browsers to use it with.

The database, the log, the reactions, the policy and the faces are the real ones; requests go
straight into the application. Only time is moved by hand and mail goes to a list.
"""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from bayward.cloud import orders
from bayward.cloud.access import service as access
from bayward.cloud.app import Cloud
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.notify import service as notifications
from bayward.cloud.notify.store import Delivery
from bayward.cloud.notify.store import Wanted as WantedDeliveries
from bayward.cloud.people import authn, set_up, totp
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.details import Details
from bayward.cloud.people.passwords import SALT_BYTES, Pbkdf2
from bayward.cloud.settings import CloudSettings
from bayward.cloud.storage import migrations
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.outbox import WAITING
from bayward.cloud.unit import Work
from bayward.core.clock import HOUR_MS, after
from bayward.core.events import Event, EventType
from bayward.core.ids import CommandId, GrantId, PersonId, TenantId
from bayward.core.policy import Aal
from bayward.core.roles import Binding, Node, Role
from bayward.wire.messages import DoorReading, DoorState, Readings
from bench_snapshot import copied
from cloud_bench import HOUSE, BankTwin, CloudBench, named, quick_upgrade
from people_bench import START, HandClock
from shared_renderer import RENDERER

URL = "http://localhost:8000"
PASSWORD = "four quiet otters dancing"
ANNE = "anne@example.com"
SETTINGS = {"public_logs", "witness_policy", "http_port", "link_port", "enrol_port"}
FAST = Pbkdf2(iterations=1_000)  # the tests hash a hundred times; the number is not under test


@dataclass
class House:
    """A running control plane with its first tenant."""

    cloud: Cloud
    clock: HandClock
    secrets: dict[str, bytes] = field(default_factory=dict)
    tenant: TenantId = field(init=False)

    async def find_tenant(self) -> None:
        tenants = await self.cloud.unit.read(lambda work: fleet_store.tenants(work.tx))
        self.tenant = tenants[1].tenant

    @property
    def bench(self) -> CloudBench:
        """The same control plane, as the slices' tests work with it."""
        unit = self.cloud.unit
        return CloudBench(unit._store, self.clock, unit, self.cloud.ingest)

    async def settle(self) -> None:
        """Let the workers do what is due."""
        await asyncio.sleep(0.005)

    async def is_busy(self) -> bool:
        """Whether the workers have something to do that is due."""
        return bool(await self.cloud.unit.read(_is_busy))

    async def packs_made(self) -> None:
        """Wait until no evidence pack is in work."""
        waiting = s.evidence.select().where(s.evidence.c.state == "working")
        changed = asyncio.Event()
        stop = self.cloud.unit.on_commit(lambda _: changed.set())
        while await self.cloud.unit.read(lambda work: work.tx.execute(waiting).all()):
            async with asyncio.timeout(10):
                await changed.wait()
            changed.clear()
        stop()

    async def deliveries(self, kind: str) -> list[Delivery]:
        """Messages of one kind, to whomever."""
        found = await self.cloud.unit.read(
            lambda work: notifications.deliveries(work, self.tenant, WantedDeliveries())
        )
        return [one for one in found if one.kind == kind]

    async def release(self, world: World) -> None:
        """Somebody has looked at the wall; it works again."""
        by = str(named(PersonId, 9))
        world.bank.record(EventType.LOCKDOWN_RELEASED, scope="bank", actor=by, reason="looked")
        await world.bank.upload(self.cloud.ingest)

    async def connect(self, world: World) -> None:
        """The bank dials in, as far as pages can tell."""
        await self.do(lambda work: fleet.connected(work, world.tenant, world.bank.id))

    async def taps(self) -> list[orders.Ordered]:
        """Every order to open a door."""

        def read(work: Work) -> list[orders.Ordered]:
            rows = work.tx.execute(s.command.select().where(s.command.c.is_door)).all()
            return [orders.get(work, row.tenant, CommandId(row.command)) for row in rows]

        return await self.cloud.unit.read(read)

    async def second_tenant(self) -> TenantId:
        """Another organisation with a site of its own."""

        def make(work: Work) -> TenantId:
            tenant = enrolment.create_tenant(work, "Southgate House")
            enrolment.create_site(work, tenant, "Southgate")
            return tenant

        return TenantId(await self.do(make))

    async def furnish(self, tenant: TenantId | None = None, number: int = 1) -> World:
        """A bank with a parcel for Rosa in door 1, and door 2 forced open."""
        home = tenant or self.tenant
        bank = await self.bench.bank(home, number)
        rosa = await self.person(f"Rosa{number}", Role.RESIDENT, tenant=home, unit="4B")
        carl = await self.person(f"Carl{number}", Role.COURIER, tenant=home)
        parcel, grant = bank.deposit(number, recipient=rosa, courier=carl)
        bank.force(door=2)
        await bank.upload(self.cloud.ingest)
        readings = Readings(
            doors=[
                DoorReading(compartment=str(bank.door(1)), state=DoorState.CLOSED, age_ms=10),
                DoorReading(compartment=str(bank.door(2)), state=DoorState.OPEN, age_ms=10),
                DoorReading(compartment=str(bank.door(3)), state=DoorState.CLOSED, age_ms=10),
                DoorReading(compartment=str(bank.door(4)), state=DoorState.UNKNOWN, age_ms=10),
            ],
            is_siren_on=True,
            lockdowns=["bank"],
            pending=0,
        )
        await self.cloud.ingest.readings(bank.device, readings)
        [incident] = await self.do(lambda work: incidents.incidents(work, home))
        link = await self.do(lambda work: access.mint_link(work, home, GrantId(grant)))
        return World(
            tenant=home,
            bank=bank,
            rosa=rosa,
            carl=carl,
            parcel=parcel,
            grant=grant,
            incident=incident.id,
            link=link,
        )

    def browser(self, **headers: str) -> Browser:
        return Browser(self, headers)

    def wait(self, ms: int) -> None:
        self.clock.at = after(self.clock.at, ms)

    async def do(self, function: Any) -> Any:
        return await self.cloud.unit.write(function)

    async def person(
        self,
        name: str,
        role: Role | None,
        *,
        tenant: TenantId | None = None,
        node: Node | None = None,
        **more: Any,
    ) -> PersonId:
        home = tenant or self.tenant

        def add(work: Work) -> PersonId:
            offered = None
            if role is not None:
                offered = Binding(PersonId(""), role, node or Node(home), work.now, None)
            details = Details(name=name, email=f"{name.lower()}@example.com", **more)
            return people.add(work, home, None, details, offered).person

        return PersonId(await self.do(add))

    async def events(self, kind: EventType, tenant: TenantId | None = None) -> list[Event]:
        found = await self.cloud.unit.read(
            lambda work: audit.happenings(
                work, tenant or self.tenant, Wanted(types=(kind,)), count=200
            )
        )
        return [one.event for one in reversed(found)]


@dataclass(frozen=True)
class World:
    """What stands in one tenant."""

    tenant: TenantId
    bank: BankTwin
    rosa: PersonId
    carl: PersonId
    parcel: str
    grant: str
    incident: str
    link: str


class Browser:
    """Somebody's browser: keeps cookies, sends what browsers send."""

    def __init__(self, house: House, headers: dict[str, str]) -> None:
        self.house = house
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=house.cloud.app),  # type: ignore[arg-type]  # two spellings of one protocol
            base_url=URL,
            headers={"Origin": URL, "Sec-Fetch-Site": "same-origin", **headers},
        )

    @property
    def cookie(self) -> str | None:
        return self._client.cookies.get("sid")

    def take_cookie(self, value: str) -> None:
        self._client.cookies.set("sid", value, domain="localhost.local", path="/")

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self._client.get(path, **more)

    async def post(
        self, path: str, form: dict[str, Any] | None = None, **more: Any
    ) -> httpx.Response:
        return await self._client.post(path, data=form or {}, **more)

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self._client.request(method, path, **more)

    async def set_up(self, link: str, name: str) -> httpx.Response:
        """Make an account from a link."""
        path = link.removeprefix(URL)
        email = f"{name.lower()}@example.com"
        page = await self.post(path, {"name": name, "email": email, "password": PASSWORD})
        assert page.status_code == 200, page.text
        shown = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page.text)
        assert shown is not None, "the secret is on the page"
        self.house.secrets[email] = base64.b32decode(shown[1].replace(" ", ""))
        return await self.post(f"{path}/totp", {"code": self.code(email)})

    async def join(self, person: PersonId, name: str, tenant: TenantId | None = None) -> Browser:
        """Have password and authenticator and be signed in, without the pages in between."""
        email, home = f"{name.lower()}@example.com", tenant or self.house.tenant

        def make(work: Work) -> authn.SignedIn:
            token = set_up.mint_link(work, home, person)
            encoded = FAST.encode(PASSWORD.encode(), work.ids.random(SALT_BYTES))
            new = set_up.choose(work, token, name=name, email=email, encoded=encoded)
            self.house.secrets[email] = new.secret
            outcome = set_up.confirm(work, token, self.code(email))
            assert isinstance(outcome, authn.SignedIn)
            return outcome

        self.take_cookie((await self.house.do(make)).token)
        return self

    async def sign_in(self, name: str) -> httpx.Response:
        """Password, then code."""
        email = f"{name.lower()}@example.com"
        answer = await self.post("/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        self.house.wait(totp.STEP_MS)
        return await self.post("/sign-in/totp", {"code": self.code(email)})

    async def be(self, name: str, *, method: str = authn.TOTP, aal: Aal = Aal.TWO) -> Browser:
        """Be signed in as somebody, without the pages in between."""

        def begin(work: Work) -> authn.SignedIn:
            [person] = people_store.with_email(work.tx, f"{name.lower()}@example.com")
            return authn.begin(
                work, person.tenant, person.person, method=method, aal=aal, life_ms=12 * HOUR_MS
            )

        self.take_cookie((await self.house.do(begin)).token)
        return self

    def code(self, email: str, *, fresh: bool = False) -> str:
        """What the authenticator shows now."""
        if fresh:
            self.house.wait(totp.STEP_MS)
        return totp.hotp(self.house.secrets[email], totp.step_at(self.house.clock.at))


@asynccontextmanager
async def open_house(
    state: Path, template: Template | None = None, **more: Any
) -> AsyncIterator[House]:
    """A control plane on `state`; with a `template`, one where Anne is the owner already."""
    clock = HandClock(START)
    if template is not None:
        shutil.copytree(template.state, state)
    settings = CloudSettings(
        state=state,
        public_url=more.pop("public_url", URL),
        name=HOUSE,
        requests_per_s_max=more.pop("requests_per_s_max", 500),
        **{name: more.pop(name) for name in SETTINGS & more.keys()},
    )
    more.setdefault("has_listeners", False)
    more.setdefault("renderer", RENDERER)
    cloud = Cloud(settings, clock=clock, is_loopback_called=True, schemes=[FAST], **more)
    async with AsyncExitStack() as running:
        with patch.object(migrations, "upgrade", quick_upgrade()):
            await running.enter_async_context(cloud)
        house = House(cloud, clock, {} if template is None else {ANNE: template.secret})
        await house.find_tenant()
        yield house


@dataclass(frozen=True)
class Template:
    """A state directory to copy, and what Anne's authenticator holds."""

    state: Path
    secret: bytes
    world: World | None = None

    def world_in(self, house: House) -> World:
        """The furniture of a copy, with a bank that can go on with its log."""
        assert self.world is not None, "this template is bare"
        log = copied(self.world.bank.log)
        return replace(self.world, bank=replace(self.world.bank, bench=house.bench, log=log))


async def make_template(state: Path) -> Template:
    """The first start, and Anne's account."""
    async with open_house(state) as house:
        browser = house.browser()
        link = str(house.cloud.setup_link).partition("/setup/")[2]
        answer = await browser.set_up(f"{URL}/setup/{link}", "Anne")
        assert answer.status_code == 303, answer.text
        return Template(state, house.secrets[ANNE])


async def make_furnished(bare: Template, state: Path) -> Template:
    """The same, furnished; whatever the furniture sets off has been done."""
    async with open_house(state, bare) as house:
        world = await house.furnish()
        while await house.is_busy():
            await house.settle()
        return Template(state, bare.secret, world)


def _is_busy(work: Work) -> bool:
    ready = s.job.c.locked_until.is_not(None) | (s.job.c.due <= work.now)
    # This house has no mail server set, so it has no mailer.
    waiting = (s.job.c.state == WAITING) & ready & s.job.c.kind.not_like("mail%")
    return work.tx.execute(s.job.select().where(waiting)).first() is not None
