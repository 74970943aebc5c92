from __future__ import annotations

from pathlib import Path

from kiosk_bench import KioskBench


async def test_identity_61_no_address_answers_a_stranger(tmp_path: Path) -> None:
    bench = KioskBench(tmp_path)
    stranger = bench.open_browser()
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"):
        for path in ("/", "/kiosk", "/kiosk/live", "/kiosk/scan", "/nothing", "/static/x"):
            answer = await stranger.request(method, path)
            assert answer.status_code == 403, (method, path)


async def test_unknown_addresses_and_methods_are_just_that(tmp_path: Path) -> None:
    bench = KioskBench(tmp_path)
    assert (await bench.browser.get("/nothing")).status_code == 404
    assert (await bench.browser.get("/schema")).status_code == 404
    assert (await bench.browser.put("/kiosk")).status_code == 405
