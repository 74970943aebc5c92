"""The states of a link as tables; diagrams in the reference are drawn from them.

Nothing about the log is sent before the other side's cursor is known and compared: a bank is
*syncing* until its greeting was answered and it has found that the control plane remembers the
same log. There is no retransmission timer either. TLS delivers or breaks, and after a break both
resume from the cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from bayward.wire.errors import LocalProtocolError


class State(StrEnum):
    """Where a connection stands, on either side."""

    CONNECTING = "connecting"  # the bank: no transport yet; the cloud: nobody has said hello
    SYNCING = "syncing"  # greeted; the cursors are being compared
    LIVE = "live"
    CLOSED = "closed"


class Signal(StrEnum):
    """What moves a connection."""

    GREETED = "greeted"  # hello was sent, or has arrived
    AGREED = "agreed"  # both know the same log
    ENDED = "ended"  # refused, broken, silent, or closed on purpose


TRANSITIONS: dict[tuple[State, Signal], State] = {
    (State.CONNECTING, Signal.GREETED): State.SYNCING,
    (State.SYNCING, Signal.AGREED): State.LIVE,
    (State.CONNECTING, Signal.ENDED): State.CLOSED,
    (State.SYNCING, Signal.ENDED): State.CLOSED,
    (State.LIVE, Signal.ENDED): State.CLOSED,
}


class Flow(StrEnum):
    """Where the upload of a live bank stands."""

    FLOWING = "flowing"
    DRAINING = "draining"  # one was refused; those behind it are void, wait for their answers
    PAUSED = "paused"  # the control plane is busy
    STOPPED = "stopped"  # refused for good; offered again much later


class FlowSignal(StrEnum):
    """What moves the upload."""

    HELD_UP = "held_up"  # busy, or a gap: what is in flight is void
    DRAINED = "drained"  # all of it was answered; go on from the cursor
    BUSY = "busy"  # all of it was answered; the time to come back has not come
    REFUSED = "refused"
    RESUMED = "resumed"  # the pause is over


FLOW: dict[tuple[Flow, FlowSignal], Flow] = {
    (Flow.FLOWING, FlowSignal.HELD_UP): Flow.DRAINING,
    (Flow.DRAINING, FlowSignal.HELD_UP): Flow.DRAINING,
    (Flow.DRAINING, FlowSignal.DRAINED): Flow.FLOWING,
    (Flow.DRAINING, FlowSignal.BUSY): Flow.PAUSED,
    (Flow.PAUSED, FlowSignal.RESUMED): Flow.FLOWING,
    (Flow.FLOWING, FlowSignal.REFUSED): Flow.STOPPED,
    (Flow.DRAINING, FlowSignal.REFUSED): Flow.STOPPED,
    (Flow.STOPPED, FlowSignal.REFUSED): Flow.STOPPED,
    (Flow.STOPPED, FlowSignal.HELD_UP): Flow.STOPPED,
    (Flow.STOPPED, FlowSignal.RESUMED): Flow.FLOWING,
}

S = TypeVar("S", bound=StrEnum)
G = TypeVar("G", bound=StrEnum)


def moved(table: Mapping[tuple[S, G], S], state: S, signal: G) -> S:
    """The next state; raises `LocalProtocolError` when the table has no such line."""
    try:
        return table[state, signal]
    except KeyError:
        raise LocalProtocolError("link.move", state=state.value, signal=signal.value) from None
