from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bayward.cloud import orders
from bayward.cloud.access import couriers
from bayward.cloud.audit import export, reader
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import items
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import service as fleet
from bayward.cloud.people import service as people
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import EPOCH_MS_MAX, Basis
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.core.clock import DAY_MS, after
from bayward.core.commands import ForgetPerson, RotateCode
from bayward.core.errors import BaywardError, Conflict, NotFound
from bayward.core.events import ERASED, EventType
from bayward.core.ids import GrantId, PersonId
from bayward.core.items import ItemKind
from bayward.core.roles import Role
from cloud_bench import CloudBench, named
from privacy_bench import Ended, where

REASON = Basis.OBJECTION
TO_THE_BANK = "command.body"  # the order to forget, sealed, until it is carried out


async def confirm(ended: Ended) -> None:
    """The bank has carried out the order to forget, and its log says so."""
    [order] = await ended.cloud.do(orders.take, ended.tenant, ended.bank.id, "c" * 26)
    assert isinstance(order.order, ForgetPerson)
    ended.bank.record(EventType.COMMAND_DONE, command=order.id, result="forgotten")
    await ended.bank.upload(ended.cloud.ingest)


async def test_audit_13_nothing_names_who_was_erased(ended: Ended) -> None:
    cloud = ended.cloud
    before = where(cloud, ended.anne)
    assert {"parcel.recipient", "grant.recipient", "happening.subject"} <= before
    assert "person.email" in where(cloud, "anne@example.com")
    held = cloud.unit.house.keyring.held(ended.tenant, ended.anne)
    assert held is not None
    done = await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    assert done.key == held.id
    assert done.disclosures > 3
    await ended.work()
    assert where(cloud, ended.anne) == {"person.person", TO_THE_BANK}
    await confirm(ended)
    assert where(cloud, ended.anne) == {"person.person"}  # an id of nobody, never given again
    assert where(cloud, "anne@example.com") == set()
    assert where(cloud, "Anne") == set()
    assert where(cloud, held.id) == {"happening.subject"}  # of the erasure
    stolen = cloud.dump()
    assert b"anne@example.com" not in stolen
    assert b"1Z5R80000127" not in stolen
    assert cloud.unit.house.keyring.find(ended.tenant, held.id) is None


async def test_audit_13_every_proof_holds_and_says_what_is_left(ended: Ended) -> None:
    cloud, bank = ended.cloud, ended.bank
    wanted = Wanted(types=(EventType.PARCEL_DEPOSITED,))
    [first, *_] = await cloud.do(audit.happenings, ended.tenant, wanted)
    leaf = (await cloud.do(audit.receipt, ended.tenant, first.place)).leaf
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    await ended.work()
    for head in await cloud.do(audit.logs, ended.tenant):
        verdict = await cloud.do(export.verify, ended.tenant, head.origin)
        assert verdict.ok
        assert verdict.entries == head.size
    receipt = await cloud.do(audit.receipt, ended.tenant, first.place)
    assert receipt.leaf == leaf
    [now, *_] = await cloud.do(audit.happenings, ended.tenant, wanted)
    assert (now.event.recipient, now.event.actor) == (ERASED, ended.carl)
    assert now.event.parcel is not None
    told = await cloud.do(audit.happenings, ended.tenant, Wanted(types=(_T.SUBJECT_ERASED,)))
    event = told[0].event
    assert (event.actor, event.reason, event.subject) == (ended.ada, "objection", event.subject)
    assert str(event.subject).startswith("key_")
    assert ended.bank.log.size == bank.log.size


_T = EventType


async def test_others_are_not_touched(ended: Ended) -> None:
    cloud = ended.cloud
    fields = await cloud.do(reader.fields_of, ended.tenant, ended.carl)
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    assert await cloud.do(reader.fields_of, ended.tenant, ended.carl) == fields
    assert (await cloud.do(people.get, ended.tenant, ended.carl)).name == "Carl"


async def test_the_bank_is_told_by_its_directory(ended: Ended) -> None:
    cloud = ended.cloud
    revision, known = await cloud.do(fleet.directory, ended.tenant, ended.bank.id)
    assert ended.anne in [one.person for one in known]
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    newer, known = await cloud.do(fleet.directory, ended.tenant, ended.bank.id)
    assert newer > revision
    assert ended.anne not in [one.person for one in known]


