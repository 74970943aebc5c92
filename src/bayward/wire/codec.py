"""Frames to bytes and back, in the manner of OCPP-J.

    [2, id, action, payload]        call: wants an answer
    [3, id, payload]                result
    [4, id, code, text, details]    error instead of a result
    [6, id, action, payload]        send: wants no answer and may be lost

JSON in UTF-8. Whatever the bytes are, `decode` and `read_answer` raise only
`RemoteProtocolError`; a frame is judged by its length before anything reads it. Whatever we
write is read back before it leaves, so that a name that is too long is an error here and not a
broken connection there.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from bayward.wire import limits
from bayward.wire.errors import LocalProtocolError, RemoteProtocolError
from bayward.wire.messages import REQUESTS, SENDS, Action, ErrorCode, ErrorDetails, Message

M = TypeVar("M", bound=Message)

FrameId = Annotated[str, Meta(min_length=1, max_length=36)]
ShortText = Annotated[str, Meta(max_length=limits.FACT_CHARS_MAX)]


class _Frame(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    id: FrameId


class Call(_Frame, frozen=True, tag=2):
    """A question; `payload` is the undecoded message of `action`."""

    action: Action
    payload: Raw


class Result(_Frame, frozen=True, tag=3):
    """The answer to the call with this id."""

    payload: Raw


class Error(_Frame, frozen=True, tag=4):
    """The call with this id was refused."""

    code: ErrorCode
    text: ShortText
    details: ErrorDetails


class Send(_Frame, frozen=True, tag=6):
    """News without an answer."""

    action: Action
    payload: Raw


Frame = Call | Result | Error | Send


def _plain(value: object) -> str:
    """An id as the text it is; `msgspec` takes no subclasses of `str`."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in a message")


_frames: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_encoder = msgspec.json.Encoder(enc_hook=_plain)
_decoders: dict[type[Message], msgspec.json.Decoder[Message]] = {}
_ACTIONS = {kind: action for action, kind in REQUESTS.items()}


def encode_request(frame_id: str, message: Message) -> bytes:
    """A call, or a send where the message is one."""
    action = _ACTIONS.get(type(message))
    if action is None:
        raise LocalProtocolError("link.no_request", message=type(message).__name__)
    payload = _write(message)
    kind = Send if action in SENDS else Call
    return _bounded(kind(frame_id, action, payload))


def encode_result(frame_id: str, message: Message) -> bytes:
    """The answer to a call."""
    return _bounded(Result(frame_id, _write(message)))


def encode_error(
    frame_id: str, code: ErrorCode, text: str = "", details: ErrorDetails | None = None
) -> bytes:
    """The refusal of a call; `text` is for the log of the other side."""
    short = text[: limits.FACT_CHARS_MAX]
    return _bounded(Error(frame_id, code, short, details or ErrorDetails()))


def decode(data: bytes) -> Frame:
    """Read one frame, but not its payload; raises `RemoteProtocolError`."""
    if len(data) > limits.FRAME_BYTES_MAX:
        raise RemoteProtocolError("link.frame_too_long", limit=limits.FRAME_BYTES_MAX)
    try:
        return _frames.decode(data)
    except (ValueError, RecursionError) as error:
        raise _malformed(error) from None


def read_request(frame: Call | Send) -> Message:
    """The message of a call or send; raises `RemoteProtocolError`."""
    if (frame.action in SENDS) != isinstance(frame, Send):
        raise RemoteProtocolError("link.frame_kind", action=frame.action.value)
    return _read(frame.payload, REQUESTS[frame.action])


def read_answer(frame: Result, kind: type[M]) -> M:
    """The message of a result, which must be of this kind; raises `RemoteProtocolError`."""
    return _read(frame.payload, kind)


def _read(payload: Raw, kind: type[M]) -> M:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(payload)  # type: ignore[return-value]  # the decoder of this kind
    except (ValueError, RecursionError) as error:
        raise _malformed(error) from None


def _write(message: Message) -> Raw:
    payload = Raw(_encoder.encode(message))
    try:
        _read(payload, type(message))
    except RemoteProtocolError as error:
        raise LocalProtocolError("link.own_message", **error.facts) from None
    return payload


def _bounded(frame: Frame) -> bytes:
    data = _encoder.encode(frame)
    if len(data) > limits.FRAME_BYTES_MAX:
        raise LocalProtocolError("link.frame_too_long", limit=limits.FRAME_BYTES_MAX)
    return data


def _malformed(error: Exception) -> RemoteProtocolError:
    return RemoteProtocolError("link.malformed", why=str(error)[: limits.FACT_CHARS_MAX])
