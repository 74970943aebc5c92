from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bayward.cloud.custody import service as custody
from bayward.cloud.custody import store as parcels
from bayward.cloud.keyring import cells
from bayward.cloud.keyring.ring import HOUSE, INDEX
from bayward.cloud.people import store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.ids import ParcelId, PersonId, TenantId
from bayward.core.roles import Role
from cloud_bench import CloudBench, named, story

ADDRESS = "anne@example.com"
TRACKING = "1Z5R80000127"


async def both(cloud: CloudBench) -> tuple[TenantId, PersonId, PersonId]:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    return tenant, anne, await cloud.person(tenant, "Ben", Role.RESIDENT)


def raw(work: Work, person: str) -> sa.RowMapping:
    mine = sa.select(s.person).where(s.person.c.person == person)
    return work.tx.execute(mine).mappings().one()


def write(work: Work, person: str, **cells: object) -> None:
    work.tx.execute(s.person.update().where(s.person.c.person == person).values(**cells))


def shown(work: Work, tenant: TenantId, person: PersonId) -> store.Person:
    found = store.find(work.tx, tenant, person)
    assert found is not None
    return found


async def test_nothing_that_can_be_read_is_in_the_database(cloud: CloudBench) -> None:
    await story(cloud)
    stolen = cloud.dump()
    for word in ("Anne", "Carl", ADDRESS, ADDRESS.upper(), TRACKING):
        assert word.encode() not in stolen


async def test_two_cells_with_the_same_word_do_not_look_alike(cloud: CloudBench) -> None:
    _, anne, _ = await both(cloud)
    first = (await cloud.do(raw, anne))["name"]
    await cloud.do(lambda work: store.update(work.tx, shown(work, raw(work, anne)["tenant"], anne)))
    assert (await cloud.do(raw, anne))["name"] != first


@pytest.mark.parametrize("column", ["name", "email", "unit", "needs_low"])
async def test_a_cell_in_another_row_does_not_open(cloud: CloudBench, column: str) -> None:
    tenant, anne, ben = await both(cloud)
    await cloud.do(lambda work: write(work, ben, **{column: raw(work, anne)[column]}))
    with capture_logs() as told:
        found = await cloud.do(shown, tenant, ben)
    assert getattr(found, column) == getattr(store.Person(tenant=tenant, person=ben), column)
    assert {"table": "person", "column": column, "person": ben}.items() <= told[0].items()
    assert (await cloud.do(shown, tenant, anne)).name == "Anne"


async def test_a_cell_in_another_column_of_its_own_row_does_not_open(cloud: CloudBench) -> None:
    tenant, anne, _ = await both(cloud)
    await cloud.do(lambda work: write(work, anne, phone=raw(work, anne)["name"]))
    assert (await cloud.do(shown, tenant, anne)).phone is None


async def test_one_changed_bit_does_not_open(cloud: CloudBench) -> None:
    tenant, anne, _ = await both(cloud)

    def bend(work: Work) -> None:
        name = raw(work, anne)["name"]
        write(work, anne, name=name[:-1] + bytes([name[-1] ^ 1]))

    await cloud.do(bend)
    found = await cloud.do(shown, tenant, anne)
    assert (found.name, found.email) == ("", ADDRESS)


async def test_whose_key_is_gone_reads_as_nobody(cloud: CloudBench) -> None:
    tenant, anne, _ = await both(cloud)

    def destroy(work: Work) -> None:
        held = work.house.keyring.held(tenant, anne)
        assert held is not None
        work.house.keyring.destroy(tenant, anne, held.id, work.now)

    await cloud.do(destroy)
    with capture_logs() as told:
        found = await cloud.do(shown, tenant, anne)
    assert (found.name, found.email, found.unit) == ("", None, "")
    assert told == []
    await cloud.do(lambda work: store.update(work.tx, replace(found, name="Anne again")))
    assert (await cloud.do(raw, anne))["name"] is None  # and is not written of any more


