"""A property room: doors for two, and the people who keep and carry what is in them."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from bayward.cloud import orders
from bayward.cloud.fleet import enrolment
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.commands import Order
from bayward.core.compartment import Mode
from bayward.core.events import EventType
from bayward.core.ids import CommandId, PersonId
from bayward.core.roles import Node, Role
from cloud_bench import BankTwin
from cloud_house import Browser, House
from item_desk import do

URL = "/console/items/doors"
T = EventType


@dataclass
class Room:
    """A property room: door 1 for evidence, door 2 for medicine, the rest plain."""

    house: House
    bank: BankTwin
    node: Node
    people: dict[str, PersonId]
    browsers: dict[str, Browser]

    def door(self, kind: str, number: int = 1) -> dict[str, str]:
        compartment = str(self.bank.door(number))
        return {"bank": str(self.bank.id), "compartment": compartment, "kind": kind}

    async def by(self, name: str, url: str, **form: str) -> httpx.Response:
        return await do(self.browsers[name], url, form, f"{name.lower()}@example.com")

    async def block(self, number: int = 1) -> None:
        door = self.bank.door(number)
        self.bank.record(T.COMPARTMENT_BLOCKED, compartment=door, reason="seal broken")
        await self.bank.upload(self.house.cloud.ingest)

    async def orders(self) -> list[Order]:
        def read(work: Work) -> list[Order]:
            rows = work.tx.execute(s.command.select().order_by(s.command.c.created_at)).all()
            ids = [CommandId(row.command) for row in rows]
            return [orders.get(work, self.house.tenant, one).order for one in ids]

        return list(await self.house.do(read))


async def furnished(house: House, anne: Browser) -> Room:
    await house.do(lambda work: enrolment.create_site(work, house.tenant, "North"))
    modes = {1: Mode.EVIDENCE, 2: Mode.MEDICINE}
    bank = await house.bench.bank(house.tenant, modes=modes)
    site = await house.do(
        lambda work: work.tx.execute(s.bank.select().where(s.bank.c.bank == bank.id)).one().site
    )
    node = Node(house.tenant, site)
    made = Room(house, bank, node, {}, {"Anne": anne})
    for name, role in (("Cora", Role.CUSTODIAN), ("Clem", Role.CUSTODIAN), ("Bo", Role.BEARER)):
        person = await house.person(name, role, node=node)
        await house.browser().join(person, name)
        made.people[name] = person
        made.browsers[name] = await house.browser().be(name)
    return made


async def me(room: Room) -> PersonId:
    rows = (await room.browsers["Anne"].get("/api/v1/people?q=anne")).json()["rows"]
    return PersonId(rows[0]["person"])
