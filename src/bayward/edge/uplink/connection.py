"""One connection: feeds the link with frames, time and log entries, and the host with the rest.

The reader takes frames in; the pump sends whatever the link may send, and sleeps until something
is committed, something arrives, or a deadline comes. Nothing here polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bayward.core.clock import SECOND_MS, Clock
from bayward.core.errors import BaywardError
from bayward.edge.uplink.outbox import LogHead, Outbox
from bayward.edge.uplink.ports import Host
from bayward.edge.uplink.trouble import WORDS
from bayward.wire import limits
from bayward.wire.link import EdgeLink, State
from bayward.wire.link import events as e
from bayward.wire.messages import Action, Done, Ended, ErrorCode, Hello
from bayward.wire.transport import Transport

_log = structlog.get_logger("edge.uplink")
_OTHER_LOG = (ErrorCode.FORK, ErrorCode.ROLLBACK)


class Connection:
    """See the top of this file; `run` lives as long as the connection and says why it ended."""

    def __init__(
        self,
        transport: Transport,
        *,
        link: EdgeLink,
        outbox: Outbox,
        host: Host,
        clock: Clock,
        on_live: Callable[[], None],
        on_refused: Callable[[str], None],
    ) -> None:
        self._transport = transport
        self._link = link
        self._outbox = outbox
        self._host = host
        self._clock = clock
        self._on_live = on_live
        self._on_refused = on_refused
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._acked = 0
        self._cosigned: tuple[str, str | None] | None = None
        self._shown: e.TenantLogTold | None = None
        self._reason = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.retry_after_ms = 0  # the control plane is too busy for us before

    async def run(self) -> str:
        """Serve until the end; gives the stable code of the reason."""
        self._link.opened(self._clock.monotonic_ms())
        pump = asyncio.create_task(self._pump(), name="uplink pump")
        try:
            while (frame := await self._transport.receive()) is not None:
                for event in self._link.receive(frame, self._clock.monotonic_ms()):
                    await self._take(event)
                self._wake.set()
        except BaywardError as error:
            self._end(error.code, error)
        finally:
            self._link.close()
            pump.cancel()
            await asyncio.wait([pump])
            await self._transport.close(self._reason or "link.closed")
        if not pump.cancelled():
            pump.result()  # raises what nobody expected
        told = self._transport.told
        return self._reason or (told if told in WORDS else "link.closed")

    def committed(self, size: int) -> None:
        """The log has grown."""
        self._link.committed(size)
        self._wake.set()

    def readings_changed(self) -> None:
        """There is something new to see."""
        self._link.readings_changed()
        self._wake.set()

    async def _pump(self) -> None:
        try:
            while self._link.state is not State.CLOSED:
                self._wake.clear()
                now = self._clock.monotonic_ms()
                for event in self._link.tick(now):
                    await self._take(event)
                if self._link.wants_readings(now):
                    self._link.readings(self._host.readings(), now)
                if self._link.wants_tenant_log(now):
                    self._link.ask_tenant_log(self._host.remembered(), now)
                if self._link.state is State.LIVE:
                    self._host.still_connected()
                await self._upload()
                await self._flush()
                await self._acknowledge()
                await self._judge()
                await self._sleep()
        except BaywardError as error:
            self._end(error.code, error)
        except Exception as error:
            self._end("link.internal", error)
            await self._transport.close(self._reason)
            raise
        await self._transport.close(self._reason)

    async def _sleep(self) -> None:
        deadline = self._link.next_deadline()
        if deadline is None:
            await self._wake.wait()
            return
        wait_ms = max(0, deadline - self._clock.monotonic_ms())
        try:
            async with asyncio.timeout(wait_ms / SECOND_MS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _upload(self) -> None:
        while (first := self._link.upload_from()) is not None:
            upload = await self._outbox.upload(first)
            if upload is None or self._link.upload_from() != first:
                return  # held up while we were reading; the next round looks again
            self._link.upload(upload, self._clock.monotonic_ms())
            await self._flush()

    async def _acknowledge(self) -> None:
        """Once for all that was acknowledged since; each costs the journal a commit.

        What a witness has seen of our log is compared with the log: a twin with our key is
        found when its entries are cosigned instead of ours.
        """
        size, self._acked = self._acked, 0
        cosigned, self._cosigned = self._cosigned, None
        if size:
            await self._outbox.acknowledge(size)
        if cosigned is not None:
            await self._take_cosigned(*cosigned)

    async def _take_cosigned(self, cosigned: str, witness_note: str | None) -> None:
        seen = self._host.take_cosigned(cosigned, witness_note)
        if seen is not None:
            await self._outbox.check(seen.size, seen.root)

    async def _judge(self) -> None:
        """What the control plane shows of the tenant's log, held against what we know."""
        told, self._shown = self._shown, None
        if told is None:
            return
        await self._host.take_tenant_log(told.shown, told.acked, self._outbox.at)
        if told.shown.cosigned is not None:
            await self._take_cosigned(told.shown.cosigned, None)

    async def _flush(self) -> None:
        async with self._sending:
            for frame in self._link.data_to_send():
                await self._transport.send(frame)

    async def _take(self, event: e.EdgeEvent) -> None:
        match event:
            case e.Welcomed():
                await self._welcomed(event)
            case e.TimeHeard(cloud=cloud, round_trip_ms=round_trip_ms):
                self._host.take_time(cloud, round_trip_ms)
            case e.UploadAcked(size=size):
                self._acked = max(self._acked, size)
                if event.cosigned is not None:
                    self._cosigned = event.cosigned, event.witness_note
            case e.TenantLogTold():
                self._shown = event
            case e.CallRefused():
                await self._refused(event)
            case e.CommandArrived():
                self._start(event.call, self._carry_out(event))
            case e.DirectoryArrived():
                self._start(event.call, self._take_directory(event))
            case e.Closed(reason=reason):
                self._end(reason, None)

    async def _welcomed(self, event: e.Welcomed) -> None:
        """Compare the cursor first: with another log than we think we are not this bank."""
        welcome = event.welcome
        await self._outbox.check(welcome.acked, welcome.root)
        await self._host.take_welcome(welcome)
        head = await self._outbox.head()
        self._link.go_live(welcome.acked)
        self._link.committed(head.size)
        self._acked = welcome.acked
        if welcome.cosigned is not None:
            self._cosigned = welcome.cosigned, welcome.witness_note
        if welcome.needs_layout:
            self._link.layout(self._host.layout(), self._clock.monotonic_ms())
        self._on_live()

    async def _refused(self, event: e.CallRefused) -> None:
        details = event.details
        if event.code in _OTHER_LOG and details.size is not None and details.root is not None:
            await self._outbox.check(details.size, details.root)
        if event.action is Action.HELLO:
            self.retry_after_ms = details.retry_after_ms or 0
            self._end(event.text, None)
        elif event.action is Action.TENANT_LOG:
            _log.warning("tenant log not shown", why=event.text)  # missed when it lasts
        elif event.code not in (ErrorCode.BUSY, ErrorCode.GAP):
            _log.error("refused by the control plane", what=event.action.value, why=event.text)
            self._on_refused(event.text)

    def _start(self, call: str, answer: Awaitable[Ended | Done]) -> None:
        task = asyncio.create_task(self._answer(call, answer), name=f"uplink call {call}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, call: str, answer: Awaitable[Ended | Done]) -> None:
        """What was begun is ended even when the connection is gone; then nobody is told."""
        try:
            message = await answer
        except BaywardError as error:
            _log.warning("call failed", error=str(error))
            if self._link.state is State.LIVE:
                self._link.refuse(call, error.code)
        else:
            if self._link.state is State.LIVE:
                self._link.answer(call, message)
        self._wake.set()

    async def _carry_out(self, event: e.CommandArrived) -> Ended:
        result = await self._host.carry_out(event.command, self._link.epoch)
        return Ended(is_done=result.is_done, result=result.result[: limits.RESULT_CHARS_MAX])

    async def _take_directory(self, event: e.DirectoryArrived) -> Done:
        await self._host.take_directory(event.revision, event.recipients)
        return Done()

    def _end(self, reason: str, error: Exception | None) -> None:
        if error is not None:
            _log.warning("connection ended", reason=reason, error=str(error))
        self._reason = self._reason or reason
        self._link.close()
        self._wake.set()


def hello_of(
    head: LogHead, host: Host, clock: Clock, *, epoch: str, versions: tuple[int, ...]
) -> Hello:
    """The greeting of a new connection."""
    facts = host.facts()
    return Hello(
        protocols=list(versions),
        firmware=facts.firmware,
        boot=head.boot,
        origin=head.origin,
        size=head.size,
        checkpoint=head.checkpoint,
        epoch=epoch,
        layout_hash=facts.layout_hash,
        directory_revision=facts.directory_revision,
        now=clock.now(),
    )
