from __future__ import annotations

import asyncio

import pytest

from bayward.cloud.link.session import BUSY_MS, BUSY_MS_SPREAD, QUEUED_MAX
from bayward.core.commands import Command
from bayward.core.errors import BaywardError, Denied, LimitExceeded, Unavailable
from bayward.core.ids import CommandId
from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.link import Flow, State
from bayward.wire.link import events as e
from link_bench import DeviceLog
from messages_table import EPOCH, NOW, ORDERS, READINGS
from session_bench import Lines, Peer
from uplink_bench import BANK
from virtual_loop import START_MS, LoopClock, run

OPEN = Command(CommandId.of(bytes(16)), ORDERS[2], NOW, EPOCH)
BUSY_TOLD_MS = BUSY_MS + BUSY_MS_SPREAD // 2


def test_an_upload_is_acknowledged_when_it_is_durable_and_not_before() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        lines.inbox.gate = asyncio.Event()
        await peer.upload(5)
        await lines.bell.wait(lambda: lines.inbox.working)
        # The reader goes on meanwhile: a heartbeat is answered before the upload is stored.
        await peer.end.send(codec.encode_request("h", m.Heartbeat()))
        frame = await peer.end.receive()
        assert frame is not None
        assert codec.decode(frame).id == "h"
        lines.inbox.gate.set()
        assert await peer.hear() == [e.UploadAcked(5)]
        assert lines.inbox.mirrors[BANK].size == 5

    run(main())


def test_four_uploads_are_worked_off_in_order() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        for _ in range(limits.UPLOADS_IN_FLIGHT_MAX):
            await peer.upload(3)
        acked = [await peer.hear() for _ in range(limits.UPLOADS_IN_FLIGHT_MAX)]
        assert acked == [[e.UploadAcked(size)] for size in (3, 6, 9, 12)]

    run(main())


@pytest.mark.parametrize(
    ("error", "code", "retry_ms"),
    [
        (Unavailable("store.full"), m.ErrorCode.BUSY, BUSY_TOLD_MS),
        (
            LimitExceeded("tenant.too_fast", retry_after_ms=3000),
            m.ErrorCode.BUSY,
            3000 + BUSY_MS_SPREAD // 2,
        ),
        (Unavailable("x", retry_after_ms=10**9), m.ErrorCode.BUSY, limits.RETRY_AFTER_MS_MAX),
        (Denied("log.closed"), m.ErrorCode.REFUSED, None),
    ],
)
def test_what_the_inbox_raises_is_told_to_the_bank(
    error: BaywardError, code: m.ErrorCode, retry_ms: int | None
) -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        lines.inbox.failures.append(error)
        await peer.upload(5)
        (told,) = await peer.hear()
        assert isinstance(told, e.CallRefused)
        assert (told.code, told.text, told.details.retry_after_ms) == (code, error.code, retry_ms)
        assert lines.inbox.mirrors[BANK].size == 0

    run(main())


def test_a_fork_is_told_with_the_log_as_it_is_known_here() -> None:
    async def main() -> None:
        lines = Lines.make()
        honest = DeviceLog(seed=1).grow(6)
        lines.inbox.mirrors[BANK].take(honest.upload(0, 6))
        peer = lines.dial(DeviceLog().grow(9))
        peer.link.opened(0)
        await peer.flush()
        await peer.hear()  # a longer log may still be an honest one
        peer.link.go_live(6)
        await peer.upload(3)
        (told,) = await peer.hear()
        assert isinstance(told, e.CallRefused)
        assert told.code is m.ErrorCode.FORK
        assert (told.details.size, told.details.root) == (6, honest.tree.frontier.root)
        assert peer.link.flow is Flow.STOPPED

    run(main())


def test_a_refused_greeting_ends_the_connection_and_nobody_was_connected() -> None:
    async def main() -> None:
        lines = Lines.make()
        lines.inbox.mirrors[BANK].take(DeviceLog().grow(6).upload(0, 6))
        peer = lines.dial(DeviceLog().grow(4))
        peer.link.opened(0)
        await peer.flush()
        (told,) = await peer.hear()
        assert isinstance(told, e.CallRefused)
        assert told.code is m.ErrorCode.ROLLBACK
        assert await peer.ended() == "hello.rollback"
        assert lines.inbox.comings == []

    run(main())


