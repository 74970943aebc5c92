from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bayward.cloud.link.downlink import COMMAND_GRACE_MS, COMMAND_MS_MAX
from bayward.core.clock import Instant
from bayward.core.commands import DOOR_COMMAND_LIFE_MS, Command, CommandResult
from bayward.core.errors import LimitExceeded, Unavailable
from bayward.core.ids import CommandId
from bayward.wire import limits
from bayward.wire.link import events as e
from bayward.wire.messages import Done, Ended, Recipient
from messages_table import EPOCH, ORDERS
from session_bench import Lines, Peer
from virtual_loop import START_MS, LoopClock, run

SOON = Instant(START_MS + DOOR_COMMAND_LIFE_MS)
OPEN = Command(CommandId.of(bytes(16)), ORDERS[2], SOON, EPOCH)
PERSON = Recipient(person="prs_" + "0" * 26, unit="4b", name="Ada", needs_low=False)


def numbered(count: int) -> list[Command]:
    return [replace(OPEN, id=CommandId.of(bytes([number] * 16))) for number in range(count)]


async def arrived(peer: Peer) -> e.CommandArrived:
    (event,) = await peer.hear()
    assert isinstance(event, e.CommandArrived)
    return event


async def answer(peer: Peer, call: str) -> None:
    peer.link.answer(call, Ended(is_done=True, result="opened"))
    await peer.flush()


def test_an_order_comes_back_with_its_outcome() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        asked = asyncio.create_task(peer.session.down.command(OPEN))
        event = await arrived(peer)
        assert event.command == OPEN
        await answer(peer, event.call)
        assert await asked == CommandResult(OPEN.id, is_done=True, result="opened")

    run(main())


def test_identity_45_an_order_asked_for_twice_is_sent_once() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        asked = [asyncio.create_task(peer.session.down.command(OPEN)) for _ in range(3)]
        event = await arrived(peer)
        asked[0].cancel()  # one caller less is no order less
        await answer(peer, event.call)
        assert await asked[1] == await asked[2]
        assert peer.end.inbox.empty()

    run(main())


def test_identity_44_an_order_for_another_connection_is_not_sent() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        with pytest.raises(Unavailable, match=r"link\.other_connection"):
            await peer.session.down.command(replace(OPEN, epoch="z" * limits.EPOCH_CHARS))
        assert peer.end.inbox.empty()

    run(main())


@pytest.mark.parametrize(
    ("life_ms", "waited_ms"),
    [(DOOR_COMMAND_LIFE_MS, DOOR_COMMAND_LIFE_MS), (86_400_000, COMMAND_MS_MAX), (-1, 0)],
)
def test_identity_44_nobody_waits_longer_than_an_order_lives(life_ms: int, waited_ms: int) -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        order = replace(OPEN, not_after=Instant(START_MS + life_ms))
        with pytest.raises(Unavailable, match=r"link\.no_answer"):
            await peer.session.down.command(order)
        assert LoopClock().monotonic_ms() == waited_ms + COMMAND_GRACE_MS

    run(main())


def test_an_order_whose_connection_breaks_is_neither_done_nor_refused() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        asked = asyncio.create_task(peer.session.down.command(OPEN))
        await arrived(peer)
        peer.end.abort()
        with pytest.raises(Unavailable, match=r"link\.lost"):
            await asked

    run(main())


def test_a_ninth_order_waits_for_room() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        orders = numbered(limits.COMMANDS_IN_FLIGHT_MAX + 1)
        asked = [asyncio.create_task(peer.session.down.command(order)) for order in orders]
        events = [await arrived(peer) for _ in orders[1:]]
        assert peer.end.inbox.empty()
        await answer(peer, events[3].call)
        last = await arrived(peer)
        assert last.command == orders[-1]
        for event in (*events[:3], *events[4:], last):
            await answer(peer, event.call)
        assert all([(await one).is_done for one in asked])

    run(main())


def test_an_order_that_finds_no_room_in_time_is_not_sent() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        *some, last = numbered(limits.COMMANDS_IN_FLIGHT_MAX + 1)
        asked = [asyncio.create_task(peer.session.down.command(order)) for order in some]
        late = asyncio.create_task(peer.session.down.command(last))
        results = await asyncio.gather(*asked, late, return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in results)
        sent = [await arrived(peer) for _ in some]
        assert last not in [event.command for event in sent]
        assert peer.end.inbox.empty()

    run(main())


def test_a_directory_goes_down_page_by_page_and_is_waited_for() -> None:
    async def main() -> None:
        peer = await Lines.make().live()
        people = [PERSON] * 600
        pushed = asyncio.create_task(peer.session.down.push_directory(3, people))
        again = asyncio.create_task(peer.session.down.push_directory(4, []))
        for revision, whole in ((3, tuple(people)), (4, ())):
            while not (events := await peer.hear()):
                await peer.flush()
            (event,) = events
            assert isinstance(event, e.DirectoryArrived)
            assert (event.revision, event.recipients) == (revision, whole)
            assert not (pushed if revision == 3 else again).done()
            peer.link.answer(event.call, Done())
            await peer.flush()
        await asyncio.gather(pushed, again)

    run(main())


def test_a_directory_whose_connection_breaks_is_not_taken() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        pushed = asyncio.create_task(peer.session.down.push_directory(3, [PERSON] * 600))
        behind = asyncio.create_task(peer.session.down.push_directory(4, []))
        await peer.hear()
        peer.end.abort()
        for one in (pushed, behind):
            with pytest.raises(Unavailable, match=r"link\.lost"):
                await one
        with pytest.raises(LimitExceeded):
            await peer.session.down.push_directory(5, [PERSON] * (limits.RECIPIENTS_MAX + 1))

    run(main())
