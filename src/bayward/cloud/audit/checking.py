"""Every log recomputed from its first entry to its last, once a day and whenever somebody asks.

Auditors do so from outside. That we do it ourselves finds what a disk, a restored file or a hand in
the database has changed, before they come. A log is read page by page and its signed checkpoint is
what it must add up to, so nobody waits for a long one; a check that was interrupted by the end of
the program is done again from the first entry. What nobody waits for takes half of one core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bayward.cloud.audit import export
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import DAY_MS, MINUTE_MS, SECOND_MS, Clock, after
from bayward.core.errors import BaywardError
from bayward.core.ids import TenantId
from bayward.ledger.verdict import Verdict
from bayward.ledger.verify import Examination

EACH_MS = DAY_MS
LOOK_MS = MINUTE_MS  # for logs whose day has come
TELL_MS = 2 * SECOND_MS  # pages are told how far it is
HEADER_LINES = 1

Key = tuple[TenantId, str]
"""A log: whose it is, and its origin."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """How far a check is; `is_awaited`: somebody looks on, so it takes no rest."""

    done: int = 0
    size: int = 0
    is_awaited: bool = False


class Checks:
    """The checks of one control plane."""

    def __init__(
        self,
        unit: Unit,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._sleep = sleep
        self._running: dict[Key, asyncio.Task[Verdict]] = {}
        self._progress: dict[Key, Progress] = {}

    async def run(self) -> None:
        """Check what is due, one log after another, until cancelled."""
        while True:
            await self._sleep(LOOK_MS / SECOND_MS)
            try:
                await self.run_due()
            except BaywardError as error:  # the database is busy or full: the next round
                _log.warning("log.check", code=error.code)

    async def run_due(self) -> None:
        """Check every log that has not been checked for a day."""
        for tenant, origin in await self._unit.read(_due):
            await asyncio.wait([self.start(tenant, origin)])

    def start(
        self, tenant: TenantId, origin: str, *, is_awaited: bool = False
    ) -> asyncio.Task[Verdict]:
        """Check one log; the task fails with `NotFound`, or with `Conflict("log.empty")`.

        A check that runs is joined; only somebody who waits gets one that began when he asked, or
        when somebody else did who waits.
        """
        key = (tenant, origin)
        running = self._running.get(key)
        if running is not None and is_awaited and not self._progress[key].is_awaited:
            running.cancel()
            running = None
        if running is None:
            self._progress[key] = Progress(is_awaited=is_awaited)
            running = self._running[key] = asyncio.create_task(self._check(key))
            running.add_done_callback(lambda done: self._ended(key, done))
        return running

    def progress(self, tenant: TenantId) -> dict[str, Progress]:
        """The logs of a tenant that are being checked, by origin."""
        now = dict(self._progress)  # pages are built in another thread
        return {origin: one for (whose, origin), one in now.items() if whose == tenant}

    async def stop(self) -> None:
        """End what is running."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: Key, task: asyncio.Task[Verdict]) -> None:
        if self._running.get(key) is task:  # else another took its place
            del self._running[key], self._progress[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("log.check", origin=key[1], why=str(error))

    async def _check(self, key: Key) -> Verdict:
        tenant, origin = key
        begun, examination = await self._unit.read(
            lambda work: export.begin_check(work, tenant, origin)
        )
        progress = self._progress[key]
        progress.size = begun.size
        await self._examine(tenant, begun, examination, progress)
        verdict = examination.conclude()
        progress.done = begun.size
        await self._unit.write(lambda work: export.note_verdict(work, tenant, origin, verdict))
        if not verdict.ok:
            _log.error("log.does_not_verify", origin=origin, problem=str(verdict.findings[0]))
        return verdict

    async def _examine(
        self,
        tenant: TenantId,
        begun: export.Export,
        examination: Examination,
        progress: Progress,
    ) -> None:
        told_at = self._clock.monotonic_ms()
        while progress.done < begun.size:
            started = self._clock.monotonic_ms()
            lines = await self._unit.read(
                lambda work: export.page(work, tenant, begun, progress.done)
            )
            if not lines:
                return  # entries are missing at the end; the checkpoint will say so
            number = HEADER_LINES + 1 + progress.done
            if not await asyncio.to_thread(_take, examination, number, lines):
                return
            progress.done += len(lines)
            now = self._clock.monotonic_ms()
            if now - told_at >= TELL_MS:
                told_at = now
                with suppress(BaywardError):  # a page that is not told is no reason to stop
                    await self._unit.write(lambda work: work.wake(f"tenant/{tenant}"))
            if not progress.is_awaited:
                await self._sleep((now - started) / SECOND_MS)


def _take(examination: Examination, number: int, lines: list[bytes]) -> bool:
    return all(examination.take_line(at, line) for at, line in enumerate(lines, start=number))


def _due(work: Work) -> list[Key]:
    return export.unchecked_since(work, after(work.now, -EACH_MS))
