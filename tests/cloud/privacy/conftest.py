from __future__ import annotations

import asyncio

import pytest

from cloud_bench import CloudBench
from privacy_bench import Ended, furnish, keep_story


@pytest.fixture(scope="session")
def kept_ending() -> None:
    asyncio.run(keep_story())


@pytest.fixture
async def ended(kept_ending: None, cloud: CloudBench) -> Ended:
    return await furnish(cloud)
