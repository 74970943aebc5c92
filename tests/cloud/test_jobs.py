from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import cloud_bench
from bayward.cloud.jobs import JITTER, LEASE_MS, Again, Duty, Hopeless, Settle, Worker
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.storage.outbox import Job
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.errors import Unavailable
from cloud_bench import CloudBench

LADDER = (1_000, 5_000)


def half() -> float:
    return 0.5


@dataclass
class Hand:
    """Does jobs as it is told, and remembers them."""

    mood: Exception | None = None
    done: Counter[str] = field(default_factory=Counter)
    settled: list[str] = field(default_factory=list)
    failed: list[tuple[str, Instant | None]] = field(default_factory=list)

    async def do(self, job: Job) -> Settle:
        self.done[job.key or ""] += 1
        if self.mood is not None:
            raise self.mood
        return lambda work: self._settle(work, job)

    def note(self, work: Work, job: Job, reason: str, due: Instant | None) -> None:
        assert work.tx.in_transaction()
        self.failed.append((reason, due))
        assert job.kind == "mail"

    @property
    def duty(self) -> Duty:
        return Duty(self.do, self.note, LADDER)

    def _settle(self, work: Work, job: Job) -> None:
        assert work.tx.in_transaction()
        self.settled.append(job.key or "")


def worker(cloud: CloudBench, hand: Hand) -> Worker:
    return Worker(cloud.unit, {"mail": hand.duty}, half)


async def put(cloud: CloudBench, key: str, due: Instant | None = None) -> None:
    await cloud.unit.write(lambda work: work.enqueue("mail", key, {}, due))


async def test_a_job_is_done_settled_and_gone(cloud: CloudBench) -> None:
    hand = Hand()
    await put(cloud, "a")
    assert await worker(cloud, hand).run_due() is None
    assert (hand.done, hand.settled) == (Counter("a"), ["a"])
    assert cloud.rows(s.job) == []


async def test_nothing_is_enqueued_by_a_transaction_that_failed(cloud: CloudBench) -> None:
    def fail(work: Work) -> None:
        work.enqueue("mail", "a", {})
        raise Unavailable("storage.full")

    with pytest.raises(Unavailable):
        await cloud.unit.write(fail)
    assert cloud.rows(s.job) == []


async def test_failures_climb_the_ladder_and_then_are_dead(cloud: CloudBench) -> None:
    hand = Hand(Again("busy"))
    await put(cloud, "a")
    working = worker(cloud, hand)
    for wait_ms in LADDER:
        due = await working.run_due()
        assert due == cloud.clock.at + wait_ms * (1 + JITTER / 2)
        cloud.clock.at = due
    assert await working.run_due() is None
    assert hand.done["a"] == 3
    assert [due is None for _, due in hand.failed] == [False, False, True]
    [row] = cloud.rows(s.job)
    assert (row.state, row.last_error, row.attempts) == ("dead", "busy", 3)
    assert hand.settled == []


async def test_a_wait_that_was_asked_for_is_kept(cloud: CloudBench) -> None:
    hand = Hand(Again("later", wait_ms=60_000))
    await put(cloud, "a")
    due = await worker(cloud, hand).run_due()
    assert due == cloud.clock.at + 60_000 * (1 + JITTER / 2)


@pytest.mark.parametrize(
    ("mood", "reason", "is_dead"),
    [
        (Hopeless("never"), "never", True),
        (Unavailable("mail.down"), "mail.down", False),
        (OSError("refused"), "refused", False),
        (TimeoutError(), "TimeoutError", False),
        (RuntimeError("a bug with secrets"), "RuntimeError", False),
    ],
)
async def test_each_failure_is_told_as_what_it_is(
    cloud: CloudBench, mood: Exception, reason: str, is_dead: bool
) -> None:
    hand = Hand(mood)
    await put(cloud, "a")
    await worker(cloud, hand).run_due()
    assert hand.failed[0][0] == reason
    assert cloud.rows(s.job)[0].state == ("dead" if is_dead else "waiting")


