from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bayward.cloud.access import service as access
from bayward.cloud.audit import export
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import service as custody
from bayward.cloud.custody import store as parcels
from bayward.cloud.people import authn
from bayward.cloud.people import service as people
from bayward.cloud.privacy import holds, retention
from bayward.cloud.privacy.hold_store import Hold, HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.plan import TABLES, period_of
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import NO_LONGER_KEPT
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, HOUR_MS
from bayward.core.events import EventType
from bayward.core.ids import GrantId, ParcelId, PersonId, TenantId
from bayward.core.policy import Aal
from cloud_bench import CloudBench, named
from privacy_bench import Ended

PARCEL = named(ParcelId, 1)


async def lived(ended: Ended) -> None:
    """Anne's two parcels are collected; she signed in, and got a link."""

    def more(work: Work) -> None:
        authn.begin(work, ended.tenant, ended.anne, method=authn.TOTP, aal=Aal.ONE, life_ms=HOUR_MS)
        access.mint_link(work, ended.tenant, GrantId(named(GrantId, 1)))

    await ended.cloud.do(more)


async def days_later(ended: Ended, days: int) -> None:
    ended.cloud.wait(days * DAY_MS)
    await ended.work()


def count(cloud: CloudBench, table: sa.Table, **which: object) -> int:
    rows = [row._mapping for row in cloud.rows(table)]
    return sum(all(row[name] == value for name, value in which.items()) for row in rows)


def parcel(cloud: CloudBench) -> sa.RowMapping:
    [row] = [row._mapping for row in cloud.rows(s.parcel) if row._mapping["parcel"] == PARCEL]
    return row


async def test_what_is_past_its_period_is_gone_and_nothing_else(ended: Ended) -> None:
    cloud = ended.cloud
    await lived(ended)
    await days_later(ended, 2)
    assert count(cloud, s.session) == 0
    assert count(cloud, s.parcel_link) > 0
    assert parcel(cloud)["recipient"] == ended.anne
    await days_later(ended, 87)
    assert parcel(cloud)["recipient"] == ended.anne
    assert parcel(cloud)["tracking"] is not None
    await days_later(ended, 2)
    row = parcel(cloud)
    assert (row["recipient"], row["courier"]) == (NO_LONGER_KEPT, NO_LONGER_KEPT)
    assert (row["tracking"], row["tracking_key"]) == (None, None)
    assert row["state"] == "collected"
    assert count(cloud, s.grant, recipient=str(ended.anne)) == 0
    assert count(cloud, s.parcel_link) == 0
    await days_later(ended, 30)
    assert count(cloud, s.delivery, person=str(ended.anne)) == 0
    assert (await cloud.do(people.get, ended.tenant, ended.anne)).name == "Anne"
    for head in await cloud.do(audit.logs, ended.tenant):
        assert (await cloud.do(export.verify, ended.tenant, head.origin)).ok


async def test_a_parcel_inside_is_not_over(ended: Ended) -> None:
    ended.bank.deposit(9, recipient=ended.ben, courier=ended.carl)
    await ended.bank.upload(ended.cloud.ingest)
    await days_later(ended, 1000)
    [found] = await ended.cloud.do(
        custody.parcels, ended.tenant, parcels.Wanted(recipient=ended.ben)
    )
    assert found.tracking == "1Z5R80000127"


async def test_one_entry_says_how_many_of_what_and_about_nobody(ended: Ended) -> None:
    cloud = ended.cloud
    await lived(ended)
    await days_later(ended, 400)
    told = cloud.events(EventType.RECORDS_EXPIRED)
    kinds = dict(part.split(" ") for part in (told[0].detail or "").split(", "))
    assert sum(map(int, kinds.values())) == told[0].count
    assert kinds["session"] == "1"
    assert {"link", "message", "parcel"} <= set(kinds)
    fields = told[0].to_fields()
    assert [value for value in fields.values() if str(value).startswith("prs_")] == []
    before = len(told)
    await days_later(ended, 1)
    assert len(cloud.events(EventType.RECORDS_EXPIRED)) == before  # nothing to say


async def hold(ended: Ended, kind: HoldKind, subject: str | None, **more: Any) -> Hold:
    scope = Scope(kind=kind, subject=subject, **more)
    return await ended.cloud.do(
        holds.place, ended.tenant, scope, authority="a court", until=None, actor=ended.ada
    )


