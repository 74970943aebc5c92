from __future__ import annotations

import pytest

from bayward.cloud import orders
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store
from bayward.cloud.storage import schema as s
from bayward.core.commands import BlockCompartment, RestoreCompartment
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, CompartmentId, PersonId
from bayward.core.roles import Role
from bayward.wire.messages import layout_of
from cloud_bench import BankTwin, CloudBench, compartment, named

_T = EventType
ADA = PersonId(named(PersonId, 7))


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


async def test_doors_are_ordered_out_of_service_and_back(cloud: CloudBench, bank: BankTwin) -> None:
    door = bank.door(1)
    ask = {"actor": ADA, "reason": "hinge"}
    with pytest.raises(Conflict):
        await cloud.do(fleet.restore, bank.tenant, bank.id, door, actor=ADA)
    command = await cloud.do(fleet.block, bank.tenant, bank.id, door, **ask)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == BlockCompartment(door, ADA, "hinge")
    assert cloud.rows(s.compartment)[0].state == "free"  # not before the bank has said so
    bank.record(_T.COMPARTMENT_BLOCKED, compartment=door, reason="hinge")
    await bank.upload(cloud.ingest)
    [first, *_] = cloud.rows(s.compartment)
    assert (first.state, first.block_reason) == ("blocked", "hinge")
    with pytest.raises(Conflict):
        await cloud.do(fleet.block, bank.tenant, bank.id, door, **ask)
    command = await cloud.do(fleet.restore, bank.tenant, bank.id, door, actor=ADA)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == RestoreCompartment(door, ADA)
    bank.record(_T.COMPARTMENT_RESTORED, compartment=door, actor=ADA)
    await bank.upload(cloud.ingest)
    [first, *_] = cloud.rows(s.compartment)
    assert (first.state, first.block_reason) == ("free", None)


async def test_identity_62_doors_and_banks_of_others_are_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    stranger = await cloud.tenant(2)
    other = await cloud.bank(bank.tenant, 2)
    asked = [
        (stranger, bank.id, bank.door(1)),
        (bank.tenant, other.id, bank.door(1)),
        (bank.tenant, bank.id, CompartmentId(named(CompartmentId, 99))),
        (bank.tenant, BankId(named(BankId, 99)), bank.door(1)),
    ]
    for tenant, where, door in asked:
        with pytest.raises(NotFound):
            await cloud.do(fleet.block, tenant, where, door, actor=ADA, reason="mine")
    with pytest.raises(NotFound):
        await cloud.do(fleet.directory, stranger, bank.id)
    assert cloud.rows(s.command) == []


async def test_a_rebuilt_bank_keeps_the_doors_that_are_gone_for_the_history(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.record(_T.COMPARTMENT_BLOCKED, compartment=bank.door(1), reason="hinge")
    await bank.upload(cloud.ingest)
    rebuilt = [compartment(bank.door(door), door) for door in (1, 2, 9)]
    await cloud.ingest.layout(bank.device, layout_of("Lobby", "2" * 64, rebuilt))
    built = await cloud.unit.read(lambda work: store.layout(work.tx, bank.tenant, bank.id))
    assert [one.compartment.number for one in built] == [1, 2, 9]
    assert built[0].block_reason == "hinge"
    assert len(cloud.rows(s.compartment)) == 5
    assert (await cloud.do(fleet.get_bank, bank.tenant, bank.id)).layout_hash == "2" * 64


async def test_a_change_of_the_directory_wakes_every_bank_of_the_tenant(
    cloud: CloudBench, bank: BankTwin
) -> None:
    other = await cloud.bank(bank.tenant, 2)
    stranger = await cloud.bank(await cloud.tenant(2), 3)
    heard: list[frozenset[str]] = []
    cloud.unit.on_commit(heard.append)
    await cloud.person(bank.tenant, "Anne", Role.RESIDENT)
    told = frozenset[str]().union(*heard)
    assert {f"bank/{bank.id}", f"bank/{other.id}"} <= told
    assert f"bank/{stranger.id}" not in told
