from __future__ import annotations

import pytest

from bayward.cloud import upkeep
from bayward.cloud.audit import moving
from bayward.core.errors import Misconfigured
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_bench import CloudBench


async def test_a_database_is_put_right_once(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    held = cloud.unit.house.keyring.held(tenant, anne)
    assert held is not None
    cloud.unit.house.keyring.destroy(tenant, anne, held.id, cloud.clock.at)
    for _ in range(2):
        await upkeep.before_anybody(cloud.unit)
        assert not await cloud.do(moving.is_pending)
        assert len(cloud.events(EventType.SUBJECT_ERASED)) == 1


async def test_a_database_without_its_keyring_is_refused_before_anything_is_written(
    cloud: CloudBench,
) -> None:
    tenant = await cloud.tenant()
    cloud.unit.house.keys.destroy_kek(tenant, 1)
    before = cloud.dump()
    with pytest.raises(Misconfigured) as caught:
        await upkeep.before_anybody(cloud.unit)
    assert caught.value.code == "keyring.missing"
    assert cloud.dump() == before