async def test_nobody_is_erased_twice_or_found_again(ended: Ended) -> None:
    cloud = ended.cloud
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    for function in (people.get, people.principal):
        with pytest.raises(NotFound):
            await cloud.do(function, ended.tenant, ended.anne)
    for person in (ended.anne, named(PersonId, 99)):
        with pytest.raises(NotFound):
            await cloud.do(privacy.erase, ended.tenant, person, basis=REASON, actor=ended.ada)
    again = await cloud.person(ended.tenant, "Anne", Role.RESIDENT)  # with the same address
    assert again != ended.anne


async def test_every_bank_with_a_disk_is_told_and_waited_for(ended: Ended) -> None:
    cloud = ended.cloud
    away = await cloud.bank(ended.tenant, 8)
    gone = await cloud.bank(ended.tenant, 9)
    await cloud.do(enrolment.retire, ended.tenant, gone.id, actor=ended.ada)
    assert await cloud.do(privacy.untold, ended.tenant) == []
    done = await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    assert done.banks == 2
    since = cloud.clock.at
    cloud.wait(DAY_MS)
    await cloud.do(privacy.erase, ended.tenant, ended.ben, basis=REASON, actor=ended.ada)
    waiting = await cloud.do(privacy.untold, ended.tenant)
    assert [(one.people, one.since) for one in waiting] == [(2, since)] * 2
    assert {one.bank for one in waiting} == {ended.bank.id, away.id}
    for order in await cloud.do(orders.take, ended.tenant, ended.bank.id, "c" * 26):
        ended.bank.record(EventType.COMMAND_DONE, command=order.id, result="forgotten")
    await ended.bank.upload(cloud.ingest)
    assert [one.bank for one in await cloud.do(privacy.untold, ended.tenant)] == [away.id]
    cloud.wait(400 * DAY_MS)
    await ended.work()
    [still] = await cloud.do(privacy.untold, ended.tenant)
    assert (still.people, still.is_connected) == (2, False)
    orders_left = await cloud.do(orders.take, ended.tenant, away.id, "d" * 26)
    assert {one.order for one in orders_left} == {ForgetPerson(ended.anne), ForgetPerson(ended.ben)}


async def refused(ended: Ended, person: PersonId) -> str:
    before = ended.cloud.dump()
    with pytest.raises(BaywardError) as caught:
        await ended.cloud.do(privacy.erase, ended.tenant, person, basis=REASON, actor=ended.ada)
    assert ended.cloud.dump() == before
    return caught.value.code


async def test_a_parcel_inside_stands_in_the_way(ended: Ended) -> None:
    ended.bank.deposit(3, recipient=ended.ben, courier=ended.carl)
    await ended.bank.upload(ended.cloud.ingest)
    assert await refused(ended, ended.ben) == "erase.parcels"
    ended.bank.collect(3)
    await ended.bank.upload(ended.cloud.ingest)
    await ended.cloud.do(privacy.erase, ended.tenant, ended.ben, basis=REASON, actor=ended.ada)


async def test_an_admitted_courier_is_dismissed_first(ended: Ended) -> None:
    until = after(ended.cloud.clock.at, DAY_MS)
    await ended.cloud.do(
        couriers.admit,
        ended.tenant,
        ended.bank.id,
        person=ended.carl,
        name="Carl",
        carrier="UPS",
        until=until,
        actor=ended.ada,
    )
    assert await refused(ended, ended.carl) == "erase.admitted"


async def test_an_order_on_its_way_is_waited_for(ended: Ended) -> None:
    order = RotateCode(GrantId(named(GrantId, 1)))
    await ended.cloud.do(orders.place, ended.tenant, ended.bank.id, order, actor=ended.ben)
    assert await refused(ended, ended.ben) == "erase.orders"


