from __future__ import annotations

import pytest

from bayward.cloud import orders
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, Release, State
from bayward.cloud.storage import schema as s
from bayward.core.commands import CommandResult, EngageLockdown, ReleaseLockdown
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from cloud_bench import BankTwin, CloudBench, named

_T = EventType
ADA = PersonId(named(PersonId, 7))


async def every(cloud: CloudBench, bank: BankTwin) -> list[Incident]:
    return await cloud.do(incidents.incidents, bank.tenant)


async def forced(cloud: CloudBench, bank: BankTwin) -> Incident:
    bank.force()
    await bank.upload(cloud.ingest)
    return (await every(cloud, bank))[0]


async def test_a_forced_door_opens_a_critical_incident_that_holds_the_lockdown(
    cloud: CloudBench, bank: BankTwin
) -> None:
    incident = await forced(cloud, bank)
    assert (incident.kind, incident.severity, incident.state) == (
        "door.forced_open", "critical", State.OPEN,
    )  # fmt: skip
    [locked] = await cloud.do(incidents.lockdowns, bank.tenant, incident=incident.id)
    assert (locked.scope, locked.actor, locked.release) == ("bank", "bank", Release.NONE)
    [opened] = cloud.events(_T.INCIDENT_OPENED)
    assert (opened.incident, opened.reason) == (incident.id, "door.forced_open")


async def test_signals_of_one_kind_join_while_it_is_open(cloud: CloudBench, bank: BankTwin) -> None:
    for door in (1, 2, 3):
        bank.record(_T.DOOR_OPEN_TOO_LONG, compartment=bank.door(door))
        bank.record(
            _T.LOCKDOWN_ENGAGED, scope=bank.door(door), reason="open_too_long", actor="bank"
        )
    other = await cloud.bank(bank.tenant, 2)
    other.record(_T.DOOR_OPEN_TOO_LONG, compartment=other.door(1))
    for one in (bank, other):
        await one.upload(cloud.ingest)
    found = {one.bank: one for one in await every(cloud, bank)}
    assert (found[bank.id].count, found[other.id].count) == (3, 1)
    assert len(cloud.events(_T.INCIDENT_OPENED)) == 2
    held = await cloud.do(incidents.lockdowns, bank.tenant, incident=found[bank.id].id)
    assert {one.scope for one in held} == {bank.door(door) for door in (1, 2, 3)}
    assert await cloud.do(incidents.count_live, bank.tenant) == {bank.id: 1, other.id: 1}


