from __future__ import annotations

from collections.abc import Callable

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import item_store, items
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.custody.items import Description, Proposal, Reading
from bayward.cloud.storage import schema as s
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import ItemId, PersonId, TenantId
from bayward.core.item_chain import chain
from bayward.core.items import (
    OFFER_LIFE_MS,
    HolderKind,
    ItemKind,
    ItemState,
    OfferKind,
    SealState,
)
from cloud_bench import CloudBench, named

ANNE, BEN, CARA = (PersonId(named(PersonId, number)) for number in (1, 2, 3))
KNIFE = Description(
    kind=ItemKind.EVIDENCE, text="Kitchen knife, 21 cm", case="26-1187", exhibit="A1", seal="S1"
)
INTACT = Reading(seal="S1", result="intact")


@pytest.fixture
async def tenant(cloud: CloudBench) -> TenantId:
    return await cloud.tenant()


@pytest.fixture
async def knife(cloud: CloudBench, tenant: TenantId) -> ItemId:
    return await cloud.do(items.register, tenant, KNIFE, actor=ANNE)


async def now(cloud: CloudBench, tenant: TenantId, item: ItemId) -> ItemView:
    return await cloud.do(items.get_item, tenant, item)


def told(cloud: CloudBench) -> list[str]:
    return [
        event.type.value for _, event in cloud.told if event.item is not None
    ]  # fmt: skip


