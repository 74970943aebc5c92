"""A session of the listener with a bank at the other end that does what a test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec

from bayward.cloud.link.connections import Connections
from bayward.cloud.link.session import Session, Shared
from bayward.core.ids import BankId
from bayward.wire import codec
from bayward.wire.link import EdgeLink, State
from bayward.wire.link import events as e
from link_bench import ORIGIN, SIGNER, DeviceLog
from messages_table import EPOCH, HELLO
from pipe_transport import PipeEnd, pipe
from uplink_bench import Bell, MirrorInbox, device
from virtual_loop import LoopClock

PEER_HEARTBEAT_MS = 10**9  # only when a test wants one


@dataclass
class Peer:
    """A bank that is moved by hand."""

    end: PipeEnd
    link: EdgeLink
    log: DeviceLog
    session: Session
    task: asyncio.Task[None]

    async def hear(self) -> list[e.EdgeEvent]:
        """What the next frame brings."""
        frame = await self.end.receive()
        assert frame is not None, "the connection has ended"
        return self.link.receive(frame, LoopClock().monotonic_ms())

    async def hear_error(self) -> list[codec.Error]:
        """The next frame as it is, which must be an error."""
        frame = await self.end.receive()
        assert frame is not None, "the connection has ended"
        error = codec.decode(frame)
        assert isinstance(error, codec.Error)
        return [error]

    async def flush(self) -> None:
        for frame in self.link.data_to_send():
            await self.end.send(frame)

    async def go_live(self) -> None:
        self.link.opened(LoopClock().monotonic_ms())
        await self.flush()
        events = await self.hear()
        welcomed = events[-1]
        assert isinstance(welcomed, e.Welcomed)
        self.link.go_live(welcomed.welcome.acked)

    async def upload(self, count: int) -> None:
        first = self.link.upload_from()
        assert first is not None
        now = LoopClock().monotonic_ms()
        self.link.upload(self.log.upload(first, first + count), now)
        await self.flush()

    async def ended(self) -> str:
        """The session's end; gives what the bank was told."""
        while await self.end.receive() is not None:
            pass
        await self.task
        return self.end.told


@dataclass
class Lines:
    """A listener's parts without a listener."""

    bell: Bell
    inbox: MirrorInbox
    shared: Shared
    connections: Connections

    @classmethod
    def make(cls) -> Lines:
        bell, clock = Bell(), LoopClock()
        inbox = MirrorInbox(bell, clock.now)
        inbox.add(device().bank, SIGNER)
        return cls(bell, inbox, Shared(inbox, clock, lambda: 0.5), Connections())

    def dial(self, log: DeviceLog, *, bank: BankId | None = None, epoch: str = EPOCH) -> Peer:
        ours, theirs = pipe()
        who = device(bank) if bank is not None else device()
        session = Session(self.shared, who, theirs, version=1)
        hello = msgspec.structs.replace(
            HELLO, origin=ORIGIN, size=log.size, checkpoint=log.note(log.size), epoch=epoch
        )
        link = EdgeLink(hello, heartbeat_ms=PEER_HEARTBEAT_MS)
        return Peer(ours, link, log, session, asyncio.create_task(self._serve(session)))

    async def live(self, size: int = 12, *, epoch: str = EPOCH) -> Peer:
        peer = self.dial(DeviceLog().grow(size), epoch=epoch)
        await peer.go_live()
        assert peer.link.state is State.LIVE
        await self.bell.wait(lambda: self.inbox.comings)
        return peer

    async def _serve(self, session: Session) -> None:
        """As `LinkServer` does."""
        try:
            await self.connections.enter(session)
            await session.run()
        finally:
            self.connections.leave(session)
