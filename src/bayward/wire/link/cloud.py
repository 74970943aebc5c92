"""The control plane's end of the link to one bank, without a socket and without a clock.

The shell calls `receive` with each frame and `tick` when `next_deadline` has come, and sends what
`data_to_send` gives. Times are monotonic milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from bayward.core import commands
from bayward.core.ids import CommandId
from bayward.wire import codec, limits
from bayward.wire.dialect import spoken
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.link.calls import Answer, Asked, Calls
from bayward.wire.link.events import (
    Closed,
    CloudEvent,
    CommandEnded,
    HeartbeatArrived,
    HelloArrived,
    LayoutArrived,
    PageTaken,
    ReadingsArrived,
    TenantLogAsked,
    UploadArrived,
)
from bayward.wire.link.states import TRANSITIONS, Signal, State, moved
from bayward.wire.messages import (
    UP,
    Action,
    AskTenantLog,
    Command,
    Directory,
    Ended,
    ErrorCode,
    ErrorDetails,
    Heartbeat,
    Hello,
    Layout,
    Message,
    Readings,
    Upload,
    Welcome,
)
from bayward.wire.orders import order_to_wire
from bayward.wire.versions import VERSIONS, check_agreed


class CloudLink:
    """One connection of one bank; `version` was agreed in the handshake."""

    def __init__(self, now: int, *, version: int, versions: Sequence[int] = VERSIONS) -> None:
        self._version = version
        self._versions = versions
        self._calls = Calls()
        self._state = State.CONNECTING
        self._heard_at = now
        self._epoch = ""

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self._state

    @property
    def epoch(self) -> str:
        """The nonce the bank drew for this connection; empty before its greeting."""
        return self._epoch

    def close(self) -> None:
        """The connection is over, for whatever reason."""
        if self._state is not State.CLOSED:
            self._state = moved(TRANSITIONS, self._state, Signal.ENDED)

    def data_to_send(self) -> list[bytes]:
        """Frames to send, in order; each is given out once."""
        return self._calls.data_to_send()

    def receive(self, data: bytes, now: int) -> list[CloudEvent]:
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
        if self._state is State.CLOSED:
            return None
        due = [self._silent_at(), self._calls.next_deadline()]
        return min(one for one in due if one is not None)

    def tick(self, now: int) -> list[CloudEvent]:
        """Give up a silent bank; tell of commands whose time has passed."""
        if self._state is State.CLOSED:
            return []
        if now >= self._silent_at():
            self.close()
            return [Closed("link.silent")]
        late = self._calls.overdue(now)
        if any(one.action is Action.DIRECTORY for one in late):
            self.close()
            return [Closed("link.no_answer.directory")]
        return [CommandEnded(cast("CommandId", one.about), None, "link.no_answer") for one in late]

    def welcome(self, call: str, welcome: Welcome) -> None:
        """Answer the greeting: from here on the link is live."""
        self._calls.answer(call, spoken(welcome, self._version))
        self._state = moved(TRANSITIONS, self._state, Signal.AGREED)

    def answer(self, call: str, message: Message) -> None:
        """Answer any other question."""
        self._check_live()
        self._calls.answer(call, spoken(message, self._version))

    def refuse(
        self, call: str, code: ErrorCode, text: str = "", details: ErrorDetails | None = None
    ) -> None:
        """Refuse a question; a refused greeting ends the connection."""
        self._calls.refuse(call, code, text, details)
        if self._state is State.SYNCING:
            self.close()

    def has_room(self) -> bool:
        """May another command be sent?"""
        return len(self._calls.asking(Action.COMMAND)) < limits.COMMANDS_IN_FLIGHT_MAX

    def command(self, command: commands.Command, now: int, *, within_ms: int) -> None:
        """Send an order made for this connection; `CommandEnded` tells how it ended."""
        self._check_live()
        if command.epoch != self._epoch:
            raise LocalProtocolError("link.other_connection", command=command.id)
        under_way = {one.about for one in self._calls.asking(Action.COMMAND)}
        if command.id in under_way:
            raise LocalProtocolError("link.command_twice", command=command.id)
        if not self.has_room():
            raise LocalProtocolError("link.window", limit=limits.COMMANDS_IN_FLIGHT_MAX)
        wire = Command(
            id=command.id,
            order=order_to_wire(command.order),
            not_after=command.not_after,
            epoch=command.epoch,
        )
        self._calls.ask(
            Action.COMMAND, spoken(wire, self._version), now, within_ms=within_ms, about=command.id
        )

    def page(self, page: Directory, now: int) -> None:
        """Send one page of the directory; `PageTaken` asks for the next."""
        self._check_live()
        self._calls.ask(Action.DIRECTORY, page, now, within_ms=limits.ANSWER_MS, about=page)

    def _check_live(self) -> None:
        if self._state is not State.LIVE:
            raise LocalProtocolError("link.not_live", state=self._state.value)

    def _silent_at(self) -> int:
        # Who has connected must introduce himself at once; who is known may be quiet.
        quiet_ms = limits.SILENCE_MS_MAX if self._state is State.LIVE else limits.ANSWER_MS
        return self._heard_at + quiet_ms

    def _received(self, data: bytes, now: int) -> list[CloudEvent]:
        frame = codec.decode(data)
        self._heard_at = now
        if self._state is State.CONNECTING:
            return [self._greeted(frame)]
        if self._state is not State.LIVE:
            raise RemoteProtocolError("link.too_early")
        match frame:
            case codec.Result() | codec.Error():
                return self._answered(self._calls.answered(frame))
            case codec.Send():
                return [ReadingsArrived(cast("Readings", codec.read_request(frame)))]
            case codec.Call(action=action) if action in UP and action is not Action.HELLO:
                return [self._asked(frame)]
            case _:
                raise RemoteProtocolError("link.unexpected", action=frame.action.value)

    def _greeted(self, frame: codec.Frame) -> CloudEvent:
        if not isinstance(frame, codec.Call) or frame.action is not Action.HELLO:
            raise RemoteProtocolError("link.no_hello")
        hello = cast("Hello", self._calls.take(frame))
        check_agreed(self._version, hello.protocols, self._versions)
        self._epoch = hello.epoch
        self._state = moved(TRANSITIONS, self._state, Signal.GREETED)
        return HelloArrived(frame.id, hello)

    def _asked(self, frame: codec.Call) -> CloudEvent:
        message = self._calls.take(frame)
        match message:
            case Upload():
                if self._calls.owing(Action.UPLOAD) > limits.UPLOADS_IN_FLIGHT_MAX:
                    raise RemoteProtocolError("link.window", limit=limits.UPLOADS_IN_FLIGHT_MAX)
                return UploadArrived(frame.id, message)
            case Layout():
                return LayoutArrived(frame.id, message)
            case Heartbeat():
                return HeartbeatArrived(frame.id)
            case AskTenantLog(size=size):
                return TenantLogAsked(frame.id, size)
            case _:
                raise RemoteProtocolError("link.unexpected", action=frame.action.value)

    def _answered(self, answer: Answer) -> list[CloudEvent]:
        if answer.asked.action is Action.DIRECTORY:
            return [self._page_taken(answer)]
        if answer.asked.is_overdue:
            return []  # told already; the bank's log has the last word
        return [self._command_ended(answer.asked, answer)]

    def _page_taken(self, answer: Answer) -> CloudEvent:
        page = cast("Directory", answer.asked.about)
        if answer.error is not None:
            self.close()
            return Closed("link.directory_refused")
        return PageTaken(page.revision, page.first + len(page.recipients) == page.total)

    def _command_ended(self, asked: Asked, answer: Answer) -> CloudEvent:
        command = cast("CommandId", asked.about)
        if answer.error is not None:
            return CommandEnded(command, is_done=False, result=answer.error.text)
        ended = cast("Ended", answer.message)
        return CommandEnded(command, ended.is_done, ended.result)
