from __future__ import annotations

from bayward.cloud.custody import items, parties, party_store
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.unit import Work
from bayward.core.ids import PartyId, PersonId, TenantId
from bayward.core.items import ItemKind, OfferKind
from cloud_bench import CloudBench, named

ANNE = PersonId(named(PersonId, 1))
NAMES = ("patrol 14", "County Court", "State laboratory", "court clerk's office")


async def filled(cloud: CloudBench) -> tuple[TenantId, list[PartyId]]:
    """Four parties; those of one moment are told apart by their ids."""
    tenant = await cloud.tenant()
    found = []
    for number, name in enumerate(NAMES):
        cloud.wait(10 if number < 3 else 0)
        one = await cloud.do(parties.named, tenant, name)
        assert one.id is not None
        found.append(one.id)
    return tenant, found


async def test_listed_last_named_first_by_part_of_the_name_and_page_by_page(
    cloud: CloudBench,
) -> None:
    tenant, found = await filled(cloud)

    def pages(work: Work, text: str, count: int) -> list[str]:
        told: list[str] = []
        before = None
        while True:
            page = party_store.listed(work.tx, tenant, text=text, before=before, count=count)
            told += [one.name for one in page]
            if len(page) < count:
                return told
            before = (page[-1].named_at, page[-1].id)

    whole = await cloud.do(pages, "", 9)
    assert set(whole[:2]) == {"State laboratory", "court clerk's office"}
    assert whole[2:] == ["County Court", "patrol 14"]
    assert await cloud.do(pages, "", 1) == whole
    assert await cloud.do(pages, "COURT", 1) == [one for one in whole if "ourt" in one]
    assert await cloud.do(pages, "nobody", 9) == []
    cloud.wait(10)
    await cloud.do(parties.named, tenant, "PATROL 14")
    whole = await cloud.do(pages, "", 9)
    assert whole[0] == "patrol 14"
    assert await cloud.do(lambda work: party_store.names(work.tx, tenant, found[:1])) == {
        found[0]: "patrol 14"
    }


async def test_items_are_counted_once_each(cloud: CloudBench) -> None:
    tenant, [patrol, court, lab, _] = await filled(cloud)
    told = Description(kind=ItemKind.EVIDENCE, text="x", party="patrol 14")
    one = await cloud.do(items.register, tenant, told, actor=ANNE)
    await cloud.do(items.register, tenant, told, actor=ANNE)
    offer = Proposal(kind=OfferKind.RELEASE, party="County Court")
    await cloud.do(items.offer, tenant, one, offer, actor=ANNE)
    await cloud.do(items.withdraw, tenant, one, actor=ANNE)
    await cloud.do(items.offer, tenant, one, offer, actor=ANNE)

    def counts(work: Work) -> dict[str, int]:
        return party_store.item_counts(work.tx, tenant, [patrol, court, lab])

    assert await cloud.do(counts) == {patrol: 2, court: 1}
