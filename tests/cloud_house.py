"""A whole control plane in a temporary directory, and browsers to use it with.

The database, the log, the reactions, the policy and the faces are the real ones; requests go
straight into the application. Only time is moved by hand and mail goes to a list.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bayward.cloud.app import Cloud
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import service as people
from bayward.cloud.people import totp
from bayward.cloud.people.details import Details
from bayward.cloud.people.passwords import Pbkdf2
from bayward.cloud.settings import CloudSettings
from bayward.cloud.unit import Work
from bayward.core.clock import after
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Binding, Node, Role
from people_bench import START, HandClock

URL = "http://localhost:8000"
PASSWORD = "four quiet otters dancing"
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
        self._client.cookies.set("sid", value)

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

    async def sign_in(self, name: str) -> httpx.Response:
        """Password, then code."""
        email = f"{name.lower()}@example.com"
        answer = await self.post("/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        self.house.wait(totp.STEP_MS)
        return await self.post("/sign-in/totp", {"code": self.code(email)})

    def code(self, email: str, *, fresh: bool = False) -> str:
        """What the authenticator shows now."""
        if fresh:
            self.house.wait(totp.STEP_MS)
        return totp.hotp(self.house.secrets[email], totp.step_at(self.house.clock.at))


@asynccontextmanager
async def open_house(tmp_path: Path, **more: Any) -> AsyncIterator[House]:
    clock = HandClock(START)
    settings = CloudSettings(
        state=tmp_path / "state",
        public_url=more.pop("public_url", URL),
        name="audit.example.com",
        http_port=0,
        link_port=0,
        enrol_port=0,
        requests_per_s_max=500,
        **more,
    )
    cloud = Cloud(settings, clock=clock, is_loopback_called=True)
    async with cloud:
        cloud.desk.passwords._schemes = (FAST,)
        house = House(cloud, clock)
        await house.find_tenant()
        yield house