async def test_identity_07_a_paused_keypad_is_an_incident_with_a_warning(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.record(_T.KEYPAD_PAUSED, not_after=cloud.clock.at + 1_800_000)
    await bank.upload(cloud.ingest)
    [incident] = await every(cloud, bank)
    assert (incident.kind, incident.severity) == ("keypad.paused", "warning")
    assert await cloud.do(incidents.lockdowns, bank.tenant, incident=incident.id) == []


async def test_after_it_is_closed_the_next_signal_opens_another(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.record(_T.DOOR_OPEN_TOO_LONG, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    [first] = await every(cloud, bank)
    cloud.wait(1_000)
    await cloud.do(incidents.close, bank.tenant, first.id, actor=ADA, reason="door was shut")
    bank.record(_T.DOOR_OPEN_TOO_LONG, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    second, closed = await every(cloud, bank)
    assert closed.id == first.id
    assert (closed.state, closed.closed_by, closed.reason) == (
        State.CLOSED, ADA, "door was shut",
    )  # fmt: skip
    assert second.state is State.OPEN
    live = await cloud.do(incidents.incidents, bank.tenant, states=(State.OPEN,), bank=bank.id)
    assert live == [second]
    older = await cloud.do(incidents.incidents, bank.tenant, before=second.opened_at)
    assert older == [closed]


async def test_it_is_acknowledged_once(cloud: CloudBench, bank: BankTwin) -> None:
    incident = await forced(cloud, bank)
    ask = {"actor": ADA, "note": "on my way"}
    await cloud.do(incidents.acknowledge, bank.tenant, incident.id, **ask)
    [after] = await every(cloud, bank)
    assert (after.state, after.acknowledged_by) == (State.ACKNOWLEDGED, ADA)
    assert cloud.events(_T.INCIDENT_ACKNOWLEDGED)[0].detail == "on my way"
    with pytest.raises(Conflict):
        await cloud.do(incidents.acknowledge, bank.tenant, incident.id, **ask)


async def test_only_the_banks_word_ends_a_lockdown(cloud: CloudBench, bank: BankTwin) -> None:
    incident = await forced(cloud, bank)
    ask = {"actor": ADA, "reason": "checked on site"}
    with pytest.raises(Conflict) as caught:
        await cloud.do(incidents.close, bank.tenant, incident.id, **ask)
    assert caught.value.code == "incident.locked_down"
    [command] = await cloud.do(incidents.release, bank.tenant, incident.id, **ask)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == ReleaseLockdown("bank", ADA, "checked on site")
    [locked] = await cloud.do(incidents.lockdowns, bank.tenant)
    assert locked.release is Release.REQUESTED
    with pytest.raises(Conflict) as caught:
        await cloud.do(incidents.release, bank.tenant, incident.id, **ask)
    assert caught.value.code == "lockdown.release_requested"
    await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, True, "released"))
    assert await cloud.do(incidents.lockdowns, bank.tenant)  # an answer is not the log
    bank.record(_T.LOCKDOWN_RELEASED, scope="bank", actor=ADA, reason="checked on site")
    await bank.upload(cloud.ingest)
    assert await cloud.do(incidents.lockdowns, bank.tenant) == []
    [after] = await every(cloud, bank)
    assert (after.released_by, after.released_at) == (ADA, cloud.clock.at)
    await cloud.do(incidents.close, bank.tenant, incident.id, **ask)
    with pytest.raises(Conflict):
        await cloud.do(incidents.close, bank.tenant, incident.id, **ask)
    with pytest.raises(Conflict) as caught:
        await cloud.do(incidents.release, bank.tenant, incident.id, **ask)
    assert caught.value.code == "lockdown.none"


@pytest.mark.parametrize("how", ["refused", "expired"])
async def test_an_override_that_came_to_nothing_can_be_asked_for_again(
    cloud: CloudBench, bank: BankTwin, how: str
) -> None:
    incident = await forced(cloud, bank)
    ask = {"actor": ADA, "reason": "checked on site"}
    [command] = await cloud.do(incidents.release, bank.tenant, incident.id, **ask)
    if how == "expired":
        await cloud.do(orders.expire, bank.tenant, command)
    else:
        await cloud.do(orders.end, bank.tenant, bank.id, CommandResult(command, False, "no"))
    [locked] = await cloud.do(incidents.lockdowns, bank.tenant)
    assert locked.release is Release.REFUSED
    assert len(await cloud.do(incidents.release, bank.tenant, incident.id, **ask)) == 1


async def test_a_lockdown_on_order_has_an_incident_to_be_ended_by(
    cloud: CloudBench, bank: BankTwin
) -> None:
    command = await cloud.do(
        incidents.lock_down, bank.tenant, bank.id, actor=ADA, reason="fire alarm"
    )
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == EngageLockdown("bank", ADA, "fire alarm")
    bank.record(_T.LOCKDOWN_ENGAGED, scope="bank", actor=ADA, reason="fire alarm")
    await bank.upload(cloud.ingest)
    [incident] = await every(cloud, bank)
    assert incident.kind == "lockdown.engaged"
    with pytest.raises(Conflict):
        await cloud.do(incidents.lock_down, bank.tenant, bank.id, actor=ADA, reason="again")
    assert len(
        await cloud.do(incidents.release, bank.tenant, incident.id, actor=ADA, reason="all clear")
    ) == 1  # fmt: skip


@pytest.mark.parametrize("reason", ["", "  x ", "y" * 501])
async def test_a_reason_says_something(cloud: CloudBench, bank: BankTwin, reason: str) -> None:
    incident = await forced(cloud, bank)
    with pytest.raises(Invalid):
        await cloud.do(incidents.release, bank.tenant, incident.id, actor=ADA, reason=reason)
    assert cloud.rows(s.command) == []


async def test_identity_62_an_incident_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    incident = await forced(cloud, bank)
    stranger = await cloud.tenant(2)
    for ask in (incidents.acknowledge, incidents.close, incidents.release):
        more = {} if ask is incidents.acknowledge else {"reason": "because"}
        with pytest.raises(NotFound):
            await cloud.do(ask, stranger, incident.id, actor=ADA, **more)
    assert await cloud.do(incidents.incidents, stranger) == []
    assert await cloud.do(incidents.lockdowns, stranger) == []
