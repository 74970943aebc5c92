"""The bank's end of the link, without a socket and without a clock.

The shell calls `opened` when the transport is up, `receive` with each frame, `tick` when
`next_deadline` has come, and sends what `data_to_send` gives. It asks `upload_from` what to send
next, reads that from the journal, and hands it over with `upload`. Times are monotonic
milliseconds.
"""

from __future__ import annotations

from collections import deque
from typing import cast

from bayward.core.clock import Instant
from bayward.wire import codec, limits
from bayward.wire.dialect import TENANT_LOG_SINCE
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.link.calls import Answer, Calls
from bayward.wire.link.events import (
    CallRefused,
    Closed,
    CommandArrived,
    DirectoryArrived,
    EdgeEvent,
    TenantLogTold,
    TimeHeard,
    UploadAcked,
    Welcomed,
)
from bayward.wire.link.pages import Collector
from bayward.wire.link.states import FLOW, TRANSITIONS, Flow, FlowSignal, Signal, State, moved
from bayward.wire.messages import (
    DOWN,
    Acked,
    Action,
    AskTenantLog,
    Command,
    Directory,
    Done,
    Ended,
    ErrorCode,
    ErrorDetails,
    Heartbeat,
    Hello,
    Layout,
    Readings,
    TenantLog,
    Time,
    Upload,
    Welcome,
)
from bayward.wire.versions import VERSIONS

READINGS_MS_MAX = limits.HEARTBEAT_MS_MIN  # unchanged readings are told again after this


