from __future__ import annotations

import msgspec
import pytest

from bayward.core.clock import SECOND_MS
from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.link import EdgeLink, Flow, State, directory_pages
from bayward.wire.link import events as e
from bayward.wire.orders import order_to_wire
from link_bench import DeviceLog
from messages_table import COMMAND, EPOCH, HELLO, NOW, ORDERS, READINGS, WELCOME

HEARTBEAT_MS = 30 * SECOND_MS
CALM = 10 * HEARTBEAT_MS


def frames(link: EdgeLink) -> list[codec.Frame]:
    return [codec.decode(data) for data in link.data_to_send()]


def connected(size: int) -> EdgeLink:
    link = EdgeLink(msgspec.structs.replace(HELLO, size=size), heartbeat_ms=HEARTBEAT_MS)
    link.opened(0)
    assert [frame.id for frame in frames(link)] == ["1"]
    return link


def live(size: int = 20, acked: int = 0) -> EdgeLink:
    link = connected(size)
    welcome = msgspec.structs.replace(WELCOME, acked=acked)
    time, welcomed = link.receive(codec.encode_result("1", welcome), 40)
    assert time == e.TimeHeard(NOW, 40)
    assert welcomed == e.Welcomed(welcome)
    assert link.upload_from() is None
    link.go_live(acked)
    return link


def send(link: EdgeLink, log: DeviceLog, count: int, now: int = 50) -> str:
    first = link.upload_from()
    assert first is not None
    link.upload(log.upload(first, first + count), now)
    (frame,) = frames(link)
    assert isinstance(frame, codec.Call)
    assert frame.action is m.Action.UPLOAD
    return frame.id


def acked(call: str, size: int) -> bytes:
    return codec.encode_result(call, m.Acked(acked=size))


def refused(
    call: str, code: m.ErrorCode, *, size: int | None = None, retry_after_ms: int | None = None
) -> bytes:
    details = m.ErrorDetails(size=size, retry_after_ms=retry_after_ms)
    return codec.encode_error(call, code, "why", details)


def flow(link: EdgeLink) -> Flow:
    return link.flow


def state(link: EdgeLink) -> State:
    return link.state


def test_nothing_is_sent_before_the_transport_is_up() -> None:
    link = EdgeLink(HELLO, heartbeat_ms=HEARTBEAT_MS)
    assert state(link) is State.CONNECTING
    assert link.next_deadline() is None
    assert link.tick(CALM) == []
    assert link.data_to_send() == []
    assert link.upload_from() is None


def test_no_event_goes_up_before_the_cursor_is_compared() -> None:
    link = connected(size=20)
    assert state(link) is State.SYNCING
    assert link.upload_from() is None
    with pytest.raises(LocalProtocolError):
        link.upload(DeviceLog().grow(20).upload(0, 20), 1)
    with pytest.raises(LocalProtocolError):
        link.readings(READINGS, 1)
    with pytest.raises(LocalProtocolError, match=r"link\.cursor"):
        link.go_live(21)


def test_it_goes_on_from_the_cursor() -> None:
    assert live(size=20, acked=13).upload_from() == 13
    assert live(size=20, acked=20).upload_from() is None
    link = live(size=20, acked=20)
    link.committed(21)
    assert link.upload_from() == 20


def test_at_most_four_uploads_are_under_way() -> None:
    log, link = DeviceLog().grow(20), live()
    calls = [send(link, log, 2) for _ in range(limits.UPLOADS_IN_FLIGHT_MAX)]
    assert link.upload_from() is None
    with pytest.raises(LocalProtocolError, match=r"link\.upload_order"):
        link.upload(log.upload(8, 10), 60)
    assert link.receive(acked(calls[0], 2), 60) == [e.UploadAcked(2)]
    assert link.upload_from() == 8


def test_a_busy_cloud_is_asked_again_when_it_said_and_not_before() -> None:
    log, link = DeviceLog().grow(20), live()
    one, two, three = (send(link, log, 2) for _ in range(3))
    assert link.receive(acked(one, 2), 60) == [e.UploadAcked(2)]
    (told,) = link.receive(refused(two, m.ErrorCode.BUSY, retry_after_ms=5000), 100)
    assert isinstance(told, e.CallRefused)
    assert flow(link) is Flow.DRAINING
    # The one behind it finds a gap, which is no news.
    assert link.receive(refused(three, m.ErrorCode.GAP, size=2), 101) == []
    assert flow(link) is Flow.PAUSED
    link.readings(READINGS, 101)
    link.ask_tenant_log(0, 101)
    link.tick(5099)
    assert link.upload_from() is None
    assert link.next_deadline() == 5100
    link.tick(5100)
    assert link.upload_from() == 2


def test_a_gap_is_filled_from_where_the_cloud_says() -> None:
    log, link = DeviceLog().grow(20), live(acked=10)
    calls = [send(link, log, 2) for _ in range(3)]
    (told,) = link.receive(refused(calls[0], m.ErrorCode.GAP, size=4), 60)
    assert isinstance(told, e.CallRefused)
    for call in calls[1:]:
        assert link.upload_from() is None
        assert link.receive(refused(call, m.ErrorCode.GAP, size=4), 61) == []
    assert link.upload_from() == 4


