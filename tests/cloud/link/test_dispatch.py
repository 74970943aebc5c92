"""The dispatcher over real sessions: a bank's own end of the link, frames carried in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
import pytest

from bayward.cloud import orders
from bayward.cloud.access import service as access
from bayward.cloud.fleet import service as fleet
from bayward.cloud.link.connections import Connections
from bayward.cloud.link.dispatch import Dispatcher
from bayward.cloud.link.session import Session, Shared
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.core.commands import Order, RotateCode
from bayward.core.events import EventType
from bayward.core.ids import CommandId, GrantId, PersonId
from bayward.core.roles import Role
from bayward.wire.link import EdgeLink
from bayward.wire.link import events as e
from bayward.wire.messages import Done, Ended
from cloud_bench import BankTwin, CloudBench, named

GRANT = GrantId(named(GrantId, 1))


class Pipe:
    """Frames in memory; the one end is a session's transport."""

    told = ""

    def __init__(self) -> None:
        self.up: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.down: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def receive(self) -> bytes | None:
        return await self.up.get()

    async def send(self, frame: bytes) -> None:
        self.down.put_nowait(frame)

    async def close(self, reason: str) -> None:
        del reason
        self.down.put_nowait(None)

    def abort(self) -> None:
        self.up.put_nowait(None)
        self.down.put_nowait(None)


@dataclass
class Edge:
    """A bank's computer: the real `EdgeLink`, which does every order and keeps every page."""

    bank: BankTwin
    epoch: str
    pipe: Pipe = field(default_factory=Pipe)
    orders: list[Order] = field(default_factory=list)
    directory: list[str] = field(default_factory=list)
    revision: int = 0
    is_mute: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        hello = msgspec.structs.replace(
            self.bank.hello, epoch=self.epoch, directory_revision=self.revision
        )
        link = EdgeLink(hello, heartbeat_ms=30_000)
        link.opened(0)
        self._flush(link)
        while (frame := await self.pipe.down.get()) is not None:
            for event in link.receive(frame, 0):
                self._take(link, event)
            self._flush(link)

    def _take(self, link: EdgeLink, event: e.EdgeEvent) -> None:
        match event:
            case e.Welcomed(welcome=welcome):
                link.go_live(welcome.acked)
            case e.CommandArrived(call=call, command=command):
                self.orders.append(command.order)
                if not self.is_mute:
                    link.answer(call, Ended(is_done=True, result="rotated"))
                self.heard.set()
            case e.DirectoryArrived(call=call, revision=revision, recipients=recipients):
                self.revision = revision
                self.directory += [one.name for one in recipients]
                link.answer(call, Done())
            case _:
                pass

    def _flush(self, link: EdgeLink) -> None:
        for frame in link.data_to_send():
            self.pipe.up.put_nowait(frame)


@dataclass
class Net:
    """The listener's side without its sockets."""

    cloud: CloudBench
    connections: Connections
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def connect(self, edge: Edge) -> Session:
        shared = Shared(self.cloud.ingest, self.cloud.clock, lambda: 0.0)
        session = Session(shared, edge.bank.device, edge.pipe, version=1)
        await self.connections.enter(session)
        self.tasks += [asyncio.create_task(session.run()), asyncio.create_task(edge.run())]
        await until(lambda: self.connections.is_connected(edge.bank.id))
        return session

    async def cut(self, session: Session) -> None:
        session.drop("cable")
        await until(lambda: session.device.bank not in self.cloud.ingest.present)
        self.connections.leave(session)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - frames hop between four tasks until it is true
            await asyncio.sleep(0)


@pytest.fixture
async def net(cloud: CloudBench) -> AsyncIterator[Net]:
    net = Net(cloud, Connections())
    dispatcher = Dispatcher(cloud.unit, net.connections, cloud.ingest)
    dispatcher.start()
    yield net
    await dispatcher.stop()
    for task in net.tasks:
        task.cancel()
    await asyncio.gather(*net.tasks, return_exceptions=True)
    assert cloud.unit._listeners == []


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    bank = await cloud.bank(tenant)
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    await bank.upload(cloud.ingest)
    return bank


