"""Who is outside is forgotten alone: in tables, log, copies and packs, and every proof holds."""

from __future__ import annotations

import asyncio
import csv
import io

import pytest

from bayward.cloud.audit import evidence, export, reader
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.maker import Maker
from bayward.cloud.audit.pack_custody import CSV
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import form, items, parties
from bayward.cloud.custody.form import Told
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.custody.pack_form import NOT_HERE
from bayward.cloud.jobs import Worker
from bayward.cloud.privacy import erasures, holds
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.hold_store import HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import Place
from bayward.cloud.web import pack_forms
from bayward.core.clock import DAY_MS
from bayward.core.errors import BaywardError, Conflict, Invalid, NotFound
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import PartyId
from bayward.core.items import HolderKind, ItemKind, OfferKind
from bayward.core.roles import Role
from bayward.ledger.pack.archive import read_zip
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.verify import verify_receipt
from cloud_bench import CloudBench, named
from party_story import COURT, OWNER, REASON, Kept, lived
from privacy_bench import Ended, where

_T = EventType


@pytest.fixture
async def kept(ended: Ended) -> Kept:
    return await lived(ended.cloud, ended.tenant)


async def test_audit_13_a_party_is_forgotten_alone(ended: Ended, kept: Kept) -> None:
    cloud = ended.cloud
    assert where(cloud, OWNER) == {"party.name"}
    assert where(cloud, kept.owner) == {"party.party", "happening.party_id"}
    done = await kept.erase(kept.owner)
    assert (done.disclosures, done.banks) == (1, 0)
    await ended.work()
    assert where(cloud, OWNER) == set()
    assert where(cloud, kept.owner) == {"party.party"}  # an id of nobody, never given again
    assert cloud.unit.house.keyring.find(kept.tenant, done.key) is None
    registered, *_, returned = await kept.events()
    assert (registered.party, registered.party_id) == (ERASED, ERASED)
    assert (registered.actor, registered.detail) == (kept.cleo, "a knife")
    assert registered.reason == "found at 4 Mill"  # hers
    assert (returned.party, returned.party_id) == (COURT, kept.court)
    told = await cloud.do(audit.happenings, kept.tenant, Wanted(types=(_T.SUBJECT_ERASED,)))
    assert (told[0].event.actor, told[0].event.subject) == (kept.drew, done.key)
    assert [row for row in cloud.rows(s.command) if row.kind == "forget_person"] == []


async def test_audit_13_every_proof_holds_and_the_line_stays_whole(
    ended: Ended, kept: Kept
) -> None:
    cloud = ended.cloud
    wanted = Wanted(types=(_T.ITEM_REGISTERED,))
    [first] = await cloud.do(audit.happenings, kept.tenant, wanted)
    leaf = (await cloud.do(audit.receipt, kept.tenant, first.place)).leaf
    before = form.rows(Told(first.place, one) for one in await kept.events())
    for party in (kept.owner, kept.court):
        await kept.erase(party)
    await ended.work()
    for head in await cloud.do(audit.logs, kept.tenant):
        verdict = await cloud.do(export.verify, kept.tenant, head.origin)
        assert (verdict.ok, verdict.entries) == (True, head.size)
    receipt = await cloud.do(audit.receipt, kept.tenant, first.place)
    assert receipt.leaf == leaf
    assert verify_receipt(receipt.text).ok
    assert OWNER not in receipt.text
    after = form.rows(Told(first.place, one) for one in await kept.events())
    assert [one.what for one in after] == [one.what for one in before]
    assert not any(one.is_broken for one in after)
    moved = [(one.released_by, one.received_by) for one in after if one.received_by]
    assert moved == [("", kept.cleo), (kept.cleo, "(erased)"), ("(erased)", kept.cleo)]


async def test_audit_13_erasing_the_clerk_leaves_the_names(ended: Ended, kept: Kept) -> None:
    other = await ended.cloud.person(kept.tenant, "Ezra", Role.CUSTODIAN)
    offer = Proposal(kind=OfferKind.HAND_OVER, to=other)
    await ended.cloud.do(items.offer, kept.tenant, kept.item, offer, actor=kept.cleo)
    await ended.cloud.do(items.accept, kept.tenant, kept.item, actor=other)
    await ended.cloud.do(privacy.erase, kept.tenant, kept.cleo, basis=REASON, actor=kept.drew)
    await ended.work()
    registered, offered, released, *_ = events = await kept.events()
    assert (registered.party, registered.actor, registered.reason) == (OWNER, ERASED, None)
    assert (offered.party, offered.authority, released.party) == (COURT, None, COURT)
    assert not any(one.is_broken for one in form.rows(_told(events)))


