"""The order to forget, at a real edge; with a real control plane in `cloud/privacy`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.commands import Command, DismissCourier, ForgetPerson
from bayward.core.ids import CommandId, PersonId
from bayward.edge.agent import Recipient
from bayward.edge.directory import Directory
from bayward.edge.forgetter import keep_directory
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


async def test_the_name_goes_at_once_and_his_neighbours_stay(rig: EdgeRig) -> None:
    neighbours = rig.edge.office.directory.recipients
    ola = Recipient(OLA, "7C", "Ola Nordmann", needs_low=True)
    listed = Directory(9, (*neighbours, ola))
    keep_directory(rig.edge._state, rig.edge.office, listed)
    assert on_disk(rig, "Ola Nordmann") == ["directory.json"]
    result = await rig.edge.forgetter.carry_out(order(rig, OLA), "now")
    assert (result.is_done, result.result) == (True, "forgotten")
    assert rig.edge.office.directory == Directory(9, neighbours)
    assert on_disk(rig, "Ola Nordmann") == []


async def test_what_names_him_is_uploaded_before_it_goes(rig: EdgeRig) -> None:
    await rig.admit()
    assert await rig.order(DismissCourier(COURIER)) == "dismissed"
    waiting = asyncio.create_task(rig.edge.forgetter.carry_out(order(rig, COURIER), "now"))
    again = asyncio.create_task(rig.edge.forgetter.carry_out(order(rig, COURIER), "then"))
    await rig.edge.office.on_clerks_thread(lambda: None)
    assert not waiting.done()
    await acknowledge(rig)
    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting) == (await again)
    assert waiting.result().is_done


async def test_an_end_does_not_wait_for_what_may_take_days(rig: EdgeRig) -> None:
    await rig.admit()
    waiting = asyncio.create_task(rig.edge.forgetter.carry_out(order(rig, COURIER), "now"))
    await rig.edge.office.on_clerks_thread(lambda: None)
    await rig.edge.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting
