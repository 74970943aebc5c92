from __future__ import annotations

import pytest

from bayward.cloud.jobs import Again
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.duties import Forgetting
from bayward.cloud.privacy.service import DESTROY_JOB, ROLL_JOB, Basis
from bayward.cloud.storage.outbox import Job
from bayward.core.events import EventType
from privacy_bench import Ended


async def erased(ended: Ended) -> str:
    done = await ended.cloud.do(
        privacy.erase, ended.tenant, ended.anne, basis=Basis.UNLAWFUL, actor=ended.ada
    )
    return done.key


def job(ended: Ended, kind: str, **payload: str | int) -> Job:
    return Job(1, kind, "k", {"tenant": ended.tenant, **payload}, 1, ended.cloud.clock.at)


async def test_a_key_can_be_destroyed_twice(ended: Ended) -> None:
    key = await erased(ended)
    duty = Forgetting(ended.cloud.unit)
    for _ in range(2):
        await duty.destroy(job(ended, DESTROY_JOB, person=ended.anne, key=key))
        assert ended.cloud.unit.house.keyring.is_destroyed(ended.tenant, ended.anne)


async def test_an_epoch_ends_after_the_keys_that_are_to_die(ended: Ended) -> None:
    await erased(ended)
    duty = Forgetting(ended.cloud.unit)
    roll = job(ended, ROLL_JOB, after=1, actor=ended.ada)
    with pytest.raises(Again):
        await duty.roll(roll)
    await ended.work()
    assert await duty.roll(roll) is not None
    settle = await duty.roll(roll)  # the power may go before it is written down that it was done
    assert settle is not None
    await ended.cloud.unit.write(settle)
    [told] = ended.cloud.events(EventType.KEY_EPOCH_ROLLED)
    assert told.detail == "2"
