from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bayward.cloud.storage.log_store import sequencer as module
from bayward.cloud.storage.log_store.logs import Commit, OneLog, SegmentLogs
from bayward.cloud.storage.log_store.sequencer import BATCH_MAX, WAITING_MAX, Sequencer
from bayward.core.errors import Unavailable
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import OutOfRange
from bayward.ledger.keys import Signer, ed25519_signer
from bayward.ledger.log import Log
from ledger_bench import IMPOSTOR, LOG, ORIGIN, MemoryStore, refused
from log_store_bench import Kind, Only, Single, Slow, recheck


async def until_all_wait() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_client_has_a_commit_of_his_own(kind: Kind) -> None:
    async with Only(kind.store()) as sequencer:
        placed = [await sequencer.append(b"%d" % n, b"opens") for n in range(3)]
    for n, one in enumerate(placed):
        assert one.index == n
        assert open_checkpoint(one.note, LOG.key).checkpoint.size == n + 1
    assert recheck(kind.store()) == [b"0", b"1", b"2"]
    assert [one.opened for one in kind.store().segments()] == [(b"opens",)] * 3


async def test_who_comes_during_a_commit_shares_the_next() -> None:
    store, gate = MemoryStore(), threading.Event()
    slow = Slow(store, gate)
    async with Only(slow) as sequencer:
        clients = [asyncio.create_task(sequencer.append(b"first"))]
        await asyncio.to_thread(slow.started.wait, 30)
        clients += [asyncio.create_task(sequencer.append(b"%d" % n)) for n in range(50)]
        await until_all_wait()
        assert not any(one.done() for one in clients), "nobody hears before it is durable"
        gate.set()
        placed = await asyncio.gather(*clients)
    assert slow.batches == [1, 50]
    assert [one.index for one in placed] == list(range(51))
    assert len({one.note for one in placed[1:]}) == 1


async def test_what_waits_is_bounded_by_number() -> None:
    store, gate = MemoryStore(), threading.Event()
    slow = Slow(store, gate)
    async with Only(slow) as sequencer:
        count = 1 + WAITING_MAX + 500
        clients = [asyncio.create_task(sequencer.append(b"%d" % n)) for n in range(count)]
        await until_all_wait()
        assert sequencer.real._waiting <= WAITING_MAX
        gate.set()
        placed = await asyncio.gather(*clients)
    assert max(slow.batches) == BATCH_MAX
    assert sorted(one.index for one in placed) == list(range(count))
    assert sequencer.real._bytes == 0


async def test_what_waits_is_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES_MAX", 1_000)
    gate = threading.Event()
    async with Only(Slow(MemoryStore(), gate)) as sequencer:
        clients = [asyncio.create_task(sequencer.append(bytes(300))) for _ in range(40)]
        clients.append(asyncio.create_task(sequencer.append(bytes(60_000))))
        await until_all_wait()
        assert sequencer.real._bytes <= 1_000
        gate.set()
        placed = await asyncio.gather(*clients)
    assert len({one.index for one in placed}) == 41


async def test_leaving_commits_what_waits_and_takes_nothing_more() -> None:
    store, gate = MemoryStore(), threading.Event()
    sequencer = Only(Slow(store, gate))
    async with sequencer:
        clients = [asyncio.create_task(sequencer.append(b"%d" % n)) for n in range(10)]
        await until_all_wait()
        gate.set()
    await asyncio.gather(*clients)
    assert len(store.entries) == 10
    with pytest.raises(Unavailable, match=r"storage\.not_kept"):
        await sequencer.append(b"late")


async def test_a_client_that_goes_away_takes_nobody_along() -> None:
    store, gate = MemoryStore(), threading.Event()
    async with Only(Slow(store, gate)) as sequencer:
        going = asyncio.create_task(sequencer.append(b"going"))
        staying = asyncio.create_task(sequencer.append(b"staying"))
        await until_all_wait()
        going.cancel()
        gate.set()
        assert (await staying).index == 1


async def test_an_entry_that_is_too_long_is_the_matter_of_its_sender() -> None:
    async with Only(MemoryStore()) as sequencer:
        with refused(OutOfRange, "entry.length"):
            await sequencer.append(bytes(65_536))
        assert (await sequencer.append(b"fine")).index == 0


async def test_nothing_is_appended_to_a_store_that_was_touched() -> None:
    store = MemoryStore()
    Log(store, lambda: [IMPOSTOR]).append([b"x"])
    async with Only(store) as sequencer:
        with pytest.raises(Unavailable) as caught:
            await sequencer.append(b"y")
    assert caught.value.facts == {"cause": "Unverified"}
    assert len(store.entries) == 1


NAMES = [f"bench.example/tenant/{n}" for n in range(12)]


