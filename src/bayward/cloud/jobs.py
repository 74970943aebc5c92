"""Doing the jobs of the job table: at least once, in time, and visibly when it cannot be done.

A duty says how jobs of one kind are done. Doing one ends in one of three ways, each settled in
one transaction: done (the job is gone), failed (tried again later along the duty's ladder, with
jitter), or given up (dead, to be looked at by a person). A worker that dies holds its jobs until
their lease ends; then another does them again.

A worker sleeps until the next job is due and is woken by commits, it never polls. Several with
different duties keep a burst of parcels from delaying an alarm.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bayward.cloud.storage import outbox
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import JOBS, Unit, Work
from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant, after
from bayward.core.errors import BaywardError, Unavailable

CLAIM_MAX = 16  # jobs done side by side by one worker
LEASE_MS = MINUTE_MS
DOING_MS_MAX = 45 * SECOND_MS  # ends well before the lease, so that no job is done twice at once
STORAGE_WAIT_MS = 5 * SECOND_MS  # the database cannot be written; try again then
JITTER = 0.2  # spreads what failed together
LADDER_MS = tuple(
    wait * SECOND_MS for wait in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200)
)

Settle = Callable[[Work], None]

_log = structlog.get_logger()


class Again(Exception):
    """Raised by a duty that failed but may succeed later; `wait_ms` when it knows how much."""

    def __init__(self, reason: str, wait_ms: int | None = None) -> None:
        super().__init__(reason)
        self.wait_ms = wait_ms


class Hopeless(Exception):
    """Raised by a duty that cannot succeed however often it is tried."""


@dataclass(frozen=True, slots=True)
class Duty:
    """How jobs of one kind are done.

    `do` may return what is to be written in the transaction that takes the job out. `failed` is
    told in the transaction that puts it back (with the time of the next try) or gives it up
    (None). `ladder_ms` are the waits; after the last one the job is dead.
    """

    do: Callable[[Job], Awaitable[Settle | None]]
    failed: Callable[[Work, Job, str, Instant | None], None] | None = None
    ladder_ms: tuple[int, ...] = LADDER_MS


class Worker:
    """Does the jobs it has duties for; `random` gives numbers in [0, 1)."""

    def __init__(self, unit: Unit, duties: Mapping[str, Duty], random: Callable[[], float]) -> None:
        self._unit = unit
        self._duties = duties
        self._kinds = sorted(duties)
        self._random = random

    async def run(self) -> None:
        """Work until cancelled."""
        wake = asyncio.Event()
        stop = self._unit.on_commit(lambda topics: wake.set() if JOBS in topics else None)
        try:
            while True:
                wake.clear()
                await self._sleep(wake, await self._run_or_wait())
        finally:
            stop()

    async def run_due(self) -> Instant | None:
        """Do everything that is due now; tells when the next job is."""
        while True:
            claimed = await self._unit.write(
                lambda work: outbox.claim(work.tx, work.now, LEASE_MS, CLAIM_MAX, self._kinds)
            )
            if not claimed:
                return await self._unit.read(lambda work: outbox.next_due(work.tx, self._kinds))
            await asyncio.gather(*(self._do(job) for job in claimed))

    async def _run_or_wait(self) -> Instant | None:
        try:
            return await self.run_due()
        except Unavailable as error:
            _log.warning("jobs.storage", code=error.code)
            return after(self._unit.clock.now(), STORAGE_WAIT_MS)

    async def _sleep(self, wake: asyncio.Event, due: Instant | None) -> None:
        wait_s = None if due is None else max(0, due - self._unit.clock.now()) / 1000
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await wake.wait()

    async def _do(self, job: Job) -> None:
        duty = self._duties[job.kind]
        try:
            async with asyncio.timeout(DOING_MS_MAX / 1000):
                settle = await duty.do(job)
                await self._unit.write(lambda work: _finish(work, job, settle))
        except Hopeless as error:
            await self._fail(job, duty, str(error), None)
        except Again as error:
            await self._fail(job, duty, str(error), self._next(job, duty, error.wait_ms))
        except (BaywardError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            await self._fail(job, duty, reason, self._next(job, duty, None))
        except Exception as error:  # noqa: BLE001 - a bug in one duty must not stop the others
            _log.exception("jobs.crashed", kind=job.kind, id=job.id)
            await self._fail(job, duty, type(error).__name__, self._next(job, duty, None))

    def _next(self, job: Job, duty: Duty, wait_ms: int | None) -> Instant | None:
        if job.attempts > len(duty.ladder_ms):
            return None
        wait_ms = max(wait_ms or 0, duty.ladder_ms[job.attempts - 1])
        return after(self._unit.clock.now(), round(wait_ms * (1 + JITTER * self._random())))

    async def _fail(self, job: Job, duty: Duty, reason: str, due: Instant | None) -> None:
        def put_back(work: Work) -> None:
            if due is None:
                is_ours = outbox.bury(work.tx, job, reason)
            else:
                is_ours = outbox.postpone(work.tx, job, due, reason)
            if is_ours and duty.failed is not None:
                duty.failed(work, job, reason, due)

        _log.info("jobs.failed", kind=job.kind, id=job.id, reason=reason, is_dead=due is None)
        await self._unit.write(put_back)


def _finish(work: Work, job: Job, settle: Settle | None) -> None:
    """Take the job out and write what it led to, unless its lease has passed to another."""
    if outbox.finish(work.tx, job) and settle is not None:
        settle(work)
