"""A code typed at the kiosk → the unlock frame on the wire: cable cut, 160 doors on ten boards.

Over HTTP to the real edge process, over a paced pseudo-terminal to simulated boards, from the
browser's request to the last byte of the frame at the board.
"""

from __future__ import annotations

import asyncio
import time

from bayward.core.compartment import Size
from bayward.sim.visitors import AtKiosk
from bench import lobby
from bench.table import Table, percentile

LIMIT_MS = 150
BOARDS = 10
DOORS_PER_BOARD = 16


async def _measure(rounds: int) -> list[float]:
    taken: list[float] = []
    async with lobby.lobby([(DOORS_PER_BOARD, Size.S)] * BOARDS) as stage:
        waiting = [await lobby.deposit(stage, f"TBA{number:012d}") for number in range(rounds)]
        await stage.use_on_world("cable")
        for one in waiting:
            stage.clock.skip(lobby.REST_MS)
            async with AtKiosk(stage.kiosk_url) as resident:
                await resident.go("/kiosk/collect")
                pulses, start = len(stage.twin.pulses), time.perf_counter()
                asking = asyncio.create_task(resident.press("/kiosk/collect", code=one.code))
                await lobby.until(lambda before=pulses: len(stage.twin.pulses) > before)  # type: ignore[misc]  # bound now
                taken.append((time.perf_counter() - start) * 1_000)
                await asking
            await lobby.shut(stage, await lobby.opened(stage))
    return taken


def run(*, quick: bool) -> Table:
    taken = asyncio.run(_measure(4 if quick else 25))
    table = Table("Code at the kiosk → unlock frame, offline, 160 doors", "python -m bench unlock")
    table.add("rounds", str(len(taken)))
    table.add("p50", f"{percentile(taken, 0.5):.0f} ms")
    table.add("worst (p99 from 100 rounds on)", f"{percentile(taken, 0.99):.0f} ms")
    table.ratio("worst / limit of 150 ms", percentile(taken, 0.99), LIMIT_MS, goal="≤ 1")
    return table
