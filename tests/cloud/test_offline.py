from __future__ import annotations

from pathlib import Path

import pytest

from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.offline import opened
from bayward.cloud.settings import CloudSettings
from bayward.core.errors import Misconfigured
from cloud_bench import HOUSE
from cloud_house import URL, open_house


def settings(state: Path) -> CloudSettings:
    return CloudSettings(state=state, public_url=URL, name=HOUSE)


async def test_what_is_stopped_can_be_opened_and_what_runs_cannot(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pytest.raises(Misconfigured) as caught:
        async with opened(settings(state)):
            pass
    assert caught.value.code == "deployment.missing"
    async with open_house(state):
        with pytest.raises(Misconfigured) as caught:
            async with opened(settings(state)):
                pass
        assert caught.value.code == "database.in_use"
    for _ in range(2):
        async with opened(settings(state)) as unit:
            assert len(await unit.read(lambda work: fleet_store.tenants(work.tx))) == 2