async def test_the_epoch_is_rolled_within_a_month(ended: Ended) -> None:
    cloud = ended.cloud
    done = await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    assert done.dead_by - cloud.clock.at <= EPOCH_MS_MAX == timedelta(days=30).total_seconds() * 1e3
    state = await cloud.do(privacy.keys, ended.tenant)
    assert state.roll_due == done.dead_by
    await ended.work()
    assert (await cloud.do(privacy.keys, ended.tenant)).destroyed == 1
    cloud.wait(EPOCH_MS_MAX)
    await ended.work()
    state = await cloud.do(privacy.keys, ended.tenant)
    assert state.epoch is not None
    assert (state.epoch.number, state.roll_due) == (2, None)
    [told] = cloud.events(_T.KEY_EPOCH_ROLLED)
    assert (told.detail, told.count) == ("2", state.subjects + 2)  # the month before, and the index


async def test_an_epoch_can_be_ended_at_once(ended: Ended) -> None:
    cloud = ended.cloud
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    await cloud.do(privacy.roll_now, ended.tenant, actor=ended.ada)
    for _ in range(3):  # the key first, whatever the order of the jobs
        await ended.work()
        cloud.wait(10_000)
    [told] = cloud.events(_T.KEY_EPOCH_ROLLED)
    assert told.actor == ended.ada
    state = await cloud.do(privacy.keys, ended.tenant)
    assert state.epoch is not None
    assert state.epoch.number == 2


async def test_a_tenant_without_keys_has_none_to_roll(cloud: CloudBench) -> None:
    with pytest.raises(Conflict) as caught:
        await cloud.do(privacy.roll_now, named(PersonId, 1), actor=named(PersonId, 2))
    assert caught.value.code == "keys.none"


async def test_audit_13_a_restored_database_forgets_again(ended: Ended) -> None:
    cloud = ended.cloud
    copy = cloud.dump()
    await cloud.do(privacy.erase, ended.tenant, ended.anne, basis=REASON, actor=ended.ada)
    await ended.work()
    cloud.store.close()  # type: ignore[attr-defined]  # an `InlineStore`
    cloud.store = cloud.unit._store = InlineStore(copy)
    assert len(where(cloud, ended.anne)) > 1
    assert where(cloud, "anne@example.com") == set()  # her key is gone
    assert await cloud.do(privacy.replay) == 1
    assert await cloud.do(privacy.replay) == 0
    await ended.work()
    assert where(cloud, ended.anne) == {"person.person", TO_THE_BANK}
    assert where(cloud, "anne@example.com") == set()
    assert [one.reason for one in cloud.events(_T.SUBJECT_ERASED)] == ["objection", "restored"]
    with cloud.tx.begin():
        assert cloud.tx.execute(sa.select(s.job.c.id)).all()


@pytest.mark.parametrize("step", ["before the commit", "before the key", "before the scrub"])
async def test_a_crash_leaves_somebody_erased_or_not(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    cloud, ring = ended.cloud, ended.cloud.unit.house.keyring
    held = ring.held(ended.tenant, ended.anne)
    assert held is not None

    def die(*_: object, **__: object) -> object:
        raise OSError("the power is gone")

    erase = partial(privacy.erase, tenant=ended.tenant, person=ended.anne, basis=REASON, actor="a")
    with monkeypatch.context() as broken:
        if step == "before the commit":
            with pytest.raises(OSError, match="power"):
                await cloud.do(lambda work: (erase(work), die()))
            assert (await cloud.do(people.get, ended.tenant, ended.anne)).name == "Anne"
            assert ring.find(ended.tenant, held.id) == held
            assert await cloud.do(reader.fields_of, ended.tenant, ended.anne)
            return
        await cloud.do(erase)
        if step == "before the key":
            broken.setattr(ring, "destroy", die)
        else:
            broken.setattr(cloud.unit, "scrub", die)
        await ended.work()
    assert where(cloud, ended.anne) <= {"person.person", "job.payload", TO_THE_BANK}
    cloud.wait(10_000)
    await ended.work()
    assert ring.find(ended.tenant, held.id) is None
    assert where(cloud, ended.anne) == {"person.person", TO_THE_BANK}
    assert len(cloud.events(_T.SUBJECT_ERASED)) == 1


async def test_an_item_in_his_hands_is_handed_over_first(ended: Ended) -> None:
    told = items.Description(kind=ItemKind.EVIDENCE, text="a knife")
    await ended.cloud.do(items.register, ended.tenant, told, actor=ended.ben)
    assert await refused(ended, ended.ben) == "erase.items"
