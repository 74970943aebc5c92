"""Both ends of the link over a connection that breaks at any byte, against what must be true.

The bytes are real WebSocket frames. The cloud may answer late, be busy, restart, or finish the
work of a connection that is long gone; the bank may restart between any two steps.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from bayward.core.commands import Command
from bayward.core.ids import CommandId, base32
from bayward.wire import limits
from bayward.wire import messages as m
from bayward.wire.link import CloudLink, EdgeLink, Flow, State
from bayward.wire.link import events as e
from bayward.wire.upload import Gap, check_hello
from link_bench import ORIGIN, DeviceLog, Mirror
from messages_table import HELLO, NOW, ORDERS, READINGS, WELCOME

BATCH = 3
HEARTBEAT_MS = 30_000
BUSY_MS = 1_000


@dataclass
class Way:
    """One direction of a TCP connection: real frames in, any number of bytes out."""

    sender: Protocol
    receiver: Protocol
    wire: bytearray = field(default_factory=bytearray)

    @classmethod
    def between(cls, sender: Side, receiver: Side) -> Way:
        size = limits.FRAME_BYTES_MAX
        return cls(Protocol(sender, max_size=size), Protocol(receiver, max_size=size))

    def put(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.sender.send_text(frame)
        self.wire += b"".join(self.sender.data_to_send())

    def take(self, count: int) -> list[bytes]:
        self.receiver.receive_data(bytes(self.wire[:count]))
        del self.wire[:count]
        found = self.receiver.events_received()
        return [
            bytes(one.data) for one in found if isinstance(one, Frame) and one.opcode is Opcode.TEXT
        ]


@dataclass
class Connection:
    """One connection as it lives on both sides; uploads wait in `work` for the database."""

    edge: EdgeLink
    cloud: CloudLink
    up: Way = field(default_factory=lambda: Way.between(Side.CLIENT, Side.SERVER))
    down: Way = field(default_factory=lambda: Way.between(Side.SERVER, Side.CLIENT))
    work: deque[e.UploadArrived] = field(default_factory=deque)
    orders: deque[e.CommandArrived] = field(default_factory=deque)

    def flush(self) -> None:
        self.up.put(self.edge.data_to_send())
        self.down.put(self.cloud.data_to_send())


class LinkMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.log = DeviceLog()
        self.mirror = Mirror()
        self.now = 0
        self.drawn = 0
        self.uploads = 0
        self.told_acked = 0
        self.connection: Connection | None = None
        self.gone: list[Connection] = []  # whose uploads the cloud still works on
        self.executed: set[CommandId] = set()
        self.met: set[str] = set()

    @initialize(size=st.integers(0, 12), is_connected=st.booleans())
    def begin(self, size: int, is_connected: bool) -> None:
        self.log.grow(size)
        if is_connected:
            self.the_bank_connects()
            self.bytes_go_up(10**6)
            self.bytes_go_down(10**6)
            self.bytes_go_up(10**6)

    # What happens at the bank.

    @rule(count=st.integers(1, 5), with_letter=st.booleans())
    def something_is_logged(self, count: int, with_letter: bool) -> None:
        for _ in range(count):
            self.log.add(with_letter=with_letter)
        if self.connection:
            self.connection.edge.committed(self.log.size)
            self.pump()

    @rule()
    def the_bank_connects(self) -> None:
        if self.connection:
            self.the_connection_breaks()
        self.drawn += 1
        hello = msgspec.structs.replace(
            HELLO,
            origin=ORIGIN,
            size=self.log.size,
            checkpoint=self.log.note(self.log.size),
            epoch=base32(self.drawn.to_bytes(16, "big")),
        )
        edge = EdgeLink(hello, heartbeat_ms=HEARTBEAT_MS)
        self.connection = Connection(edge, CloudLink(self.now, version=1))
        edge.opened(self.now)
        self.pump()

    @precondition(lambda self: self.connection and self.connection.orders)
    @rule()
    def the_bank_carries_out_an_order(self) -> None:
        assert self.connection
        event = self.connection.orders.popleft()
        self.executed.add(event.command.id)
        if self.connection.edge.state is State.LIVE:
            self.connection.edge.answer(event.call, m.Ended(is_done=True, result="opened"))
            self.pump()

    # What happens in the cloud.

    @precondition(lambda self: self.connection and self.connection.work)
    @rule()
    def the_cloud_commits_an_upload(self) -> None:
        assert self.connection
        self.commit(self.connection)

    @precondition(lambda self: self.connection and self.connection.work)
    @rule()
    def the_cloud_commits_an_upload_and_dies(self) -> None:
        assert self.connection
        self.mirror_takes(self.connection.work.popleft())
        self.the_cloud_restarts()

    @precondition(lambda self: self.connection and self.connection.work)
    @rule()
    def the_cloud_is_busy(self) -> None:
        assert self.connection
        event = self.connection.work.popleft()
        self.met.add("busy")
        details = m.ErrorDetails(retry_after_ms=BUSY_MS)
        self.connection.cloud.refuse(event.call, m.ErrorCode.BUSY, "", details)
        self.pump()

    @precondition(lambda self: any(one.work for one in self.gone))
    @rule()
    def the_cloud_commits_an_upload_of_a_connection_that_is_gone(self) -> None:
        connection = next(one for one in self.gone if one.work)
        self.mirror_takes(connection.work.popleft())

    @precondition(lambda self: self.connection and self.connection.work)
    @rule(count=st.integers(0, 5))
    def the_bank_comes_back_before_the_cloud_is_done(self, count: int) -> None:
        self.the_bank_connects()
        self.log.grow(count)
        self.bytes_go_up(10**6)
        for connection in self.gone:
            while connection.work:
                self.mirror_takes(connection.work.popleft())
        self.bytes_go_down(10**6)

    @precondition(lambda self: self.connection and self.connection.cloud.state is State.LIVE)
    @rule()
    def the_cloud_orders_something(self) -> None:
        assert self.connection
        cloud = self.connection.cloud
        if cloud.has_room():
            self.drawn += 1
            command = CommandId.of(self.drawn.to_bytes(16, "big"))
            cloud.command(Command(command, ORDERS[0], NOW, cloud.epoch), self.now, within_ms=15_000)
            self.pump()

    @rule()
    def the_cloud_restarts(self) -> None:
        self.gone.clear()
        if self.connection:
            self.connection.work.clear()
            self.the_connection_breaks()

    # What happens between them.

    @precondition(lambda self: self.connection)
    @rule(steps=st.integers(1, 6))
    def nothing_goes_wrong_for_a_while(self, steps: int) -> None:
        for _ in range(steps):
            if not self.step():
                return

    @precondition(lambda self: self.connection)
    @rule(count=st.integers(1, 4000) | st.just(10**6))
    def bytes_go_up(self, count: int) -> None:
        connection = self.connection
        assert connection
        for frame in connection.up.take(count):
            for event in connection.cloud.receive(frame, self.now):
                self.cloud_hears(connection, event)
        self.pump()

    @precondition(lambda self: self.connection)
    @rule(count=st.integers(1, 400) | st.just(10**6))
    def bytes_go_down(self, count: int) -> None:
        connection = self.connection
        assert connection
        for frame in connection.down.take(count):
            for event in connection.edge.receive(frame, self.now):
                self.edge_hears(connection, event)
        self.pump()

    @precondition(lambda self: self.connection)
    @rule()
    def the_connection_breaks(self) -> None:
        assert self.connection
        self.connection.edge.close()
        self.connection.cloud.close()
        self.gone.append(self.connection)
        self.connection = None

    @rule(ms=st.sampled_from([1, 500, BUSY_MS, HEARTBEAT_MS, limits.SILENCE_MS_MAX]))
    def time_passes(self, ms: int) -> None:
        self.now += ms
        connection = self.connection
        if connection:
            told = [*connection.edge.tick(self.now), *connection.cloud.tick(self.now)]
            self.pump()
            if any(isinstance(event, e.Closed) for event in told):
                self.the_connection_breaks()

    # The shells.

    def pump(self) -> None:
        if self.connection is None:
            return
        edge = self.connection.edge
        while (first := edge.upload_from()) is not None:
            edge.upload(self.log.upload(first, min(first + BATCH, self.log.size)), self.now)
            self.uploads += 1
        if edge.wants_readings(self.now):
            edge.readings(READINGS, self.now)
        self.connection.flush()

    def commit(self, connection: Connection) -> None:
        event = connection.work.popleft()
        gap = self.mirror_takes(event)
        if gap is None:
            connection.cloud.answer(event.call, m.Acked(acked=self.mirror.size))
        else:
            details = m.ErrorDetails(size=gap.size)
            connection.cloud.refuse(event.call, m.ErrorCode.GAP, gap.code, details)
        self.pump()

    def mirror_takes(self, event: e.UploadArrived) -> Gap | None:
        try:
            if self.mirror.take(event.upload).is_replay:
                self.met.add("replay")
        except Gap as gap:
            self.met.add("gap")
            return gap
        return None

    def cloud_hears(self, connection: Connection, event: e.CloudEvent) -> None:
        match event:
            case e.HelloArrived(call, hello):
                check_hello(self.mirror.known, hello)
                known = self.mirror.known
                welcome = msgspec.structs.replace(WELCOME, acked=known.size, root=known.root)
                connection.cloud.welcome(call, welcome)
            case e.UploadArrived():
                connection.work.append(event)
            case e.HeartbeatArrived(call):
                connection.cloud.answer(call, m.Time(now=NOW))
            case e.CommandEnded(command, is_done):
                assert not is_done or command in self.executed
            case e.Closed():
                raise AssertionError("only silence closes, and that is told by tick")
            case _:
                pass

    def edge_hears(self, connection: Connection, event: e.EdgeEvent) -> None:
        match event:
            case e.Welcomed(welcome):
                assert welcome.acked <= self.log.size
                self.told_acked = max(self.told_acked, welcome.acked)
                connection.edge.go_live(welcome.acked)
                connection.edge.committed(self.log.size)
            case e.UploadAcked(size):
                self.told_acked = max(self.told_acked, size)
            case e.CommandArrived():
                connection.orders.append(event)
            case e.CallRefused(code=code):
                assert code in (m.ErrorCode.BUSY, m.ErrorCode.GAP)
            case _:
                pass

    # What must be true.

    @invariant()
    def the_clouds_log_is_a_gap_free_prefix_of_the_banks(self) -> None:
        mine = [entry.leaf.encode() for entry in self.log.entries]
        assert self.mirror.leaves == mine[: self.mirror.size]
        assert self.mirror.tree.frontier.size == self.mirror.size

    @invariant()
    def every_letter_arrives_once_with_its_entries(self) -> None:
        due = [letter for size, letter in self.log.letters if size <= self.mirror.size]
        assert self.mirror.letters == due

    @invariant()
    def nothing_is_acknowledged_that_is_not_stored(self) -> None:
        assert self.told_acked <= self.mirror.size

    @invariant()
    def the_windows_hold(self) -> None:
        if self.connection:
            assert len(self.connection.work) <= limits.UPLOADS_IN_FLIGHT_MAX
            assert len(self.connection.orders) <= limits.COMMANDS_IN_FLIGHT_MAX

    @invariant()
    def nothing_is_sent_twice_while_it_is_unanswered(self) -> None:
        if self.connection:
            parts = list(self.connection.edge._in_flight)
            assert all(one[1] == two[0] for one, two in pairwise(parts))

    def check(self) -> None:
        self.the_clouds_log_is_a_gap_free_prefix_of_the_banks()
        self.every_letter_arrives_once_with_its_entries()
        self.nothing_is_acknowledged_that_is_not_stored()
        self.the_windows_hold()
        self.nothing_is_sent_twice_while_it_is_unanswered()

    def teardown(self) -> None:
        """When the faults end everything arrives, and no more is sent than is missing."""
        self.gone.clear()
        if self.connection is None or self.connection.edge.state is not State.LIVE:
            self.the_bank_connects()
        else:
            self.settle()
        before, missing = self.uploads, self.log.size - self.mirror.size
        for _ in range(6):
            self.settle()
            self.time_passes(BUSY_MS)
        assert self.mirror.size == self.log.size == self.told_acked
        healed = self.connection
        assert healed is not None
        assert healed.edge.flow is Flow.FLOWING
        assert self.uploads - before <= -(-missing // BATCH) + limits.UPLOADS_IN_FLIGHT_MAX

    def settle(self) -> None:
        """Deliver and work until nothing moves."""
        for _ in range(2000):
            if not self.step():
                return
        raise AssertionError("it never comes to rest")

    def step(self) -> bool:
        """Do the next thing that is due; False when there is none."""
        connection = self.connection
        if connection is None:
            return False
        if connection.up.wire:
            self.bytes_go_up(10**6)
        elif connection.down.wire:
            self.bytes_go_down(10**6)
        elif connection.work:
            self.commit(connection)
        elif connection.orders:
            self.the_bank_carries_out_an_order()
        else:
            return False
        return True