async def test_what_a_stranger_has_is_the_houses(cloud: CloudBench) -> None:
    bank = await story(cloud)
    stranger, number = PersonId(named(PersonId, 77)), ParcelId(named(ParcelId, 50))
    [known, *_] = await cloud.do(custody.parcels, bank.tenant, parcels.Wanted(tracking=TRACKING))
    his = replace(known, id=number, recipient=stranger)
    await cloud.do(lambda work: parcels.put(work.tx, bank.tenant, his))
    ring = cloud.unit.house.keyring
    assert ring.held(bank.tenant, stranger) is None
    assert ring.held(bank.tenant, HOUSE) is not None
    found = await cloud.do(lambda work: parcels.find(work.tx, bank.tenant, number))
    assert found is not None
    assert found.tracking == TRACKING


@pytest.mark.parametrize("spelling", [TRACKING, TRACKING.lower(), f"  {TRACKING} "])
async def test_a_sealed_number_is_found_in_any_case(cloud: CloudBench, spelling: str) -> None:
    bank = await story(cloud)
    wanted = parcels.Wanted(tracking=spelling)
    assert await cloud.do(custody.parcels, bank.tenant, wanted)
    part = parcels.Wanted(tracking=TRACKING[:5])
    assert await cloud.do(custody.parcels, bank.tenant, part) == []
    other = await cloud.tenant(2)
    assert await cloud.do(custody.parcels, other, wanted) == []


async def test_a_digest_is_good_for_one_tenant_and_one_column(cloud: CloudBench) -> None:
    tenant, _, _ = await both(cloud)
    other = await cloud.tenant(2)
    await cloud.person(other, "Anne", Role.RESIDENT)

    def digests(work: Work) -> set[bytes | None]:
        columns = (s.person.c.email, s.parcel.c.tracking)
        asked = [(column, home) for column in columns for home in (tenant, other)]
        return {cells.digest(work.tx, column, home, ADDRESS) for column, home in asked}

    assert len(await cloud.do(digests)) == 4
    third = await cloud.tenant(3)
    assert await cloud.do(lambda work: cells.digest(work.tx, s.person.c.email, third, "a")) is None


async def test_audit_13_digests_from_before_an_epoch_tell_nobody_anything(
    cloud: CloudBench,
) -> None:
    bank = await story(cloud)
    tenant, ring = bank.tenant, cloud.unit.house.keyring

    def all_digests(work: Work) -> set[bytes]:
        people = work.tx.execute(sa.select(s.person.c.email_key)).scalars()
        numbers = work.tx.execute(sa.select(s.parcel.c.tracking_key)).scalars()
        return {one for one in (*people, *numbers) if one is not None}

    before = await cloud.do(all_digests)
    index = await cloud.do(lambda work: cells.reindex(work.tx, tenant))
    assert ring.count(tenant)[INDEX] == 2
    ring.drop_indexes(tenant, index)
    assert ring.count(tenant)[INDEX] == 1
    after = await cloud.do(all_digests)
    assert len(before) == len(after) > 2
    assert before.isdisjoint(after)
    assert len(await cloud.do(lambda work: store.with_email(work.tx, ADDRESS))) == 1
    assert await cloud.do(custody.parcels, tenant, parcels.Wanted(tracking=TRACKING))
    assert await cloud.do(lambda work: cells.lost_index(work.tx)) == []
    ring.drop_indexes(tenant, "none of them")
    assert await cloud.do(lambda work: cells.lost_index(work.tx)) == [tenant]


async def test_more_rows_than_are_read_at_once_get_their_digests(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_ALL_MAX", 2)
    tenant = await cloud.tenant()
    names = [f"P{number}" for number in range(5)]
    for name in names:
        await cloud.person(tenant, name, Role.RESIDENT)
    await cloud.do(lambda work: cells.reindex(work.tx, tenant))
    for name in names:
        email = f"{name}@EXAMPLE.com"
        [found] = await cloud.do(lambda work, told=email: store.with_email(work.tx, told, tenant))
        assert found.name == name
