"""A bank and a control plane in one process, in virtual time: a real journal, real sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bayward.cloud.link.session import Session
from bayward.core.clock import HOUR_MS, SECOND_MS, Instant
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import Denied, NotFound, Unavailable
from bayward.core.ids import CommandId
from bayward.edge.uplink import Trouble
from bayward.edge.uplink.backoff import STEADY_MS, WAIT_MS_MAX
from bayward.ledger.checkpoint import Checkpoint
from bayward.wire import limits
from bayward.wire.messages import Readings, Recipient, TenantLog
from bayward.wire.transport import Transport
from bayward.wire.versions import VERSIONS
from link_bench import Mirror
from messages_table import ORDERS, READINGS
from pipe_transport import PipeEnd, pipe
from session_bench import Lines
from uplink_bench import BANK, BankBench, device
from virtual_loop import START_MS, LoopClock, run

FAR = Instant(START_MS + 200 * HOUR_MS)
PERSON = Recipient(person="prs_" + "0" * 26, unit="4b", name="Ada", needs_low=False)


@dataclass
class Cable:
    """What the bank dials: a session of the control plane, unless somebody cut it."""

    lines: Lines
    trouble: str = ""
    dialled_ms: list[int] = field(default_factory=list)
    end: PipeEnd | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self) -> tuple[Transport, int]:
        self.dialled_ms.append(LoopClock().monotonic_ms())
        if self.trouble:
            raise Trouble(self.trouble)
        self.end, theirs = pipe()
        session = Session(self.lines.shared, device(), theirs, version=VERSIONS[0])
        task = asyncio.create_task(self.lines._serve(session))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return self.end, VERSIONS[0]

    def cut(self, trouble: str = "link.unreachable") -> None:
        self.trouble = trouble
        if self.end is not None:
            self.end.abort()


@dataclass
class Scene:
    """One bank, its cable, and the control plane."""

    lines: Lines
    cable: Cable
    bank: BankBench
    mirror: Mirror

    async def up(self) -> None:
        self.bank.start()
        await self.lines.bell.wait(lambda: self.bank.host.is_up)

    async def all_arrived(self) -> None:
        await self.lines.bell.wait(
            lambda: self.mirror.size == self.bank.journal.head.size, within_s=200
        )

    def order(self, number: int = 0) -> Command:
        epoch = self.lines.connections.epoch(BANK)
        return Command(CommandId.of(bytes([number] * 16)), ORDERS[2], FAR, epoch)


def play(folder: Path, main: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
    async def scene() -> None:
        lines = Lines.make()
        cable = Cable(lines)
        bank = BankBench.make(folder, cable, LoopClock(), lines.bell)
        mirror = lines.inbox.add(BANK, bank.signer)
        try:
            await main(Scene(lines, cable, bank, mirror))
        finally:
            await bank.stop()
            cable.cut()
            if cable.tasks:
                await asyncio.wait(cable.tasks)

    run(scene())


def test_what_is_committed_goes_up_at_once(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.bank.log(3)
        await scene.up()
        await scene.all_arrived()
        await asyncio.sleep(7)
        committed_ms = LoopClock().monotonic_ms()
        scene.bank.log(2)
        await scene.all_arrived()
        assert LoopClock().monotonic_ms() == committed_ms  # woken, not found by looking
        await asyncio.sleep(0.001)
        assert scene.bank.journal.head.acked == 5
        assert scene.mirror.note == scene.bank.journal.head.note

    play(tmp_path, main)


def test_three_days_without_a_cable_arrive_afterwards_once_and_in_order(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.cable.cut()
        scene.bank.start()
        for _ in range(72):
            await asyncio.sleep(3600)
            scene.bank.log(8)
        scene.cable.trouble = ""
        await scene.all_arrived()
        journal = scene.bank.journal
        assert scene.mirror.leaves == [one.leaf for one in journal.reader().entries(0, 576)]
        assert scene.lines.inbox.uploads <= 576 // 20  # full uploads, nothing twice

    play(tmp_path, main)


def test_it_dials_again_with_growing_and_random_waits(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.cable.cut()
        scene.bank.start()
        await asyncio.sleep(3 * 3600)
        dialled = scene.cable.dialled_ms
        waits = [two - one for one, two in pairwise(dialled)]
        for failures, wait in enumerate(waits):
            assert wait <= min(WAIT_MS_MAX, 1000 << failures) + 1
        assert WAIT_MS_MAX // 2 < max(waits) <= WAIT_MS_MAX + 1
        assert len(set(waits)) > len(waits) // 2
        # The host was told once, not two hundred times.
        assert len(dialled) > 100
        (status,) = scene.bank.host.statuses
        assert (status.is_up, status.code, status.since) == (False, "link.unreachable", START_MS)
        assert "cable" in status.words

    play(tmp_path, main)


def test_waits_begin_anew_after_a_connection_that_lasted(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.cable.cut()
        scene.bank.start()
        await asyncio.sleep(3600)
        scene.cable.trouble = ""
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up, within_s=200)
        await asyncio.sleep(STEADY_MS / SECOND_MS)
        count = len(scene.cable.dialled_ms)
        lost_ms = LoopClock().monotonic_ms()
        scene.cable.cut()
        await asyncio.sleep(2)
        assert scene.cable.dialled_ms[count] <= lost_ms + 1000
        assert [one.is_up for one in scene.bank.host.statuses] == [False, True, False, False]
        down = [one for one in scene.bank.host.statuses if not one.is_up]
        assert [one.code for one in down] == ["link.unreachable", "link.closed", "link.unreachable"]
        assert down[1].since == down[2].since == START_MS + lost_ms

    play(tmp_path, main)


def test_somebody_who_plugged_the_cable_in_need_not_wait(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.cable.cut()
        scene.bank.start()
        await asyncio.sleep(3600)
        scene.cable.trouble = ""
        plugged_ms = LoopClock().monotonic_ms()
        scene.bank.uplink.redial()
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up)
        assert LoopClock().monotonic_ms() == plugged_ms

    play(tmp_path, main)


def test_an_order_is_carried_out_and_answered(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        order = scene.order()
        result = await scene.lines.connections.send_command(BANK, order)
        assert result == CommandResult(order.id, is_done=True, result="opened")
        assert scene.bank.host.commands == [(order, order.epoch)]

        async def broken(command: Command, epoch: str) -> CommandResult:
            raise Unavailable("journal.not_writable")

        scene.bank.host.answer = broken
        result = await scene.lines.connections.send_command(BANK, scene.order(1))
        assert (result.is_done, result.result) == (False, "journal.not_writable")

    play(tmp_path, main)


def test_a_slow_order_does_not_hold_up_the_log_or_the_next(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        opened = asyncio.Event()

        async def slow(command: Command, epoch: str) -> CommandResult:
            if command.id == CommandId.of(bytes(16)):
                await opened.wait()
            return CommandResult(command.id, is_done=True, result="opened")

        scene.bank.host.answer = slow
        await scene.up()
        reach = scene.lines.connections
        first = asyncio.create_task(reach.send_command(BANK, scene.order(0)))
        await reach.send_command(BANK, scene.order(1))
        scene.bank.log(1)
        await scene.all_arrived()
        assert not first.done()
        opened.set()
        assert (await first).is_done

    play(tmp_path, main)


def test_identity_44_an_order_begun_before_the_line_broke_ends_unheard(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        opened = asyncio.Event()
        ended: list[CommandId] = []

        async def slow(command: Command, epoch: str) -> CommandResult:
            await opened.wait()
            ended.append(command.id)
            return CommandResult(command.id, is_done=True, result="opened")

        scene.bank.host.answer = slow
        await scene.up()
        reach = scene.lines.connections
        order = scene.order()
        asked = asyncio.create_task(reach.send_command(BANK, order))
        await scene.lines.bell.wait(lambda: scene.bank.host.commands)
        scene.cable.cut()
        with pytest.raises(Unavailable, match=r"link\.lost"):
            await asked
        scene.cable.trouble = ""
        await scene.lines.bell.wait(lambda: not scene.bank.host.is_up)
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up)
        opened.set()
        await asyncio.sleep(1)
        assert ended == [order.id]  # done and logged there, told to nobody here
        # The new connection is another epoch: the same envelope does not go out again.
        assert reach.epoch(BANK) != order.epoch
        with pytest.raises(Unavailable, match=r"link\.other_connection"):
            await reach.send_command(BANK, order)
        assert scene.bank.host.is_up

    play(tmp_path, main)


def test_directory_layout_trust_and_time_reach_the_host(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        host, inbox = scene.bank.host, scene.lines.inbox
        await scene.lines.connections.push_directory(BANK, 7, [PERSON] * 600)
        assert host.directories == [(7, tuple([PERSON] * 600))]
        assert inbox.layouts == [host.layout()]
        assert host.welcomes[0].notifier_key == b"key"
        assert host.times == [(START_MS, 0)]
        await asyncio.sleep(limits.HEARTBEAT_MS_MAX / SECOND_MS)
        assert len(host.times) == 2
        scene.cable.cut()
        scene.cable.trouble = ""
        await scene.lines.bell.wait(lambda: len(host.welcomes) == 2)
        await asyncio.sleep(1)
        assert len(inbox.layouts) == 1  # it is known there

    play(tmp_path, main)


def test_readings_are_told_when_they_change_but_not_ten_times_a_second(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        seen = scene.lines.inbox.seen
        await scene.lines.bell.wait(lambda: seen == [READINGS])
        for _ in range(100):  # ten seconds of a rattling door
            scene.bank.uplink.readings_changed()
            await asyncio.sleep(0.1)
        assert 18 <= len(seen) <= 22
        count = len(seen)
        await asyncio.sleep(300)
        assert 10 <= len(seen) - count <= 13

    play(tmp_path, main)


def test_a_cloud_that_went_silent_is_given_up_and_dialled_again(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        await scene.lines.bell.wait(lambda: scene.lines.inbox.layouts)
        await asyncio.sleep(1)
        assert scene.cable.end is not None
        scene.cable.end.is_deaf = True
        silent_ms = LoopClock().monotonic_ms()
        await scene.lines.bell.wait(lambda: not scene.bank.host.is_up, within_s=200)
        given_up_ms = LoopClock().monotonic_ms() - silent_ms
        assert given_up_ms <= limits.HEARTBEAT_MS_MAX + limits.ANSWER_MS
        status = scene.bank.host.statuses[-1]
        assert status.code == "link.no_answer.heartbeat"
        assert "stopped answering" in status.words
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up)

    play(tmp_path, main)


def test_a_busy_cloud_says_when_to_come_back(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.lines.inbox.failures.append(Unavailable("store.full", retry_after_ms=30_000))
        scene.bank.start()
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up, within_s=200)
        first, second = scene.cable.dialled_ms
        assert 30_000 <= second - first <= 33_000

    play(tmp_path, main)


def test_an_upload_that_is_refused_leaves_the_line_open_and_is_offered_again(
    tmp_path: Path,
) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        scene.lines.inbox.failures.append(Denied("log.closed"))
        scene.bank.log(1)
        await scene.lines.bell.wait(lambda: len(scene.bank.host.statuses) == 2)
        status = scene.bank.host.statuses[-1]
        assert (status.is_up, status.code) == (True, "link.upload_refused")
        assert "log.closed" in status.words
        await asyncio.sleep(limits.OFFER_AGAIN_MS / SECOND_MS - 1)
        assert scene.lines.inbox.uploads == 0
        assert (await scene.lines.connections.send_command(BANK, scene.order())).is_done
        await asyncio.sleep(2)
        assert scene.mirror.size == 1

    play(tmp_path, main)


def test_identity_43_a_restored_image_is_in_quarantine_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async def main(scene: Scene) -> None:
        scene.bank.log(5)
        await scene.up()
        await scene.all_arrived()
        await scene.bank.stop()
        restored = BankBench.make(
            tmp_path / "restored",
            scene.cable,
            LoopClock(),
            scene.lines.bell,
            signer=scene.bank.signer,
        )
        restored.log(2)
        restored.start()
        await scene.lines.bell.wait(lambda: restored.host.statuses)
        status = restored.host.statuses[-1]
        assert (status.is_up, status.code) == (False, "journal.rolled_back")
        assert "old disk image" in status.words
        assert restored.journal.head.quarantine == "journal.rolled_back"
        assert scene.mirror.size == 5
        count = len(scene.cable.dialled_ms)
        await asyncio.sleep(WAIT_MS_MAX / SECOND_MS - 1)
        assert len(scene.cable.dialled_ms) == count
        await restored.stop()

    (tmp_path / "restored").mkdir()
    play(tmp_path, main)


def test_audit_09_a_bank_with_another_history_finds_out_by_itself(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        scene.bank.log(5)
        await scene.up()
        await scene.all_arrived()
        await scene.bank.stop()
        clone = BankBench.make(
            tmp_path / "clone",
            scene.cable,
            LoopClock(),
            scene.lines.bell,
            signer=scene.bank.signer,
            seed=2,
        )
        clone.log(9)
        clone.start()
        await scene.lines.bell.wait(lambda: clone.host.statuses)
        assert clone.host.statuses[-1].code == "journal.forked"
        assert clone.journal.head.quarantine == "journal.forked"
        assert scene.lines.inbox.uploads == 1
        await clone.stop()

    (tmp_path / "clone").mkdir()
    play(tmp_path, main)


def test_a_bug_in_the_host_does_not_end_the_uplink(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        host = scene.bank.host
        sound = host.readings

        def broken() -> Readings:
            raise RuntimeError("a bug")

        host.readings = broken  # type: ignore[method-assign]  # a bug, installed by hand
        scene.bank.start()
        await scene.lines.bell.wait(lambda: [one for one in host.statuses if not one.is_up])
        assert host.statuses[-1].code == "link.internal"
        host.readings = sound  # type: ignore[method-assign]  # and mended
        await scene.lines.bell.wait(lambda: scene.lines.inbox.seen)
        assert host.is_up

    play(tmp_path, main)


def test_a_journal_that_cannot_be_read_is_said_and_tried_again(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        sound = scene.bank.outbox._errand

        async def full(run: Callable[[], Any]) -> Any:
            raise Unavailable("journal.not_writable")

        scene.bank.outbox._errand = full
        scene.bank.start()
        await scene.lines.bell.wait(lambda: scene.bank.host.statuses)
        assert scene.bank.host.statuses[-1].code == "journal.not_writable"
        scene.bank.outbox._errand = sound
        await scene.lines.bell.wait(lambda: scene.bank.host.is_up)

    play(tmp_path, main)


def test_the_tenant_log_is_asked_for_and_judged_at_intervals_also_by_a_bank_that_is_quiet(
    tmp_path: Path,
) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        inbox, host = scene.lines.inbox, scene.bank.host
        inbox.shown = TenantLog(checkpoint="c", consistency=[], cosigned="again")
        scene.bank.log(3)
        await scene.lines.bell.wait(lambda: host.tenant_logs)
        [(shown, acked, own)] = host.tenant_logs
        assert (shown, acked, inbox.asked) == (inbox.shown, 3, [4_711])
        reader = scene.bank.journal.reader()
        assert own == Checkpoint(scene.bank.journal.origin, 3, reader.root(3))
        assert host.cosigned == [("again", None)]
        assert await scene.bank.outbox.at(4) is None
        await asyncio.sleep(4 * limits.TENANT_LOG_MS / SECOND_MS)
        assert len(host.tenant_logs) in (4, 5)
        assert len(host.cosigned) == len(host.tenant_logs)
        assert host.rounds > len(host.tenant_logs)
        assert inbox.uploads == 1, "nothing was logged for it"

    play(tmp_path, main)


def test_a_tenant_log_that_is_not_shown_disturbs_nothing_else(tmp_path: Path) -> None:
    async def main(scene: Scene) -> None:
        await scene.up()
        scene.bank.log(3)
        await scene.lines.bell.wait(lambda: scene.bank.host.tenant_logs)
        scene.lines.inbox.failures = [NotFound("log"), Unavailable("storage.busy")]
        await asyncio.sleep(2.5 * limits.TENANT_LOG_MS / SECOND_MS)
        assert scene.lines.inbox.failures == []
        assert len(scene.lines.inbox.asked) == 3
        assert len(scene.bank.host.tenant_logs) == 1
        assert scene.bank.host.statuses[-1].code == ""
        assert scene.bank.host.is_up

    play(tmp_path, main)


def test_audit_09_a_twin_with_our_key_is_found_by_what_was_cosigned(tmp_path: Path) -> None:
    """The control plane has cosigned entries that are not ours: somebody has a copy of our key."""

    async def main(scene: Scene) -> None:
        await scene.up()
        scene.lines.inbox.cosigned = "a note"
        other = Checkpoint(scene.bank.journal.origin, 1, bytes(32))
        scene.bank.host.seen_by_a_witness = other
        assert scene.bank.journal.head.quarantine is None
        scene.bank.log(3)
        await scene.lines.bell.wait(lambda: scene.bank.journal.head.quarantine is not None)
        assert scene.bank.host.cosigned == [("a note", None)]
        assert scene.bank.journal.head.quarantine == "journal.forked"

    play(tmp_path, main)