def signed(origin: str) -> list[Signer]:
    private = Ed25519PrivateKey.from_private_bytes(origin.encode().rjust(32)[-32:])
    return [ed25519_signer(origin, private)]


class Counting:
    """Logs that count what one transaction carries."""

    def __init__(self, real: SegmentLogs, gate: threading.Event) -> None:
        self.real, self.gate = real, gate
        self.carried: list[dict[str, int]] = []
        self.started = threading.Event()
        self.read_head, self.read_hashes = real.read_head, real.read_hashes

    def commit(self, commits: Sequence[Commit]) -> None:
        self.carried.append({one.origin: len(one.append.entries) for one in commits})
        self.started.set()
        assert self.gate.wait(30)
        self.real.commit(commits)


async def test_one_transaction_carries_the_segments_of_many_logs(kind: Kind) -> None:
    gate = threading.Event()
    names = [kind.prefix + name for name in NAMES]
    logs = Counting(kind.logs(), gate)
    async with Sequencer(logs, signed) as sequencer:
        clients = [asyncio.create_task(sequencer.append(names[0], b"first"))]
        await asyncio.to_thread(logs.started.wait, 30)
        every = [(name, b"%d" % n) for n in range(3) for name in names]
        clients += [asyncio.create_task(sequencer.append(*one)) for one in every]
        await until_all_wait()
        gate.set()
        placed = await asyncio.gather(*clients)
        assert logs.carried == [{names[0]: 1}, dict.fromkeys(names, 3)]
        for (name, entry), one in zip(every, placed[1:], strict=True):
            [signer] = signed(name)
            assert open_checkpoint(one.note, signer.key).checkpoint.size == 3 + (name == names[0])
            (await sequencer.prove(name, one.index)).verify(entry, signer.key)


async def test_a_log_that_moved_does_not_take_the_others_along(kind: Kind) -> None:
    gate = threading.Event()
    one, two, three = names = [kind.prefix + name for name in NAMES[:3]]
    logs = Counting(kind.logs(), gate)
    async with Sequencer(logs, signed) as sequencer:
        gate.set()
        await asyncio.gather(*(sequencer.append(name, b"before") for name in names))
        Log(OneLog(kind.logs(), two), lambda: signed(two)).append([b"another program's"])
        gate.clear()
        logs.started.clear()
        held = asyncio.create_task(sequencer.append(one, b"held"))
        await asyncio.to_thread(logs.started.wait, 30)
        clients = [asyncio.create_task(sequencer.append(name, b"after")) for name in names]
        await until_all_wait()
        gate.set()
        await held
        assert [found.index for found in await asyncio.gather(*clients)] == [2, 2, 1]
        assert [len(each) for each in logs.carried[-4:]] == [3, 1, 1, 1]
        for name, index in ((one, 2), (two, 2), (three, 1)):
            (await sequencer.prove(name, index)).verify(b"after", signed(name)[0].key)


class Ticks:
    """A stopwatch on which each commit takes as long as a test wants."""

    def __init__(self) -> None:
        self.now, self.each = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.each
        return self.now


@dataclass
class Whose(Single):
    """Notes in which thread each commit is made, and of how many entries."""

    made: list[tuple[bool, int]] = field(default_factory=list)
    breaks: bool = False

    def commit(self, commits: Sequence[Commit]) -> None:
        in_loop = threading.current_thread() is threading.main_thread()
        self.made.append((in_loop, len(commits[0].append.entries)))
        if self.breaks:
            raise OSError("no space left")
        super().commit(commits)


IN_LOOP, IN_THREAD = True, False


async def test_who_is_alone_commits_in_the_loop_while_commits_are_quick() -> None:
    store, ticks = MemoryStore(), Ticks()
    logs = Whose(store)
    async with Sequencer(logs, lambda _: [LOG], ticks) as sequencer:
        await sequencer.append(ORIGIN, b"not measured yet")
        await sequencer.append(ORIGIN, b"quick")
        ticks.each = 1.0
        await sequencer.append(ORIGIN, b"slow")
        await sequencer.append(ORIGIN, b"slow, too")
        ticks.each = 0.0
        await sequencer.append(ORIGIN, b"quick again")
        await asyncio.gather(*(sequencer.append(ORIGIN, b"%d" % n) for n in range(20)))
        await sequencer.append(ORIGIN, b"alone again")
    assert logs.made == [
        (IN_THREAD, 1), (IN_LOOP, 1), (IN_LOOP, 1), (IN_THREAD, 1), (IN_THREAD, 1),
        (IN_THREAD, 20), (IN_LOOP, 1),
    ]  # fmt: skip
    assert len(store.entries) == 26