async def test_audit_13_erasing_who_had_it_breaks_no_line(ended: Ended, kept: Kept) -> None:
    cloud, tenant = ended.cloud, kept.tenant
    ezra = await cloud.person(tenant, "Ezra", Role.CUSTODIAN)
    for giver, to in ((kept.cleo, ezra), (ezra, kept.drew)):
        offer = Proposal(kind=OfferKind.HAND_OVER, to=to)
        await cloud.do(items.offer, tenant, kept.item, offer, actor=giver)
        await cloud.do(items.accept, tenant, kept.item, actor=to)
    for person in (ezra, kept.cleo):
        await cloud.do(privacy.erase, tenant, person, basis=REASON, actor=kept.drew)
    await ended.work()
    rows = form.rows(_told(await kept.events()))
    assert not [one.what for one in rows if one.is_broken]
    assert [one.received_by for one in rows if one.received_by][-1] == kept.drew


def _told(events: list[Event]) -> list[Told]:
    place = Place("o", 0)
    return [Told(place, one) for one in events]


async def test_a_pack_names_him_no_more_and_one_from_before_comes_out_no_more(
    ended: Ended, kept: Kept
) -> None:
    cloud = ended.cloud
    maker = Maker(cloud.unit, {}, forms=pack_forms.rows)
    before = await asked(cloud, kept, maker)
    raw = await maker.fetch(before)
    assert COURT.encode() in b"".join(read_zip(raw)[1].values())
    for party in (kept.owner, kept.court):
        await kept.erase(party)
    await ended.work()
    with pytest.raises(Conflict, match=r"evidence\.changed"):
        await maker.fetch(before)
    raw = await maker.fetch(await asked(cloud, kept, maker))
    assert verify_zip(raw).ok
    told = read_zip(raw)[1]
    assert not [one for one in told if COURT.encode() in told[one] or OWNER.encode() in told[one]]
    rows = list(csv.DictReader(io.StringIO(told[CSV].decode(), newline="")))
    [released] = [row for row in rows if row["what"] == "custody.released"]
    assert (released["released_by_id"], released["received_by"]) == (kept.cleo, NOT_HERE)
    assert {row["is_broken"] for row in rows} == {"no"}
    assert NOT_HERE.encode() in told["data/case.jsonld"]


async def asked(cloud: CloudBench, kept: Kept, maker: Maker) -> Evidence:
    """A pack of the whole log that is ready."""
    origin = await cloud.do(audit.origin_of, kept.tenant)
    wanted = evidence.Wanted(origin=origin, authority="A", handed_to="B", reason="C")
    pack = await cloud.do(evidence.ask, kept.tenant, wanted, kept.drew)
    await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    return await cloud.do(evidence.fetchable, kept.tenant, pack.name, kept.drew)


async def test_what_he_has_or_is_offered_stands_in_the_way(ended: Ended, kept: Kept) -> None:
    cloud = ended.cloud
    offer = Proposal(kind=OfferKind.RELEASE, party=OWNER)
    await cloud.do(items.offer, kept.tenant, kept.item, offer, actor=kept.cleo)
    assert await kept.refused(kept.owner) == "erase.party_offered"
    assert await kept.refused(kept.owner, leaves_items=True) == "erase.party_offered"
    await cloud.do(items.witness, kept.tenant, kept.item, actor=kept.drew)
    assert await kept.refused(kept.owner) == "erase.party_items"
    await kept.erase(kept.court)  # has nothing
    await kept.erase(kept.owner, leaves_items=True)
    await ended.work()
    assert [one.detail for one in cloud.events(_T.SUBJECT_ERASED)] == [None, "leaves_items"]
    assert where(cloud, OWNER) == set()
    view = await cloud.do(items.get_item, kept.tenant, kept.item)
    assert (view.item.holder.kind, view.item.holder.called) == (HolderKind.PARTY, ERASED)
    with pytest.raises(Conflict, match=r"custody\.party_erased"):
        await cloud.do(items.take_back, kept.tenant, kept.item, actor=kept.cleo)
    await cloud.do(items.take, kept.tenant, kept.item, actor=kept.cleo, reason="found again")
    view = await cloud.do(items.get_item, kept.tenant, kept.item)
    assert (view.item.holder.ref, view.item.is_broken) == (kept.cleo, True)


@pytest.mark.parametrize("kind", [HoldKind.PARTY, HoldKind.PERIOD])
async def test_audit_13_a_hold_stands_in_the_way(ended: Ended, kept: Kept, kind: HoldKind) -> None:
    now = ended.cloud.clock.at
    about = {"subject": kept.owner}
    if kind is HoldKind.PERIOD:
        about = {"begins_at": now - DAY_MS, "ends_at": now + DAY_MS}  # type: ignore[dict-item]  # times
    scope = Scope(kind=kind, **about)  # type: ignore[arg-type]  # as above
    place = {"authority": "a court", "until": None, "actor": kept.drew}
    held = await ended.cloud.do(holds.place, kept.tenant, scope, **place)
    assert await kept.refused(kept.owner) == "hold.active"
    if kind is HoldKind.PARTY:
        await kept.erase(kept.court)
    await ended.cloud.do(holds.lift, kept.tenant, held.id, actor=kept.drew)
    await kept.erase(kept.owner)


