from __future__ import annotations

from dataclasses import replace

import pytest

from access_bench import GRANT, grant
from bayward.cloud.access import store
from bayward.cloud.access.store import AdmissionState, AdmissionView, Link
from bayward.cloud.unit import Work
from bayward.core.clock import Instant, after
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, CommandId, ParcelId, PersonId
from bayward.core.roles import Role
from cloud_bench import BankTwin, CloudBench, named


async def test_a_grant_is_added_once(cloud: CloudBench, bank: BankTwin) -> None:
    found = await grant(cloud, bank)
    with pytest.raises(Conflict):
        await cloud.unit.write(lambda work: store.insert_grant(work.tx, bank.tenant, found))


async def test_only_the_banks_own_event_changes_a_grant(cloud: CloudBench, bank: BankTwin) -> None:
    other = BankId(named(BankId, 5))

    def change(work: Work, who: BankId) -> bool:
        event = Event(type=EventType.GRANT_EXPIRED, time=cloud.clock.at, grant=GRANT, bank=who)
        return store.update_grant(work.tx, bank.tenant, event, state=GrantState.EXPIRED.value)

    assert not await cloud.do(change, other)
    assert (await grant(cloud, bank)).state is GrantState.ACTIVE
    assert await cloud.do(change, bank.id)
    assert (await grant(cloud, bank)).state is GrantState.EXPIRED


async def test_a_link_is_found_by_its_hash_alone(cloud: CloudBench, bank: BankTwin) -> None:
    until = after(cloud.clock.at, 1)
    link = Link(bank.tenant, ParcelId(named(ParcelId, 1)), PersonId(named(PersonId, 1)), until)

    def keep(work: Work) -> None:
        store.insert_link(work.tx, b"hash", link, work.now)
        assert store.find_link(work.tx, b"hash") == link
        assert store.find_link(work.tx, b"other") is None

    await cloud.unit.write(keep)


async def test_a_new_admission_takes_the_place_of_the_old(
    cloud: CloudBench, bank: BankTwin
) -> None:
    carl = await cloud.person(bank.tenant, "Carl", Role.COURIER)
    first = AdmissionView(
        person=carl,
        bank=bank.id,
        carrier="UPS",
        state=AdmissionState.REQUESTED,
        until=after(cloud.clock.at, 10),
        changed_at=cloud.clock.at,
        command=CommandId(named(CommandId, 1)),
    )
    second = replace(first, carrier="DHL", until=Instant(first.until + 1))

    def put(work: Work) -> list[AdmissionView]:
        for one in (first, second):
            store.put_admission(work.tx, bank.tenant, one, granted_by=carl)
        return store.admissions(work.tx, bank.tenant, bank=bank.id)

    assert await cloud.unit.write(put) == [second]


async def test_a_retired_key_counts_no_more(cloud: CloudBench, bank: BankTwin) -> None:
    def add(work: Work) -> list[int]:
        for kid, state in ((2, "next"), (3, "retired")):
            issuer = store.Issuer(kid, b"spki", b"sealed", state)
            store.insert_issuer(work.tx, bank.tenant, issuer, work.now)
        return [one.kid for one in store.issuers(work.tx, bank.tenant)]

    assert await cloud.unit.write(add) == [1, 2]
