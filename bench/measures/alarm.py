"""A crowbar at a door → the bank locked down → an alert at somebody's webhook.

The lockdown is taken from the bank's own journal; the webhook is a real HTTP server here, called
by the real worker with a Standard Webhooks signature.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

from bayward.cloud.notify import webhooks
from bayward.core.events import EventType
from bayward.sim.demo.stage import Stage
from bench import copper, lobby
from bench.table import Table, percentile

LIMIT_MS = 1_000


async def _measure(rounds: int) -> tuple[list[float], list[float], float]:
    """Lockdowns and calls, in milliseconds, and what the line allows for the first."""
    limit = 0.0
    locked: list[float] = []
    called: list[float] = []
    calls: asyncio.Queue[float] = asyncio.Queue()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        calls.put_nowait(time.perf_counter())
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
    port = receiver.sockets[0].getsockname()[1]
    for _ in range(rounds):
        async with lobby.lobby(is_loopback_called=True) as stage:
            home = stage.household
            limit = copper.change_ms(stage.steel.twin)
            await stage.cloud.unit.write(
                lambda work, home=home: webhooks.create(  # type: ignore[misc]  # bound now
                    work,
                    home.tenant,
                    url=f"http://127.0.0.1:{port}/",
                    events=(EventType.LOCKDOWN_ENGAGED.value,),
                    actor=home.admin,
                )
            )
            seen = stage.journal.size()
            start = time.perf_counter()
            stage.use_on_door("crowbar", 7)
            await lobby.until(partial(_is_locked_down, stage, seen))
            locked.append((time.perf_counter() - start) * 1_000)
            async with asyncio.timeout(lobby.PATIENCE_S):
                called.append((await calls.get() - start) * 1_000)
            while not calls.empty():
                calls.get_nowait()
    receiver.close()
    return locked, called, limit


def _is_locked_down(stage: Stage, seen: int) -> bool:
    return EventType.LOCKDOWN_ENGAGED in stage.journal.kinds(seen)


def run(*, quick: bool) -> Table:
    locked, called, limit = asyncio.run(_measure(2 if quick else 8))
    table = Table("Crowbar → lockdown → webhook", "python -m bench alarm")
    table.add("rounds", str(len(locked)))
    table.add("to lockdown in the journal, p50", f"{percentile(locked, 0.5):.0f} ms")
    table.add("to the webhook, p50", f"{percentile(called, 0.5):.0f} ms")
    table.ratio("lockdown, p50 / one scan, confirmed", percentile(locked, 0.5), limit, goal="≤ 1")
    table.ratio("webhook, worst / limit of 1 s", max(called), LIMIT_MS, goal="≤ 1")
    return table
