"""The order to forget, at a real edge; with a real control plane in `cloud/privacy`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.commands import UNDER_WAY, Command, DismissCourier, ForgetPerson
from bayward.core.events import EventType
from bayward.core.ids import CommandId, PersonId
from bayward.edge.agent import Recipient
from bayward.edge.directory import Directory
from bayward.edge.forgetter import keep_directory
from bayward.wire.limits import COMMANDS_IN_FLIGHT_MAX
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin
from table_top import COURIER

DOORS = layout(4)
OLA = PersonId.of(b"new resident".ljust(16))
PATIENCE_S = 20


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EdgeRig]:
    enrolled(tmp_path / "state")
    async with running_twin(DOORS) as twin, running_edge(twin, DOORS, tmp_path / "state") as rig:
        await rig.until_read()
        yield rig


def order(rig: EdgeRig, person: PersonId, number: int = 1) -> Command:
    not_after = Instant(rig.edge.clock.now() + 10**9)
    return Command(CommandId.of(bytes([number]) * 16), ForgetPerson(person), not_after, "now")


def on_disk(rig: EdgeRig, word: str) -> list[str]:
    files = (one for one in rig.state.rglob("*") if one.is_file())
    return [one.name for one in files if word.encode() in one.read_bytes()]


async def acknowledge(rig: EdgeRig) -> None:
    journal = rig.edge.journal
    await rig.edge.office.on_clerks_thread(lambda: journal.acknowledge(journal.head.size))
    rig.edge.forgetter.look_again()


async def forgotten(rig: EdgeRig, *numbers: int) -> None:
    """Wait until the bank's own log says that these orders are done."""
    wanted = {CommandId.of(bytes([number]) * 16) for number in numbers}
    async with asyncio.timeout(PATIENCE_S):
        while not wanted <= await done(rig):  # noqa: ASYNC110 - no page shows it
            await asyncio.sleep(0.01)


async def done(rig: EdgeRig) -> set[str | None]:
    events = await rig.edge.office.on_clerks_thread(lambda: list(rig.edge.journal.events()))
    return {one.command for one in events if one.type is EventType.COMMAND_DONE}


async def test_the_name_goes_at_once_and_his_neighbours_stay(rig: EdgeRig) -> None:
    neighbours = rig.edge.office.directory.recipients
    ola = Recipient(OLA, "7C", "Ola Nordmann", needs_low=True)
    listed = Directory(9, (*neighbours, ola))
    keep_directory(rig.edge._state, rig.edge.office, listed)
    assert on_disk(rig, "Ola Nordmann") == ["directory.json"]
    answer = rig.edge.forgetter.begin(order(rig, OLA), "now")
    assert (answer.is_done, answer.result) == (False, UNDER_WAY)
    await forgotten(rig, 1)
    assert rig.edge.office.directory == Directory(9, neighbours)
    assert on_disk(rig, "Ola Nordmann") == []


async def test_what_names_him_is_uploaded_before_it_goes(rig: EdgeRig) -> None:
    await rig.admit()
    assert await rig.order(DismissCourier(COURIER)) == "dismissed"
    for epoch in ("now", "then"):
        rig.edge.forgetter.begin(order(rig, COURIER), epoch)
    await rig.edge.office.on_clerks_thread(lambda: None)
    assert order(rig, COURIER).id not in await done(rig)
    await acknowledge(rig)
    await forgotten(rig, 1)


async def test_what_cannot_be_done_yet_holds_up_neither_doors_nor_others(rig: EdgeRig) -> None:
    """More than a bank may owe answers to: each is answered at once, and none is lost."""
    await rig.admit()
    for number in range(1, 2 * COMMANDS_IN_FLIGHT_MAX):
        assert rig.edge.forgetter.begin(order(rig, COURIER, number), "now").result == UNDER_WAY
    rig.edge.forgetter.begin(order(rig, OLA, 99), "now")
    await forgotten(rig, 99)
    assert await rig.order(DismissCourier(COURIER)) == "dismissed"
    await acknowledge(rig)
    await forgotten(rig, *range(1, 2 * COMMANDS_IN_FLIGHT_MAX))


async def test_an_end_does_not_wait_for_what_may_take_days(rig: EdgeRig) -> None:
    await rig.admit()
    rig.edge.forgetter.begin(order(rig, COURIER), "now")
    await rig.edge.office.on_clerks_thread(lambda: None)
    async with asyncio.timeout(PATIENCE_S):
        await rig.edge.stop()