async def test_what_cannot_be_settled_is_done_again(cloud: CloudBench) -> None:
    """The effect happened, and its record could not be written: the job stays."""
    done: list[str] = []

    def refuse(work: Work) -> None:
        work.tx.execute(sa.text("INSERT INTO nothing VALUES (1)"))

    async def do(job: Job) -> Settle | None:
        done.append(job.key or "")
        return refuse if len(done) == 1 else None

    await put(cloud, "a")
    working = Worker(cloud.unit, {"mail": Duty(do, None, LADDER)}, half)
    due = await working.run_due()
    assert due is not None
    cloud.clock.at = due
    assert await working.run_due() is None
    assert done == ["a", "a"]
    assert cloud.rows(s.job) == []


async def test_a_killed_worker_leaves_its_job_to_the_next(cloud: CloudBench) -> None:
    """Killed between the commit that claimed it and the side effect."""
    started = asyncio.Event()

    async def hang(job: Job) -> Settle | None:
        del job
        started.set()
        await asyncio.Event().wait()
        return None

    await put(cloud, "a")
    dying = asyncio.ensure_future(
        Worker(cloud.unit, {"mail": Duty(hang, None, LADDER)}, half).run_due()
    )
    await started.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    hand = Hand()
    due = await worker(cloud, hand).run_due()
    assert hand.done == {}
    assert due == cloud.clock.at + LEASE_MS
    cloud.clock.at = due
    await worker(cloud, hand).run_due()
    assert hand.settled == ["a"]


async def test_a_worker_sleeps_until_a_commit_wakes_it(tmp_path: Path) -> None:
    path = tmp_path / "cloud.db"
    path.write_bytes(cloud_bench.template())
    store = SqliteStore.open(path)
    cloud = cloud_bench.make(store)
    arrived = asyncio.Event()

    async def do(job: Job) -> Settle | None:
        del job
        arrived.set()
        return None

    running = asyncio.ensure_future(
        Worker(cloud.unit, {"mail": Duty(do, None, LADDER)}, half).run()
    )
    await store.read(lambda _: None)
    await put(cloud, "a")
    async with asyncio.timeout(5):
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert cloud.unit._listeners == []
    store.close()


async def test_a_worker_outlives_a_full_disk(cloud: CloudBench) -> None:
    hand = Hand()
    await put(cloud, "a")
    cloud.tx.exec_driver_sql("PRAGMA query_only=ON")
    cloud.tx.rollback()
    running = asyncio.ensure_future(worker(cloud, hand).run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    assert hand.done == {}
    cloud.tx.exec_driver_sql("PRAGMA query_only=OFF")
    cloud.tx.rollback()
    await put(cloud, "b")
    for _ in range(50):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sorted(hand.settled) == ["a", "b"]


class Jobs(RuleBasedStateMachine):
    """No job is lost, none is settled twice, and every one ends settled or dead."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = cloud_bench.make()
        self.hand = Hand()
        self.put_in = 0

    def teardown(self) -> None:
        assert isinstance(self.cloud.store, InlineStore)
        self.cloud.store.close()

    def run(self) -> None:
        asyncio.run(worker(self.cloud, self.hand).run_due())

    @rule(delay=st.integers(0, 5_000))
    def put(self, delay: int) -> None:
        self.put_in += 1
        asyncio.run(put(self.cloud, f"j{self.put_in}", Instant(self.cloud.clock.at + delay)))

    @rule(ms=st.integers(1, 10_000))
    def time_passes(self, ms: int) -> None:
        self.cloud.wait(ms)

    @rule()
    def all_goes_well(self) -> None:
        self.hand.mood = None
        self.run()

    @rule()
    def the_other_side_is_down(self) -> None:
        self.hand.mood = Again("down")
        self.run()

    @rule()
    def the_other_side_says_never(self) -> None:
        self.hand.mood = Hopeless("never")
        self.run()

    @precondition(lambda self: self.put_in > 0)
    @rule()
    def a_worker_dies_with_what_it_claimed(self) -> None:
        async def die() -> None:
            async def hang(job: Job) -> Settle | None:
                del job
                await asyncio.Event().wait()
                return None

            dying = Worker(self.cloud.unit, {"mail": Duty(hang, None, LADDER)}, half)
            task = asyncio.ensure_future(dying.run_due())
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(die())

    @invariant()
    def none_is_lost_and_none_is_settled_twice(self) -> None:
        settled = Counter(self.hand.settled)
        kept = Counter(row.key for row in self.cloud.rows(s.job))
        assert settled + kept == Counter(f"j{n + 1}" for n in range(self.put_in))


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
