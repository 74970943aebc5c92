from __future__ import annotations

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import items
from bayward.cloud.custody.items import Description, Proposal
from bayward.core.events import EventType
from bayward.core.ids import ItemId, ParcelId, PersonId
from bayward.core.item_chain import Link, chain
from bayward.core.items import Holder, HolderKind, ItemKind, ItemState, OfferKind
from cloud_bench import BankTwin, CloudBench, named

ANNE, BEN = PersonId(named(PersonId, 1)), PersonId(named(PersonId, 2))
_T = EventType


@pytest.fixture
async def knife(cloud: CloudBench, bank: BankTwin) -> ItemId:
    told = Description(kind=ItemKind.EVIDENCE, text="Kitchen knife", case="26-1187")
    item: ItemId = await cloud.do(items.register, bank.tenant, told, actor=ANNE)
    return item


def put_in(bank: BankTwin, label: str, *, by: str = ANNE, number: int = 1) -> None:
    space = {"compartment": bank.door(number), "parcel": named(ParcelId, number)}
    hands = {"actor": by, "recipient": BEN, "size": "M", "tracking": label}
    bank.record(_T.COMPARTMENT_RESERVED, **space, **hands)
    bank.record(_T.PARCEL_DEPOSITED, **space, **hands, method="kiosk", witness=BEN)


async def line(cloud: CloudBench, bank: BankTwin, item: ItemId) -> tuple[Link, ...]:
    found = await cloud.do(audit.happenings, bank.tenant, WantedEvents(item=item))
    return chain(one.event for one in reversed(found))


async def test_a_bank_moves_the_holder_by_its_own_events(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    put_in(bank, f" {knife.label.lower()} ")
    await bank.upload(cloud.ingest)
    stored = (await cloud.do(items.get_item, bank.tenant, knife)).item
    assert stored.holder == Holder(HolderKind.COMPARTMENT, bank.door(1))
    [event] = cloud.events(_T.CUSTODY_STORED)
    assert (event.actor, event.witness) == (ANNE, BEN)
    assert (event.origin, event.detail) == (bank.log.signer.key.name, "1")
    bank.collect(1)
    await bank.upload(cloud.ingest)
    found = await cloud.do(items.get_item, bank.tenant, knife)
    assert (found.item.holder, found.parcel) == (Holder(HolderKind.PERSON, BEN), None)
    assert [one.is_broken for one in await line(cloud, bank, knife)] == [False, False, False]


async def test_an_offer_ends_when_it_goes_into_a_compartment(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    offer = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, bank.tenant, knife, offer, actor=ANNE)
    put_in(bank, knife.label)
    await bank.upload(cloud.ingest)
    found = (await cloud.do(items.get_item, bank.tenant, knife)).item
    assert (found.state, found.offer) == (ItemState.STORED, None)


async def test_what_another_put_in_is_followed_and_marked(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    put_in(bank, knife.label, by=BEN)
    await bank.upload(cloud.ingest)
    found = (await cloud.do(items.get_item, bank.tenant, knife)).item
    assert (found.state, found.is_broken) == (ItemState.STORED, True)
    assert [one.is_broken for one in await line(cloud, bank, knife)] == [False, True, True]
    [event] = cloud.events(_T.CUSTODY_BROKEN)
    assert (event.reason, event.actor) == ("not_the_holder", BEN)


async def test_a_forced_door_and_an_emptied_compartment_break_it(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    put_in(bank, knife.label)
    bank.record(_T.DOOR_FORCED_OPEN, compartment=bank.door(1))
    bank.record(_T.DOOR_FORCED_OPEN, compartment=bank.door(2))
    bank.record(_T.COMPARTMENT_BLOCKED, compartment=bank.door(1), reason="left_inside")
    bank.record(_T.COMPARTMENT_RESTORED, compartment=bank.door(1), actor=ANNE)
    await bank.upload(cloud.ingest)
    reasons = [event.reason for event in cloud.events(_T.CUSTODY_BROKEN)]
    assert reasons == ["door_forced_open", "emptied_by_staff"]
    found = (await cloud.do(items.get_item, bank.tenant, knife)).item
    assert (found.holder, found.is_broken) == (Holder(HolderKind.PERSON, ANNE), True)


async def test_what_was_disposed_of_and_turns_up_again_is_marked(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    disposal = Proposal(kind=OfferKind.DISPOSAL, authority="rule 4")
    await cloud.do(items.offer, bank.tenant, knife, disposal, actor=ANNE)
    await cloud.do(items.witness, bank.tenant, knife, actor=BEN)
    put_in(bank, knife.label)
    await bank.upload(cloud.ingest)
    found = (await cloud.do(items.get_item, bank.tenant, knife)).item
    assert (found.state, found.is_broken) == (ItemState.DISPOSED, True)
    [event] = cloud.events(_T.CUSTODY_BROKEN)
    assert event.reason == "after_disposal"


async def test_a_parcel_that_is_no_item_is_none(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    put_in(bank, "1Z5R80000127")
    bank.collect(1)
    await bank.upload(cloud.ingest)
    assert [one.event.type for one in await line(cloud, bank, knife)] == [_T.ITEM_REGISTERED]


async def test_a_label_of_another_tenant_says_nothing(
    cloud: CloudBench, bank: BankTwin, knife: ItemId
) -> None:
    stranger = await cloud.bank(await cloud.tenant(2), 2)
    put_in(stranger, knife.label)
    await stranger.upload(cloud.ingest)
    assert (await cloud.do(items.get_item, bank.tenant, knife)).item.state is ItemState.HELD
