from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.privacy import retention_store as store
from bayward.cloud.privacy.plan import TABLES, period_of
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant
from cloud_bench import CloudBench
from privacy_bench import Ended

NEVER = Instant(2**52)


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_each_table_can_be_asked_and_emptied(ended: Ended, name: str) -> None:
    table = TABLES[name]

    def take(work: Work) -> tuple[int, int]:
        found = store.old(work.tx, ended.tenant, table, NEVER, behind=None, count=99)
        assert store.take_out(work.tx, table, [one.key for one in found], NEVER) == len(found)
        left = store.old(work.tx, ended.tenant, table, NEVER, behind=None, count=99)
        return len(found), len(left)

    found, left = await ended.cloud.do(take)
    assert left == 0
    assert found == 0 or name in {"parcel", "grant", "delivery", "letter", "incident", "command"}


async def test_a_row_goes_on_the_day_and_not_a_moment_before(ended: Ended) -> None:
    period = period_of(s.parcel)
    assert period is not None

    def ages(work: Work) -> list[int]:
        ended_at = work.tx.execute(sa.select(sa.func.min(s.parcel.c.ended_at))).scalar_one()
        over = ended_at + period.days * DAY_MS
        return [
            len(store.old(work.tx, ended.tenant, s.parcel, Instant(at), behind=None, count=99))
            for at in (over - 1, over)
        ]

    before, after = await ended.cloud.do(ages)
    assert before == 0
    assert after > 0


async def test_a_row_says_whom_it_names_and_what_it_is_about(ended: Ended) -> None:
    def look(work: Work) -> list[store.Old]:
        return store.old(work.tx, ended.tenant, s.parcel, NEVER, behind=None, count=99)

    first, *rest = await ended.cloud.do(look)
    assert first.people == {ended.anne, ended.carl}
    assert ended.bank.id in first.about
    assert first.key[1] in first.about

    def behind(work: Work) -> list[store.Old]:
        return store.old(work.tx, ended.tenant, s.parcel, NEVER, behind=first.key, count=99)

    assert await ended.cloud.do(behind) == rest


async def test_nobody_else_has_old_rows(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    for table in TABLES.values():
        found = await cloud.do(
            lambda work, table=table: store.old(work.tx, tenant, table, NEVER, behind=None, count=9)
        )
        assert found == []


async def test_a_row_that_was_prolonged_since_it_was_found_stays(ended: Ended) -> None:
    def prolong(work: Work) -> int:
        found = store.old(work.tx, ended.tenant, s.delivery, NEVER, behind=None, count=99)
        assert found
        work.tx.execute(s.delivery.update().values(not_after=NEVER))
        return store.take_out(work.tx, s.delivery, [one.key for one in found], NEVER)

    assert await ended.cloud.do(prolong) == 0
