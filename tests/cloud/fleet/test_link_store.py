from __future__ import annotations

import pytest

from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store
from bayward.cloud.people import service as people
from bayward.core.ids import BankId, SiteId
from bayward.core.roles import Binding, Node, Role
from cloud_bench import BankTwin, CloudBench, named


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


async def names(cloud: CloudBench, bank: BankTwin) -> list[str]:
    _, found = await cloud.do(fleet.directory, bank.tenant, bank.id)
    return [one.name for one in found]


async def test_the_directory_of_a_bank_has_whom_it_may_serve(
    cloud: CloudBench, bank: BankTwin
) -> None:
    tenant, now = bank.tenant, cloud.clock.at
    other_site = SiteId(named(SiteId, 9))
    await cloud.unit.write(
        lambda work: store.insert_site(
            work.tx, store.Site(tenant, other_site, "South", None, "UTC", now)
        )
    )
    here = (await cloud.do(fleet.get_bank, tenant, bank.id)).site
    nodes = {
        "Anne": Node(tenant),
        "Ben": Node(tenant, here),
        "Cleo": Node(tenant, here, bank.id),
        "Dora": Node(tenant, other_site),
        "Eve": Node(tenant, here, BankId(named(BankId, 5))),
    }
    ids = {}
    for name, node in nodes.items():
        ids[name] = await cloud.person(tenant, name, Role.ADMIN)
        given = Binding(ids[name], Role.RESIDENT, node, now, None)
        await cloud.do(people.grant, tenant, None, given)
    await cloud.person(tenant, "Fay", Role.COURIER)
    stranger = await cloud.tenant(2)
    await cloud.person(stranger, "Gus", Role.RESIDENT)
    assert await names(cloud, bank) == ["Anne", "Ben", "Cleo"]
    before, _ = await cloud.do(fleet.directory, tenant, bank.id)
    await cloud.do(people.disable, tenant, None, ids["Ben"])
    after, _ = await cloud.do(fleet.directory, tenant, bank.id)
    assert await names(cloud, bank) == ["Anne", "Cleo"]
    assert after > before
