from __future__ import annotations

import pytest

from bayward.cloud import orders
from bayward.cloud.access import couriers
from bayward.cloud.access.store import AdmissionState, AdmissionView
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.commands import AdmitCourier, CommandResult, DismissCourier
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import CommandId, PersonId
from bayward.core.roles import Role
from cloud_bench import BankTwin, CloudBench

_T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


@pytest.fixture
async def carl(cloud: CloudBench, bank: BankTwin) -> PersonId:
    return await cloud.person(bank.tenant, "Carl", Role.COURIER)


async def admit(
    cloud: CloudBench, bank: BankTwin, carl: PersonId, until: Instant | None = None
) -> CommandId:
    return await cloud.do(
        couriers.admit,
        bank.tenant,
        bank.id,
        person=carl,
        name="Carl",
        carrier="UPS",
        until=until or after(cloud.clock.at, DAY_MS),
        actor=carl,
    )


async def admission(cloud: CloudBench, bank: BankTwin, carl: PersonId) -> AdmissionView:
    [found] = await cloud.do(couriers.admissions, bank.tenant, carl, bank.id)
    return found


async def test_a_courier_is_admitted_when_the_bank_says_so(
    cloud: CloudBench, bank: BankTwin, carl: PersonId
) -> None:
    command = await admit(cloud, bank, carl)
    until = after(cloud.clock.at, DAY_MS)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == AdmitCourier(carl, "Carl", "UPS", until)
    assert (await admission(cloud, bank, carl)).state is AdmissionState.REQUESTED
    bank.record(_T.COURIER_ADMITTED, actor=carl, carrier="UPS", not_after=until)
    await bank.upload(cloud.ingest)
    assert (await admission(cloud, bank, carl)).state is AdmissionState.ADMITTED


async def test_a_courier_is_dismissed(cloud: CloudBench, bank: BankTwin, carl: PersonId) -> None:
    await admit(cloud, bank, carl)
    ask = {"person": carl, "actor": carl}
    command = await cloud.do(couriers.dismiss, bank.tenant, bank.id, **ask)
    assert (await cloud.do(orders.get, bank.tenant, command)).order == DismissCourier(carl)
    bank.record(_T.COURIER_DISMISSED, actor=carl)
    await bank.upload(cloud.ingest)
    assert (await admission(cloud, bank, carl)).state is AdmissionState.DISMISSED
    with pytest.raises(Conflict):
        await cloud.do(couriers.dismiss, bank.tenant, bank.id, **ask)


async def test_what_the_bank_refuses_or_never_answers_is_no_admission(
    cloud: CloudBench, bank: BankTwin, carl: PersonId
) -> None:
    command = await admit(cloud, bank, carl)
    await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, False, "codes.full"))
    assert (await admission(cloud, bank, carl)).state is AdmissionState.REFUSED
    again = await admit(cloud, bank, carl)
    await cloud.do(orders.expire, bank.tenant, again)
    assert (await admission(cloud, bank, carl)).state is AdmissionState.REFUSED


async def test_a_dismissal_the_bank_never_got_leaves_him_admitted(
    cloud: CloudBench, bank: BankTwin, carl: PersonId
) -> None:
    until = after(cloud.clock.at, DAY_MS)
    await admit(cloud, bank, carl)
    bank.record(_T.COURIER_ADMITTED, actor=carl, carrier="UPS", not_after=until)
    await bank.upload(cloud.ingest)
    command = await cloud.do(couriers.dismiss, bank.tenant, bank.id, person=carl, actor=carl)
    await cloud.do(orders.expire, bank.tenant, command)
    assert (await admission(cloud, bank, carl)).state is AdmissionState.ADMITTED


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_permissions_end_and_within_a_year(
    cloud: CloudBench, bank: BankTwin, carl: PersonId, days: int
) -> None:
    with pytest.raises(Invalid):
        await admit(cloud, bank, carl, after(cloud.clock.at, days * DAY_MS))


async def test_identity_62_a_courier_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin, carl: PersonId
) -> None:
    await admit(cloud, bank, carl)
    stranger = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(couriers.dismiss, stranger, bank.id, person=carl, actor=carl)
    assert await cloud.do(couriers.admissions, stranger) == []
