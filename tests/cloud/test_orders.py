from __future__ import annotations

import pytest

from bayward.cloud import orders
from bayward.cloud.audit import service as audit
from bayward.cloud.notify.caller import Caller
from bayward.cloud.orders import ANSWER_GRACE_MS, State
from bayward.cloud.storage import schema as s
from bayward.cloud.workers import lanes
from bayward.core.clock import HOUR_MS, SECOND_MS, after
from bayward.core.commands import (
    COMMAND_LIFE_MS,
    DOOR_COMMAND_LIFE_MS,
    UNDER_WAY,
    Command,
    CommandResult,
    ForgetPerson,
    OpenForGrant,
    RotateCode,
)
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.core.ids import CommandId, GrantId, PersonId
from cloud_bench import BankTwin, CloudBench, named

GRANT = GrantId(named(GrantId, 1))
ROTATE = RotateCode(GRANT)
OPEN = OpenForGrant(GRANT, "1234", PersonId(named(PersonId, 1)))
ONE, TWO = "a" * 26, "b" * 26


async def give(cloud: CloudBench, bank: BankTwin, order: RotateCode | OpenForGrant) -> CommandId:
    return await cloud.do(orders.place, bank.tenant, bank.id, order, actor="prs")


async def take(cloud: CloudBench, bank: BankTwin, epoch: str = ONE) -> list[Command]:
    return await cloud.do(orders.take, bank.tenant, bank.id, epoch)


async def state(cloud: CloudBench, bank: BankTwin, command: CommandId) -> State:
    return (await cloud.do(orders.get, bank.tenant, command)).state


async def expire_due(cloud: CloudBench) -> None:
    caller = Caller(cloud.unit, audit.event_at)
    for worker in lanes(cloud.unit, mailer=None, caller=caller, random=lambda: 0.0)[:1]:
        await worker.run_due()


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


async def test_an_order_is_written_down_logged_and_wakes_the_link(
    cloud: CloudBench, bank: BankTwin
) -> None:
    heard: list[frozenset[str]] = []
    cloud.unit.on_commit(heard.append)
    command = await give(cloud, bank, ROTATE)
    assert f"bank/{bank.id}" in heard[0]
    [sent] = cloud.events(EventType.COMMAND_SENT)
    assert (sent.command, sent.detail, sent.grant) == (command, "rotate_code", GRANT)
    [taken] = await take(cloud, bank)
    assert taken == Command(command, ROTATE, after(cloud.clock.at, COMMAND_LIFE_MS), ONE)


async def test_an_order_is_sent_once_on_a_connection_and_again_on_the_next(
    cloud: CloudBench, bank: BankTwin
) -> None:
    command = await give(cloud, bank, ROTATE)
    assert [one.id for one in await take(cloud, bank)] == [command]
    assert await take(cloud, bank) == []
    [again] = await take(cloud, bank, TWO)
    assert (again.id, again.epoch) == (command, TWO)
    await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, True, "rotated"))
    assert await take(cloud, bank, ONE) == []
    assert await state(cloud, bank, command) is State.DONE


async def test_what_a_bank_has_only_begun_is_sent_again_until_its_log_says_it_is_done(
    cloud: CloudBench, bank: BankTwin
) -> None:
    forget = ForgetPerson(PersonId(named(PersonId, 1)))
    command = await cloud.do(orders.place, bank.tenant, bank.id, forget, actor="system")
    await take(cloud, bank)
    begun = CommandResult(command, False, UNDER_WAY)
    await cloud.do(orders.end, bank.tenant, bank.id, begun)
    assert await state(cloud, bank, command) is State.SENT
    assert [one.order for one in await take(cloud, bank, TWO)] == [forget]
    bank.record(EventType.COMMAND_DONE, command=command, result="forgotten")
    await bank.upload(cloud.ingest)
    assert await take(cloud, bank, "c" * 26) == []
    [ended] = cloud.events(EventType.COMMAND_ENDED)
    assert (ended.detail, ended.result) == ("forget_person", "done")


