"""One connection of one bank: what it says goes to the inbox, the answers go back.

The reader never waits for the database except while greeting. Uploads and layouts go through a
queue that one worker works off, and the bank may not have more than four uploads unanswered, so
a slow database pushes back on exactly the banks that write. Of readings only the latest counts.
An idle bank costs one task and one timer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.link.downlink import Downlink
from bayward.cloud.link.inbox import Inbox
from bayward.core.clock import SECOND_MS, Clock
from bayward.core.errors import BaywardError, LimitExceeded, Unavailable
from bayward.wire import limits
from bayward.wire.link import CloudLink, State
from bayward.wire.link import events as e
from bayward.wire.messages import Done, ErrorCode, ErrorDetails, Message, Readings, Time
from bayward.wire.transport import Transport
from bayward.wire.upload import UploadRefused

QUEUED_MAX = 256  # uploads of all banks together: a few seconds of work for one database
BUSY_MS = 500
BUSY_MS_SPREAD = 1_500  # so that banks that were turned away do not come back together

_CODE = re.compile(r"[a-z_.]{1,64}")  # a stable code; what a bank says is not to be trusted

_log = structlog.get_logger()


@dataclass(slots=True)
class Shared:
    """What all sessions of one listener have in common; `random` is in [0, 1)."""

    inbox: Inbox
    clock: Clock
    random: Callable[[], float]
    queued: int = 0


class Session:
    """See the top of this file; `run` lives as long as the connection."""

    def __init__(
        self, shared: Shared, device: DeviceIdentity, transport: Transport, *, version: int
    ) -> None:
        self._shared = shared
        self._transport = transport
        self._link = CloudLink(shared.clock.monotonic_ms(), version=version)
        self._reason = ""
        self._was_welcomed = False
        self._sending = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._queue: list[e.UploadArrived | e.LayoutArrived] = []  # a handful at most
        self._worker: asyncio.Task[None] | None = None
        self._readings: Readings | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._asked: e.TenantLogAsked | None = None
        self._shower: asyncio.Task[None] | None = None
        self.device = device
        self._down: Downlink | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_live(self) -> bool:
        """Can commands be sent?"""
        return self._link.state is State.LIVE

    @property
    def epoch(self) -> str:
        """The nonce of this connection."""
        return self._link.epoch

    @property
    def down(self) -> Downlink:
        """The way down; made when somebody first wants something of this bank."""
        if self._down is None:
            self._down = Downlink(self._link, self._shared.clock, self._flush)
        return self._down

    async def run(self) -> None:
        """Serve the bank until the connection ends."""
        self._arm()
        try:
            while (frame := await self._transport.receive()) is not None:
                await self._take_frame(frame)
        except BaywardError as error:
            _log.warning("link.broken", bank=self.device.bank, error=str(error))
            self._reason = self._reason or error.code
        finally:
            await self._end()

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self._reason = self._reason or reason
        self._link.close()
        self._transport.abort()

    def has_ended(self) -> None:
        """Nothing of it is under way any more."""
        if not self.ended.done():
            self.ended.set_result(None)

    def _now(self) -> int:
        return self._shared.clock.monotonic_ms()

    async def _take_frame(self, frame: bytes) -> None:
        for event in self._link.receive(frame, self._now()):
            if isinstance(event, e.HelloArrived):
                await self._greet(event)
            else:
                self._take(event)
        if self._down is not None and self._link.has_room():
            self._down.make_room()
        await self._flush()
        if self.is_live and not self._was_welcomed:
            self._was_welcomed = True
            _log.info("link.connected", bank=self.device.bank)
            await self._shared.inbox.connected(self.device, self.epoch)

    async def _greet(self, event: e.HelloArrived) -> None:
        try:
            welcome = await self._shared.inbox.hello(self.device, event.hello)
        except BaywardError as error:
            self._reason = self._reason or error.code
            self._refuse(event.call, error)
            return
        if self._link.state is State.SYNCING:  # not given up meanwhile
            self._link.welcome(event.call, welcome)

    def _take(self, event: e.CloudEvent) -> None:
        match event:
            case e.UploadArrived(call=call) if self._is_crowded():
                self._refuse(call, LimitExceeded("link.crowded"))
            case e.UploadArrived() | e.LayoutArrived():
                self._shared.queued += 1
                self._queue.append(event)
                self._worker = self._worker or asyncio.create_task(self._work())
            case e.ReadingsArrived(readings=readings):
                self._readings = readings
                self._keeper = self._keeper or asyncio.create_task(self._keep_readings())
            case e.TenantLogAsked():
                self._asked = event
                self._shower = self._shower or asyncio.create_task(self._show())
            case e.HeartbeatArrived(call=call):
                self._link.answer(call, Time(now=self._shared.clock.now()))
            case e.CommandEnded() | e.PageTaken():
                self.down.heard(event)
            case e.Closed(reason=reason):
                self.drop(reason)
            case e.HelloArrived():
                raise AssertionError("the link lets nobody greet twice")

    def _is_crowded(self) -> bool:
        """Room is kept for each bank's next upload, so that nobody starves."""
        return self._shared.queued >= QUEUED_MAX and bool(self._queue)

    async def _work(self) -> None:
        """One upload or layout after the other."""
        try:
            while self._queue:
                event = self._queue.pop(0)
                self._shared.queued -= 1
                await self._answer(event)
        except Exception:  # noqa: BLE001 - what the database holds is unknown: both sides start over
            _log.exception("link.internal", bank=self.device.bank)
            self.drop("link.internal")
        finally:
            self._worker = None

    async def _answer(self, event: e.UploadArrived | e.LayoutArrived) -> None:
        try:
            message = await self._store(event)
        except BaywardError as error:
            _log.warning("link.refused", bank=self.device.bank, error=str(error))
            self._refuse(event.call, error)
        else:
            if self.is_live:
                self._link.answer(event.call, message)
        await self._flush()

    async def _store(self, event: e.UploadArrived | e.LayoutArrived) -> Message:
        inbox = self._shared.inbox
        if isinstance(event, e.UploadArrived):
            return await inbox.upload(self.device, event.upload)
        await inbox.layout(self.device, event.layout)
        return Done()

    async def _keep_readings(self) -> None:
        try:
            while (readings := self._readings) is not None:
                self._readings = None
                await self._shared.inbox.readings(self.device, readings)
        except BaywardError as error:  # the next ones replace them
            _log.warning("link.readings_lost", bank=self.device.bank, error=str(error))
        except Exception:  # noqa: BLE001 - as with uploads
            _log.exception("link.internal", bank=self.device.bank)
            self.drop("link.internal")
        finally:
            self._keeper = None

    async def _show(self) -> None:
        """The tenant's log, one question at a time and beside the uploads."""
        try:
            while (asked := self._asked) is not None:
                self._asked = None
                try:
                    shown = await self._shared.inbox.tenant_log(self.device, asked.size)
                except BaywardError as error:
                    self._refuse(asked.call, error)
                else:
                    if self.is_live:
                        self._link.answer(asked.call, shown)
                await self._flush()
        except Exception:  # noqa: BLE001 - as with uploads
            _log.exception("link.internal", bank=self.device.bank)
            self.drop("link.internal")
        finally:
            self._shower = None

    def _refuse(self, call: str, error: BaywardError) -> None:
        if self._link.state is State.CLOSED:
            return
        if isinstance(error, UploadRefused):
            known = ErrorDetails(size=error.size, root=error.root)
            self._link.refuse(call, error.wire_code, error.code, known)
        elif isinstance(error, Unavailable | LimitExceeded):
            busy = ErrorDetails(retry_after_ms=self._busy_ms(error))
            self._link.refuse(call, ErrorCode.BUSY, error.code, busy)
        else:
            self._link.refuse(call, ErrorCode.REFUSED, error.code)

    def _busy_ms(self, error: BaywardError) -> int:
        told = error.facts.get("retry_after_ms")
        wait_ms = told if isinstance(told, int) else BUSY_MS
        wait_ms += int(self._shared.random() * BUSY_MS_SPREAD)
        return min(max(wait_ms, BUSY_MS), limits.RETRY_AFTER_MS_MAX)

    async def _flush(self) -> None:
        """Send what is waiting, in order, whoever comes; then set the alarm anew."""
        async with self._sending:
            for frame in self._link.data_to_send():
                await self._transport.send(frame)
        if self._link.state is State.CLOSED:
            await self._transport.close(self._reason or "link.closed")
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._link.next_deadline()
        if deadline is None:
            self._timer = None
        else:
            delay_s = max(0, deadline - self._now()) / SECOND_MS
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        for event in self._link.tick(self._now()):
            self._take(event)
        self._arm()

    async def _end(self) -> None:
        """Finish what is being written, and tell everybody who waits."""
        self._link.close()
        self._arm()
        if self._down is not None:
            self._down.lost()
        self._shared.queued -= len(self._queue)
        self._queue.clear()
        self._readings = None
        for task in (self._worker, self._keeper, self._shower):
            if task is not None:
                await task
        told = self._transport.told
        reason = self._reason or (told if _CODE.fullmatch(told) else "link.closed")
        await self._transport.close(reason)
        if self._was_welcomed:
            _log.info("link.disconnected", bank=self.device.bank, reason=reason)
            await self._shared.inbox.disconnected(self.device, self.epoch, reason)
