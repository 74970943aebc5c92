"""What wakes the live pages: a number per tenant that grows with every commit that concerns it.

A page that looks again after each growth has missed nothing, however many commits there were in
between: what it is sent is always the whole picture of now. So a browser that comes back with
`Last-Event-ID` either has the newest picture already or gets it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator

from bayward.cloud.unit import Unit
from bayward.core.errors import LimitExceeded
from bayward.core.ids import TenantId

TOPIC = "tenant/"


class Changes:
    """Counts commits by tenant and wakes who waits; lives in one event loop."""

    def __init__(self, unit: Unit, boot: str, *, streams_max: int, streams_of_one_max: int) -> None:
        self._boot = boot
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._streams: defaultdict[str, int] = defaultdict(int)
        self._streams_max = streams_max
        self._streams_of_one_max = streams_of_one_max
        self._is_open = True
        self._stop = unit.on_commit(self._committed)

    def now(self, tenant: TenantId) -> str:
        """The number of the present picture, as an event id; another process starts anew."""
        return f"{self._boot}-{self._counts[tenant]}"

    def is_open(self) -> bool:
        """False once the program is stopping; streams end then."""
        return self._is_open

    def check(self, address: str) -> None:
        """Whether one more stream may be opened; raises `LimitExceeded("streams")`."""
        total = sum(self._streams.values())
        if total >= self._streams_max or self._streams.get(address, 0) >= self._streams_of_one_max:
            raise LimitExceeded("streams", retry_after_s=5)

    async def wait(self, tenant: TenantId, since: str, timeout_s: float) -> bool:
        """Sleep until the picture is newer than `since`; False after `timeout_s` without."""
        if self.now(tenant) != since or not self._is_open:
            return True
        woken = asyncio.Event()
        self._waiting[tenant].add(woken)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), timeout_s)
        finally:
            self._waiting[tenant].discard(woken)
            if not self._waiting[tenant]:
                del self._waiting[tenant]
        return woken.is_set()

    @contextlib.contextmanager
    def stream(self, address: str) -> Iterator[None]:
        """Count an open stream for as long as it is open."""
        self._streams[address] += 1
        try:
            yield
        finally:
            self._streams[address] -= 1
            if not self._streams[address]:
                del self._streams[address]

    def close(self) -> None:
        """Wake everybody for the last time."""
        if not self._is_open:
            return
        self._is_open = False
        self._stop()
        for events in list(self._waiting.values()):
            for event in events:
                event.set()

    def _committed(self, topics: frozenset[str]) -> None:
        for topic in topics:
            if topic.startswith(TOPIC):
                tenant = topic.removeprefix(TOPIC)
                self._counts[tenant] += 1
                for event in self._waiting.get(tenant, ()):
                    event.set()