def test_the_tenant_log_is_asked_for_once_something_of_ours_is_in_it_and_then_now_and_then() -> (
    None
):
    log, link = DeviceLog().grow(20), live()
    call = send(link, log, 2)
    assert not link.wants_tenant_log(CALM)
    link.receive(acked(call, 2), 60)
    assert link.wants_tenant_log(60)
    link.ask_tenant_log(7, 60)
    (asked,) = frames(link)
    assert isinstance(asked, codec.Call)
    assert codec.read_request(asked) == m.AskTenantLog(size=7)
    assert not link.wants_tenant_log(60 + limits.TENANT_LOG_MS)  # it is under way
    shown = m.TenantLog(checkpoint="c", consistency=[])
    assert link.receive(codec.encode_result(asked.id, shown), 80) == [e.TenantLogTold(shown, 2)]
    assert not link.wants_tenant_log(59 + limits.TENANT_LOG_MS)
    assert link.wants_tenant_log(60 + limits.TENANT_LOG_MS)


def test_who_speaks_the_first_version_is_not_asked_for_the_tenant_log() -> None:
    link = EdgeLink(HELLO, heartbeat_ms=HEARTBEAT_MS, version=1)
    link.opened(0)
    link.receive(codec.encode_result("1", WELCOME), 40)
    link.go_live(7)
    assert not link.wants_tenant_log(limits.TENANT_LOG_MS)


@pytest.mark.parametrize("size", [0, 21, None])
def test_a_gap_that_makes_no_sense_ends_the_connection(size: int | None) -> None:
    log, link = DeviceLog().grow(20), live()
    call = send(link, log, 2)
    with pytest.raises(RemoteProtocolError, match=r"link\.gap"):
        link.receive(refused(call, m.ErrorCode.GAP, size=size), 60)
    assert state(link) is State.CLOSED


@pytest.mark.parametrize(
    "code", [m.ErrorCode.FORK, m.ErrorCode.BAD_UPLOAD, m.ErrorCode.REFUSED, m.ErrorCode.INTERNAL]
)
def test_any_other_refusal_stops_the_upload_for_ten_minutes(code: m.ErrorCode) -> None:
    log, link = DeviceLog().grow(20), live()
    one, two, three = (send(link, log, 2) for _ in range(3))
    assert link.receive(refused(one, code, size=0), 60) == [
        e.CallRefused(m.Action.UPLOAD, code, "why", m.ErrorDetails(size=0))
    ]
    assert flow(link) is Flow.STOPPED
    link.receive(refused(two, m.ErrorCode.GAP, size=0), 60)
    link.receive(refused(three, code), 60)
    assert link.upload_from() is None
    assert state(link) is State.LIVE  # doors and commands go on
    link.receive(command(1), 60 + limits.OFFER_AGAIN_MS - 1)
    link.tick(60 + limits.OFFER_AGAIN_MS - 1)
    assert link.upload_from() is None
    link.tick(60 + limits.OFFER_AGAIN_MS)
    assert link.upload_from() == 0


@pytest.mark.parametrize(("size", "count"), [(1, 2), (21, 2)])
def test_an_acknowledgement_must_cover_the_upload_and_no_more_than_exists(
    size: int, count: int
) -> None:
    log, link = DeviceLog().grow(20), live()
    call = send(link, log, count)
    with pytest.raises(RemoteProtocolError, match=r"link\.acked"):
        link.receive(acked(call, size), 60)


def test_answers_out_of_order_end_the_connection() -> None:
    log, link = DeviceLog().grow(20), live()
    _, two = send(link, log, 2), send(link, log, 2)
    with pytest.raises(RemoteProtocolError, match=r"link\.answer_order"):
        link.receive(acked(two, 4), 60)


def test_a_refused_greeting_ends_the_connection() -> None:
    link = connected(size=20)
    error = codec.encode_error("1", m.ErrorCode.ROLLBACK, "hello.rollback")
    (told,) = link.receive(error, 1)
    assert isinstance(told, e.CallRefused)
    assert told.action is m.Action.HELLO
    assert state(link) is State.CLOSED
    assert link.receive(b"anything", 2) == []


@pytest.mark.parametrize(
    "data",
    [codec.encode_request("9", REQUEST) for REQUEST in (m.Heartbeat(), READINGS, HELLO)]
    + [codec.encode_result("9", m.Done()), b"[]"],
)
def test_what_a_bank_is_never_told_ends_the_connection(data: bytes) -> None:
    link = live()
    with pytest.raises(RemoteProtocolError):
        link.receive(data, 60)
    assert state(link) is State.CLOSED


def command(number: int, epoch: str = EPOCH) -> bytes:
    order = order_to_wire(ORDERS[2])
    message = m.Command(id=COMMAND, order=order, not_after=NOW, epoch=epoch)
    return codec.encode_request(str(100 + number), message)


def test_a_command_before_the_cursor_is_compared_ends_the_connection() -> None:
    link = connected(size=20)
    with pytest.raises(RemoteProtocolError, match=r"link\.unexpected"):
        link.receive(command(0), 1)


