from __future__ import annotations

from bayward.cloud.storage import schema as s
from bayward.core.roles import Role
from cloud_bench import CloudBench


async def test_an_upload_is_stored_and_acknowledged(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    carl = await cloud.person(tenant, "Carl", Role.COURIER)
    bank = await cloud.bank(tenant)
    bank.deposit(1, recipient=anne, courier=carl)
    assert await bank.upload(cloud.ingest) == bank.log.size == 3
    assert [row.state for row in cloud.rows(s.parcel)] == ["deposited"]
