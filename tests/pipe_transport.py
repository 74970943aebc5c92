"""Two ends of a connection in one process: a `Transport` without a network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class PipeEnd:
    """One end. What is sent at one is received at the other, until either ends it."""

    inbox: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    other: PipeEnd | None = None
    is_open: bool = True
    is_deaf: bool = False  # takes what is sent to it and loses it: a half-open connection
    told: str = ""

    async def receive(self) -> bytes | None:
        return await self.inbox.get() if self.is_open or not self.inbox.empty() else None

    async def send(self, frame: bytes) -> None:
        if self.is_open and self.other is not None and not self.other.is_deaf:
            self.other.inbox.put_nowait(frame)

    async def close(self, reason: str) -> None:
        if self.is_open and self.other is not None:
            self.other.told = reason
        self.abort()

    def abort(self) -> None:
        if not self.is_open or self.other is None:
            return
        for end in (self, self.other):
            end.is_open = False
            end.inbox.put_nowait(None)


def pipe() -> tuple[PipeEnd, PipeEnd]:
    """A connection."""
    one, two = PipeEnd(), PipeEnd()
    one.other, two.other = two, one
    return one, two
