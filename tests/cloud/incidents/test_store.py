from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents import store
from bayward.cloud.incidents.store import Incident, Release, State
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.ids import IncidentId
from cloud_bench import BankTwin, CloudBench, named


async def every(cloud: CloudBench, bank: BankTwin) -> list[Incident]:
    return await cloud.do(incidents.incidents, bank.tenant)


async def forced(cloud: CloudBench, bank: BankTwin) -> Incident:
    bank.force()
    await bank.upload(cloud.ingest)
    return (await every(cloud, bank))[0]


async def test_the_database_itself_keeps_a_second_live_one_out(
    cloud: CloudBench, bank: BankTwin
) -> None:
    incident = await forced(cloud, bank)
    twin = store.Incident(**{
        name: getattr(incident, name) for name in store.Incident.__slots__ if name != "id"
    }, id=IncidentId(named(IncidentId, 77)))  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError):
        await cloud.unit.write(lambda work: store.insert(work.tx, bank.tenant, twin))


async def test_a_lockdown_that_is_told_twice_is_one(cloud: CloudBench, bank: BankTwin) -> None:
    incident = await forced(cloud, bank)

    def again(work: Work) -> list[store.Locked]:
        [held] = store.lockdowns(work.tx, bank.tenant)
        store.insert_lockdown(work.tx, bank.tenant, replace(held, reason="told again"))
        return store.lockdowns(work.tx, bank.tenant, s.lockdown.c.incident == incident.id)

    [held] = await cloud.unit.write(again)
    assert (held.reason, held.release) == ("told again", Release.NONE)


async def test_only_what_is_not_closed_is_live(cloud: CloudBench, bank: BankTwin) -> None:
    incident = await forced(cloud, bank)

    def live(work: Work) -> Incident | None:
        return store.find_live(work.tx, bank.tenant, bank.id, incident.kind)

    assert await cloud.unit.read(live) == incident
    await cloud.unit.write(
        lambda work: store.update(work.tx, bank.tenant, incident.id, state=State.CLOSED.value)
    )
    assert await cloud.unit.read(live) is None
