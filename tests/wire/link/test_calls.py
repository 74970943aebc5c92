from __future__ import annotations

import pytest

from bayward.wire import codec, limits
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.link.calls import Calls
from bayward.wire.messages import Action, Done, ErrorCode, Heartbeat, Time, Welcome
from messages_table import HELLO, READINGS, WELCOME


def heartbeat(frame_id: str) -> codec.Call:
    frame = codec.decode(codec.encode_request(frame_id, Heartbeat()))
    assert isinstance(frame, codec.Call)
    return frame


def result(data: bytes) -> codec.Result | codec.Error:
    frame = codec.decode(data)
    assert isinstance(frame, codec.Result | codec.Error)
    return frame


def test_an_answer_finds_its_question_and_what_it_was_about() -> None:
    calls = Calls()
    calls.ask(Action.HELLO, HELLO, 5, within_ms=100, about="x")
    assert [codec.decode(data).id for data in calls.data_to_send()] == ["1"]
    assert calls.data_to_send() == []
    assert [one.about for one in calls.asking(Action.HELLO)] == ["x"]
    answer = calls.answered(result(codec.encode_result("1", WELCOME)))
    assert isinstance(answer.message, Welcome)
    assert (answer.asked.about, answer.asked.asked_at, answer.error) == ("x", 5, None)
    assert calls.asking(Action.HELLO) == []


@pytest.mark.parametrize("frame_id", ["1", "2", "99"])
def test_an_answer_to_nothing_is_refused(frame_id: str) -> None:
    calls = Calls()
    calls.ask(Action.HELLO, HELLO, 5, within_ms=100)
    calls.answered(result(codec.encode_error("1", ErrorCode.BUSY)))
    with pytest.raises(RemoteProtocolError, match=r"link\.answer_to_nothing"):
        calls.answered(result(codec.encode_result(frame_id, WELCOME)))


def test_an_answer_of_another_kind_is_refused() -> None:
    calls = Calls()
    calls.ask(Action.HELLO, HELLO, 5, within_ms=100)
    with pytest.raises(RemoteProtocolError, match=r"link\.malformed"):
        calls.answered(result(codec.encode_result("1", Time(now=1))))


def test_what_is_overdue_is_told_once_and_still_matched() -> None:
    calls = Calls()
    calls.ask(Action.HEARTBEAT, Heartbeat(), 0, within_ms=100)
    calls.ask(Action.HELLO, HELLO, 0, within_ms=50)
    assert calls.next_deadline() == 50
    assert calls.overdue(49) == []
    (late,) = calls.overdue(50)
    assert late.action is Action.HELLO
    assert calls.overdue(60) == []
    assert calls.next_deadline() == 100
    assert calls.answered(result(codec.encode_result("2", WELCOME))).asked.is_overdue


def test_a_question_is_answered_once_and_with_its_kind() -> None:
    calls = Calls()
    calls.take(heartbeat("a"))
    assert calls.owing(Action.HEARTBEAT) == 1
    calls.answer("a", Time(now=1))
    assert calls.owing(Action.HEARTBEAT) == 0
    with pytest.raises(LocalProtocolError, match=r"link\.answered_already"):
        calls.refuse("a", ErrorCode.BUSY)
    calls.take(heartbeat("b"))
    with pytest.raises(LocalProtocolError, match=r"link\.wrong_answer"):
        calls.answer("b", Done())


def test_an_id_is_free_again_once_it_was_answered() -> None:
    calls = Calls()
    calls.take(heartbeat("a"))
    with pytest.raises(RemoteProtocolError, match=r"link\.id_used"):
        calls.take(heartbeat("a"))
    calls.refuse("a", ErrorCode.BUSY)
    calls.take(heartbeat("a"))


def test_open_questions_are_bounded() -> None:
    calls = Calls()
    for number in range(limits.CALLS_IN_FLIGHT_MAX):
        calls.take(heartbeat(str(number)))
    with pytest.raises(RemoteProtocolError, match=r"link\.window"):
        calls.take(heartbeat("more"))


def test_news_needs_no_answer() -> None:
    calls = Calls()
    calls.tell(READINGS)
    (data,) = calls.data_to_send()
    assert isinstance(codec.decode(data), codec.Send)
    assert calls.next_deadline() is None