async def test_nobody_is_erased_twice_or_in_another_tenant(ended: Ended, kept: Kept) -> None:
    cloud = ended.cloud
    stranger = await cloud.tenant(2)
    with pytest.raises(NotFound, match="party"):
        await cloud.do(privacy.erase, stranger, kept.owner, basis=REASON, actor=kept.drew)
    assert where(cloud, OWNER) == {"party.name"}
    await kept.erase(kept.owner)
    for party in (kept.owner, PartyId(named(PartyId, 99))):
        with pytest.raises(NotFound, match="party"):
            await kept.erase(party)
    with pytest.raises(NotFound):
        await cloud.do(parties.get, kept.tenant, kept.owner)


async def test_who_is_named_again_is_somebody_new(ended: Ended, kept: Kept) -> None:
    """Between the decision and the destruction of the key as well."""
    cloud = ended.cloud
    await kept.erase(kept.owner)
    with pytest.raises(Invalid, match=r"party\.unknown"):
        await cloud.do(parties.named, kept.tenant, kept.owner)
    again = await cloud.do(parties.named, kept.tenant, OWNER)
    assert again.id not in {None, kept.owner}
    await ended.work()
    assert (await cloud.do(parties.named, kept.tenant, OWNER.upper())).id == again.id
    assert (await kept.events())[0].party == ERASED


async def test_naming_and_erasing_at_once_leave_one_or_the_other(ended: Ended, kept: Kept) -> None:
    cloud = ended.cloud
    told = Description(kind=ItemKind.EVIDENCE, text="a fork", party=OWNER)
    naming = [cloud.do(items.register, kept.tenant, told, actor=kept.cleo) for _ in range(3)]
    await asyncio.gather(*naming, kept.erase(kept.owner))
    await ended.work()
    known = {row.party for row in cloud.rows(s.party) if row.state == "known"}
    for event in cloud.events(_T.ITEM_REGISTERED)[1:]:
        assert event.party_id in {*known, kept.owner}
    found = await cloud.do(audit.happenings, kept.tenant, Wanted(types=(_T.ITEM_REGISTERED,)))
    for one in found:
        assert (one.event.party == OWNER) == (one.event.party_id in known)
        assert one.event.party_id in {*known, ERASED}


async def test_two_people_erase_a_party_or_one_and_72_hours(ended: Ended, kept: Kept) -> None:
    cloud, tx = ended.cloud, ended.cloud.tx
    with tx.begin():
        tx.execute(
            s.role_binding.update().where(s.role_binding.c.person == ended.ada).values(not_before=1)
        )
        tx.execute(s.person.update().where(s.person.c.person == ended.ada).values(state="active"))
    asked = await cloud.do(erasures.ask, kept.tenant, kept.owner, basis=REASON, actor=ended.ada)
    assert asked.subject == kept.owner
    assert asked.due == cloud.clock.at + erasures.WAIT_MS
    with pytest.raises(BaywardError, match=r"erase\.same_person"):
        await cloud.do(erasures.confirm, kept.tenant, kept.owner, actor=ended.ada)
    await kept.give_out(OWNER)
    cloud.wait(erasures.WAIT_MS)
    await ended.work()
    [blocked] = cloud.events(_T.ERASURE_BLOCKED)
    assert (blocked.subject, blocked.reason) == (kept.owner, "erase.party_items")
    await cloud.do(items.take_back, kept.tenant, kept.item, actor=kept.cleo)
    cloud.wait(DAY_MS)
    await ended.work()
    [event] = cloud.events(_T.SUBJECT_ERASED)
    assert (event.actor, event.method) == (ended.ada, "timeout")
    assert await cloud.do(erasures.waiting, kept.tenant) == []
    told = await cloud.do(audit.happenings, kept.tenant, Wanted(types=(_T.ERASURE_ASKED,)))
    assert [one.event.subject for one in told] == [ERASED]
    assert kept.owner not in str([row._mapping for row in cloud.rows(s.happening)])


async def test_audit_13_a_restored_database_forgets_him_again(ended: Ended, kept: Kept) -> None:
    cloud = ended.cloud
    copy = cloud.dump()
    await kept.erase(kept.owner)
    await ended.work()
    cloud.store.close()  # type: ignore[attr-defined]  # an `InlineStore`
    cloud.store = cloud.unit._store = InlineStore(copy)
    assert where(cloud, OWNER) == set()  # his key is gone
    assert where(cloud, kept.owner) == {"party.party", "happening.party_id"}
    assert await cloud.do(privacy.replay) == 1
    assert await cloud.do(privacy.replay) == 0
    await ended.work()
    assert where(cloud, kept.owner) == {"party.party"}
    assert [one.reason for one in cloud.events(_T.SUBJECT_ERASED)] == ["objection", "restored"]
    assert (await cloud.do(parties.get, kept.tenant, kept.court)).name == COURT


async def test_what_is_held_of_him_is_his(ended: Ended, kept: Kept) -> None:
    found = await ended.cloud.do(reader.fields_of, kept.tenant, kept.owner)
    assert {str(one.value) for one in found} == {OWNER, kept.owner}