def test_commands_are_answered_one_by_one() -> None:
    link = live()
    arrived = [link.receive(command(n), 60) for n in range(limits.COMMANDS_IN_FLIGHT_MAX)]
    assert all(isinstance(events[0], e.CommandArrived) for events in arrived)
    link.answer("103", m.Ended(is_done=True, result="opened"))
    assert link.data_to_send() == [b'[3,"103",{"is_done":true,"result":"opened"}]']
    with pytest.raises(LocalProtocolError, match=r"link\.answered_already"):
        link.answer("103", m.Ended(is_done=True, result="opened"))
    with pytest.raises(LocalProtocolError, match=r"link\.wrong_answer"):
        link.answer("104", m.Done())


def test_more_commands_than_the_window_end_the_connection() -> None:
    link = live()
    for number in range(limits.COMMANDS_IN_FLIGHT_MAX):
        link.receive(command(number), 60)
    with pytest.raises(RemoteProtocolError, match=r"link\.window"):
        link.receive(command(99), 60)


def test_a_question_under_a_used_id_ends_the_connection() -> None:
    link = live()
    link.receive(command(1), 60)
    with pytest.raises(RemoteProtocolError, match=r"link\.id_used"):
        link.receive(command(1), 60)


def test_identity_44_order_of_an_old_connection_is_told_apart() -> None:
    link = live()
    old = "z" * limits.EPOCH_CHARS
    (event,) = link.receive(command(1, epoch=old), 60)
    assert isinstance(event, e.CommandArrived)
    assert event.command.epoch == old != link.epoch == EPOCH


def test_identity_45_duplicate_command_reaches_the_controller_with_the_same_id() -> None:
    link = live()
    found = [link.receive(command(number), 60)[0] for number in (1, 2)]
    first, second = (one.command for one in found if isinstance(one, e.CommandArrived))
    assert first == second


def test_a_directory_is_told_once_it_is_whole() -> None:
    link = live()
    person = m.Recipient(person="prs_" + "0" * 26, unit="4b", name="Ada", needs_low=False)
    pages = directory_pages(7, [person] * 600)
    found = [
        event
        for number, page in enumerate(pages)
        for event in link.receive(codec.encode_request(f"d{number}", page), 60)
    ]
    assert found == [e.DirectoryArrived(f"d{len(pages) - 1}", 7, tuple([person] * 600))]
    assert len(link.data_to_send()) == len(pages) - 1
    link.answer(f"d{len(pages) - 1}", m.Done())
    assert len(link.data_to_send()) == 1


def test_a_silent_cloud_is_asked_and_then_given_up() -> None:
    link = live(size=0)
    link.readings(READINGS, 40)
    link.data_to_send()
    link.tick(40 + HEARTBEAT_MS - 1)
    assert link.data_to_send() == []
    assert link.tick(40 + HEARTBEAT_MS) == []
    (heartbeat,) = frames(link)
    asked_at = 40 + HEARTBEAT_MS
    link.readings(READINGS, asked_at)
    assert link.next_deadline() == asked_at + limits.ANSWER_MS
    answer = codec.encode_result(heartbeat.id, m.Time(now=NOW))
    assert link.receive(answer, asked_at + 7) == [e.TimeHeard(NOW, 7)]
    link.tick(asked_at + 7 + HEARTBEAT_MS)
    assert state(link) is State.LIVE
    late = asked_at + 7 + HEARTBEAT_MS + limits.ANSWER_MS
    assert link.tick(late) == [e.Closed("link.no_answer.heartbeat")]
    assert state(link) is State.CLOSED
    assert link.next_deadline() is None


def test_a_greeting_without_an_answer_is_given_up() -> None:
    link = connected(size=0)
    assert link.next_deadline() == limits.ANSWER_MS
    assert link.tick(limits.ANSWER_MS - 1) == []
    assert link.tick(limits.ANSWER_MS) == [e.Closed("link.no_answer.hello")]


def test_readings_come_at_most_twice_a_second_and_at_least_twice_a_minute() -> None:
    link = live(size=0)
    assert link.wants_readings(1000)
    link.readings(READINGS, 1000)
    assert not link.wants_readings(1000 + limits.READINGS_MS_MIN)
    assert link.wants_readings(1000 + limits.HEARTBEAT_MS_MIN)
    link.readings_changed()
    assert not link.wants_readings(1000 + limits.READINGS_MS_MIN - 1)
    assert link.next_deadline() == 1000 + limits.READINGS_MS_MIN
    assert link.wants_readings(1000 + limits.READINGS_MS_MIN)


def test_a_refused_layout_is_told() -> None:
    link = live()
    link.layout(m.Layout(name="Lobby", hash="0" * 64, compartments=[]), 60)
    (frame,) = frames(link)
    (told,) = link.receive(codec.encode_error(frame.id, m.ErrorCode.REFUSED, "no"), 70)
    assert told == e.CallRefused(m.Action.LAYOUT, m.ErrorCode.REFUSED, "no", m.ErrorDetails())
