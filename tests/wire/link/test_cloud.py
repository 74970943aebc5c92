from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from bayward.core.commands import Command
from bayward.core.ids import CommandId
from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.link import CloudLink, State, directory_pages
from bayward.wire.link import events as e
from link_bench import DeviceLog
from messages_table import COMMAND, EPOCH, HASH, HELLO, NOW, ORDERS, READINGS, WELCOME

OPEN = Command(COMMAND, ORDERS[2], NOW, EPOCH)


def greeted(hello: m.Hello = HELLO) -> CloudLink:
    link = CloudLink(0, version=1)
    assert link.receive(codec.encode_request("1", hello), 5) == [e.HelloArrived("1", hello)]
    return link


def live() -> CloudLink:
    link = greeted()
    link.welcome("1", WELCOME)
    (data,) = link.data_to_send()
    assert codec.decode(data).id == "1"
    return link


def commands(count: int) -> list[Command]:
    return [replace(OPEN, id=CommandId.of(bytes([number] * 16))) for number in range(count)]


def test_the_greeting_comes_first() -> None:
    log = DeviceLog().grow(1)
    for message in (log.upload(0, 1), READINGS, m.Heartbeat()):
        link = CloudLink(0, version=1)
        with pytest.raises(RemoteProtocolError, match=r"link\.no_hello"):
            link.receive(codec.encode_request("1", message), 1)
        assert link.state is State.CLOSED


def test_nothing_comes_before_the_welcome() -> None:
    link = greeted()
    with pytest.raises(RemoteProtocolError, match=r"link\.too_early"):
        link.receive(codec.encode_request("2", DeviceLog().grow(1).upload(0, 1)), 6)


def test_nobody_is_greeted_twice() -> None:
    link = live()
    with pytest.raises(RemoteProtocolError, match=r"link\.unexpected"):
        link.receive(codec.encode_request("2", HELLO), 6)


def test_a_refused_greeting_ends_the_connection_but_the_refusal_leaves() -> None:
    link = greeted()
    link.refuse("1", m.ErrorCode.FORK, "hello.fork", m.ErrorDetails(size=3))
    assert link.state is State.CLOSED
    assert link.data_to_send() == [b'[4,"1","fork","hello.fork",{"size":3}]']


def test_a_version_that_was_talked_down_is_noticed() -> None:
    hello = msgspec.structs.replace(HELLO, protocols=[3, 1])
    greeted(hello)  # 3 is none of ours
    hello = msgspec.structs.replace(HELLO, protocols=[2, 1])
    link = CloudLink(0, version=1, versions=(2, 1))
    with pytest.raises(RemoteProtocolError, match=r"link\.downgraded"):
        link.receive(codec.encode_request("1", hello), 5)


def test_more_than_four_unanswered_uploads_end_the_connection() -> None:
    log, link = DeviceLog().grow(9), live()
    for number in range(limits.UPLOADS_IN_FLIGHT_MAX):
        upload = codec.encode_request(f"u{number}", log.upload(number, number + 1))
        (event,) = link.receive(upload, 6)
        assert isinstance(event, e.UploadArrived)
    with pytest.raises(RemoteProtocolError, match=r"link\.window"):
        link.receive(codec.encode_request("u9", log.upload(4, 5)), 6)


def test_an_answered_upload_makes_room_for_the_next() -> None:
    log, link = DeviceLog().grow(9), live()
    for number in range(3 * limits.UPLOADS_IN_FLIGHT_MAX):
        link.receive(codec.encode_request(f"u{number}", log.upload(0, 1)), 6)
        link.answer(f"u{number}", m.Acked(acked=1))
    assert link.data_to_send()[0] == b'[3,"u0",{"acked":1}]'


def test_other_questions_have_a_window_too() -> None:
    link = live()
    for number in range(limits.CALLS_IN_FLIGHT_MAX):
        link.receive(codec.encode_request(f"h{number}", m.Heartbeat()), 6)
    with pytest.raises(RemoteProtocolError, match=r"link\.window"):
        link.receive(codec.encode_request("h", m.Heartbeat()), 6)


def test_a_bank_asks_for_the_tenant_log() -> None:
    link = live()
    told = link.receive(codec.encode_request("2", m.AskTenantLog(size=5)), 6)
    assert told == [e.TenantLogAsked("2", 5)]
    link.answer("2", m.TenantLog(checkpoint="c", consistency=[HASH]))
    assert len(link.data_to_send()) == 1


def test_layout_readings_and_heartbeat_arrive() -> None:
    link = live()
    layout = m.Layout(name="Lobby", hash="0" * 64, compartments=[])
    assert link.receive(codec.encode_request("2", layout), 6) == [e.LayoutArrived("2", layout)]
    assert link.receive(codec.encode_request("3", READINGS), 6) == [e.ReadingsArrived(READINGS)]
    assert link.receive(codec.encode_request("4", m.Heartbeat()), 6) == [e.HeartbeatArrived("4")]
    link.answer("2", m.Done())
    link.answer("4", m.Time(now=NOW))
    assert link.data_to_send() == [b'[3,"2",{}]', b'[3,"4",{"now":1800000000000}]']


