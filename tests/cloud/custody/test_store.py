from __future__ import annotations

from dataclasses import replace

from bayward.cloud.custody import service as custody
from bayward.cloud.custody import store
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS
from bayward.core.custody import ParcelState
from bayward.core.ids import ParcelId, PersonId
from cloud_bench import BankTwin, CloudBench, named

ANNE, CARL = named(PersonId, 1), named(PersonId, 2)


async def parcel(cloud: CloudBench, bank: BankTwin, number: int = 1) -> ParcelView:
    return await cloud.do(custody.get_parcel, bank.tenant, named(ParcelId, number))


async def test_lists_by_state_recipient_and_page(cloud: CloudBench, bank: BankTwin) -> None:
    for number in range(1, 5):
        bank.deposit(number, recipient=ANNE if number < 3 else CARL, courier=CARL, door=number)
        cloud.wait(10)
    bank.collect(1)
    await bank.upload(cloud.ingest)

    async def ids(wanted: Wanted, **page: object) -> list[str]:
        found = await cloud.do(custody.parcels, bank.tenant, wanted, **page)
        return [one.id for one in found]

    one, two, three, four = (named(ParcelId, number) for number in range(1, 5))
    waiting = Wanted(states=(ParcelState.DEPOSITED,))
    assert await ids(waiting) == [four, three, two]
    assert await ids(Wanted(recipient=ANNE)) == [one, two]
    assert await ids(Wanted(bank=bank.id, tracking="1Z5R80000127"), count=1) == [one]
    last = await parcel(cloud, bank, 3)
    assert await ids(waiting, before=(last.changed_at, last.id)) == [two]
    assert await ids(Wanted(overdue_at=cloud.clock.at)) == []
    cloud.wait(8 * DAY_MS)
    overdue = Wanted(overdue_at=cloud.clock.at)
    assert await cloud.do(custody.count, bank.tenant, overdue) == 3


async def test_a_row_is_the_last_one_put(cloud: CloudBench, bank: BankTwin) -> None:
    bank.deposit(1, recipient=ANNE, courier=CARL)
    await bank.upload(cloud.ingest)
    first = await parcel(cloud, bank)
    changed = replace(first, state=ParcelState.HELD, carrier=None, ended_at=cloud.clock.at)

    def put(work: Work) -> None:
        store.put(work.tx, bank.tenant, changed)
        assert store.find(work.tx, bank.tenant, first.id) == changed

    await cloud.unit.write(put)
    assert len(cloud.rows(s.parcel)) == 1


async def test_a_compartment_holds_the_newest_parcel_that_has_not_ended(
    cloud: CloudBench, bank: BankTwin
) -> None:
    def inside(work: Work) -> str | None:
        found = store.inside(work.tx, bank.tenant, bank.id, bank.door(1))
        return None if found is None else found.id

    assert await cloud.unit.read(inside) is None
    bank.deposit(1, recipient=ANNE, courier=CARL)
    await bank.upload(cloud.ingest)
    assert await cloud.unit.read(inside) == named(ParcelId, 1)
    bank.collect(1)
    await bank.upload(cloud.ingest)
    assert await cloud.unit.read(inside) is None
