from __future__ import annotations

import asyncio
from pathlib import Path

from bayward.edge.agent import PresentCode
from bayward.edge.kiosk.kiosk import CODE_FLOOR_S
from kiosk_bench import KioskBench


async def test_a_code_is_answered_after_the_floor_and_not_before(tmp_path: Path) -> None:
    bench = KioskBench(tmp_path, code_floor_s=CODE_FLOOR_S)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await bench.kiosk.present(PresentCode("12345678"), "/kiosk/collect") == "/kiosk/refused"
    assert CODE_FLOOR_S <= loop.time() - began < CODE_FLOOR_S + 0.3


async def test_leaving_the_first_screen_alone_asks_nobody(tmp_path: Path) -> None:
    bench = KioskBench(tmp_path)
    before = len(bench.clerk.outcomes)
    await bench.kiosk.go_home()
    assert len(bench.clerk.outcomes) == before
    await bench.sign_in()
    await bench.kiosk.go_home()
    assert bench.agent.view().visit.courier is None
