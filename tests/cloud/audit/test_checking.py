from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bayward.cloud.audit import anchor, export
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.checking import EACH_MS, Checks
from bayward.cloud.audit.store import LogHead
from bayward.cloud.incidents import service as incidents
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.log_store.segment import split_loosely
from bayward.cloud.unit import OPERATOR
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.ledger.tiles import encode_bundle
from cloud_bench import BankTwin, CloudBench, story


class Rests:
    """Notes how long a check sleeps; time stands still meanwhile."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def rests() -> Rests:
    return Rests()


@pytest.fixture
async def checks(cloud: CloudBench, rests: Rests) -> AsyncIterator[Checks]:
    made = Checks(cloud.unit, cloud.clock, rests)
    yield made
    await made.stop()


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await story(cloud)


async def heads(cloud: CloudBench, bank: BankTwin) -> dict[str, LogHead]:
    return {one.kind: one for one in await cloud.do(audit.logs, bank.tenant)}


def change(cloud: CloudBench, origin: str, at: int) -> None:
    """Change an entry where it lies."""
    with cloud.tx.begin():
        cloud.tx.exec_driver_sql("DROP TRIGGER IF EXISTS log_segment_no_update")
        table = s.log_segment.c
        mine = (table.origin == origin) & (table.first <= at) & (table.first + table.count > at)
        row = cloud.tx.execute(sa.select(s.log_segment).where(mine)).one()
        leaves = list(split_loosely(row.entries))
        leaves[at - row.first] = leaves[at - row.first].replace(b"}", b" }")
        changed = s.log_segment.update().where(mine)
        cloud.tx.execute(changed.values(entries=encode_bundle(leaves)))


def delete_end(cloud: CloudBench, origin: str) -> None:
    """Delete the newest entries, and leave the head that counts them."""
    with cloud.tx.begin():
        cloud.tx.exec_driver_sql("DROP TRIGGER log_segment_no_delete")
        table = s.log_segment.c
        last = sa.select(sa.func.max(table.first)).where(table.origin == origin).scalar_subquery()
        cloud.tx.execute(s.log_segment.delete().where(table.origin == origin, table.first == last))


async def test_every_log_is_checked_once_a_day(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    await checks.run_due()
    found = await heads(cloud, bank)
    assert {(one.verified_at, one.verify_problem) for one in found.values()} == {
        (cloud.clock.at, None)
    }
    assert all(one.verified_size == one.size for one in found.values())
    before = cloud.clock.at
    cloud.wait(EACH_MS - 1)
    await checks.run_due()
    assert {one.verified_at for one in (await heads(cloud, bank)).values()} == {before}
    cloud.wait(2)
    await checks.run_due()
    assert {one.verified_at for one in (await heads(cloud, bank)).values()} == {cloud.clock.at}


async def test_what_was_checked_in_the_future_is_checked_again(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    cloud.wait(10 * EACH_MS)
    await checks.run_due()
    cloud.wait(-9 * EACH_MS)  # the clock had been wrong
    await checks.run_due()
    assert {one.verified_at for one in (await heads(cloud, bank)).values()} == {cloud.clock.at}


async def test_what_grew_meanwhile_is_not_said_to_be_checked(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    await checks.run_due()
    bank.record(EventType.DOOR_CLOSED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    head = (await heads(cloud, bank))["bank"]
    assert head.verified_size == head.size - 1


async def test_audit_01_a_changed_entry_is_an_incident_once(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    origin = bank.log.signer.key.name
    change(cloud, origin, 2)
    await checks.run_due()
    [told] = cloud.events(EventType.LOG_FAULT_FOUND)
    assert (told.bank, told.origin) == (bank.id, origin)
    assert told.detail is not None
    assert "at 2" in told.detail
    cloud.wait(EACH_MS + 1)
    await checks.run_due()  # the same fault on the next day is no news
    assert len(cloud.events(EventType.LOG_FAULT_FOUND)) == 1
    change(cloud, origin, 1)
    cloud.wait(EACH_MS + 1)
    await checks.run_due()
    assert len(cloud.events(EventType.LOG_FAULT_FOUND)) == 2
    found = await cloud.do(incidents.incidents, bank.tenant)
    about = [one for one in found if one.kind == EventType.LOG_FAULT_FOUND.value]
    assert [(one.severity, one.bank, one.count) for one in about] == [("critical", bank.id, 2)]


async def test_audit_03_a_log_without_its_end_is_found(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    origin = bank.log.signer.key.name
    delete_end(cloud, origin)
    verdict = await checks.start(bank.tenant, origin)
    assert "size mismatch" in str(verdict.findings[0])


async def test_a_fault_in_the_tenants_own_log_is_about_no_bank_and_staff_is_told(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    origin = (await heads(cloud, bank))["tenant"].origin
    change(cloud, origin, 0)
    await checks.run_due()
    [incident] = [one for one in cloud.rows(s.incident) if one.kind == "log.fault_found"]
    assert (incident.bank, incident.severity) == (None, "critical")
    told = [one for one in cloud.rows(s.delivery) if one.subject == incident.incident]
    assert any(one.channel == "email" for one in told)


async def test_a_fault_of_the_anchor_is_noted_and_enters_no_log(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    await cloud.platform()
    await cloud.do(anchor.append_grown)
    [head] = [one for one in await cloud.do(audit.logs, OPERATOR) if one.size]
    change(cloud, head.origin, 0)
    verdict = await checks.start(OPERATOR, head.origin)
    assert not verdict.ok
    assert cloud.events(EventType.LOG_FAULT_FOUND) == []
    [after] = [one for one in await cloud.do(audit.logs, OPERATOR) if one.size]
    assert (after.size, after.verify_problem) == (head.size, str(verdict.findings[0]))


async def test_a_check_is_not_begun_twice_and_shows_how_far_it_is(
    cloud: CloudBench, bank: BankTwin, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ENTRIES", 3)
    origin = bank.log.signer.key.name
    task = checks.start(bank.tenant, origin)
    assert checks.start(bank.tenant, origin) is task
    seen = set()
    while not task.done():
        for one in checks.progress(bank.tenant).values():
            seen.add((one.done, one.size))
        await asyncio.sleep(0)
    assert {(0, 0), (3, bank.log.size), (6, bank.log.size)} <= seen
    assert task.result().ok
    await asyncio.sleep(0)
    assert checks.progress(bank.tenant) == {}


async def test_it_rests_unless_somebody_waits(
    cloud: CloudBench,
    bank: BankTwin,
    checks: Checks,
    rests: Rests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "PAGE_ENTRIES", 3)
    origin = bank.log.signer.key.name
    await checks.start(bank.tenant, origin, is_awaited=True)
    assert rests.taken == []
    await checks.start(bank.tenant, origin)
    assert len(rests.taken) == -(-bank.log.size // 3)


async def test_a_log_that_is_none_fails_and_what_runs_is_ended(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    with pytest.raises(NotFound):
        await checks.start(bank.tenant, "nowhere")
    task = checks.start(bank.tenant, bank.log.signer.key.name)
    await checks.stop()
    assert task.cancelled()


async def test_who_waits_gets_a_check_that_began_when_he_asked(
    cloud: CloudBench, bank: BankTwin, checks: Checks
) -> None:
    origin = bank.log.signer.key.name
    daily = asyncio.create_task(checks.run_due())
    while origin not in checks.progress(bank.tenant):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)
    asked = checks.start(bank.tenant, origin, is_awaited=True)
    assert checks.start(bank.tenant, origin, is_awaited=True) is asked
    assert (await asked).ok
    await daily  # it goes on with the next log
    assert {one.verified_at for one in (await heads(cloud, bank)).values()} == {cloud.clock.at}
