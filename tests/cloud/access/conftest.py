from __future__ import annotations

import pytest

from bayward.core.ids import PersonId
from bayward.core.roles import Role
from cloud_bench import BankTwin, CloudBench, named


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    """A bank with one parcel for Anne in it."""
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    bank = await cloud.bank(tenant)
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    await bank.upload(cloud.ingest)
    return bank
