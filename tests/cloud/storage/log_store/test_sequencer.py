from __future__ import annotations

import asyncio
import threading

import pytest

from bayward.cloud.storage.log_store import sequencer as module
from bayward.cloud.storage.log_store.sequencer import BATCH_MAX, WAITING_MAX, Sequencer
from bayward.core.errors import Unavailable
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import OutOfRange, Unverified
from bayward.ledger.log import Log
from ledger_bench import IMPOSTOR, LOG, MemoryStore, refused
from log_store_bench import Kind, Slow, recheck


async def until_all_wait() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_client_has_a_commit_of_his_own(kind: Kind) -> None:
    async with Sequencer(kind.store(), lambda: [LOG]) as sequencer:
        placed = [await sequencer.append(b"%d" % n, b"opens") for n in range(3)]
    for n, one in enumerate(placed):
        assert one.index == n
        assert open_checkpoint(one.note, LOG.key).checkpoint.size == n + 1
    assert recheck(kind.store()) == [b"0", b"1", b"2"]
    assert [one.opened for one in kind.store().segments()] == [(b"opens",)] * 3


async def test_who_comes_during_a_commit_shares_the_next() -> None:
    store, gate = MemoryStore(), threading.Event()
    slow = Slow(store, gate)
    async with Sequencer(slow, lambda: [LOG]) as sequencer:
        clients = [asyncio.create_task(sequencer.append(b"first"))]
        await until_all_wait()
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
    async with Sequencer(slow, lambda: [LOG]) as sequencer:
        count = 1 + WAITING_MAX + 500
        clients = [asyncio.create_task(sequencer.append(b"%d" % n)) for n in range(count)]
        await until_all_wait()
        assert len(sequencer._waiting) <= WAITING_MAX
        gate.set()
        placed = await asyncio.gather(*clients)
    assert max(slow.batches) == BATCH_MAX
    assert sorted(one.index for one in placed) == list(range(count))
    assert sequencer._bytes == 0


async def test_what_waits_is_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES_MAX", 1_000)
    gate = threading.Event()
    async with Sequencer(Slow(MemoryStore(), gate), lambda: [LOG]) as sequencer:
        clients = [asyncio.create_task(sequencer.append(bytes(300))) for _ in range(40)]
        clients.append(asyncio.create_task(sequencer.append(bytes(60_000))))
        await until_all_wait()
        assert sequencer._bytes <= 1_000
        gate.set()
        placed = await asyncio.gather(*clients)
    assert len({one.index for one in placed}) == 41


async def test_leaving_commits_what_waits_and_takes_nothing_more() -> None:
    store, gate = MemoryStore(), threading.Event()
    sequencer = Sequencer(Slow(store, gate), lambda: [LOG])
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
    async with Sequencer(Slow(store, gate), lambda: [LOG]) as sequencer:
        going = asyncio.create_task(sequencer.append(b"going"))
        staying = asyncio.create_task(sequencer.append(b"staying"))
        await until_all_wait()
        going.cancel()
        gate.set()
        assert (await staying).index == 1


async def test_an_entry_that_is_too_long_is_the_matter_of_its_sender() -> None:
    async with Sequencer(MemoryStore(), lambda: [LOG]) as sequencer:
        with refused(OutOfRange, "entry.length"):
            await sequencer.append(bytes(65_536))
        assert (await sequencer.append(b"fine")).index == 0


async def test_nothing_is_begun_on_a_store_that_was_touched() -> None:
    store = MemoryStore()
    Log(store, lambda: [IMPOSTOR]).append([b"x"])
    with pytest.raises(Unverified):
        async with Sequencer(store, lambda: [LOG]):
            pass
