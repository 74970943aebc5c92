"""Calls under way in both directions, and the frames that wait to leave.

Both ends of a link keep their books with it. It knows nothing of what the messages mean; it
matches answers with questions, counts what is open, and says when an answer is overdue.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.wire import codec, limits
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.messages import (
    ANSWERS,
    Action,
    ErrorCode,
    ErrorDetails,
    Message,
)


@dataclass(slots=True)
class Asked:
    """A call of ours without an answer; `about` is whatever the caller wants back with it."""

    action: Action
    asked_at: int
    deadline: int
    about: object
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a call of ours: a message, or the error that came instead."""

    asked: Asked
    message: Message | None
    error: codec.Error | None = None


class Calls:
    """The open calls of one connection. Times are monotonic milliseconds."""

    def __init__(self) -> None:
        self._last_id = 0
        self._asked: dict[str, Asked] = {}
        self._owed: dict[str, Action] = {}
        self._out: list[bytes] = []

    def data_to_send(self) -> list[bytes]:
        """Frames to send, in order; each is given out once."""
        out, self._out = self._out, []
        return out

    def ask(
        self, action: Action, message: Message, now: int, *, within_ms: int, about: object = None
    ) -> None:
        """Put a question; the answer comes back through `answered`."""
        frame_id = self._next_id()
        self._out.append(codec.encode_request(frame_id, message))
        self._asked[frame_id] = Asked(action, now, now + within_ms, about)

    def tell(self, message: Message) -> None:
        """Send what needs no answer."""
        self._out.append(codec.encode_request(self._next_id(), message))

    def take(self, frame: codec.Call) -> Message:
        """Note a question of the other side; raises `RemoteProtocolError` beyond the limits."""
        if frame.id in self._owed:
            raise RemoteProtocolError("link.id_used", id=frame.id)
        if len(self._owed) >= limits.CALLS_IN_FLIGHT_MAX:
            raise RemoteProtocolError("link.window", limit=limits.CALLS_IN_FLIGHT_MAX)
        message = codec.read_request(frame)
        self._owed[frame.id] = frame.action
        return message

    def answer(self, frame_id: str, message: Message) -> None:
        """Answer a question of the other side, once."""
        action = self._settle(frame_id)
        if type(message) is not ANSWERS[action]:
            raise LocalProtocolError("link.wrong_answer", action=action.value)
        self._out.append(codec.encode_result(frame_id, message))

    def refuse(
        self, frame_id: str, code: ErrorCode, text: str = "", details: ErrorDetails | None = None
    ) -> None:
        """Refuse a question of the other side."""
        self._settle(frame_id)
        self._out.append(codec.encode_error(frame_id, code, text, details))

    def answered(self, frame: codec.Result | codec.Error) -> Answer:
        """Match an answer; raises `RemoteProtocolError` for one that nobody waits for."""
        asked = self._asked.pop(frame.id, None)
        if asked is None:
            raise RemoteProtocolError("link.answer_to_nothing", id=frame.id)
        if isinstance(frame, codec.Error):
            return Answer(asked, None, frame)
        return Answer(asked, codec.read_answer(frame, ANSWERS[asked.action]))

    def overdue(self, now: int) -> list[Asked]:
        """Questions whose time has passed, each told once; a late answer is still matched."""
        late = [one for one in self._asked.values() if one.deadline <= now and not one.is_overdue]
        for one in late:
            one.is_overdue = True
        return late

    def next_deadline(self) -> int | None:
        """When the next answer will be overdue."""
        return min(
            (one.deadline for one in self._asked.values() if not one.is_overdue), default=None
        )

    def asking(self, action: Action) -> list[Asked]:
        """Questions of this kind without an answer, oldest first."""
        return [one for one in self._asked.values() if one.action is action]

    def owing(self, action: Action) -> int:
        """How many questions of this kind we have not answered."""
        return sum(one is action for one in self._owed.values())

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def _settle(self, frame_id: str) -> Action:
        try:
            return self._owed.pop(frame_id)
        except KeyError:
            raise LocalProtocolError("link.answered_already", id=frame_id) from None