async def test_a_crowd_commits_in_the_loop_if_that_will_be_quick() -> None:
    store, ticks = MemoryStore(), Ticks()
    logs = Whose(store)
    async with Sequencer(logs, lambda _: [LOG], ticks) as sequencer:

        async def crowd(count: int, taken_s: float) -> None:
            ticks.each = taken_s
            await asyncio.gather(*(sequencer.append(ORIGIN, b"%d" % n) for n in range(count)))

        await crowd(10, module.QUICK_S / 3)
        await crowd(20, 0.6 * module.QUICK_S)
        await crowd(21, 0.6 * module.QUICK_S)
        await crowd(21, 1.2 * module.QUICK_S)
        await crowd(1, 0.0)
        await crowd(2, 0.0)
    assert logs.made == [
        (IN_THREAD, 10), (IN_LOOP, 20), (IN_THREAD, 21), (IN_LOOP, 21), (IN_THREAD, 1),
        (IN_LOOP, 2),
    ]  # fmt: skip
    assert len(store.entries) == 75


async def test_a_few_long_entries_are_not_committed_in_the_loop() -> None:
    logs = Whose(MemoryStore())
    async with Sequencer(logs, lambda _: [LOG], Ticks()) as sequencer:
        for entries, opened in ((1, 0), (2, 0), (2, module.QUICK_BYTES_MAX // 2), (2, 0)):
            await asyncio.gather(
                *(sequencer.append(ORIGIN, b"%d" % n, bytes(opened)) for n in range(entries))
            )
    assert logs.made == [(IN_THREAD, 1), (IN_LOOP, 2), (IN_THREAD, 2), (IN_LOOP, 2)]


@pytest.mark.parametrize("is_leaving", [False, True])
async def test_who_comes_while_others_wait_for_the_thread_waits_too(is_leaving: bool) -> None:
    store, gate = MemoryStore(), threading.Event()
    slow = Slow(store, gate)
    async with Sequencer(Single(slow), lambda _: [LOG], Ticks()) as sequencer:
        gate.set()
        await sequencer.append(ORIGIN, b"quick")
        gate.clear()
        slow.started.clear()
        three = [asyncio.create_task(sequencer.append(ORIGIN, b"three")) for _ in range(3)]
        await asyncio.to_thread(slow.started.wait, 30)
        one = asyncio.create_task(sequencer.append(ORIGIN, b"one"))
        await until_all_wait()
        assert slow.batches == [1, 3]
        if not is_leaving:
            gate.set()
            await one
            assert slow.batches == [1, 3, 1]
        asyncio.get_running_loop().call_soon(gate.set)
    await asyncio.gather(*three, one)
    assert slow.batches == [1, 3, 1]


async def test_nothing_is_committed_in_the_loop_unless_asked_for() -> None:
    logs = Whose(MemoryStore())
    async with Sequencer(logs, lambda _: [LOG]) as sequencer:
        for n in range(3):
            await sequencer.append(ORIGIN, b"%d" % n)
    assert logs.made == [(IN_THREAD, 1)] * 3


async def test_two_threads_never_touch_the_store_at_once() -> None:
    """Also when who asked has gone: the thread is still at it."""
    store, gate, reading = MemoryStore(), threading.Event(), threading.Event()
    logs = Whose(store)
    async with Sequencer(logs, lambda _: [LOG], Ticks()) as sequencer:
        for n in range(5):
            await sequencer.append(ORIGIN, b"%d" % n)
        read = store.read_hashes

        def slowly(indexes: Sequence[int]) -> list[bytes]:
            reading.set()
            assert gate.wait(30)
            return read(indexes)

        store.read_hashes = slowly  # type: ignore[method-assign]  # held up, not changed
        asked = asyncio.create_task(sequencer.prove(ORIGIN, 2))
        await asyncio.to_thread(reading.wait, 30)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        added = asyncio.create_task(sequencer.append(ORIGIN, b"meanwhile"))
        await until_all_wait()
        assert len(logs.made) == 5
        gate.set()
        await added
    assert logs.made[5:] == [(IN_LOOP, 1)], "when the question is answered"


async def test_a_commit_in_the_loop_that_fails_is_told_like_any_other() -> None:
    store = MemoryStore()
    logs = Whose(store)
    async with Sequencer(logs, lambda _: [LOG], Ticks()) as sequencer:
        await sequencer.append(ORIGIN, b"kept")
        logs.breaks = True
        with pytest.raises(Unavailable) as caught:
            await sequencer.append(ORIGIN, b"refused")
        assert caught.value.code == "storage.not_kept"
        logs.breaks = False
        assert (await sequencer.append(ORIGIN, b"goes on")).index == 1
    assert logs.made[1] == (IN_LOOP, 1)
