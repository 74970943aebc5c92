from __future__ import annotations

import pytest

from cloud_bench import BankTwin, CloudBench


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())
