from __future__ import annotations

import asyncio

import pytest

from bayward.core.clock import Instant
from bayward.core.commands import Command
from bayward.core.errors import Unavailable
from bayward.core.ids import CommandId
from link_bench import DeviceLog
from messages_table import EPOCH, ORDERS
from session_bench import Lines
from uplink_bench import BANK, OTHER
from virtual_loop import START_MS, run

SECOND = "1" * 26
THIRD = "2" * 26
OPEN = Command(CommandId.of(bytes(16)), ORDERS[2], Instant(START_MS), EPOCH)


def test_a_bank_can_be_reached_once_it_is_welcomed_and_while_it_is_connected() -> None:
    async def main() -> None:
        lines = Lines.make()
        connections = lines.connections
        dialled = lines.dial(DeviceLog())
        await asyncio.sleep(0)
        assert not connections.is_connected(BANK)
        with pytest.raises(Unavailable, match=r"link\.not_connected"):
            connections.epoch(BANK)
        dialled.end.abort()
        await dialled.task
        peer = await lines.live()
        assert connections.is_connected(BANK)
        assert connections.connected() == {BANK}
        assert connections.epoch(BANK) == EPOCH
        assert not connections.is_connected(OTHER)
        peer.end.abort()
        await peer.task
        assert connections.connected() == frozenset()
        for ask in (
            connections.send_command(BANK, OPEN),
            connections.push_directory(BANK, 1, []),
        ):
            with pytest.raises(Unavailable, match=r"link\.not_connected"):
                await ask

    run(main())


def test_a_newer_connection_takes_over_when_the_older_has_finished_its_writing() -> None:
    async def main() -> None:
        lines = Lines.make()
        old = await lines.live(size=5)
        lines.inbox.gate = asyncio.Event()
        await old.upload(5)
        await lines.bell.wait(lambda: lines.inbox.working)
        new = lines.dial(old.log, epoch=SECOND)
        coming = asyncio.create_task(new.go_live())
        await asyncio.sleep(1)
        assert len(lines.inbox.hellos) == 1  # nobody asks for a cursor that is about to move
        lines.inbox.gate.set()
        await coming
        assert new.link.upload_from() is None  # all five are there
        assert lines.connections.epoch(BANK) == SECOND
        await lines.bell.wait(lambda: len(lines.inbox.comings) == 3)
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off link.replaced", f"{BANK} on"]
        await old.task
        assert lines.connections.is_connected(BANK)

    run(main())


def test_of_many_that_come_at_once_the_last_one_stays() -> None:
    async def main() -> None:
        lines = Lines.make()
        log = DeviceLog().grow(3)
        peers = [lines.dial(log, epoch=epoch) for epoch in (EPOCH, SECOND, THIRD)]
        comings = [asyncio.create_task(peer.go_live()) for peer in peers]
        results = await asyncio.gather(*comings, return_exceptions=True)
        assert [isinstance(one, AssertionError) for one in results] == [True, True, False]
        assert lines.connections.epoch(BANK) == THIRD

    run(main())


def test_a_bank_that_is_dropped_may_come_back() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        assert lines.connections.drop(BANK)
        assert not lines.connections.is_connected(BANK)
        await peer.ended()
        assert not lines.connections.drop(BANK)
        await (lines.dial(peer.log, epoch=SECOND)).go_live()
        assert lines.connections.is_connected(BANK)

    run(main())
