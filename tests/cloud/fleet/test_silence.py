from __future__ import annotations

import pytest

from bayward.cloud import workers
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.silence import SILENT_MS
from bayward.cloud.incidents import service as incidents
from bayward.cloud.notify.caller import Caller
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS, after
from bayward.core.events import EventType
from cloud_bench import BankTwin, CloudBench


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    bank = await cloud.bank(await cloud.tenant())
    await cloud.do(fleet.connected, bank.tenant, bank.id)
    return bank


async def away(cloud: CloudBench, bank: BankTwin) -> None:
    await cloud.do(fleet.disconnected, bank.tenant, bank.id, "link.silent")


async def pass_by(cloud: CloudBench, ms: int) -> int:
    """How often a bank was said to be silent meanwhile."""
    [housekeeping, _] = workers.lanes(
        cloud.unit, mailer=None, caller=Caller(cloud.unit, audit.event_at), random=lambda: 0.0
    )
    before = len(cloud.events(EventType.BANK_SILENT))
    for _ in range(ms // MINUTE_MS):
        cloud.clock.at = after(cloud.clock.at, MINUTE_MS)
        await housekeeping.run_due()
    return len(cloud.events(EventType.BANK_SILENT)) - before


async def test_m02_a_bank_that_stays_away_is_an_incident(cloud: CloudBench, bank: BankTwin) -> None:
    await away(cloud, bank)
    assert await pass_by(cloud, SILENT_MS - MINUTE_MS) == 0
    assert await pass_by(cloud, MINUTE_MS) == 1
    [incident] = await cloud.do(incidents.incidents, bank.tenant)
    assert (incident.kind, incident.severity) == ("bank.silent", "warning")
    assert incident.bank == bank.id
    assert await pass_by(cloud, 4 * SILENT_MS) == 0  # once is enough


async def test_one_that_comes_back_in_time_is_not_spoken_of(
    cloud: CloudBench, bank: BankTwin
) -> None:
    for _ in range(5):
        await away(cloud, bank)
        assert await pass_by(cloud, SILENT_MS - MINUTE_MS) == 0
        await cloud.do(fleet.connected, bank.tenant, bank.id)
    assert await pass_by(cloud, 4 * SILENT_MS) == 0


async def test_it_counts_from_the_last_time_it_went(cloud: CloudBench, bank: BankTwin) -> None:
    await away(cloud, bank)
    assert await pass_by(cloud, 10 * MINUTE_MS) == 0
    await cloud.do(fleet.connected, bank.tenant, bank.id)
    await away(cloud, bank)
    assert await pass_by(cloud, SILENT_MS - MINUTE_MS) == 0
    assert await pass_by(cloud, MINUTE_MS) == 1


async def test_it_counts_from_the_restart_of_the_control_plane(
    cloud: CloudBench, bank: BankTwin
) -> None:
    await cloud.do(fleet.restarted)
    assert await pass_by(cloud, SILENT_MS) == 1


async def test_a_retired_bank_may_be_silent(cloud: CloudBench, bank: BankTwin) -> None:
    await away(cloud, bank)

    def retire(work: Work) -> None:
        found = fleet.get_bank(work, bank.tenant, bank.id)
        fleet_store.update_bank(work.tx, found, state="retired")

    await cloud.unit.write(retire)
    assert await pass_by(cloud, 2 * SILENT_MS) == 0


async def test_silence_again_joins_the_incident_that_is_open(
    cloud: CloudBench, bank: BankTwin
) -> None:
    for _ in range(2):
        await away(cloud, bank)
        assert await pass_by(cloud, SILENT_MS) == 1
        await cloud.do(fleet.connected, bank.tenant, bank.id)
    [incident] = await cloud.do(incidents.incidents, bank.tenant)
    assert incident.count == 2
