"""A tenant keeps things for as long as it says, within bounds, and nobody else's."""

from __future__ import annotations

import csv
import io

import pytest

from bayward.cloud.privacy import holds, periods, register, retention
from bayward.cloud.privacy import store as privacy_store
from bayward.cloud.privacy.hold_store import HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.periods import BOUNDS, defaults
from bayward.core.clock import DAY_MS
from bayward.core.errors import BaywardError, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import TenantId
from privacy_bench import Ended


async def choose(ended: Ended, kind: str, days: int, reason: str = "less is enough") -> None:
    await ended.cloud.do(periods.choose, ended.tenant, kind, days, reason=reason, actor=ended.ada)


async def days(ended: Ended, kind: str, tenant: TenantId | None = None) -> int:
    def read(work: object) -> int:
        return periods.of(ended.cloud.tx, tenant or ended.tenant)[kind].days

    return await ended.cloud.do(read)


async def count(ended: Ended, kind: str, wanted: int) -> int:
    return await ended.cloud.do(periods.count, ended.tenant, kind, wanted)


def test_every_kind_has_bounds_and_its_default_lies_within() -> None:
    assert BOUNDS.keys() == defaults().keys()
    for kind, chosen in defaults().items():
        assert BOUNDS[kind].least <= chosen <= BOUNDS[kind].most, kind


async def test_what_a_tenant_chose_goes_on_the_day_and_is_counted_before(ended: Ended) -> None:
    cloud = ended.cloud
    other = await cloud.tenant(5)
    cloud.wait(20 * DAY_MS)
    assert await count(ended, "parcel", 30) == 0
    going = await count(ended, "parcel", 14)
    assert going > 0
    await choose(ended, "parcel", 14)
    assert (await days(ended, "parcel"), await days(ended, "parcel", other)) == (14, 90)
    await ended.work()
    [expired] = cloud.events(EventType.RECORDS_EXPIRED)
    assert f"parcel {going}" in (expired.detail or "")
    assert await count(ended, "parcel", 14) == 0


async def test_longer_keeps_what_would_have_gone(ended: Ended) -> None:
    await choose(ended, "parcel", 365)
    ended.cloud.wait(100 * DAY_MS)
    await ended.work()
    told = [one.detail or "" for one in ended.cloud.events(EventType.RECORDS_EXPIRED)]
    assert not [one for one in told if "parcel" in one]


async def test_a_hold_counts_whatever_the_period(ended: Ended) -> None:
    cloud = ended.cloud
    scope = Scope(kind=HoldKind.BANK, subject=ended.bank.id)
    await cloud.do(holds.place, ended.tenant, scope, authority="Court", until=None, actor=ended.ada)
    await choose(ended, "parcel", 14)
    cloud.wait(20 * DAY_MS)
    found = await cloud.do(retention.find, ended.tenant, retention.everything())
    assert found["parcel"]
    await cloud.do(retention.carry_out, ended.tenant, found)
    assert await count(ended, "parcel", 14) > 0


async def test_a_longer_period_chosen_between_looking_and_taking_counts(ended: Ended) -> None:
    cloud = ended.cloud
    cloud.wait(100 * DAY_MS)
    found = await cloud.do(retention.find, ended.tenant, retention.everything())
    assert found["parcel"]
    await choose(ended, "parcel", 365)
    await cloud.do(retention.carry_out, ended.tenant, found)
    assert await count(ended, "parcel", 90) > 0


async def test_the_log_says_who_changed_what_and_why(ended: Ended) -> None:
    await choose(ended, "message", 30)
    await choose(ended, "message", 60, "complaints came later")
    first, second = ended.cloud.events(EventType.SETTING_CHANGED)
    assert (first.actor, first.subject, first.detail) == (ended.ada, "keep.message", "90 → 30")
    assert (second.detail, second.reason) == ("30 → 60", "complaints came later")


@pytest.mark.parametrize(
    ("kind", "wanted", "reason", "error"),
    [
        ("parcel", 13, "x", Invalid),
        ("parcel", 1096, "x", Invalid),
        ("parcel", 30, " ", Invalid),
        ("parcel", 30, "x" * 501, Invalid),
        ("log", 30, "x", NotFound),
    ],
)
async def test_what_is_out_of_bounds_changes_nothing(
    ended: Ended, kind: str, wanted: int, reason: str, error: type[BaywardError]
) -> None:
    with pytest.raises(error):
        await choose(ended, kind, wanted, reason)
    assert ended.cloud.events(EventType.SETTING_CHANGED) == []


async def test_register_and_own_data_say_what_the_tenant_chose(ended: Ended) -> None:
    await choose(ended, "parcel", 30)
    chosen = {"parcel": await days(ended, "parcel")}
    rows = list(csv.DictReader(io.StringIO(register.csv_text(chosen))))
    [kept] = {row["kept"] for row in rows if row["table"] == "parcel"}
    assert kept == "30 days from ended_at, then blanked"
    [told] = [
        one
        for one in await ended.cloud.do(
            lambda work: privacy_store.kept(work.tx, ended.tenant, ended.anne)
        )
        if one.table == "parcel"
    ]
    assert "kept 30 days from ended_at" in told.ground
