from __future__ import annotations

import pytest

from bayward.cloud import workers
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import certificates
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.certificates import OVER, SOON, SOON_MS
from bayward.cloud.incidents import service as incidents
from bayward.cloud.notify.caller import Caller
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.events import Event, EventType
from cloud_bench import BankTwin, CloudBench

LIFE_MS = 90 * DAY_MS


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    bank = await cloud.bank(await cloud.tenant())
    await renewed(cloud, bank)
    return bank


async def renewed(cloud: CloudBench, bank: BankTwin, **changes: object) -> None:
    """As `fleet.renewal` does it."""
    until = after(cloud.clock.at, LIFE_MS)

    def renew(work: Work) -> None:
        found = fleet.get_bank(work, bank.tenant, bank.id)
        fleet_store.update_bank(work.tx, found, certificate_until=until, **changes)
        event = Event(type=EventType.BANK_RENEWED, time=work.now, bank=bank.id, not_after=until)
        work.emit(event, tenant=bank.tenant)

    await cloud.unit.write(renew)


async def days_pass(cloud: CloudBench, days: int) -> list[tuple[str | None, int | None]]:
    """What was said of certificates meanwhile."""
    [housekeeping, _] = workers.lanes(
        cloud.unit, mailer=None, caller=Caller(cloud.unit, audit.event_at), random=lambda: 0.0
    )
    before = len(cloud.events(EventType.BANK_CERTIFICATE_ENDS))
    for _ in range(days):
        cloud.clock.at = Instant(cloud.clock.at + DAY_MS)
        await housekeeping.run_due()
    said = cloud.events(EventType.BANK_CERTIFICATE_ENDS)[before:]
    return [(one.reason, one.not_after) for one in said]


async def test_a_bank_that_renews_is_never_spoken_of(cloud: CloudBench, bank: BankTwin) -> None:
    for _ in range(6):
        assert await days_pass(cloud, 30) == []
        await renewed(cloud, bank)


async def test_staff_are_told_before_a_certificate_ends_and_when_it_has(
    cloud: CloudBench, bank: BankTwin
) -> None:
    until = cloud.clock.at + LIFE_MS
    assert await days_pass(cloud, 75) == []
    assert await days_pass(cloud, 5) == [(SOON, until)]
    assert await days_pass(cloud, 20) == [(OVER, until)]
    [incident] = await cloud.do(incidents.incidents, bank.tenant)
    assert (incident.kind, incident.severity) == ("bank.certificate_ends", "warning")
    assert (incident.bank, incident.count) == (bank.id, 2)
    await renewed(cloud, bank)
    assert await days_pass(cloud, 60) == []


async def test_a_retired_bank_has_nothing_to_renew(cloud: CloudBench, bank: BankTwin) -> None:
    await renewed(cloud, bank, state="retired")
    assert await days_pass(cloud, 100) == []
    await cloud.do(certificates.look, bank.tenant, bank.id)
    assert SOON_MS < LIFE_MS // 3
