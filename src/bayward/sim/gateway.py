"""The control plane's side of one connection: the real `CloudLink` in a shell that can die.

What a bank says goes to the real `Ingest`, one message at a time and with a commit's delay, and
only then the answer goes back. The process may die between any two of these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.core.clock import SECOND_MS
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import BaywardError, LimitExceeded, Unavailable
from bayward.sim.network import End
from bayward.sim.settle import settled
from bayward.wire.errors import RemoteProtocolError
from bayward.wire.link import CloudLink, State
from bayward.wire.link import events as e
from bayward.wire.messages import (
    Directory,
    Done,
    ErrorCode,
    ErrorDetails,
    Message,
    Time,
)
from bayward.wire.upload import UploadRefused
from bayward.wire.versions import VERSIONS

if TYPE_CHECKING:
    from bayward.sim.plane import Plane

LOOK_MS = 20 * SECOND_MS
COMMIT_MS = (1, 15)
BUSY_MS = 1_500
GRACE_MS = 10 * SECOND_MS


class Gateway:
    """One connection of one bank; it dies with the process that accepted it."""

    def __init__(self, cloud: Plane, device: DeviceIdentity, end: End) -> None:
        self.device = device
        self.directory_revision = 0  # that the bank has, or is being sent
        self._cloud = cloud
        self._end = end
        self._link = CloudLink(cloud.world.now_ms, version=VERSIONS[0])
        self._queue: deque[e.UploadArrived | e.LayoutArrived] = deque()
        self._is_busy = False
        self._was_welcomed = False
        self._waiting: deque[Command] = deque()
        self._pages: deque[Directory] = deque()
        self._is_paging = False
        end.on_frame = lambda data: cloud.guard(lambda: self._received(data))
        end.on_closed = lambda reason: cloud.guard(lambda: self.closed(reason))
        cloud.later(LOOK_MS, self._look)

    @property
    def is_live(self) -> bool:
        """Whether orders can be sent."""
        return self._link.state is State.LIVE

    @property
    def epoch(self) -> str:
        """The nonce of this connection."""
        return self._link.epoch

    def send(self, commands: Sequence[Command]) -> None:
        """Send orders, as many at once as the bank takes."""
        self._waiting.extend(commands)
        self._flush()

    def page(self, pages: Sequence[Directory]) -> None:
        """Send a directory; what is left of an older one is forgotten."""
        self._pages = deque(pages)
        self._next_page()
        self._flush()

    def drop(self) -> None:
        """End it from this side."""
        self._link.close()
        self._end.close()
        self.closed("link.dropped")

    def closed(self, reason: str) -> None:
        """It is over."""
        self._link.close()
        self._queue.clear()
        if self._was_welcomed:
            self._was_welcomed = False
            ingest = self._cloud.ingest
            self._try(lambda: settled(ingest.disconnected(self.device, self.epoch, reason)))
        self._cloud.left(self)

    def _try(self, write: Callable[[], None]) -> bool:
        """Write what nobody waits for; False when the database would not."""
        try:
            write()
        except BaywardError as error:
            self._cloud.world.tell("cloud", "(not written)", error.code)
            return False
        return True

    def _look(self) -> None:
        if self._link.state is State.CLOSED:
            return
        for event in self._link.tick(self._cloud.world.now_ms):
            self._take(event)
        self._flush()
        self._cloud.later(LOOK_MS, self._look)

    def _received(self, data: bytes) -> None:
        try:
            events = self._link.receive(data, self._cloud.world.now_ms)
        except RemoteProtocolError as error:
            self._cloud.world.tell("cloud", "(broken link)", error.code)
            self.drop()
            return
        for event in events:
            self._take(event)
        self._flush()

    def _take(self, event: e.CloudEvent) -> None:
        cloud = self._cloud
        match event:
            case e.HelloArrived():
                self._greet(event)
            case e.UploadArrived() | e.LayoutArrived():
                self._queue.append(event)
                self._work_later()
            case e.ReadingsArrived(readings=readings):
                self._try(lambda: settled(cloud.ingest.readings(self.device, readings)))
            case e.TenantLogAsked(call=call, size=size):
                self._show(call, size)
            case e.HeartbeatArrived(call=call):
                self._link.answer(call, Time(now=cloud.clock.now()))
            case e.CommandEnded(command=command, is_done=is_done, result=result):
                if is_done is not None:
                    ended = CommandResult(command, is_done, result)
                    self._try(lambda: cloud.ended(self.device, ended))
            case e.PageTaken():
                self._is_paging = False
                self._next_page()
            case e.Closed():
                self.drop()

    def _show(self, call: str, size: int) -> None:
        try:
            shown = settled(self._cloud.ingest.tenant_log(self.device, size))
        except BaywardError as error:
            self._refuse(call, error)
        else:
            self._link.answer(call, shown)

    def _greet(self, event: e.HelloArrived) -> None:
        cloud = self._cloud
        try:
            welcome = settled(cloud.ingest.hello(self.device, event.hello))
        except BaywardError as error:
            cloud.world.tell("cloud", "(hello refused)", error.code)
            self._refuse(event.call, error)
            self._flush()
            self._end.close()
            cloud.left(self)
            return
        self._link.welcome(event.call, welcome)
        self._was_welcomed = True
        self._flush()
        if self._try(lambda: settled(cloud.ingest.connected(self.device, self.epoch))):
            cloud.welcomed(self, event.hello)
        else:
            self.drop()

    def _work_later(self) -> None:
        if not self._is_busy and self._queue:
            self._is_busy = True
            self._cloud.later(self._cloud.chance.randint(*COMMIT_MS), self._work)

    def _work(self) -> None:
        self._is_busy = False
        if self._link.state is not State.LIVE or not self._queue:
            return
        event = self._queue.popleft()
        try:
            message = self._store(event)
        except BaywardError as error:
            self._cloud.world.tell("cloud", "(refused)", error.code)
            self._refuse(event.call, error)
        else:
            self._link.answer(event.call, message)
        self._flush()
        self._work_later()

    def _store(self, event: e.UploadArrived | e.LayoutArrived) -> Message:
        cloud = self._cloud
        if isinstance(event, e.LayoutArrived):
            settled(cloud.ingest.layout(self.device, event.layout))
            return Done()
        acked = settled(cloud.ingest.upload(self.device, event.upload))
        cloud.accepted(self.device, acked.acked)
        return acked

    def _next_page(self) -> None:
        if self._pages and not self._is_paging:
            self._is_paging = True
            self._link.page(self._pages.popleft(), self._cloud.world.now_ms)

    def _refuse(self, call: str, error: BaywardError) -> None:
        if isinstance(error, UploadRefused):
            known = ErrorDetails(size=error.size, root=error.root)
            self._link.refuse(call, error.wire_code, error.code, known)
        elif isinstance(error, Unavailable | LimitExceeded):
            busy = ErrorDetails(retry_after_ms=BUSY_MS)
            self._link.refuse(call, ErrorCode.BUSY, error.code, busy)
        else:
            self._link.refuse(call, ErrorCode.REFUSED, error.code)

    def _flush(self) -> None:
        now = self._cloud.world.now_ms
        while self._waiting and self.is_live and self._link.has_room():
            command = self._waiting.popleft()
            left_ms = max(0, command.not_after - self._cloud.clock.now())
            within_ms = min(left_ms, 3 * GRACE_MS) + GRACE_MS
            self._link.command(command, now, within_ms=within_ms)
        for frame in self._link.data_to_send():
            self._end.send(frame)
