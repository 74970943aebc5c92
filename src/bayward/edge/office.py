"""The asyncio side of the clerk: one queue in, effects out.

Kiosk, hardware, timers and the control plane all hand their inputs to one queue. One worker
takes them to the clerk's own thread, one at a time, and carries out what the clerk made durable:
so nothing moves that is not in the log, and two people can never be answered from two states.
The loop is never held up by key stretching or by the disk.

When the journal cannot be written the kiosk says so, nothing opens, and the office keeps trying
to take the journal up again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import structlog

from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant
from bayward.core.commands import Command, CommandResult
from bayward.core.door import DoorReading, UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.errors import BaywardError, Denied, LimitExceeded, Misconfigured, Unavailable
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.agent import BankView, Recipient, Request, Visit
from bayward.edge.clerk import Clerk, Outcome
from bayward.edge.controller import (
    CommandReceived,
    DoorRead,
    Effect,
    Input,
    Report,
    Resolve,
    Siren,
    Tick,
    Unlock,
    UnlockEnded,
)
from bayward.edge.directory import Directory, SearchBudget
from bayward.edge.hardware import Hardware
from bayward.edge.settings import BankSettings
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.unlock import UnlockRequest
from bayward.edge.view import out_of_order

QUEUE_MAX = 1_024  # every door of the largest bank moving five times while the disk is slow
TICK_MS_MAX = MINUTE_MS  # the trusted time is made durable at least this often
TICK_MS_MIN = 50  # a deadline that has passed is due now, but never in a tight loop
RETRY_MS = 5 * SECOND_MS  # how often a journal that cannot be written is tried again

T = TypeVar("T")
Job = Callable[[], Awaitable[None]]
log = structlog.get_logger("edge.office")


class Office:
    """The bank's agent (`edge.agent.Agent`) in one process with its hardware.

    `on_growth` is told the size of the log after each commit; `directory` may be replaced;
    `lockdowns` are the scopes that are locked down.
    """

    def __init__(
        self, settings: BankSettings, clerk: Clerk, clock: TrustedClock, hardware: Hardware
    ) -> None:
        self.directory = Directory()
        self.lockdowns: tuple[str, ...] = ()
        self.on_growth: Callable[[int], None] = lambda _: None
        self._settings = settings
        self._clerk = clerk
        self._clock = clock
        self._hardware = hardware
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clerk")
        self._queue: asyncio.Queue[Job] = asyncio.Queue(QUEUE_MAX)
        self._worker: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._carrying_out: set[asyncio.Task[None]] = set()
        self._awaited: dict[CommandId, list[asyncio.Future[CommandResult]]] = {}
        self._searches = SearchBudget()
        self._view = out_of_order(settings.layout, "edge.starting")
        self._revision = 0
        self._changed = asyncio.Event()
        self._is_online = False
        self._is_ending = False
        self._has_lost_readings = False

    async def start(self) -> None:
        """Take up the journal and begin to work.

        A journal that cannot be written now puts the kiosk out of order until it can; one that
        is damaged or not this bank's raises `Misconfigured`.
        """
        try:
            await self._take_up()
        except Unavailable as error:
            self._out_of_order(error)
        self._worker = asyncio.create_task(self._work(), name="office")

    def announce_end(self) -> None:
        """Wake whoever waits for news: there will be none."""
        self._is_ending = True
        self._set_timer(None)
        self._tell()

    async def stop(self) -> None:
        """Write down how everything ended, and close the journal. Stop the hardware first."""
        self.announce_end()
        while self._carrying_out:
            await asyncio.wait(self._carrying_out)
        if self._worker is not None:
            await self._queue.join()
            self._worker.cancel()
            await asyncio.wait([self._worker])
        try:
            await self._on_thread(self._clerk.stop)
        except BaywardError as error:
            log.warning("snapshot not kept", error=str(error))
        self._thread.shutdown()

    async def abandon(self) -> None:
        """End at once and write nothing more, as a power cut would."""
        self.announce_end()
        tasks = [*self._carrying_out, *([self._worker] if self._worker else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._on_thread(self._clerk.abandon)
        self._thread.shutdown()

    async def ask(self, request: Request) -> Visit:
        """Do what somebody at the kiosk asks for."""
        return (await self._submit(request)).visit

    def view(self) -> BankView:
        """How things stand now."""
        return self._view

    async def find(self, query: str) -> tuple[Recipient, ...]:
        """Recipients, for a courier who is signed in."""
        courier = self._view.visit.courier
        if courier is None:
            raise Denied("courier.not_signed_in")
        self._searches.spend(self._clock.now())
        found = self.directory.find(query)
        log.info("directory searched", courier=courier, results=len(found))
        return found

    async def wait_for_change(self, since: int) -> int:
        """Sleep until something changed; raises `Unavailable` when the program ends."""
        while self._revision <= since or self._is_ending:
            if self._is_ending:
                raise Unavailable("edge.ending")
            await self._changed.wait()
        return self._revision

    async def carry_out(self, command: Command, epoch: str) -> CommandResult:
        """Carry out an order of the control plane; returns how it ended."""
        ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        waiting = self._awaited.setdefault(command.id, [])
        waiting.append(ended)
        try:
            await self._submit(CommandReceived(command, epoch))
            result = await ended
        finally:
            waiting.remove(ended)
            if not waiting:
                self._awaited.pop(command.id, None)
        order = type(command.order).__name__
        log.info("command ended", command=command.id, order=order, result=result.result)
        return result

    async def on_clerks_thread(self, run: Callable[[], T]) -> T:
        """Run something between two decisions: reading the journal, acknowledging it."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def job() -> None:
            try:
                result = await self._on_thread(run)
            except Exception as error:  # noqa: BLE001 - raised where it is awaited
                _settle(done, error)
            else:
                if not done.done():
                    done.set_result(result)

        self._put(job)
        return await done

    def door_read(self, compartment: CompartmentId, reading: DoorReading) -> None:
        """A reading changed (the hardware's callback)."""
        try:
            self._put(lambda: self._handle(DoorRead(compartment, reading), None))
        except BaywardError:
            self._has_lost_readings = True  # every door is told again once there is room

    def set_online(self, *, is_online: bool) -> None:
        """The control plane came onto the line, or went."""
        if is_online != self._is_online:
            self._is_online = is_online
            self._view = replace(self._view, is_online=is_online)
            self._tell()
            log.info("control plane", is_online=is_online)

    def look_again(self) -> None:
        """Something outside changed: look whether anything is due, soon."""
        self._set_timer(self._clock.now())

    @property
    def queue_length(self) -> int:
        """How many inputs wait."""
        return self._queue.qsize()

    async def _submit(self, request: Input) -> BankView:
        done: asyncio.Future[BankView] = asyncio.get_running_loop().create_future()
        self._put(lambda: self._handle(request, done))
        return await done

    def _put(self, job: Job) -> None:
        try:
            self._queue.put_nowait(job)
        except asyncio.QueueFull:
            raise LimitExceeded("edge.busy", limit=QUEUE_MAX) from None

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await job()
            finally:
                self._queue.task_done()
            if self._has_lost_readings and self._queue.empty():
                self._has_lost_readings = False
                self._tell_doors()

    async def _on_thread(self, run: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def _handle(self, request: Input, done: asyncio.Future[BankView] | None) -> None:
        """One input through the clerk. Errors go to who asked; trouble goes to the kiosk."""
        try:
            if self._clerk.needs_start:
                await self._take_up()
            outcome = await self._on_thread(lambda: self._clerk.handle(request))
        except BaywardError as error:
            if self._clerk.needs_start:
                self._out_of_order(error)
            elif done is None:
                log.warning("input refused", input=type(request).__name__, error=error.code)
            _settle(done, error)
            return
        self._take(outcome)
        if done is not None and not done.done():
            done.set_result(self._view)

    async def _take_up(self) -> None:
        """Take up the journal, at the start or after it failed."""
        outcome = await self._on_thread(self._clerk.start)
        log.info("journal taken up", size=outcome.size)
        self._take(outcome)
        self._tell_doors()

    def _take(self, outcome: Outcome) -> None:
        """Show how things stand, and carry out what is durable now."""
        self._view = replace(outcome.view, is_online=self._is_online)
        self.lockdowns = outcome.lockdowns
        self._tell()
        self._set_timer(outcome.deadline)
        for effect in outcome.effects:
            self._carry_out(effect)
        self.on_growth(outcome.size)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Unlock():
                self._begin(self._unlock(effect))
            case Resolve():
                self._begin(self._resolve(effect))
            case Siren():
                self._hardware.siren(on=effect.is_on)
            case Report():
                for ended in self._awaited.get(effect.result.command, ()):
                    if not ended.done():
                        ended.set_result(effect.result)

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._carrying_out.add(task)
        task.add_done_callback(self._carrying_out.discard)

    async def _unlock(self, effect: Unlock) -> None:
        # Every unlock a controller proposes rests on somebody standing here: a code, a pass, a
        # courier at the screen, or the number on it.
        request = UnlockRequest(
            effect.command, effect.compartment, effect.not_after, has_presence=True
        )
        try:
            outcome = await self._hardware.unlock(request)
        except BaywardError as error:
            log.warning("unlock refused", command=effect.command, error=error.code)
            outcome = UnlockOutcome.REFUSED
        await self._ended(effect.command, outcome)

    async def _resolve(self, effect: Resolve) -> None:
        try:
            outcome = await self._hardware.resolve(effect.command, effect.compartment)
        except BaywardError as error:
            log.warning("unlock not resolved", command=effect.command, error=error.code)
            outcome = UnlockOutcome.DOUBTFUL
        await self._ended(effect.command, outcome)

    async def _ended(self, command: CommandId, outcome: UnlockOutcome) -> None:
        """Write an outcome down; when that fails, the journal's next start asks again."""
        try:
            await self._submit(UnlockEnded(command, outcome))
        except BaywardError as error:
            log.warning("outcome not written", command=command, error=error.code)

    def _tell_doors(self) -> None:
        """Tell the controller every door that has been read, as it is now."""
        for built in self._settings.layout:
            reading = self._hardware.reading(built.id)
            if isinstance(reading, UnknownDoor) and reading.why is UnknownWhy.NEVER_READ:
                continue  # nothing was lost; the first reading, or its absence, will be told
            self.door_read(built.id, reading)

    def _out_of_order(self, error: BaywardError) -> None:
        if self._view.trouble != error.code:
            log.error("journal not usable", error=str(error))
        view = out_of_order(self._settings.layout, error.code)
        self._view = replace(view, is_online=self._is_online)
        self._tell()
        retry = None if isinstance(error, Misconfigured) else self._clock.now() + RETRY_MS
        self._set_timer(None if retry is None else Instant(retry))

    def _tell(self) -> None:
        self._revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _set_timer(self, deadline: Instant | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None and not self._is_ending:
            wait_ms = min(max(deadline - self._clock.now(), TICK_MS_MIN), TICK_MS_MAX)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_ms / 1000, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._put(lambda: self._handle(Tick(), None))
        except LimitExceeded:
            self._set_timer(Instant(self._clock.now() + TICK_MS_MAX))


def _settle(done: asyncio.Future[T] | None, error: Exception) -> None:
    """Hand an error to whoever waits, if anybody still does."""
    if done is not None and not done.done():
        done.set_exception(error)
