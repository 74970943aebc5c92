"""What a link tells the program around it.

`call` names the question to be answered with `answer` or `refuse` of the same link.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.core.clock import Instant
from bayward.core.commands import Command
from bayward.core.ids import CommandId
from bayward.wire.messages import (
    Action,
    ErrorCode,
    ErrorDetails,
    Hello,
    Layout,
    Readings,
    Recipient,
    TenantLog,
    Upload,
    Welcome,
)


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection must be closed now; `reason` is a stable code."""

    reason: str


# At the edge.


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The greeting was answered. Compare the cursor, then call `go_live` or `close`."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class TimeHeard:
    """The control plane's clock said `cloud`, at most `round_trip_ms` ago."""

    cloud: Instant
    round_trip_ms: int


@dataclass(frozen=True, slots=True)
class UploadAcked:
    """The first `size` entries are durable in the control plane.

    `cosigned` and `witness_note` as in `wire.messages.Acked`; not verified yet.
    """

    size: int
    cosigned: str | None = None
    witness_note: str | None = None


@dataclass(frozen=True, slots=True)
class TenantLogTold:
    """The control plane has shown the tenant's log; nothing of it is verified yet.

    `acked` entries of ours were acknowledged when it was asked.
    """

    shown: TenantLog
    acked: int


@dataclass(frozen=True, slots=True)
class CallRefused:
    """A question of ours was refused; the upload may have stopped (`EdgeLink.flow`)."""

    action: Action
    code: ErrorCode
    text: str
    details: ErrorDetails


@dataclass(frozen=True, slots=True)
class CommandArrived:
    """An order; its `epoch` may be another than that of this link, which the controller judges."""

    call: str
    command: Command


@dataclass(frozen=True, slots=True)
class DirectoryArrived:
    """A whole directory of one revision."""

    call: str
    revision: int
    recipients: tuple[Recipient, ...]


EdgeEvent = (
    Closed
    | Welcomed
    | TimeHeard
    | UploadAcked
    | TenantLogTold
    | CallRefused
    | CommandArrived
    | DirectoryArrived
)


# In the cloud.


@dataclass(frozen=True, slots=True)
class HelloArrived:
    """A bank has introduced itself; answer with `welcome` or `refuse`."""

    call: str
    hello: Hello


@dataclass(frozen=True, slots=True)
class UploadArrived:
    """Entries; answer only when they are durable."""

    call: str
    upload: Upload


@dataclass(frozen=True, slots=True)
class LayoutArrived:
    """The bank as built."""

    call: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class ReadingsArrived:
    """How the doors stand."""

    readings: Readings


@dataclass(frozen=True, slots=True)
class HeartbeatArrived:
    """The bank wants to know the time."""

    call: str


@dataclass(frozen=True, slots=True)
class TenantLogAsked:
    """The bank wants to see the tenant's log; it remembers `size` entries of it."""

    call: str
    size: int


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """A command was answered; `is_done` is None when its time passed without an answer."""

    command: CommandId
    is_done: bool | None
    result: str


@dataclass(frozen=True, slots=True)
class PageTaken:
    """The bank has one more page of the directory; `is_last` says that it has it all."""

    revision: int
    is_last: bool


CloudEvent = (
    Closed
    | HelloArrived
    | UploadArrived
    | LayoutArrived
    | ReadingsArrived
    | HeartbeatArrived
    | TenantLogAsked
    | CommandEnded
    | PageTaken
)