@pytest.mark.parametrize(
    "data",
    [
        codec.encode_request("9", directory_pages(1, [])[0]),
        codec.encode_result("9", m.Ended(is_done=True, result="opened")),
        b"{}",
        b"",
    ],
)
def test_what_a_bank_never_says_ends_the_connection(data: bytes) -> None:
    link = live()
    with pytest.raises(RemoteProtocolError):
        link.receive(data, 6)
    assert link.state is State.CLOSED


def test_a_command_ends_with_the_banks_answer() -> None:
    link = live()
    link.command(OPEN, 10, within_ms=1000)
    (data,) = link.data_to_send()
    frame = codec.decode(data)
    assert isinstance(frame, codec.Call)
    message = codec.read_request(frame)
    assert isinstance(message, m.Command)
    assert message.to_core() == OPEN
    ended = codec.encode_result(frame.id, m.Ended(is_done=True, result="opened"))
    assert link.receive(ended, 20) == [e.CommandEnded(COMMAND, is_done=True, result="opened")]
    with pytest.raises(RemoteProtocolError, match=r"link\.answer_to_nothing"):
        link.receive(ended, 21)


def test_a_bank_that_cannot_carry_out_a_command_says_so() -> None:
    link = live()
    link.command(OPEN, 10, within_ms=1000)
    frame = codec.decode(link.data_to_send()[0])
    error = codec.encode_error(frame.id, m.ErrorCode.REFUSED, "journal.not_writable")
    assert link.receive(error, 20) == [
        e.CommandEnded(COMMAND, is_done=False, result="journal.not_writable")
    ]


def test_identity_44_command_without_an_answer_in_time_ends_and_a_late_one_is_no_news() -> None:
    link = live()
    link.command(OPEN, 10, within_ms=1000)
    frame = codec.decode(link.data_to_send()[0])
    assert link.tick(1009) == []
    assert link.next_deadline() == 1010
    assert link.tick(1010) == [e.CommandEnded(COMMAND, is_done=None, result="link.no_answer")]
    assert link.tick(1011) == []
    late = codec.encode_result(frame.id, m.Ended(is_done=False, result="command.stale"))
    assert link.receive(late, 1500) == []
    assert link.state is State.LIVE


def test_identity_44_command_made_for_another_connection_is_not_sent() -> None:
    link = live()
    with pytest.raises(LocalProtocolError, match=r"link\.other_connection"):
        link.command(replace(OPEN, epoch="z" * limits.EPOCH_CHARS), 10, within_ms=1000)
    assert link.data_to_send() == []


def test_identity_45_same_command_is_not_under_way_twice() -> None:
    link = live()
    link.command(OPEN, 10, within_ms=1000)
    with pytest.raises(LocalProtocolError, match=r"link\.command_twice"):
        link.command(OPEN, 11, within_ms=1000)
    assert len(link.data_to_send()) == 1


def test_at_most_eight_commands_are_under_way() -> None:
    link = live()
    *some, last = commands(limits.COMMANDS_IN_FLIGHT_MAX + 1)
    for command in some:
        assert link.has_room()
        link.command(command, 10, within_ms=1000)
    assert not link.has_room()
    with pytest.raises(LocalProtocolError, match=r"link\.window"):
        link.command(last, 10, within_ms=1000)


def test_no_command_goes_down_before_the_link_is_live() -> None:
    for link in (CloudLink(0, version=1), greeted()):
        with pytest.raises(LocalProtocolError):
            link.command(OPEN, 10, within_ms=1000)


def test_the_directory_goes_down_page_by_page() -> None:
    link = live()
    person = m.Recipient(person="prs_" + "0" * 26, unit="4b", name="Ada", needs_low=False)
    pages = directory_pages(7, [person] * 300)
    taken = []
    for page in pages:
        link.page(page, 10)
        frame = codec.decode(link.data_to_send()[0])
        taken += link.receive(codec.encode_result(frame.id, m.Done()), 11)
    assert taken == [e.PageTaken(7, is_last=False), e.PageTaken(7, is_last=True)]


def test_a_bank_that_refuses_the_directory_or_never_takes_it_is_dropped() -> None:
    (page,) = directory_pages(7, [])
    link = live()
    link.page(page, 10)
    frame = codec.decode(link.data_to_send()[0])
    refusal = codec.encode_error(frame.id, m.ErrorCode.REFUSED, "no")
    assert link.receive(refusal, 11) == [e.Closed("link.directory_refused")]
    link = live()
    link.page(page, 10)
    assert link.tick(10 + limits.ANSWER_MS) == [e.Closed("link.no_answer.directory")]


def test_a_silent_bank_is_given_up() -> None:
    link = live()
    assert link.next_deadline() == 5 + limits.SILENCE_MS_MAX
    assert link.tick(5 + limits.SILENCE_MS_MAX - 1) == []
    assert link.tick(5 + limits.SILENCE_MS_MAX) == [e.Closed("link.silent")]
    assert link.next_deadline() is None
    assert link.tick(10**9) == []
    assert link.receive(b"anything", 10**9) == []


def test_a_client_that_never_says_hello_is_given_up_sooner() -> None:
    link = CloudLink(0, version=1)
    assert link.tick(limits.ANSWER_MS) == [e.Closed("link.silent")]
