from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.messages import REQUESTS as BY_ACTION
from bayward.wire.messages import ErrorCode
from messages_table import ANSWERS, EPOCH, HELLO, NOW, READINGS, REQUESTS, UPLOAD

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def read(data: bytes) -> m.Message | codec.Error | None:
    """Read a frame as far as it goes, as a link would."""
    frame = codec.decode(data)
    match frame:
        case codec.Call() | codec.Send():
            return codec.read_request(frame)
        case codec.Result():
            return codec.read_answer(frame, m.Welcome)
        case codec.Error():
            return frame


@pytest.mark.parametrize("message", REQUESTS, ids=lambda one: type(one).__name__)
def test_a_request_survives_the_wire(message: m.Message) -> None:
    assert read(codec.encode_request("1", message)) == message


@pytest.mark.parametrize("message", ANSWERS, ids=lambda one: type(one).__name__)
def test_an_answer_survives_the_wire(message: m.Message) -> None:
    frame = codec.decode(codec.encode_result("1", message))
    assert isinstance(frame, codec.Result)
    assert codec.read_answer(frame, type(message)) == message


def test_frames_are_those_of_ocpp() -> None:
    assert codec.encode_request("7", m.Heartbeat()) == b'[2,"7","heartbeat",{}]'
    assert codec.encode_result("7", m.Time(now=NOW)) == b'[3,"7",{"now":1800000000000}]'
    busy = codec.encode_error("7", ErrorCode.BUSY, "", m.ErrorDetails(retry_after_ms=500))
    assert busy == b'[4,"7","busy","",{"retry_after_ms":500}]'
    assert codec.encode_request("8", READINGS).startswith(b'[6,"8","readings",{')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b'[5,"1",{}]',
        b'[2,"1","hello"]',
        b'[2,"1","hello",{},{}]',
        b'[2,"1","open_all",{}]',
        b'[2,"","heartbeat",{}]',
        b'[2,"1","heartbeat",{}] ]',
        b'[2,"1","heartbeat",{"more":1}]',
        b'[3,"1",{"now":1.5}]',
        b'[2,"1","directory",{"revision":1.5,"total":0,"first":0,"recipients":[]}]',
        b'[2,"1","directory",{"revision":-1,"total":0,"first":0,"recipients":[]}]',
        b'[2,"1","directory",{"revision":true,"total":0,"first":0,"recipients":[]}]',
        b'[2,"1","heartbeat",[1]]',
        b'[6,"1","heartbeat",{}]',
        b'[2,"1","readings",{"doors":[],"is_siren_on":false,"lockdowns":[],"pending":0}]',
        b'[4,"1","not_a_code","",{}]',
        b'[2,"\xff","heartbeat",{}]',
        b'[2,"\\ud800","heartbeat",{}]',
        b"[" * 60_000,
        b'[2,"1","heartbeat",' + b"[" * 60_000,
        b" " * (limits.FRAME_BYTES_MAX + 1),
    ],
)
def test_anything_else_is_a_remote_protocol_error(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_that(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data)


@given(kind=st.sampled_from([2, 3, 4, 6]), action=st.sampled_from(list(BY_ACTION)), payload=JSON)
def test_arbitrary_payloads_raise_only_that(kind: int, action: str, payload: object) -> None:
    rest: list[object] = [payload] if kind == 3 else [action, payload]
    data = json.dumps([kind, "1", *rest]).encode()
    try:
        read(data)
    except RemoteProtocolError:
        return
    assert read(data) is not None


@given(at=st.integers(min_value=0), byte=st.integers(0, 255), message=st.sampled_from(REQUESTS))
def test_a_damaged_frame_raises_only_that(at: int, byte: int, message: m.Message) -> None:
    data = bytearray(codec.encode_request("1", message))
    data[at % len(data)] = byte
    try:
        read(bytes(data))
    except RemoteProtocolError as error:
        assert error.code.startswith("link.")  # noqa: PT017 - not raising is fine as well


def test_what_the_other_side_would_refuse_does_not_leave() -> None:
    too_long = msgspec.structs.replace(HELLO, firmware="x" * 65)
    with pytest.raises(LocalProtocolError, match="own_message"):
        codec.encode_request("1", too_long)
    entries = [m.Entry(leaf="x" * limits.LEAF_CHARS_MAX, disclosures=[])] * 8
    with pytest.raises(LocalProtocolError, match="frame_too_long"):
        codec.encode_request("1", msgspec.structs.replace(UPLOAD, entries=entries))
    with pytest.raises(LocalProtocolError, match="no_request"):
        codec.encode_request("1", m.Acked(acked=1))
    with pytest.raises(LocalProtocolError, match="own_message"):
        codec.encode_request("1", msgspec.structs.replace(HELLO, epoch=EPOCH[1:] + "\n"))
