from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.cloud.custody import item_store, items, parties
from bayward.cloud.custody.item_store import Wanted
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.custody.parties import Named
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.errors import Invalid
from bayward.core.ids import ItemId, PersonId
from bayward.core.items import Holder, HolderKind, ItemKind, ItemState, OfferKind
from cloud_bench import BankTwin, CloudBench, named

ANNE, BEN = PersonId(named(PersonId, 1)), PersonId(named(PersonId, 2))


async def register(cloud: CloudBench, bank: BankTwin, case: str, exhibit: str) -> ItemId:
    told = Description(kind=ItemKind.EVIDENCE, text="x", case=case, exhibit=exhibit)
    cloud.wait(10)
    item: ItemId = await cloud.do(items.register, bank.tenant, told, actor=ANNE)
    return item


async def test_lists_by_state_holder_case_text_and_page(cloud: CloudBench, bank: BankTwin) -> None:
    one = await register(cloud, bank, "26-1", "A1")
    two = await register(cloud, bank, "26-1", "50%")
    three = await register(cloud, bank, "26-2", "B1")
    cloud.wait(10)
    offer = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, bank.tenant, one, offer, actor=ANNE)

    async def ids(wanted: Wanted, **page: object) -> list[str]:
        found = await cloud.do(items.items, bank.tenant, wanted, **page)
        assert len(found) <= await cloud.do(items.count, bank.tenant, wanted)
        return [view.item.id for view in found]

    assert await ids(Wanted()) == [one, three, two]
    assert await ids(Wanted(states=(ItemState.HELD,))) == [three, two]
    assert await ids(Wanted(concerns=BEN)) == [one]
    assert await ids(Wanted(holder=ANNE), count=1) == [one]
    assert await ids(Wanted(case="26-1")) == [one, two]
    assert await ids(Wanted(text="0%")) == [two]
    assert await ids(Wanted(text=three.label.lower())) == [three]
    last = await cloud.do(items.get_item, bank.tenant, three)
    assert await ids(Wanted(), before=(last.changed_at, last.item.id)) == [two]


async def test_a_row_reads_back_as_it_was_put(cloud: CloudBench, bank: BankTwin) -> None:
    one = await register(cloud, bank, "26-1", "A1")
    offer = Proposal(kind=OfferKind.RELEASE, party="court", authority="order 7")
    await cloud.do(items.offer, bank.tenant, one, offer, actor=ANNE)
    view = await cloud.do(items.get_item, bank.tenant, one)

    def put(work: Work) -> None:
        item_store.put(work.tx, bank.tenant, view)
        assert item_store.find(work.tx, bank.tenant, one) == view
        assert item_store.labelled(work.tx, bank.tenant, one.label) == view
        assert item_store.as_parcel(work.tx, bank.tenant, "prc_x") is None

    await cloud.unit.write(put)
    assert len(cloud.rows(s.item)) == 1


async def test_what_an_outside_party_is_called_lies_sealed_and_is_found_by_id(
    cloud: CloudBench, bank: BankTwin
) -> None:
    numbers = [await register(cloud, bank, "26-1", exhibit) for exhibit in ("A1", "A2", "A3")]
    names = ("Laboratory Quill", "laboratory quill", "Doctor Ibex")

    def give_away(work: Work) -> list[Named]:
        found = [parties.named(work, bank.tenant, name) for name in names]
        for number, one in zip(numbers, found, strict=True):
            view = item_store.find(work.tx, bank.tenant, number)
            assert view is not None
            gone = replace(view.item, holder=Holder(HolderKind.PARTY, one.id or "", one.name or ""))
            item_store.put(work.tx, bank.tenant, replace(view, item=gone))
        return found

    quill, again, ibex = await cloud.do(give_away)
    assert quill.id == again.id != ibex.id
    assert not [name for name in names if name.encode() in cloud.dump()]

    def look(work: Work) -> None:
        holders = item_store.holders(work.tx, bank.tenant, Wanted(), count=9)
        assert {one.called.casefold() for one in holders} == {"doctor ibex", "laboratory quill"}
        assert item_store.count(work.tx, bank.tenant, Wanted(holder=quill.id)) == 2
        assert item_store.count(work.tx, bank.tenant, Wanted(holder="Laboratory Quill")) == 0

    await cloud.do(look)
    await cloud.do(lambda work: item_store.put(work.tx, bank.tenant, back(work, numbers[0], bank)))
    assert await cloud.do(items.count, bank.tenant, Wanted(holder=quill.id)) == 1


async def test_a_name_gets_into_no_column_that_is_not_sealed(
    cloud: CloudBench, bank: BankTwin
) -> None:
    one = await register(cloud, bank, "26-1", "A1")
    view = await cloud.do(items.get_item, bank.tenant, one)
    gone = replace(view.item, holder=Holder(HolderKind.PARTY, "Doctor Ibex"))
    with pytest.raises(Invalid, match=r"id\.malformed"):
        await cloud.do(lambda work: item_store.put(work.tx, bank.tenant, replace(view, item=gone)))


def back(work: Work, item: ItemId, bank: BankTwin) -> item_store.ItemView:
    view = item_store.find(work.tx, bank.tenant, item)
    assert view is not None
    return replace(view, item=replace(view.item, holder=Holder(HolderKind.PERSON, ANNE)))
