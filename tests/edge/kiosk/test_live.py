from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from litestar.response import Stream

from bayward.core.commands import EngageLockdown
from bayward.core.compartment import Size
from bayward.edge.agent import BeginDeposit
from bayward.edge.controller import CommandReceived
from bayward.edge.kiosk import live
from kiosk_bench import KioskBench, camera_frame
from table_top import ANNA

PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


@pytest.fixture
def bench(tmp_path: Path) -> KioskBench:
    return KioskBench(tmp_path)


class Screen:
    """What a browser gets from its stream."""

    def __init__(self, bench: KioskBench) -> None:
        self.changes: AsyncIterator[bytes] = live._changes(bench.kiosk)

    async def next(self) -> str:
        return (await asyncio.wait_for(anext(self.changes), 2)).decode()

    async def ends(self) -> bool:
        return await anext(self.changes, None) is None


async def test_the_door_page_follows_the_door_and_then_the_visit(bench: KioskBench) -> None:
    code, door = bench.clerk.deposit(PARCEL)
    await bench.get("/kiosk")
    await bench.post("/kiosk/collect", code=code)
    await bench.get("/kiosk/door")
    screen = Screen(bench)
    assert "Opening door 01" in await screen.next()
    bench.play()
    assert "Door 01 is open" in await screen.next()
    bench.clerk.read(door, is_closed=True)
    bench.agent.tell()
    assert await screen.next() == "event: go\ndata: /kiosk/thanks\n\n"
    assert await screen.ends()
    assert bench.kiosk.streams == 0


async def test_the_first_screen_becomes_the_lockdown_screen(bench: KioskBench) -> None:
    await bench.get("/kiosk")
    screen = Screen(bench)
    assert "hx-partial" in await screen.next()
    order = EngageLockdown("bank", ANNA, "drill")
    bench.clerk.do(CommandReceived(bench.clerk.command(order), "now"))
    bench.agent.tell()
    assert await screen.next() == "event: go\ndata: /kiosk\n\n"


async def test_a_quiet_stream_beats_and_ends_with_the_program(
    bench: KioskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.get("/kiosk")
    screen = Screen(bench)
    await screen.next()
    monkeypatch.setattr(live, "BEAT_S", 0.01)
    assert await screen.next() == ":\n\n"
    bench.agent.is_ending = True
    bench.agent.changed.set()
    assert await screen.ends()


async def test_streams_are_few(bench: KioskBench) -> None:
    bench.kiosk.streams = live.STREAMS_MAX
    assert (await bench.browser.get("/kiosk/live")).status_code == 503
    bench.kiosk.streams = 0
    handler = live.live.fn(bench.kiosk)
    assert isinstance(handler, Stream)


async def scanned(bench: KioskBench, purpose: str, text: str) -> httpx.Response:
    path = f"/kiosk/scan?for={purpose}"
    return await bench.browser.post(
        path, content=camera_frame(text), headers={"content-type": "image/x-grey"}
    )


async def test_a_square_picture_opens_the_door(bench: KioskBench) -> None:
    code, door = bench.clerk.deposit(PARCEL)
    await bench.get("/kiosk")
    answer = await scanned(bench, "collect", code)
    assert (answer.status_code, answer.json()) == (200, {"go": "/kiosk/door"})
    assert bench.clerk.last_unlock().compartment == door.id


async def test_a_bad_pass_is_refused_and_does_not_charge_the_keypad(bench: KioskBench) -> None:
    for _ in range(12):
        await bench.get("/kiosk")
        answer = await scanned(bench, "collect", "L1:NOTAPASS")
        assert answer.json() == {"go": "/kiosk/refused"}
    code, _ = bench.clerk.deposit(PARCEL)
    await bench.get("/kiosk")
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk/door"


async def test_a_label_fills_the_field_and_a_courier_signs_in(bench: KioskBench) -> None:
    answer = await scanned(bench, "tracking", "1Z5R89390357567127")
    assert answer.json() == {"text": "1Z5R89390357567127"}
    answer = await scanned(bench, "courier", bench.clerk.admit())
    assert answer.json() == {"go": "/kiosk/deliver/parcel"}


async def test_other_frames_are_nothing_or_refused(bench: KioskBench) -> None:
    assert (await scanned(bench, "collect", "https://evil.example")).status_code == 204
    assert (await scanned(bench, "anything", "12345678")).status_code == 400
    answer = await bench.browser.post("/kiosk/scan?for=collect", content=b"short")
    assert (answer.status_code, answer.text) == (400, "scan.frame")
