from __future__ import annotations

import pytest

from bayward.cloud.custody import items, stock
from bayward.cloud.custody.items import Description, Proposal, Reading
from bayward.cloud.incidents import service as incidents
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import EventType
from bayward.core.ids import ItemId, PersonId
from bayward.core.items import ItemKind, OfferKind
from cloud_bench import BankTwin, CloudBench, named

ANNE, BEN = (PersonId(named(PersonId, number)) for number in (1, 2))
PILLS = Description(
    kind=ItemKind.MEDICINE,
    text="morphine 10 mg",
    count=28,
    unit="tablets",
    lot="L-7",
    expires_on="2099-12-31",
    is_controlled=True,
)
T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


@pytest.fixture
async def pills(cloud: CloudBench, bank: BankTwin) -> ItemId:
    return await cloud.do(items.register, bank.tenant, PILLS, actor=ANNE)


async def test_a_stock_lives_in_the_table_as_the_log_tells_it(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    view = await cloud.do(items.get_item, bank.tenant, pills)
    assert view.item.stock is not None
    assert (view.item.stock.count, view.item.stock.lot) == (28, "L-7")
    assert view.item.stock.is_controlled
    assert view.item.stock.expires_on == "2099-12-31"


async def test_a_count_that_differs_opens_an_incident_and_a_recount_ends_the_doubt(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    assert not await cloud.do(stock.count, bank.tenant, pills, 27, actor=ANNE)
    [incident] = await cloud.do(incidents.incidents, bank.tenant)
    assert (incident.kind, incident.severity, incident.bank) == (
        T.STOCK_DIFFERS.value,
        "critical",
        bank.id,
    )
    view = await cloud.do(items.get_item, bank.tenant, pills)
    assert view.item.stock is not None
    assert (view.item.stock.count, view.item.stock.is_doubted) == (28, True)
    assert await cloud.do(stock.count, bank.tenant, pills, 28, actor=ANNE)
    assert len(cloud.events(T.ITEM_COUNTED)) == 2
    assert len(cloud.events(T.STOCK_DIFFERS)) == 1


async def test_who_counts_another_number_has_refused_and_it_stays(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    to_ben = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, bank.tenant, pills, to_ben, actor=ANNE)
    with pytest.raises(Invalid):
        await cloud.do(stock.accept, bank.tenant, pills, Reading(), actor=BEN)
    read = Reading(count=26)
    assert not await cloud.do(stock.accept, bank.tenant, pills, read, actor=BEN)
    view = await cloud.do(items.get_item, bank.tenant, pills)
    assert (view.item.holder.ref, view.item.offer) == (ANNE, None)
    [refused] = cloud.events(T.CUSTODY_REFUSED)
    assert refused.reason == "counted 26 tablets, the record says 28"
    assert len(await cloud.do(incidents.incidents, bank.tenant)) == 1
    await cloud.do(items.offer, bank.tenant, pills, to_ben, actor=ANNE)
    assert await cloud.do(stock.accept, bank.tenant, pills, Reading(count=28), actor=BEN)


async def test_a_stranger_is_not_heard_by_counting_wrong(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    with pytest.raises(Conflict):
        await cloud.do(stock.accept, bank.tenant, pills, Reading(count=1), actor=BEN)
    assert cloud.events(T.ITEM_COUNTED) == []


async def test_waste_counts_once_the_witness_has_seen_it(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    waste = Proposal(kind=OfferKind.WASTE, count=3, reason="ampoule broke")
    await cloud.do(items.offer, bank.tenant, pills, waste, actor=ANNE)
    with pytest.raises(Conflict, match="same_person"):
        await cloud.do(items.witness, bank.tenant, pills, actor=ANNE)
    await cloud.do(items.witness, bank.tenant, pills, actor=BEN)
    [drawn] = cloud.events(T.ITEM_DRAWN)
    assert (drawn.count, drawn.witness, drawn.purpose) == (25, BEN, "waste")
    view = await cloud.do(items.get_item, bank.tenant, pills)
    assert view.item.stock is not None
    assert view.item.stock.count == 25


async def test_a_controlled_medicine_is_not_dispensed_by_one(
    cloud: CloudBench, bank: BankTwin, pills: ItemId
) -> None:
    with pytest.raises(Conflict, match="witness"):
        await cloud.do(stock.dispense, bank.tenant, pills, 1, actor=ANNE, authority="R 12")
    plain = Description(
        kind=ItemKind.MEDICINE, text="paracetamol", count=10, unit="tablets", lot="L-1"
    )
    other = await cloud.do(items.register, bank.tenant, plain, actor=ANNE)
    await cloud.do(stock.dispense, bank.tenant, other, 4, actor=ANNE, authority="R 12")
    view = await cloud.do(items.get_item, bank.tenant, other)
    assert view.item.stock is not None
    assert view.item.stock.count == 6


async def test_where_there_is_no_bank_the_item_alone_says_so(cloud: CloudBench) -> None:
    tenant = await cloud.tenant(2)
    pills = await cloud.do(items.register, tenant, PILLS, actor=ANNE)
    assert not await cloud.do(stock.count, tenant, pills, 5, actor=ANNE)
    assert await cloud.do(incidents.incidents, tenant) == []
    view = await cloud.do(items.get_item, tenant, pills)
    assert view.item.stock is not None
    assert view.item.stock.is_doubted