# A party is in no table that has a period.
@pytest.mark.parametrize("kind", sorted(set(HoldKind) - {HoldKind.PARTY}))
async def test_audit_13_what_is_held_is_kept_until_the_hold_is_lifted(
    ended: Ended, kind: HoldKind
) -> None:
    cloud, now = ended.cloud, ended.cloud.clock.at
    subject = {
        HoldKind.PERSON: ended.anne, HoldKind.PARCEL: PARCEL, HoldKind.BANK: ended.bank.id,
        HoldKind.INCIDENT: cloud.rows(s.incident)[0]._mapping["incident"],
    }.get(kind)  # fmt: skip
    times = {"begins_at": now - DAY_MS, "ends_at": now + DAY_MS} if kind is HoldKind.PERIOD else {}
    if kind is HoldKind.INCIDENT:
        cloud.wait(400 * DAY_MS)
        await cloud.do(_closed, ended.ada)
        placed = await hold(ended, kind, subject)
        await days_later(ended, 400)
        assert cloud.rows(s.incident)[0]._mapping["closed_by"] == ended.ada
        await cloud.do(holds.lift, ended.tenant, placed.id, actor=ended.ada)
        await days_later(ended, 2)
        assert cloud.rows(s.incident)[0]._mapping["closed_by"] == NO_LONGER_KEPT
        return
    placed = await hold(ended, kind, subject, **times)
    await days_later(ended, 400)
    row = parcel(cloud)
    assert row["recipient"] == ended.anne
    assert row["tracking"] is not None
    assert count(cloud, s.delivery, person=str(ended.anne)) > 0
    await cloud.do(holds.lift, ended.tenant, placed.id, actor=ended.ada)
    await days_later(ended, 2)
    assert parcel(cloud)["recipient"] == NO_LONGER_KEPT
    assert count(cloud, s.delivery, person=str(ended.anne)) == 0


def _closed(work: Work, by: PersonId) -> None:
    work.tx.execute(s.incident.update().values(state="closed", closed_at=work.now, closed_by=by))


async def test_a_hold_on_one_keeps_nobody_else(ended: Ended) -> None:
    ended.bank.deposit(9, recipient=ended.ben, courier=ended.carl)
    ended.bank.collect(9)
    await ended.bank.upload(ended.cloud.ingest)
    await hold(ended, HoldKind.PERSON, ended.ben)
    await days_later(ended, 400)
    kept = {row._mapping["recipient"] for row in ended.cloud.rows(s.parcel)}
    assert kept == {ended.ben, NO_LONGER_KEPT}


async def test_it_is_done_every_day(ended: Ended) -> None:
    cloud = ended.cloud
    first = await cloud.do(retention.standing, ended.tenant)
    assert (first.last, first.next) == (None, cloud.clock.at + retention.FIRST_AFTER_MS)
    cloud.wait(retention.FIRST_AFTER_MS)
    await ended.work()
    second = await cloud.do(retention.standing, ended.tenant)
    assert (second.last, second.next) == (cloud.clock.at, cloud.clock.at + DAY_MS)
    await cloud.do(retention.plan, ended.tenant)  # as at each start
    assert await cloud.do(retention.standing, ended.tenant) == second


async def test_more_than_fits_in_one_round_is_done_too(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROUND", 1)
    await lived(ended)
    await hold(ended, HoldKind.PARCEL, PARCEL)  # which stands before the other one, and stays
    ended.bank.deposit(9, recipient=ended.ben, courier=ended.ben)
    ended.bank.collect(9)
    await ended.bank.upload(ended.cloud.ingest)
    await days_later(ended, 400)
    kept = {row._mapping["parcel"]: row._mapping["recipient"] for row in ended.cloud.rows(s.parcel)}
    assert kept[PARCEL] == ended.anne
    assert kept[named(ParcelId, 9)] == NO_LONGER_KEPT


async def carried_out(ended: Ended, tenant: TenantId) -> int:
    found = await ended.cloud.do(retention.find, tenant, retention.everything())
    assert retention.still(found) == {}
    return await ended.cloud.do(retention.carry_out, tenant, found)


async def test_another_tenant_is_not_touched(ended: Ended) -> None:
    cloud = ended.cloud
    await lived(ended)
    other = await cloud.tenant(2)
    cloud.wait(400 * DAY_MS)
    assert await carried_out(ended, other) == 0
    assert parcel(cloud)["recipient"] == ended.anne


async def test_a_run_that_is_done_twice_finds_nothing_the_second_time(ended: Ended) -> None:
    ended.cloud.wait(400 * DAY_MS)
    assert await carried_out(ended, ended.tenant) > 0
    assert await carried_out(ended, ended.tenant) == 0


async def test_a_hold_placed_between_looking_and_taking_counts(ended: Ended) -> None:
    cloud = ended.cloud
    cloud.wait(400 * DAY_MS)
    found = await cloud.do(retention.find, ended.tenant, retention.everything())
    await hold(ended, HoldKind.BANK, ended.bank.id)
    await cloud.do(retention.carry_out, ended.tenant, found)
    assert parcel(cloud)["recipient"] == ended.anne


def test_every_kind_is_one_word_and_has_one_number_of_days() -> None:
    declared = {(one.kind, one.days) for one in map(period_of, TABLES.values()) if one is not None}
    kinds = [kind for kind, _ in declared]
    assert len(kinds) == len(set(kinds)) > 6
    assert all(kind.isalpha() for kind in kinds)