def test_a_bug_behind_the_inbox_ends_the_connection_without_an_answer() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        lines.inbox.failures.append(RuntimeError("a bug"))
        await peer.upload(5)
        assert await peer.ended() == ""
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off link.internal"]

    run(main())


def test_a_crowded_house_turns_second_uploads_away_but_never_the_first() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        lines.shared.queued = QUEUED_MAX
        lines.inbox.gate = asyncio.Event()
        for _ in range(3):
            await peer.upload(3)
        # The first is being stored, the second waits, the third is turned away.
        (told,) = await peer.hear_error()
        assert (told.code, told.details.retry_after_ms) == (m.ErrorCode.BUSY, BUSY_TOLD_MS)
        lines.inbox.gate.set()

    run(main())


def test_only_the_latest_readings_count() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        for pending in range(50):
            told = m.Readings(doors=[], is_siren_on=False, lockdowns=[], pending=pending)
            await peer.end.send(codec.encode_request(str(pending), told))
        await peer.end.send(codec.encode_request("r", READINGS))
        await lines.bell.wait(lambda: lines.inbox.seen[-1:] == [READINGS])

    run(main())


def test_an_upload_that_is_being_stored_when_the_line_breaks_is_finished() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        lines.inbox.gate = asyncio.Event()
        await peer.upload(5)
        await peer.upload(5)
        await lines.bell.wait(lambda: lines.inbox.working)
        peer.end.abort()
        await asyncio.sleep(1)
        assert not peer.task.done()
        lines.inbox.gate.set()
        await peer.task
        assert lines.inbox.mirrors[BANK].size == 5  # and the second was not begun
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off link.closed"]
        assert lines.shared.queued == 0

    run(main())


def test_a_bank_that_breaks_the_rules_is_told_which_and_dropped() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        await peer.end.send(b"[2]")
        assert await peer.ended() == "link.malformed"
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off link.malformed"]

    run(main())


def test_a_silent_bank_is_given_up_and_a_stranger_sooner() -> None:
    async def main() -> None:
        lines = Lines.make()
        stranger = lines.dial(DeviceLog())
        await stranger.ended()
        assert LoopClock().monotonic_ms() == limits.ANSWER_MS
        peer = await lines.live()
        heard_at = LoopClock().monotonic_ms()
        await peer.ended()
        assert LoopClock().monotonic_ms() == heard_at + limits.SILENCE_MS_MAX
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off link.silent"]

    run(main())


def test_a_heartbeat_keeps_the_line_and_tells_the_time() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        for number in range(1, 4):
            await asyncio.sleep(100)
            await peer.end.send(codec.encode_request(str(100 + number), m.Heartbeat()))
            frame = await peer.end.receive()
            assert frame is not None
            answer = codec.decode(frame)
            assert isinstance(answer, codec.Result)
            told = codec.read_answer(answer, m.Time)
            assert told.now == START_MS + number * 100_000
        assert peer.session.is_live

    run(main())


def test_a_layout_is_kept() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        layout = m.Layout(name="Lobby", hash="0" * 64, compartments=[])
        peer.link.layout(layout, 0)
        await peer.flush()
        assert await peer.hear() == []
        assert lines.inbox.layouts == [layout]

    run(main())


def test_identity_90_revoked_while_connected_is_dropped_at_once() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer = await lines.live()
        waiting = asyncio.create_task(peer.session.down.command(OPEN))
        await asyncio.sleep(0)
        peer.session.drop("device.revoked")
        with pytest.raises(Unavailable, match=r"link\.lost"):
            await waiting
        await peer.ended()
        assert LoopClock().monotonic_ms() == 0
        assert peer.session.is_live is False
        assert lines.inbox.comings == [f"{BANK} on", f"{BANK} off device.revoked"]

    run(main())


def test_a_welcome_that_comes_too_late_is_not_sent() -> None:
    async def main() -> None:
        lines = Lines.make()
        peer: Peer = lines.dial(DeviceLog().grow(1))
        peer.link.opened(0)
        await peer.flush()
        peer.session.drop("link.dropped")
        await peer.ended()
        assert peer.link.state is State.SYNCING
        assert lines.inbox.comings == []

    run(main())
