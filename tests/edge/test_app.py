from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bayward.core.commands import EngageLockdown, ReleaseLockdown
from bayward.core.errors import Misconfigured
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.agent import Stage
from bayward.edge.app import Edge
from bayward.edge.settings import CloudSettings
from bayward.sim.hardware.twin import BankTwin
from edge_bench import make_settings
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin
from table_top import ANNA

DOORS = layout(4)


@pytest.fixture
async def twin() -> AsyncIterator[BankTwin]:
    async with running_twin(DOORS) as twin:
        yield twin


@pytest.fixture
def state(tmp_path: Path) -> Path:
    enrolled(tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
async def rig(twin: BankTwin, state: Path) -> AsyncIterator[EdgeRig]:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        yield rig


async def events(rig: EdgeRig) -> list[Event]:
    return await rig.edge.office.on_clerks_thread(lambda: list(rig.edge.journal.events()))


async def kinds(rig: EdgeRig) -> list[EventType]:
    return [event.type for event in await events(rig)]


async def test_a_courier_and_a_resident_with_the_cable_cut(rig: EdgeRig) -> None:
    code, door = await rig.deposit()
    assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
    await rig.until_stage(Stage.DOOR_OPEN)
    assert "Door 01 is open" in await rig.get("/kiosk/door")
    assert rig.twin.take_parcel(door)
    assert rig.twin.push(door)
    await rig.until_stage(Stage.COLLECTED)
    assert "Thank you" in await rig.get("/kiosk/thanks")
    await rig.get("/kiosk")
    assert await rig.post("/kiosk/collect", code=code) == "/kiosk/refused"
    assert [pulse.compartment for pulse in rig.twin.pulses] == [door, door]
    assert (await kinds(rig)).count(EventType.PARCEL_COLLECTED) == 1


async def test_identity_03_a_power_cut_between_intent_and_opening(
    twin: BankTwin, state: Path
) -> None:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        code, door = await rig.deposit()
        twin.jam(door, is_jammed=True)
        assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
        await rig.edge.abandon()
    pulses = len(twin.pulses)
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        await rig.until(lambda view: view.compartment(door).door is not None)
        assert len(twin.pulses) == pulses  # resolved by reading
        twin.jam(door, is_jammed=False)
        assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
        await rig.until_stage(Stage.DOOR_OPEN)
        assert rig.view().visit.compartment == door
        ended = [one for one in await events(rig) if one.type is EventType.UNLOCK_ENDED]
        assert [one.result for one in ended[-2:]] == ["no_edge", "opened"]


async def test_after_a_power_cut_the_bank_knows_everything(twin: BankTwin, state: Path) -> None:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        code, door = await rig.deposit()
        await rig.sign_in()
        other = await rig.describe_parcel("M")
        await rig.edge.abandon()
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        assert rig.view().visit.stage is Stage.IDLE
        assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
        await rig.until_stage(Stage.DOOR_OPEN)
        assert rig.view().visit.compartment == door != other
        assert rig.edge.journal.head.boot == 2


async def test_identity_73_a_lockdown_outlives_the_power(twin: BankTwin, state: Path) -> None:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
        code, _ = await rig.deposit()
        assert await rig.order(EngageLockdown("bank", ANNA, "drill")) == "engaged"
        await rig.edge.abandon()
    async with running_edge(twin, DOORS, state) as rig:
        pulses = len(twin.pulses)
        page = await rig.get("/kiosk")  # identity 74: refused with words that help
        assert "This wall is locked" in page
        assert "Front desk" in page
        assert await rig.post("/kiosk/collect", code=code) == "/kiosk"
        assert len(twin.pulses) == pulses
        assert await rig.order(ReleaseLockdown("bank", ANNA, "over")) == "released"
        assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
        await rig.until_stage(Stage.DOOR_OPEN)


async def test_a_crowbar_locks_the_bank_down_and_sounds_the_siren(rig: EdgeRig) -> None:
    door = DOORS[2].id
    await rig.get("/kiosk")
    assert rig.twin.force(door)
    view = await rig.until(lambda view: view.lockdown is not None)
    assert view.lockdown is not None
    assert view.lockdown.reason == "forced_open"
    assert rig.twin.siren_is_on
    assert await rig.order(ReleaseLockdown("bank", ANNA, "looked at it")) == "released"
    assert not rig.twin.siren_is_on


async def test_a_line_that_is_gone_makes_doors_unknown_and_opens_nothing(rig: EdgeRig) -> None:
    code, door = await rig.deposit()
    await rig.twin.pull_port("main")
    await rig.until_door(door, "unknown")
    pulses = len(rig.twin.pulses)
    await rig.post("/kiosk/collect", code=code)
    await rig.until_stage(Stage.STUCK)
    assert len(rig.twin.pulses) == pulses
    health = (await rig.browser.get("/kiosk/health")).json()
    assert (health["status"], health["doors"]["unknown"]) == ("degraded", 4)
    assert health["log"]["size"] == rig.edge.journal.head.size
    assert health["link"] is None
    await rig.twin.plug_port("main")
    await rig.until_read()
    assert await rig.post("/kiosk/again") == "/kiosk/door"
    await rig.until_stage(Stage.DOOR_OPEN)


async def test_identity_100_a_log_that_is_locked_opens_nothing_and_heals(rig: EdgeRig) -> None:
    code, _ = await rig.deposit()
    pulses = len(rig.twin.pulses)
    blocker = sqlite3.connect(rig.state / "journal-1.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert await rig.post("/kiosk/collect", code=code) == "/kiosk"
    assert "This screen is resting" in await rig.get("/kiosk")
    assert rig.view().trouble == "journal.not_writable"
    assert len(rig.twin.pulses) == pulses
    blocker.execute("ROLLBACK")
    blocker.close()
    assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
    await rig.until_stage(Stage.DOOR_OPEN)


async def test_a_stranger_on_the_same_machine_is_refused(rig: EdgeRig) -> None:
    async with httpx.AsyncClient(base_url=rig.browser.base_url, trust_env=False) as stranger:
        assert (await stranger.post("/kiosk/collect", data={"code": "1"})).status_code == 403
        assert (await stranger.get("/kiosk")).status_code == 403
        assert (await stranger.get("/kiosk/health")).json()["status"] == "ok"
    enter = (rig.state / "kiosk-url").read_text()
    assert enter == rig.edge.kiosk_url


async def test_an_open_stream_does_not_hold_up_the_end(twin: BankTwin, state: Path) -> None:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.get("/kiosk")
        async with rig.browser.stream("GET", "/kiosk/live") as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith("data:")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await rig.edge.stop()
            assert loop.time() - began < 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bank": BankId.of(bytes(16))}, "edge.other_bank"),
        ({"deployment": "elsewhere.test"}, "edge.other_deployment"),
    ],
)
def test_the_state_of_another_bank_is_refused(
    state: Path, changes: dict[str, str], code: str
) -> None:
    with pytest.raises(Misconfigured) as caught:
        Edge(replace(make_settings(port=0), **changes), state_dir=state)  # type: ignore[arg-type]  # one field each
    assert caught.value.code == code


def test_a_bank_with_a_control_plane_must_be_enrolled(tmp_path: Path) -> None:
    cloud = CloudSettings(web="https://w.test")
    with pytest.raises(Misconfigured, match=r"edge\.not_enrolled"):
        Edge(replace(make_settings(port=0), cloud=cloud), state_dir=tmp_path / "state")


async def test_a_damaged_journal_stops_the_start(twin: BankTwin, state: Path) -> None:
    async with running_edge(twin, DOORS, state) as rig:
        await rig.until_read()
    (state / "journal-1.db").write_bytes(b"not a database" * 500)
    with pytest.raises(Misconfigured, match=r"journal\.damaged"):
        async with running_edge(twin, DOORS, state):
            pass


async def test_a_second_program_on_the_same_state_is_refused(
    twin: BankTwin, state: Path, rig: EdgeRig
) -> None:
    """Two would forget each other's doors, and pulse them twice."""
    code, _ = await rig.deposit()
    with pytest.raises(Misconfigured, match=r"state\.in_use"):
        async with running_edge(twin, DOORS, state):
            pytest.fail("it must not start")
    assert await rig.post("/kiosk/collect", code=code) == "/kiosk/door"
    await rig.until_stage(Stage.DOOR_OPEN)
