"""Who is outside is known by his name, has a key of his own, and is nobody of another tenant."""

from __future__ import annotations

import pytest

from bayward.cloud.audit import reader
from bayward.cloud.custody import items, parties
from bayward.cloud.custody.item_store import Sight
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.custody.parties import Named
from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import ItemId, PartyId, PersonId, SiteId, TenantId
from bayward.core.items import ItemKind, OfferKind
from bayward.core.roles import Node
from cloud_bench import CloudBench, named

ANNE, BEN = PersonId(named(PersonId, 1)), PersonId(named(PersonId, 2))


@pytest.fixture
async def tenant(cloud: CloudBench) -> TenantId:
    return await cloud.tenant()


async def call(cloud: CloudBench, tenant: TenantId, name: str) -> Named:
    return await cloud.do(parties.named, tenant, name)


async def test_one_name_is_one_party_in_any_case_and_after_the_index_key_is_replaced(
    cloud: CloudBench, tenant: TenantId
) -> None:
    court = await call(cloud, tenant, "Court of Épinal")
    assert court.id is not None
    decomposed = "Court of E\u0301pinal"
    for spelling in ("COURT OF ÉPINAL", "court of épinal", decomposed):
        again = await call(cloud, tenant, spelling)
        assert again.id == court.id, spelling
        assert again.name is not None
        assert again.name.casefold() == "court of épinal"  # as it is said now, composed
    await cloud.do(lambda work: cells.reindex(work.tx, tenant))
    assert (await call(cloud, tenant, "Court of Épinal")).id == court.id
    assert (await cloud.do(parties.get, tenant, court.id)).name == "Court of Épinal"
    assert (await call(cloud, tenant, "Court of Épinal (2)")).id != court.id
    assert "pinal" not in cloud.dump().decode("latin-1")


async def test_by_his_id_he_is_called_as_he_was(cloud: CloudBench, tenant: TenantId) -> None:
    court = await call(cloud, tenant, "County Court")
    assert await call(cloud, tenant, str(court.id)) == court


async def test_identity_62_a_party_of_another_tenant_is_nobody(
    cloud: CloudBench, tenant: TenantId
) -> None:
    stranger = await cloud.tenant(2)
    court = await call(cloud, tenant, "County Court")
    assert court.id is not None
    assert (await call(cloud, stranger, "County Court")).id != court.id
    with pytest.raises(Invalid, match=r"party\.unknown"):
        await call(cloud, stranger, court.id)
    with pytest.raises(NotFound):
        await cloud.do(parties.get, stranger, court.id)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("erased", "party.name"),
        ("ERASED", "party.name"),
        ("(Erased)", "party.name"),
        ("era\u200csed", "party.name"),
        ("(not in this pack)", "party.name"),
        ("County\u200b Court", "field.characters"),
        ("\u202eman", "field.characters"),
        ("Cou\u00adrt", "field.characters"),
        (named(PartyId, 9), "party.unknown"),
        ("pty_", "party.unknown"),
        ("x" * 501, "event.text_too_long"),
        ("x\x00", "field.characters"),
        ("\ud800", "field.characters"),
    ],
)
async def test_a_name_that_is_none_is_refused(
    cloud: CloudBench, tenant: TenantId, name: str, code: str
) -> None:
    told = Description(kind=ItemKind.EVIDENCE, text="x", party=name)
    with pytest.raises(Invalid) as caught:
        await cloud.do(items.register, tenant, told, actor=ANNE)
    assert caught.value.code == code
    assert caught.value.facts["field"] == "party"


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(1)",
        "<b>O'Hara</b>",
        "%00'; DROP TABLE party;--",
        "\u0645\u06cc\u200c\u0631\u0648\u0645",
        "🚓",
        "a",
    ],
)
async def test_a_hostile_name_is_only_a_name(
    cloud: CloudBench, tenant: TenantId, name: str
) -> None:
    item = await registered(cloud, tenant, name)
    [event] = [one for one in cloud.events(EventType.ITEM_REGISTERED) if one.item == item]
    assert event.party == name
    assert (await call(cloud, tenant, name)).id == event.party_id


async def registered(cloud: CloudBench, tenant: TenantId, party: str, **more: object) -> ItemId:
    told = Description(kind=ItemKind.EVIDENCE, text="x", party=party, **more)  # type: ignore[arg-type]  # as told
    cloud.wait(10)
    item: ItemId = await cloud.do(items.register, tenant, told, actor=ANNE)
    return item


async def test_what_names_him_is_his_and_the_rest_is_the_writers(
    cloud: CloudBench, tenant: TenantId
) -> None:
    item = await registered(cloud, tenant, "patrol 14", reason="search of 4 Mill Lane")
    offer = Proposal(kind=OfferKind.RELEASE, party="County Court", authority="order 7")
    await cloud.do(items.offer, tenant, item, offer, actor=ANNE)
    await cloud.do(items.witness, tenant, item, actor=BEN)
    await cloud.do(items.take_back, tenant, item, actor=BEN)
    patrol, court = [await call(cloud, tenant, one) for one in ("patrol 14", "County Court")]
    found = await cloud.do(reader.fields_of, tenant, str(court.id))
    assert sorted((one.name, one.value) for one in found) == sorted(
        [("party", "County Court"), ("party_id", court.id)] * 3
    )
    found = await cloud.do(reader.fields_of, tenant, str(patrol.id))
    assert [(one.name, one.value) for one in found] == [
        ("party", "patrol 14"), ("party_id", patrol.id),
    ]  # fmt: skip


async def test_what_the_rules_refuse_makes_nobody_known(
    cloud: CloudBench, tenant: TenantId
) -> None:
    item = await registered(cloud, tenant, "")
    keys = cloud.unit.house.keyring.count(tenant)
    half = Description(kind=ItemKind.EVIDENCE, text="x", party="County Court", photo="ab")
    with pytest.raises(Invalid, match=r"photo\.hash"):
        await cloud.do(items.register, tenant, half, actor=ANNE)
    offer = Proposal(kind=OfferKind.RELEASE, party="County Court")
    with pytest.raises(Conflict, match="not_the_holder"):
        await cloud.do(items.offer, tenant, item, offer, actor=BEN)
    assert cloud.unit.house.keyring.count(tenant) == keys
    assert cloud.rows(s.party) == []


async def test_an_offer_goes_to_one(cloud: CloudBench, tenant: TenantId) -> None:
    item = await registered(cloud, tenant, "")
    both = Proposal(kind=OfferKind.HAND_OVER, to=BEN, party="County Court")
    with pytest.raises(Invalid, match=r"custody\.to_whom"):
        await cloud.do(items.offer, tenant, item, both, actor=ANNE)


async def test_who_may_not_see_an_item_is_not_offered_its_parties(
    cloud: CloudBench, tenant: TenantId
) -> None:
    north, south = (Node.parse(f"{tenant}/{named(SiteId, one)}") for one in (1, 2))
    for name, node in (("patrol 14", north), ("Harbour police", south), ("the owner", north)):
        await registered(cloud, tenant, name, kept_at=node)
    shown = await cloud.do(parties.suggested, tenant, Sight((north,), BEN))
    assert shown == ["the owner", "patrol 14"]  # named last first
    assert await cloud.do(parties.suggested, tenant, Sight((), BEN)) == []
    assert len(await cloud.do(parties.suggested, tenant, Sight((), ANNE))) == 3  # she has them
    assert len(await cloud.do(parties.suggested, tenant, Sight((Node(tenant),), BEN))) == 3
