from __future__ import annotations

import pytest

from cloud_bench import CloudBench
from privacy_bench import Ended, furnish


@pytest.fixture
async def ended(cloud: CloudBench) -> Ended:
    return await furnish(cloud)