class EdgeLink:
    """One connection of a bank; a new connection is a new link with a new epoch.

    `hello` is the greeting; `heartbeat_ms` is drawn between `HEARTBEAT_MS_MIN` and `_MAX`;
    `version` was agreed in the handshake.
    """

    def __init__(self, hello: Hello, *, heartbeat_ms: int, version: int = VERSIONS[0]) -> None:
        self._hello = hello
        self._version = version
        self._heartbeat_ms = heartbeat_ms
        self._calls = Calls()
        self._pages = Collector()
        self._state = State.CONNECTING
        self._heard_at = 0
        # The upload: entries below `_next` are sent, those below `_size` exist.
        self._flow = Flow.FLOWING
        self._size = hello.size
        self._next = 0
        self._rewind = 0
        self._resume_at: int | None = None
        self._in_flight: deque[tuple[int, int]] = deque()
        # Readings: told at most so often, at least so often.
        self._readings_at: int | None = None
        self._has_new_readings = True
        self._tenant_log_at: int | None = None  # when the tenant's log was asked for

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self._state

    @property
    def flow(self) -> Flow:
        """Where the upload stands."""
        return self._flow

    @property
    def epoch(self) -> str:
        """The nonce of this connection."""
        return self._hello.epoch

    def opened(self, now: int) -> None:
        """The transport is up: greet."""
        self._state = moved(TRANSITIONS, self._state, Signal.GREETED)
        self._heard_at = now
        self._calls.ask(Action.HELLO, self._hello, now, within_ms=limits.ANSWER_MS)

    def go_live(self, acked: int) -> None:
        """The control plane remembers the same log, of `acked` entries: go on from there."""
        if not 0 <= acked <= self._size:
            raise LocalProtocolError("link.cursor", acked=acked, size=self._size)
        self._state = moved(TRANSITIONS, self._state, Signal.AGREED)
        self._next = self._rewind = acked

    def close(self) -> None:
        """The connection is over, for whatever reason."""
        if self._state is not State.CLOSED:
            self._state = moved(TRANSITIONS, self._state, Signal.ENDED)

    def data_to_send(self) -> list[bytes]:
        """Frames to send, in order; each is given out once."""
        return self._calls.data_to_send()

    def receive(self, data: bytes, now: int) -> list[EdgeEvent]:
        """Take one frame in; raises `RemoteProtocolError`, and the link is closed."""
        if self._state is State.CLOSED:
            return []
        try:
            return self._received(data, now)
        except RemoteProtocolError:
            self.close()
            raise

    def next_deadline(self) -> int | None:
        """When `tick` wants to be called, unless something arrives before."""
        if self._state in (State.CONNECTING, State.CLOSED):
            return None
        due = [self._calls.next_deadline()]
        if self._state is State.LIVE:
            due += [self._heartbeat_due(), self._resume_at, self._readings_due()]
            due.append(self._tenant_log_due())
        return min((one for one in due if one is not None), default=None)

    def tick(self, now: int) -> list[EdgeEvent]:
        """Do what is due: a heartbeat, the end of a pause, the end of a silent connection."""
        if self._state in (State.CONNECTING, State.CLOSED):
            return []
        late = self._calls.overdue(now)
        if late:
            self.close()
            return [Closed(f"link.no_answer.{late[0].action.value}")]
        heartbeat_at = self._heartbeat_due()
        if heartbeat_at is not None and now >= heartbeat_at:
            self._calls.ask(Action.HEARTBEAT, Heartbeat(), now, within_ms=limits.ANSWER_MS)
        if self._resume_at is not None and now >= self._resume_at:
            self._resume()
        return []

    def committed(self, size: int) -> None:
        """The log has `size` entries now."""
        self._size = max(self._size, size)

    def upload_from(self) -> int | None:
        """The first entry to upload now; None when there is nothing to send or no room."""
        may_send = (
            self._state is State.LIVE
            and self._flow is Flow.FLOWING
            and len(self._in_flight) < limits.UPLOADS_IN_FLIGHT_MAX
        )
        return self._next if may_send and self._next < self._size else None

    def upload(self, upload: Upload, now: int) -> None:
        """Send entries that begin at `upload_from`."""
        if upload.old_size != self.upload_from():
            raise LocalProtocolError("link.upload_order", old_size=upload.old_size)
        new_size = upload.old_size + len(upload.entries)
        part = (upload.old_size, new_size)
        self._check_live()
        self._calls.ask(Action.UPLOAD, upload, now, within_ms=limits.UPLOAD_ANSWER_MS, about=part)
        self._in_flight.append(part)
        self._next = new_size

    def layout(self, layout: Layout, now: int) -> None:
        """Tell how the bank is built."""
        self._check_live()
        self._calls.ask(Action.LAYOUT, layout, now, within_ms=limits.ANSWER_MS)

    def readings_changed(self) -> None:
        """There is something new to tell; `wants_readings` says when."""
        self._has_new_readings = True

    def wants_readings(self, now: int) -> bool:
        """Are readings due?"""
        return self._state is State.LIVE and now >= self._readings_due()

    def readings(self, readings: Readings, now: int) -> None:
        """Tell how the doors stand."""
        self._check_live()
        self._calls.tell(readings)
        self._readings_at = now
        self._has_new_readings = False

    def wants_tenant_log(self, now: int) -> bool:
        """Is it time to ask for the tenant's log?"""
        due = self._tenant_log_due() if self._state is State.LIVE else None
        return due is not None and now >= due

    def ask_tenant_log(self, size: int, now: int) -> None:
        """Ask for it; `size` entries of it are remembered. `TenantLogTold` is the answer."""
        self._check_live()
        asked = AskTenantLog(size=size)
        within_ms = limits.UPLOAD_ANSWER_MS
        self._calls.ask(Action.TENANT_LOG, asked, now, within_ms=within_ms, about=self._rewind)
        self._tenant_log_at = now

    def answer(self, call: str, message: Ended | Done) -> None:
        """Answer a command or a directory."""
        self._check_live()
        self._calls.answer(call, message)

    def refuse(self, call: str, text: str) -> None:
        """Refuse a command or a directory; `text` is a stable code."""
        self._check_live()
        self._calls.refuse(call, ErrorCode.REFUSED, text)

    def _check_live(self) -> None:
        if self._state is not State.LIVE:
            raise LocalProtocolError("link.not_live", state=self._state.value)

    def _resume(self) -> None:
        """The pause is over; while answers are awaited, the last of them goes on."""
        self._resume_at = None
        if self._flow in (Flow.PAUSED, Flow.STOPPED) and not self._in_flight:
            self._flow = moved(FLOW, self._flow, FlowSignal.RESUMED)
            self._next = self._rewind

    def _heartbeat_due(self) -> int | None:
        """One question at a time, and only when nothing else was heard."""
        if self._state is not State.LIVE or self._calls.asking(Action.HEARTBEAT):
            return None
        return self._heard_at + self._heartbeat_ms

    def _readings_due(self) -> int:
        if self._readings_at is None:
            return 0
        pause = limits.READINGS_MS_MIN if self._has_new_readings else READINGS_MS_MAX
        return self._readings_at + pause

    def _tenant_log_due(self) -> int | None:
        """As soon as something of ours is in it, and then at intervals; one question at a time."""
        is_spoken = self._version >= TENANT_LOG_SINCE
        if not is_spoken or not self._rewind or self._calls.asking(Action.TENANT_LOG):
            return None
        at = self._tenant_log_at
        return 0 if at is None else at + limits.TENANT_LOG_MS

    def _received(self, data: bytes, now: int) -> list[EdgeEvent]:
        frame = codec.decode(data)
        self._heard_at = now
        match frame:
            case codec.Result() | codec.Error():
                return self._answered(self._calls.answered(frame), now)
            case codec.Call(action=action) if action in DOWN and self._state is State.LIVE:
                return self._asked(frame)
            case _:
                raise RemoteProtocolError(
                    "link.unexpected", action=frame.action.value, state=self._state.value
                )

    def _asked(self, frame: codec.Call) -> list[EdgeEvent]:
        message = self._calls.take(frame)
        if isinstance(message, Command):
            if self._calls.owing(Action.COMMAND) > limits.COMMANDS_IN_FLIGHT_MAX:
                raise RemoteProtocolError("link.window", limit=limits.COMMANDS_IN_FLIGHT_MAX)
            return [CommandArrived(frame.id, message.to_core())]
        if not isinstance(message, Directory):
            raise RemoteProtocolError("link.unexpected", action=frame.action.value)
        whole = self._pages.take(message)
        if whole is None:
            self._calls.answer(frame.id, Done())
            return []
        return [DirectoryArrived(frame.id, message.revision, whole)]

    def _answered(self, answer: Answer, now: int) -> list[EdgeEvent]:
        action = answer.asked.action
        if action is Action.UPLOAD:
            return self._uploaded(answer, now)
        if answer.error is not None:
            if action is Action.HELLO:
                self.close()
            return [_refusal(action, answer.error)]
        match answer.message:
            case Welcome() as welcome:
                return [self._time(welcome.now, answer, now), Welcomed(welcome)]
            case Time(now=cloud):
                return [self._time(cloud, answer, now)]
            case TenantLog() as shown:
                return [TenantLogTold(shown, cast("int", answer.asked.about))]
            case _:
                return []

    def _time(self, cloud: int, answer: Answer, now: int) -> TimeHeard:
        return TimeHeard(Instant(cloud), now - answer.asked.asked_at)

    def _uploaded(self, answer: Answer, now: int) -> list[EdgeEvent]:
        """Answers come in the order of the uploads, since the control plane takes them so."""
        old_size, new_size = self._in_flight.popleft()
        if answer.asked.about != (old_size, new_size):
            raise RemoteProtocolError("link.answer_order", old_size=old_size)
        events: list[EdgeEvent] = []
        if answer.error is not None:
            events = self._held_up(answer.error, old_size, now)
        elif isinstance(answer.message, Acked):
            if not new_size <= answer.message.acked <= self._size:
                raise RemoteProtocolError("link.acked", acked=answer.message.acked)
            self._rewind = max(self._rewind, answer.message.acked)
            told = answer.message
            events = [UploadAcked(told.acked, told.cosigned, told.witness_note)]
        if self._flow is Flow.DRAINING and not self._in_flight:
            is_busy = self._resume_at is not None
            signal = FlowSignal.BUSY if is_busy else FlowSignal.DRAINED
            self._flow = moved(FLOW, self._flow, signal)
            self._next = self._rewind
        return events

    def _held_up(self, error: codec.Error, old_size: int, now: int) -> list[EdgeEvent]:
        """Busy and gaps hold the upload up; everything else stops it for long."""
        is_first = self._flow is Flow.FLOWING
        if error.code is ErrorCode.BUSY:
            wait_ms = error.details.retry_after_ms or limits.READINGS_MS_MIN
            self._resume_at = max(self._resume_at or 0, now + wait_ms)
        elif error.code is ErrorCode.GAP:
            self._fill_gap(error.details, old_size)
        else:
            self._flow = moved(FLOW, self._flow, FlowSignal.REFUSED)
            self._resume_at = now + limits.OFFER_AGAIN_MS
            return [_refusal(Action.UPLOAD, error)]
        self._flow = moved(FLOW, self._flow, FlowSignal.HELD_UP)
        return [_refusal(Action.UPLOAD, error)] if is_first else []

    def _fill_gap(self, details: ErrorDetails, old_size: int) -> None:
        if details.size is None or details.size == old_size or details.size > self._size:
            raise RemoteProtocolError("link.gap", size=details.size, old_size=old_size)
        self._rewind = details.size


def _refusal(action: Action, error: codec.Error) -> CallRefused:
    return CallRefused(action, error.code, error.text, error.details)