async def test_a_hand_over_needs_both_and_says_who_gave_it(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    to_ben = Proposal(kind=OfferKind.HAND_OVER, to=BEN, reason="to the laboratory")
    until = await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    assert until == cloud.clock.at + OFFER_LIFE_MS
    assert (await now(cloud, tenant, knife)).item.holder.ref == ANNE
    with pytest.raises(Conflict, match="not_offered_to_you"):
        await cloud.do(items.accept, tenant, knife, INTACT, actor=CARA)
    with pytest.raises(Invalid, match="mismatch"):
        await cloud.do(items.accept, tenant, knife, Reading(seal="S2"), actor=BEN)
    await cloud.do(items.accept, tenant, knife, INTACT, actor=BEN)
    found = (await now(cloud, tenant, knife)).item
    assert (found.holder.ref, found.state, found.offer) == (BEN, ItemState.HELD, None)
    [event] = cloud.events(EventType.CUSTODY_ACCEPTED)
    assert (event.actor, event.subject, event.seal) == (BEN, ANNE, "S1")
    assert told(cloud) == ["item.registered", "custody.offered", "custody.accepted"]


async def test_nothing_is_logged_that_the_rules_forbid(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    offer = Proposal(kind=OfferKind.HAND_OVER, to=ANNE)
    with pytest.raises(Conflict, match="same_person"):
        await cloud.do(items.offer, tenant, knife, offer, actor=ANNE)
    with pytest.raises(Conflict, match="nothing_to_witness"):
        await cloud.do(items.witness, tenant, knife, INTACT, actor=BEN)
    with pytest.raises(Conflict, match="not_outside"):
        await cloud.do(items.take_back, tenant, knife, INTACT, actor=BEN)
    empty = Description(kind=ItemKind.EVIDENCE, text=" ")
    with pytest.raises(Invalid, match="field=detail"):
        await cloud.do(items.register, tenant, empty, actor=ANNE)
    assert told(cloud) == ["item.registered"]


async def test_an_offer_nobody_answers_lapses(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    to_ben = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    await cloud.do(items.lapse, tenant, knife)
    assert (await now(cloud, tenant, knife)).item.state is ItemState.OFFERED
    cloud.wait(OFFER_LIFE_MS)
    with pytest.raises(Conflict, match="too_late"):
        await cloud.do(items.accept, tenant, knife, INTACT, actor=BEN)
    await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    assert told(cloud)[-2:] == ["custody.lapsed", "custody.offered"]
    jobs = [row for row in cloud.rows(s.job) if row.kind == items.LAPSE_JOB]
    assert len(jobs) == 2


async def test_a_refusal_and_a_withdrawal_leave_it_with_the_holder(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    to_ben = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    with pytest.raises(Invalid, match="reason"):
        await cloud.do(items.refuse, tenant, knife, actor=BEN, reason="")
    await cloud.do(items.refuse, tenant, knife, actor=BEN, reason="seal looks cut")
    await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    await cloud.do(items.withdraw, tenant, knife, actor=ANNE)
    found = (await now(cloud, tenant, knife)).item
    assert (found.holder.ref, found.state) == (ANNE, ItemState.HELD)
    [refused] = cloud.events(EventType.CUSTODY_REFUSED)
    assert refused.reason == "seal looks cut"


async def test_out_of_the_house_and_back_with_a_witness_and_a_look_at_the_seal(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    release = Proposal(kind=OfferKind.RELEASE, party="County Court", authority="order 7")
    await cloud.do(items.offer, tenant, knife, release, actor=ANNE)
    with pytest.raises(Conflict, match="same_person"):
        await cloud.do(items.witness, tenant, knife, INTACT, actor=ANNE)
    await cloud.do(items.witness, tenant, knife, INTACT, actor=BEN)
    outside = (await now(cloud, tenant, knife)).item
    assert (outside.holder.kind, outside.holder.called) == (HolderKind.PARTY, "County Court")
    [event] = cloud.events(EventType.CUSTODY_RELEASED)
    assert (event.party, event.party_id) == ("County Court", outside.holder.ref)
    broken = Reading(seal="S1", result="broken")
    await cloud.do(items.take_back, tenant, knife, broken, actor=CARA)
    [event] = cloud.events(EventType.CUSTODY_RETURNED)
    assert (event.party, event.party_id) == ("County Court", outside.holder.ref)
    back = (await now(cloud, tenant, knife)).item
    assert (back.holder.ref, back.seal_state) == (CARA, SealState.BROKEN)
    await cloud.do(items.seal, tenant, knife, "S2", actor=CARA, reason="came back broken")
    await cloud.do(items.check_seal, tenant, knife, Reading(seal="S2", result="intact"), actor=CARA)
    assert (await now(cloud, tenant, knife)).item.seal_state is SealState.INTACT


async def test_what_a_laboratory_has_sealed_anew_is_received_with_its_seal(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    offered = Proposal(kind=OfferKind.RELEASE, party="Laboratory")
    await cloud.do(items.offer, tenant, knife, offered, actor=ANNE)
    await cloud.do(items.witness, tenant, knife, Reading(seal="S1", result="intact"), actor=BEN)
    wrong = Reading(seal="L7", result="intact")
    with pytest.raises(Invalid, match=r"seal\.another"):
        await cloud.do(items.take_back, tenant, knife, wrong, actor=CARA)
    found = Reading(seal="L7", result="replaced")
    await cloud.do(items.take_back, tenant, knife, found, actor=CARA)
    [event] = cloud.events(EventType.CUSTODY_RETURNED)
    assert (event.seal_before, event.seal, event.result) == ("S1", "L7", "replaced")
    assert event.party == "Laboratory"
    assert cloud.events(EventType.SEAL_CHECKED) == []
    back = (await now(cloud, tenant, knife)).item
    assert (back.holder.ref, back.seal, back.seal_broken_at) == (CARA, "L7", event.time)
    await cloud.do(items.check_seal, tenant, knife, Reading(seal="L7", result="intact"), actor=CARA)
    interrupted = await cloud.do(items.items, tenant, Wanted(is_broken=True))
    assert [one.item.id for one in interrupted] == [knife]


async def test_the_end_has_an_authority_and_a_witness(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    nothing = Proposal(kind=OfferKind.DISPOSAL)
    with pytest.raises(Invalid, match="authority"):
        await cloud.do(items.offer, tenant, knife, nothing, actor=ANNE)
    disposal = Proposal(kind=OfferKind.DISPOSAL, authority="retention rule 4")
    await cloud.do(items.offer, tenant, knife, disposal, actor=ANNE)
    await cloud.do(items.witness, tenant, knife, INTACT, actor=BEN)
    found = await now(cloud, tenant, knife)
    assert found.item.state is ItemState.DISPOSED
    [event] = cloud.events(EventType.ITEM_DISPOSED)
    assert (event.actor, event.witness, event.authority) == (ANNE, BEN, "retention rule 4")


async def test_what_a_holder_cannot_hand_over_is_taken_and_marked(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    await cloud.do(items.take, tenant, knife, actor=BEN, reason="holder has left")
    found = (await now(cloud, tenant, knife)).item
    assert (found.holder.ref, found.is_broken) == (BEN, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "x\x00"}, "field.characters"),
        ({"text": "x" * 501}, "event.text_too_long"),
        ({"case": "9" * 61}, "field.too_long"),
        ({"photo": "abc"}, "photo.hash"),
    ],
)
async def test_a_description_has_limits(
    cloud: CloudBench, tenant: TenantId, change: dict[str, str], code: str
) -> None:
    told = Description(**({"kind": ItemKind.MEDICINE, "text": "x"} | change))  # type: ignore[arg-type]  # texts
    with pytest.raises(Invalid) as caught:
        await cloud.do(items.register, tenant, told, actor=ANNE)
    assert caught.value.code == code


async def test_the_log_tells_the_same_line_as_the_view(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    to_ben = Proposal(kind=OfferKind.HAND_OVER, to=BEN)
    await cloud.do(items.offer, tenant, knife, to_ben, actor=ANNE)
    await cloud.do(items.accept, tenant, knife, INTACT, actor=BEN)
    await cloud.do(items.register, tenant, KNIFE, actor=CARA)
    found = await cloud.do(audit.happenings, tenant, WantedEvents(item=knife))
    lines = chain(one.event for one in reversed(found))
    assert [line.after.ref for line in lines] == [ANNE, ANNE, BEN]
    assert not any(line.is_broken for line in lines)


async def test_identity_62_an_item_of_another_tenant_is_not_found(
    cloud: CloudBench, tenant: TenantId, knife: ItemId
) -> None:
    stranger = await cloud.tenant(2)
    verbs: list[Callable[..., object]] = [items.lapse, items.accept, items.witness]
    with pytest.raises(NotFound):
        await cloud.do(items.get_item, stranger, knife)
    for verb in verbs:
        more = {} if verb is items.lapse else {"actor": BEN}
        with pytest.raises(NotFound):
            await cloud.do(verb, stranger, knife, **more)
    assert await cloud.do(items.items, stranger, item_store.Wanted()) == []
    assert await cloud.do(items.count, tenant, item_store.Wanted()) == 1
