"""The cable between a bank and the control plane: bytes in order, until they stop.

A connection is two pipes of bytes, as TCP is. Frames travel behind a length prefix and are put
together again at the far end, so a cut takes effect at any byte: what was under way arrives in
part, and a frame without its last byte never arrives. Either end learns of a break when it
does: at once, late, or (half-open) never, and then only its own patience ends the connection.
An old connection can still deliver while a new one is up.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bayward.core.clock import SECOND_MS
from bayward.sim.world import World

PREFIX_BYTES = 4
NOTICE_MS_MAX = 3 * SECOND_MS  # how late an end may notice a break that it does notice
PIECES = 4  # of a message on a slow line


@dataclass(slots=True)
class Line:
    """How one bank's cable is now."""

    is_cut: bool = False
    is_slow: bool = False
    latency_ms: tuple[int, int] = (5, 60)


@dataclass(slots=True)
class _Pipe:
    """One direction: chunks under way, oldest first."""

    last_ms: int = 0
    under_way: deque[bytes] = field(default_factory=deque)
    room: int | None = None  # after a break: how many bytes may still arrive


class End:
    """One end of a connection: `send` frames, and be told of frames and of the end."""

    def __init__(self, wire: Wire) -> None:
        self.on_frame: Callable[[bytes], None] | None = None
        self.on_closed: Callable[[str], None] | None = None
        self.is_closed = False
        self._wire = wire
        self._buffer = bytearray()

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire; what happens to it, nobody promises."""
        if not self.is_closed:
            self._wire.carry(self, len(frame).to_bytes(PREFIX_BYTES, "big") + frame)

    def close(self) -> None:
        """Hang up; the other end will notice."""
        if not self.is_closed:
            self.is_closed = True
            self._wire.hang_up(self)

    def arrive(self, data: bytes) -> None:
        """Bytes have come; whole frames are handed on."""
        self._buffer += data
        while not self.is_closed and len(self._buffer) >= PREFIX_BYTES:
            end = PREFIX_BYTES + int.from_bytes(self._buffer[:PREFIX_BYTES], "big")
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[PREFIX_BYTES:end])
            del self._buffer[:end]
            if self.on_frame is not None:
                self.on_frame(frame)

    def lost(self, reason: str) -> None:
        """This end has noticed that it is over."""
        if not self.is_closed:
            self.is_closed = True
            if self.on_closed is not None:
                self.on_closed(reason)


class Wire:
    """One connection over a bank's line."""

    def __init__(self, network: Network, line: str) -> None:
        self.line = line
        self.is_broken = False
        self.edge, self.cloud = End(self), End(self)
        self._network = network
        self._up, self._down = _Pipe(), _Pipe()

    def carry(self, source: End, data: bytes) -> None:
        """Take bytes in, to be delivered in their order."""
        if self.is_broken:
            return
        pipe, to = self._way(source)
        self._network.on_bytes(self, data)
        for chunk in self._network.chunks(self.line, data):
            pipe.last_ms = max(pipe.last_ms + 1, self._network.arrival_ms(self.line))
            pipe.under_way.append(chunk)
            self._network.at(pipe.last_ms, lambda: self._deliver(pipe, to))

    def under_way(self) -> int:
        """Bytes that were sent and have not arrived, in both directions."""
        return sum(map(len, (*self._up.under_way, *self._down.under_way)))

    def cut(self, chance: Random, *, is_noticed: bool) -> None:
        """Break it now, at a byte of chance in each direction."""
        if self.is_broken:
            return
        self.is_broken = True
        for source in (self.edge, self.cloud):
            pipe, to = self._way(source)
            pipe.room = chance.randint(0, sum(map(len, pipe.under_way)))
            notice_ms = chance.randint(0, NOTICE_MS_MAX)
            if is_noticed:
                self._lose_later(to, self._network.now_ms() + notice_ms, "link.broken")

    def hang_up(self, source: End) -> None:
        """One end has closed: what it sent before still arrives, then the other end knows."""
        if self.is_broken:
            return
        self.is_broken = True
        pipe, to = self._way(source)
        at_ms = max(pipe.last_ms, self._network.arrival_ms(self.line)) + 1
        self._lose_later(to, at_ms, "link.closed")

    def _lose_later(self, end: End, at_ms: int, reason: str) -> None:
        self._network.at(at_ms, lambda: end.lost(reason))

    def _way(self, source: End) -> tuple[_Pipe, End]:
        return (self._up, self.cloud) if source is self.edge else (self._down, self.edge)

    @staticmethod
    def _deliver(pipe: _Pipe, to: End) -> None:
        chunk = pipe.under_way.popleft()
        if pipe.room is not None:
            chunk = chunk[: pipe.room]
            pipe.room -= len(chunk)
        if chunk and not to.is_closed:
            to.arrive(chunk)


def _unheard(wire: Wire, data: bytes) -> None:
    del wire, data


class Network:
    """All cables; `accept` is the control plane's door, `on_bytes` an ear at every wire."""

    def __init__(self, world: World) -> None:
        self.lines: dict[str, Line] = {}
        self.accept: Callable[[Wire], bool] | None = None
        self.on_bytes: Callable[[Wire, bytes], None] = _unheard
        self._wires: list[Wire] = []
        self._world = world
        self._chance = world.stream("network")

    def now_ms(self) -> int:
        """The world's time."""
        return self._world.now_ms

    def connect(self, line: str) -> Wire | None:
        """A new connection over a bank's line; None when it is refused or goes nowhere."""
        if self.lines[line].is_cut or self.accept is None:
            return None
        wire = Wire(self, line)
        if not self.accept(wire):
            return None
        self._wires = [one for one in self._wires if not one.is_broken]
        self._wires.append(wire)
        return wire

    def cut(self, line: str, *, is_noticed: bool = True) -> None:
        """Break every connection of a line; new ones are refused until `mend`."""
        self.lines[line].is_cut = True
        self.drop(line, is_noticed=is_noticed)

    def mend(self, line: str) -> None:
        """The line carries again, and well."""
        self.lines[line].is_cut = False
        self.lines[line].is_slow = False

    def drop(self, line: str | None = None, *, is_noticed: bool = True) -> None:
        """Break the connections of one line, or of all; new ones may follow at once."""
        for wire in self._wires:
            if line is None or wire.line == line:
                wire.cut(self._chance, is_noticed=is_noticed)

    def arrival_ms(self, line: str) -> int:
        """When something sent now arrives."""
        return self._world.now_ms + self._chance.randint(*self.lines[line].latency_ms)

    def chunks(self, line: str, data: bytes) -> list[bytes]:
        """Bytes as the line takes them: whole, or in pieces when it is slow."""
        if not self.lines[line].is_slow or len(data) < PIECES:
            return [data]
        inner = sorted(self._chance.randint(1, len(data) - 1) for _ in range(PIECES - 1))
        cuts = [0, *inner, len(data)]
        return [data[start:end] for start, end in itertools.pairwise(cuts) if start < end]

    def at(self, at_ms: int, act: Callable[[], None]) -> None:
        """Have something arrive."""
        self._world.after(at_ms - self._world.now_ms, "network", act)
