from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.cloud.unit import JOBS, Work
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.ids import IncidentId, TenantId
from cloud_bench import CloudBench


def add(work: Work) -> str:
    row = {"tenant": "t", "name": "n", "directory_revision": 0, "created_at": work.now}
    work.tx.execute(s.tenant.insert().values(row))
    return "added"


async def test_work_has_the_time_and_fresh_ids(cloud: CloudBench) -> None:
    def look(work: Work) -> tuple[int, IncidentId, IncidentId]:
        return work.now, work.ids.new(IncidentId), work.ids.new(IncidentId)

    now, first, second = await cloud.unit.read(look)
    assert now == cloud.clock.at
    assert first != second
    assert first.startswith("inc_")


async def test_listeners_hear_of_commits_and_of_nothing_else(cloud: CloudBench) -> None:
    heard: list[frozenset[str]] = []
    stop = cloud.unit.on_commit(heard.append)

    def wake(work: Work) -> None:
        work.enqueue("mail", "a", {})
        work.wake("bank/1")

    def fail(work: Work) -> None:
        wake(work)
        raise Conflict("no")

    await cloud.unit.write(wake)
    await cloud.unit.write(add)  # tells nobody
    with pytest.raises(Conflict):
        await cloud.unit.write(fail)
    stop()
    await cloud.unit.write(wake)
    assert heard == [frozenset({JOBS, "bank/1"})]


async def test_a_listener_that_fails_does_not_undo_what_is_committed(cloud: CloudBench) -> None:
    heard: list[frozenset[str]] = []

    def fail(topics: frozenset[str]) -> None:
        raise RuntimeError(topics)

    cloud.unit.on_commit(fail)
    cloud.unit.on_commit(heard.append)
    await cloud.unit.write(lambda work: work.wake("bank/1"))
    assert heard == [frozenset({"bank/1"})]


async def test_what_failed_told_nobody_and_wrote_nothing(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    size = cloud.rows(s.log)[0].size

    def fail(work: Work) -> None:
        event = Event(type=EventType.SIGN_IN_REFUSED, time=work.now, method="code", reason="x")
        work.emit(event, tenant=tenant)
        raise Conflict("no")

    with pytest.raises(Conflict):
        await cloud.unit.write(fail)
    assert cloud.rows(s.log)[0].size == size


async def test_an_event_of_nobody_is_refused(cloud: CloudBench) -> None:
    event = Event(type=EventType.SIGN_IN_REFUSED, time=cloud.clock.at, method="code", reason="x")
    nobody = TenantId.of(bytes(16))
    with pytest.raises(sa.exc.IntegrityError, match="FOREIGN KEY"):
        await cloud.unit.write(lambda work: work.emit(event, tenant=nobody))