async def test_an_order_that_moves_a_door_is_never_sent_twice(
    cloud: CloudBench, bank: BankTwin
) -> None:
    command = await give(cloud, bank, OPEN)
    assert len(await take(cloud, bank)) == 1
    assert await take(cloud, bank, TWO) == []
    cloud.wait(DOOR_COMMAND_LIFE_MS + ANSWER_GRACE_MS)
    await expire_due(cloud)
    assert await state(cloud, bank, command) is State.EXPIRED
    [ended] = cloud.events(EventType.COMMAND_ENDED)
    assert (ended.result, ended.reason) == ("expired", "expired")


async def test_identity_44_an_order_too_late_for_its_door_is_not_sent(
    cloud: CloudBench, bank: BankTwin
) -> None:
    await give(cloud, bank, OPEN)
    cloud.wait(DOOR_COMMAND_LIFE_MS)
    assert await take(cloud, bank) == []


async def test_an_order_waits_a_day_for_a_cut_cable(cloud: CloudBench, bank: BankTwin) -> None:
    await give(cloud, bank, ROTATE)
    cloud.wait(COMMAND_LIFE_MS - HOUR_MS)
    await expire_due(cloud)
    assert len(await take(cloud, bank)) == 1


async def test_the_banks_log_overrides_what_was_given_up(cloud: CloudBench, bank: BankTwin) -> None:
    command = await give(cloud, bank, ROTATE)
    await take(cloud, bank)
    await cloud.do(orders.expire, bank.tenant, command)
    bank.record(EventType.COMMAND_DONE, command=command, result="rotated")
    await bank.upload(cloud.ingest)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert (ordered.state, ordered.result) == (State.DONE, "rotated")


async def test_the_banks_log_overrides_what_the_bank_could_not_know(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """Its disk failed and had kept it all the same: refused, and done. (`bayward sim`, seed 50)."""
    command = await give(cloud, bank, ROTATE)
    refused = CommandResult(command, is_done=False, result="journal.not_writable")
    await cloud.do(orders.end, bank.tenant, bank.id, refused)
    assert await state(cloud, bank, command) is State.REFUSED
    bank.record(EventType.COMMAND_DONE, command=command, result="rotated")
    await bank.upload(cloud.ingest)
    assert await state(cloud, bank, command) is State.DONE


async def test_the_first_answer_stands_and_is_told_once(cloud: CloudBench, bank: BankTwin) -> None:
    command = await give(cloud, bank, ROTATE)
    await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, False, "grant.used"))
    bank.record(EventType.COMMAND_REFUSED, command=command, reason="grant.used")
    await bank.upload(cloud.ingest)
    await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, True, "done"))
    assert await state(cloud, bank, command) is State.REFUSED
    [ended] = cloud.events(EventType.COMMAND_ENDED)
    assert (ended.result, ended.reason) == ("refused", "grant.used")
    assert orders.EXPIRE_JOB not in [row.kind for row in cloud.rows(s.job)]


async def test_a_bank_cannot_answer_for_another(cloud: CloudBench, bank: BankTwin) -> None:
    other = await cloud.bank(bank.tenant, 2)
    command = await give(cloud, bank, ROTATE)
    await cloud.do(orders.end, bank.tenant, other.id, CommandResult(command, True, "done"))
    other.record(EventType.COMMAND_DONE, command=command, result="done")
    await other.upload(cloud.ingest)
    assert await state(cloud, bank, command) is State.WAITING


async def test_identity_62_an_order_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    stranger = await cloud.tenant(2)
    command = await give(cloud, bank, ROTATE)
    for tenant, asked in ((stranger, command), (bank.tenant, named(CommandId, 99))):
        with pytest.raises(NotFound):
            await cloud.do(orders.get, tenant, asked)
    await cloud.do(orders.expire, stranger, command)
    assert await state(cloud, bank, command) is State.WAITING
    assert await cloud.do(orders.take, stranger, bank.id, ONE) == []


async def test_orders_leave_in_the_order_they_were_given(cloud: CloudBench, bank: BankTwin) -> None:
    given = []
    for _ in range(3):
        given.append(await give(cloud, bank, ROTATE))
        cloud.wait(SECOND_MS)
    assert [one.id for one in await take(cloud, bank)] == given
