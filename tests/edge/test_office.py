from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.commands import Command, DismissCourier
from bayward.core.door import KnownDoor
from bayward.core.errors import Denied, LimitExceeded, Unavailable
from bayward.core.events import EventType
from bayward.core.ids import CommandId
from bayward.edge import office
from bayward.edge.agent import MoreTime, PresentCode, Stage
from bayward.edge.health import state_of
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin
from hardware_bench import RealClock
from table_top import COURIER

DOORS = layout(4)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EdgeRig]:
    enrolled(tmp_path / "state")
    clock = RealClock()
    async with (
        running_twin(DOORS) as twin,
        running_edge(twin, DOORS, tmp_path / "state", clock) as rig,
    ):
        await rig.until_read()
        yield rig


async def test_who_waits_for_news_is_woken_by_each_change(rig: EdgeRig) -> None:
    agent = rig.edge.office
    seen = await agent.wait_for_change(-1)
    waiting = asyncio.ensure_future(agent.wait_for_change(seen))
    agent.set_online(is_online=True)
    assert await asyncio.wait_for(waiting, 5) > seen
    assert agent.view().is_online
    agent.announce_end()
    with pytest.raises(Unavailable, match=r"edge\.ending"):
        await agent.wait_for_change(-1)


async def test_a_refusal_goes_to_who_asked_and_the_office_works_on(rig: EdgeRig) -> None:
    with pytest.raises(Denied, match=r"visit\.none"):
        await rig.edge.office.ask(MoreTime())
    with pytest.raises(Denied, match=r"courier\.not_signed_in"):
        await rig.edge.office.find("4b")
    visit = await rig.edge.office.ask(PresentCode("12345678"))
    assert visit.stage is Stage.REFUSED


async def test_identity_45_the_same_command_twice_at_once_is_carried_out_once(
    rig: EdgeRig,
) -> None:
    await rig.admit()
    now = rig.edge.clock.now()
    command = Command(CommandId.of(bytes(16)), DismissCourier(COURIER), Instant(now + 5_000), "e")
    results = await asyncio.gather(*(rig.edge.office.carry_out(command, "e") for _ in range(5)))
    assert {one.result for one in results} == {"dismissed"}
    events = await rig.edge.office.on_clerks_thread(lambda: list(rig.edge.journal.events()))
    assert [one.type for one in events].count(EventType.COURIER_DISMISSED) == 1
    assert rig.edge.office._awaited == {}


async def test_timers_end_a_visit_that_nobody_goes_on_with(rig: EdgeRig) -> None:
    await rig.edge.office.ask(PresentCode("12345678"))
    assert rig.view().visit.deadline is not None
    rig.edge.clock._clock.skew_ms += 9_000  # type: ignore[attr-defined]  # the test's own clock
    rig.edge.office.look_again()
    await rig.until_stage(Stage.IDLE)


async def test_a_flood_of_readings_is_bounded_and_nothing_stays_wrong(rig: EdgeRig) -> None:
    agent = rig.edge.office
    door = DOORS[0].id
    open_door = KnownDoor(is_closed=False, is_occupied=None, at=rig.edge.clock.now())
    shut = KnownDoor(is_closed=True, is_occupied=None, at=rig.edge.clock.now())
    for _ in range(office.QUEUE_MAX):
        agent.door_read(door, shut)
    agent.door_read(door, open_door)  # lost: no room
    assert agent.queue_length == office.QUEUE_MAX
    with pytest.raises(LimitExceeded, match=r"edge\.busy"):
        await agent.ask(MoreTime())
    await asyncio.wait_for(agent._queue.join(), 20)
    await agent.on_clerks_thread(lambda: None)
    assert not agent._has_lost_readings
    assert state_of(rig.view().compartment(door).door) == "closed"


async def test_an_errand_that_fails_fails_for_its_owner_only(rig: EdgeRig) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await rig.edge.office.on_clerks_thread(fail)
    assert await rig.edge.office.on_clerks_thread(lambda: 7) == 7
