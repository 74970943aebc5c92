"""What older entries say of parties is sealed under their own keys; leaves and proofs stay."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bayward.cloud import upkeep
from bayward.cloud.audit import export, moving, reader, vault_store
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import form, parties, party_store
from bayward.cloud.custody.form import Told
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import Basis
from bayward.cloud.unit import Work
from bayward.core.clock import after
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId, PartyId, PersonId, TenantId
from bayward.core.roles import Role
from bayward.ledger.verify import verify_receipt
from cloud_bench import CloudBench, named

COURT, OWNER = "County Court", "Zebulon Quist"
ITEM = ItemId(named(ItemId, 3))
_T = EventType


@dataclass
class Old:
    """A line of custody as an older program wrote it down."""

    cloud: CloudBench
    tenant: TenantId
    cleo: PersonId
    drew: PersonId

    async def line(self) -> list[Happened]:
        found = await self.cloud.do(audit.happenings, self.tenant, Wanted(item=ITEM))
        return found[::-1]

    async def values_of(self, whom: str) -> set[str]:
        found = await self.cloud.do(reader.fields_of, self.tenant, whom)
        return {str(one.value) for one in found}


@pytest.fixture
async def old(cloud: CloudBench) -> Old:
    """Entries that name parties without an id lie under the clerk's key."""
    tenant = await cloud.tenant()
    cleo = await cloud.person(tenant, "Cleo", Role.CUSTODIAN)
    drew = await cloud.person(tenant, "Drew", Role.CUSTODIAN)
    until = after(cloud.clock.at, 9_000)
    for kind, more in (
        (_T.ITEM_REGISTERED, {"purpose": "evidence", "detail": "a knife", "party": OWNER}),
        (_T.CUSTODY_OFFERED, {"purpose": "release", "not_after": until, "party": COURT,
                              "reason": "asked for"}),
        (_T.CUSTODY_RELEASED, {"party": COURT, "witness": drew, "authority": "order 7"}),
        (_T.CUSTODY_RETURNED, {"party": COURT.upper()}),
        (_T.SEAL_APPLIED, {"seal": "S1"}),
    ):  # fmt: skip
        cloud.wait(10)
        told = Event(type=kind, time=cloud.clock.at, actor=cleo, item=ITEM, **more)
        await cloud.do(audit.append, tenant, told, None)

    def before(work: Work) -> None:
        work.tx.exec_driver_sql("PRAGMA user_version = 4")

    await cloud.do(before)
    return Old(cloud, tenant, cleo, drew)


async def known(old: Old) -> dict[str, party_store.Party]:
    found = await old.cloud.do(parties.listed, old.tenant)
    return {one.party.name: one.party for one in found}


async def test_each_name_is_his_own_from_the_first_start_on(old: Old) -> None:
    cloud = old.cloud
    before = await old.line()
    leaves = [(await cloud.do(audit.receipt, old.tenant, one.place)).leaf for one in before]
    assert await cloud.do(moving.name_some, upkeep._named, 0, 2) == (2, before[1].seq)
    await upkeep.before_anybody(cloud.unit)  # the power had gone
    found = await known(old)
    owner, court = found[OWNER], found[COURT]
    assert len(found) == 2
    assert (court.created_at, court.named_at) == (before[1].received_at, before[3].received_at)
    assert await old.values_of(owner.id) == {OWNER}
    assert await old.values_of(court.id) == {COURT, COURT.upper()}
    hers = await old.values_of(old.cleo)
    assert {"a knife", "asked for", "order 7"} <= hers
    assert hers.isdisjoint({OWNER, COURT, COURT.upper()})
    after_it = await old.line()
    ids = [owner.id, court.id, court.id, court.id, None]
    assert [one.event.party_id for one in after_it] == ids
    assert [one.event.party for one in after_it] == [one.event.party for one in before]
    for one, leaf in zip(after_it, leaves, strict=True):
        receipt = await cloud.do(audit.receipt, old.tenant, one.place)
        assert receipt.leaf == leaf
        assert verify_receipt(receipt.text).ok
    for head in await cloud.do(audit.logs, old.tenant):
        assert (await cloud.do(export.verify, old.tenant, head.origin)).ok
    counts = await cloud.do(lambda work: party_store.item_counts(work.tx, old.tenant, [court.id]))
    assert counts == {court.id: 1}
    assert await cloud.do(moving.name_some, upkeep._named, 0) == (0, None)


@pytest.mark.parametrize("who", ["the court", "the clerk"])
async def test_audit_13_one_is_erased_and_the_other_stays(old: Old, who: str) -> None:
    cloud = old.cloud
    await upkeep.before_anybody(cloud.unit)
    court = (await known(old))[COURT].id
    whom: PersonId | PartyId = court if who == "the court" else old.cleo
    await cloud.do(privacy.erase, old.tenant, whom, basis=Basis.OBJECTION, actor="prs_operator")
    happened = await old.line()
    named = [one.event.party for one in happened]
    reasons = [one.event.reason for one in happened]
    if who == "the court":
        assert named == [OWNER, ERASED, ERASED, ERASED, None]
        assert reasons[1] == "asked for"
    else:
        assert named == [OWNER, COURT, COURT, COURT.upper(), None]
        assert reasons[1] is None
    rows = form.rows(Told(one.place, one.event) for one in happened)
    assert not any(one.is_broken for one in rows)


async def test_what_does_not_open_or_is_no_name_stays_whose_it_was(old: Old) -> None:
    cloud = old.cloud
    for name in ("erased", named(PartyId, 8)):
        told = Event(type=_T.CUSTODY_RETURNED, time=cloud.clock.at, actor=old.drew, item=ITEM,
                     party=name)  # fmt: skip
        await cloud.do(audit.append, old.tenant, told, None)

    def spoil(work: Work) -> None:
        held = work.house.keyring.held(old.tenant, old.cleo)
        assert held is not None
        vault_store.delete_of_key(work.tx, old.tenant, held.id)

    await cloud.do(spoil)
    await upkeep.before_anybody(cloud.unit)
    assert await known(old) == {}
    assert {"erased", named(PartyId, 8)} <= await old.values_of(old.drew)
