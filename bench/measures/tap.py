"""A tap on the phone → the pulse at the lock: browser's request, cloud, link, bank, bus.

Over real sockets on loopback, with TLS 1.3 and mutual certificates on the link and every step
durable before the next. The yardstick is the best open peer's published figure.
"""

from __future__ import annotations

import asyncio
import re
import time

import httpx

from bayward.sim.visitors import AtKiosk
from bench import lobby
from bench.table import Table, percentile

LIMIT_MS = 500
_PRESENCE = re.compile(r"\b(\d{6})\b")


async def _measure(rounds: int) -> list[float]:
    taken: list[float] = []
    async with lobby.lobby() as stage:
        url = stage.cloud.http_url
        phone = httpx.AsyncClient(
            headers={"origin": url, "sec-fetch-site": "same-origin"}, trust_env=False
        )
        for number in range(rounds):
            waiting = await lobby.deposit(stage, f"TBA{number:012d}")
            stage.clock.skip(lobby.REST_MS)
            await asyncio.sleep(lobby.SEEN_S)
            presence = await _number_on(stage.kiosk_url)
            pulses, start = len(stage.twin.pulses), time.perf_counter()
            tapping = asyncio.create_task(
                phone.post(f"{waiting.link}/open", data={"presence": presence})
            )
            await lobby.until(lambda before=pulses: len(stage.twin.pulses) > before)  # type: ignore[misc]  # bound now
            taken.append((time.perf_counter() - start) * 1_000)
            await tapping
            await lobby.shut(stage, await lobby.opened(stage))
        await phone.aclose()
    return taken


async def _number_on(kiosk_url: str) -> str:
    async with AtKiosk(kiosk_url) as somebody:
        await somebody.go("/kiosk")
        text = re.sub(r"<(script|style|svg)[^>]*>.*?</\1>", "", somebody.page, flags=re.DOTALL)
        found = _PRESENCE.search(re.sub(r"<[^>]+>", " ", text))
        assert found is not None, "the kiosk shows its number"
        return found.group(1)


def run(*, quick: bool) -> Table:
    taken = asyncio.run(_measure(3 if quick else 20))
    table = Table("Tap on the phone → pulse at the lock", "python -m bench tap")
    table.add("rounds", str(len(taken)))
    table.add("p50", f"{percentile(taken, 0.5):.0f} ms")
    table.add("p95", f"{percentile(taken, 0.95):.0f} ms")
    table.ratio("p95 / limit of 500 ms", percentile(taken, 0.95), LIMIT_MS, goal="≤ 1")
    return table