async def rotate(cloud: CloudBench, bank: BankTwin) -> CommandId:
    return await cloud.do(access.rotate, bank.tenant, GRANT, actor=named(PersonId, 8))


async def state(cloud: CloudBench, bank: BankTwin, command: CommandId) -> orders.State:
    return (await cloud.do(orders.get, bank.tenant, command)).state


async def test_an_order_reaches_a_connected_bank_and_its_outcome_is_written(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    edge = Edge(bank, "a" * 26)
    await net.connect(edge)
    command = await rotate(cloud, bank)
    await edge.heard.wait()
    await until(lambda: cloud.events(EventType.COMMAND_ENDED))
    assert edge.orders == [RotateCode(GRANT)]
    assert await state(cloud, bank, command) is orders.State.DONE


async def test_what_waited_for_the_cable_goes_out_when_it_is_back(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    command = await rotate(cloud, bank)
    edge = Edge(bank, "a" * 26)
    await net.connect(edge)
    await edge.heard.wait()
    await until(lambda: cloud.events(EventType.COMMAND_ENDED))
    assert await state(cloud, bank, command) is orders.State.DONE


async def test_an_order_whose_answer_was_lost_is_sent_again_and_the_outcome_found(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    mute = Edge(bank, "a" * 26, is_mute=True)
    session = await net.connect(mute)
    command = await rotate(cloud, bank)
    await mute.heard.wait()
    await net.cut(session)
    assert await state(cloud, bank, command) is orders.State.SENT
    again = Edge(bank, "b" * 26)
    await net.connect(again)
    await again.heard.wait()
    await until(lambda: cloud.events(EventType.COMMAND_ENDED))
    assert await state(cloud, bank, command) is orders.State.DONE


async def test_a_tap_is_not_repeated_on_another_connection(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    mute = Edge(bank, "a" * 26, is_mute=True)
    session = await net.connect(mute)
    anne = (await cloud.do(access.get_grant, bank.tenant, GRANT)).recipient
    await cloud.do(access.open_for_grant, bank.tenant, GRANT, presence="1", actor=anne)
    await mute.heard.wait()
    await net.cut(session)
    again = Edge(bank, "b" * 26)
    await net.connect(again)
    await until(lambda: again.revision)
    assert again.orders == []


async def test_a_bank_gets_the_directory_when_it_connects_and_when_it_changes(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    edge = Edge(bank, "a" * 26)
    await net.connect(edge)
    await until(lambda: edge.directory == ["Anne"])
    await cloud.person(bank.tenant, "Zoe", Role.RESIDENT)
    await cloud.person(bank.tenant, "Carl", Role.COURIER)
    await until(lambda: cloud.ingest.present[bank.id].directory_revision == edge.revision)
    await until(lambda: edge.directory[-2:] == ["Anne", "Zoe"])
    found = await cloud.do(people.get, bank.tenant, PersonId((await residents(cloud, bank))[0]))
    details = Details(name="Anna", email=found.email)
    edge.directory.clear()
    await cloud.do(people.change, bank.tenant, None, found.person, details)
    await until(lambda: edge.directory == ["Anna", "Zoe"])


async def residents(cloud: CloudBench, bank: BankTwin) -> list[str]:
    _, found = await cloud.do(fleet.directory, bank.tenant, bank.id)
    return [one.person for one in found]


async def test_a_bank_that_has_the_directory_is_left_alone(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    revision, _ = await cloud.do(fleet.directory, bank.tenant, bank.id)
    edge = Edge(bank, "a" * 26, revision=revision)
    await net.connect(edge)
    await rotate(cloud, bank)
    await edge.heard.wait()
    assert edge.directory == []


async def test_stopping_leaves_unanswered_orders_written_down(
    cloud: CloudBench, net: Net, bank: BankTwin
) -> None:
    other = Dispatcher(cloud.unit, net.connections, cloud.ingest)
    other.start()
    mute = Edge(bank, "a" * 26, is_mute=True)
    await net.connect(mute)
    command = await rotate(cloud, bank)
    await mute.heard.wait()
    await other.stop()
    assert await state(cloud, bank, command) is orders.State.SENT
