from __future__ import annotations

import pytest

from bayward.cloud.custody import approvals
from bayward.cloud.custody.approvals import ASKED_MS, KEY_MS, Door, Kind
from bayward.core.errors import Conflict, Denied, Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX, EventType
from bayward.core.ids import BankId, PersonId, TenantId
from cloud_bench import BankTwin, CloudBench, named

ANNE, BEN = (PersonId(named(PersonId, number)) for number in (1, 2))


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


def door(bank: BankTwin, kind: Kind = Kind.RESTORE, number: int = 1) -> Door:
    return Door(bank.id, bank.door(number), kind)


async def test_one_asks_and_another_agrees_and_both_are_in_the_log(
    cloud: CloudBench, bank: BankTwin
) -> None:
    tenant, here = bank.tenant, door(bank)
    until = await cloud.do(approvals.ask, tenant, here, actor=ANNE, reason="  looked  inside ")
    assert until == cloud.clock.at + ASKED_MS
    [waiting] = await cloud.do(approvals.all_waiting, tenant)
    assert (waiting.asked_by, waiting.reason) == (ANNE, "looked inside")
    cloud.wait(ASKED_MS - 1)
    given = await cloud.do(approvals.agree, tenant, here, actor=BEN)
    assert (given.asked_by, given.given_by) == (ANNE, BEN)
    assert await cloud.do(approvals.all_waiting, tenant) == []
    [asked] = cloud.events(EventType.APPROVAL_ASKED)
    [agreed] = cloud.events(EventType.APPROVAL_GIVEN)
    assert (asked.actor, asked.reason, asked.compartment) == (ANNE, "looked inside", bank.door(1))
    assert (agreed.actor, agreed.subject, agreed.purpose) == (BEN, ANNE, "restore")


async def test_nobody_agrees_with_himself_or_too_late_or_twice(
    cloud: CloudBench, bank: BankTwin
) -> None:
    tenant, here = bank.tenant, door(bank)
    with pytest.raises(NotFound):
        await cloud.do(approvals.agree, tenant, here, actor=BEN)
    await cloud.do(approvals.ask, tenant, here, actor=ANNE, reason="x")
    with pytest.raises(Denied, match="same_person"):
        await cloud.do(approvals.agree, tenant, here, actor=ANNE)
    cloud.wait(ASKED_MS)
    for verb in (approvals.agree, approvals.refuse):
        with pytest.raises(NotFound):
            await cloud.do(verb, tenant, here, actor=BEN)
    await cloud.do(approvals.ask, tenant, here, actor=ANNE, reason="again")
    await cloud.do(approvals.agree, tenant, here, actor=BEN)
    with pytest.raises(NotFound):
        await cloud.do(approvals.agree, tenant, here, actor=BEN)
    assert len(cloud.events(EventType.APPROVAL_GIVEN)) == 1


async def test_one_question_waits_at_a_door_at_a_time_and_of_each_kind(
    cloud: CloudBench, bank: BankTwin
) -> None:
    tenant = bank.tenant
    await cloud.do(approvals.ask, tenant, door(bank), actor=ANNE, reason="x")
    with pytest.raises(Conflict, match="waiting"):
        await cloud.do(approvals.ask, tenant, door(bank), actor=BEN, reason="y")
    await cloud.do(approvals.ask, tenant, door(bank, Kind.KEY), actor=BEN, reason="y")
    await cloud.do(approvals.ask, tenant, door(bank, number=2), actor=BEN, reason="y")
    assert len(await cloud.do(approvals.all_waiting, tenant)) == 3


async def test_who_asked_takes_it_back_and_who_is_asked_refuses(
    cloud: CloudBench, bank: BankTwin
) -> None:
    tenant, here = bank.tenant, door(bank)
    for person in (ANNE, BEN):
        await cloud.do(approvals.ask, tenant, here, actor=ANNE, reason="x")
        await cloud.do(approvals.refuse, tenant, here, actor=person)
        assert await cloud.do(approvals.waiting, tenant, here) is None
    assert [one.actor for one in cloud.events(EventType.APPROVAL_REFUSED)] == [ANNE, BEN]


@pytest.mark.parametrize(
    ("reason", "code"), [("", "empty"), (" \t ", "empty"), ("x" * (TEXT_CHARS_MAX + 1), "long")]
)
async def test_a_question_says_why(
    cloud: CloudBench, bank: BankTwin, reason: str, code: str
) -> None:
    with pytest.raises(Invalid, match=code):
        await cloud.do(approvals.ask, bank.tenant, door(bank), actor=ANNE, reason=reason)


async def test_what_was_agreed_on_counts_for_a_while(cloud: CloudBench, bank: BankTwin) -> None:
    tenant, here = bank.tenant, door(bank, Kind.KEY)
    await cloud.do(approvals.ask, tenant, here, actor=ANNE, reason="x")
    start = cloud.clock.at
    assert await cloud.do(approvals.given, tenant, here, start) is None
    await cloud.do(approvals.agree, tenant, here, actor=BEN)
    for at, counts in ((-1, False), (0, True), (KEY_MS - 1, True), (KEY_MS, False)):
        found = await cloud.do(approvals.given, tenant, here, start + at)
        assert (found is not None) is counts, at


async def test_another_tenant_sees_nothing(cloud: CloudBench, bank: BankTwin) -> None:
    await cloud.do(approvals.ask, bank.tenant, door(bank), actor=ANNE, reason="x")
    other = TenantId(await cloud.tenant(2))
    assert await cloud.do(approvals.all_waiting, other) == []
    theirs = Door(BankId(bank.id), bank.door(1), Kind.RESTORE)
    with pytest.raises(NotFound):
        await cloud.do(approvals.agree, other, theirs, actor=BEN)
