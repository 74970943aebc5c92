from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from bayward.core.commands import EngageLockdown
from bayward.core.compartment import Size
from bayward.core.door import UnlockOutcome
from bayward.core.errors import Unavailable
from bayward.core.events import EventType
from bayward.edge.agent import BeginDeposit, PresentCode
from bayward.edge.controller import CommandReceived, Tick
from kiosk_bench import ORIGIN, KioskBench
from table_top import ANNA

PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


@pytest.fixture
def bench(tmp_path: Path) -> KioskBench:
    return KioskBench(tmp_path)


async def parcel(bench: KioskBench) -> str:
    code, _ = bench.clerk.deposit(PARCEL)
    await bench.get("/kiosk")
    return code


async def test_a_code_opens_the_door_and_the_screen_follows(bench: KioskBench) -> None:
    code = await parcel(bench)
    assert "Collect" in await bench.get("/kiosk")
    assert "8 digits" in await bench.get("/kiosk/collect")
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk/door"
    assert "Opening door 01" in await bench.get("/kiosk/door")
    bench.play()
    page = await bench.get("/kiosk/door")
    assert "Door 01 is open" in page
    assert "Column 1 from the left, door 1 from the top, knee height" in page
    assert await bench.post("/kiosk/done") == "/kiosk/door"
    bench.clerk.read(bench.clerk.settings.layout[0], is_closed=True)
    assert await bench.leads("/kiosk/door") == "/kiosk/thanks"
    assert "Thank you" in await bench.get("/kiosk/thanks")
    await bench.get("/kiosk")
    assert await bench.leads("/kiosk/thanks") == "/kiosk"
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk/refused"


@pytest.mark.parametrize(
    "code",
    ["", "0000000", "٠١٢٣٤٥٦٧", "1234 5678", "\x00" * 8, "9" * 10_000, "' OR 1=1 --", "<b>1</b>"],
)
async def test_identity_18_odd_input_is_an_ordinary_refusal(bench: KioskBench, code: str) -> None:
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk/refused"
    page = await bench.get("/kiosk/refused")
    assert "cannot open anything here" in page
    assert "<b>1</b>" not in page
    refused = [one for one in bench.clerk.journal.events() if one.type is EventType.ACCESS_REFUSED]
    assert [one.reason for one in refused] == ["code.unknown"]


async def test_a_form_of_garbage_is_an_ordinary_refusal(bench: KioskBench) -> None:
    for body in (b"", b"\xff\xfe&&&===", b"&".join(b"a%d=1" % one for one in range(50))):
        answer = await bench.browser.post("/kiosk/collect", content=body)
        assert answer.headers["location"] == "/kiosk/refused"
        bench.clerk.clock.later(3_600_000)
    answer = await bench.browser.post("/kiosk/collect", content=b"x" * 400_000)
    assert answer.status_code == 413


async def test_identity_12_all_refusals_look_and_last_the_same(tmp_path: Path) -> None:
    bench = KioskBench(tmp_path, code_floor_s=0.05)
    used = await parcel(bench)
    bench.clerk.do(PresentCode(used))
    bench.play()
    bench.clerk.read(bench.clerk.settings.layout[0], is_closed=True)
    expired = await parcel(bench)
    bench.clerk.clock.later(8 * 86_400_000)
    bench.clerk.do(Tick())
    courier = bench.clerk.admit()
    bodies, times = set(), []
    loop = asyncio.get_running_loop()
    for code in (used, expired, courier, "12345678", "1"):
        await bench.get("/kiosk/collect")
        began = loop.time()
        assert await bench.post("/kiosk/collect", code=code) == "/kiosk/refused"
        times.append(loop.time() - began)
        bodies.add((await bench.get("/kiosk/refused")).partition("<main")[2])
        bench.clerk.clock.later(7_200_000)
    assert len(bodies) == 1
    assert min(times) >= 0.05
    reasons = [one.reason for one in bench.clerk.journal.events() if one.reason]
    assert {"code.dead", "code.wrong_kind", "code.unknown"} <= set(reasons)


async def test_the_throttle_is_shown_as_a_countdown(bench: KioskBench) -> None:
    for guess in range(4):
        await bench.get("/kiosk")
        await bench.post("/kiosk/collect", code=f"{guess:08d}")
    page = await bench.get("/kiosk/refused")
    assert 'count-down seconds="2"' in page
    assert 'href="/kiosk/collect" aria-disabled' in page


async def test_identity_74_lockdown_refuses_with_words_that_help(bench: KioskBench) -> None:
    code = await parcel(bench)
    bench.clerk.do(
        CommandReceived(bench.clerk.command(EngageLockdown("bank", ANNA, "forced door")), "now")
    )
    bench.agent.tell()
    page = await bench.get("/kiosk")
    assert "This wall is locked" in page
    assert "Your code stays good" in page
    assert "Front desk" in page
    assert await bench.leads("/kiosk/collect") == "/kiosk"
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk"
    refused = [one for one in bench.clerk.journal.events() if one.type is EventType.ACCESS_REFUSED]
    assert refused[-1].reason == "lockdown"
    assert "How can we help?" in await bench.get("/kiosk/help")


async def test_identity_100_a_log_that_cannot_be_written_puts_the_kiosk_out_of_order(
    bench: KioskBench,
) -> None:
    code = await parcel(bench)
    with pytest.raises(Unavailable, match=r"journal\.rolled_back"):
        bench.clerk.journal.check_cursor(10_000, bytes(32))
    assert await bench.post("/kiosk/collect", code=code) == "/kiosk"
    page = await bench.get("/kiosk")
    assert "This screen is resting" in page
    assert "Front desk" in page
    assert not bench.clerk.outcomes[-1].effects


async def test_identity_02_double_touches_and_stale_screens_lead_to_the_right_page(
    bench: KioskBench,
) -> None:
    code = await parcel(bench)
    touches = [bench.post("/kiosk/collect", code=code) for _ in range(8)]
    assert set(await asyncio.gather(*touches)) == {"/kiosk/door"}
    kinds = [event.type for event in bench.clerk.journal.events()]
    assert kinds.count(EventType.ACCESS_GRANTED) == 1
    assert EventType.ACCESS_REFUSED not in kinds
    bench.clerk.restart()
    assert await bench.leads("/kiosk/door") == "/kiosk"
    assert await bench.post("/kiosk/again") == "/kiosk"
    assert await bench.post("/kiosk/done") == "/kiosk"


async def test_a_stuck_door_may_be_tried_again(bench: KioskBench) -> None:
    code = await parcel(bench)
    await bench.post("/kiosk/collect", code=code)
    bench.clerk.ended(bench.clerk.last_unlock().command, UnlockOutcome.NO_EDGE)
    page = await bench.get("/kiosk/door")
    assert "did not open" in page
    assert 'action="/kiosk/again"' in page
    assert await bench.post("/kiosk/again") == "/kiosk/door"
    bench.play()
    assert "is open" in await bench.get("/kiosk/door")


async def test_a_door_shut_on_something_may_be_opened_again(bench: KioskBench) -> None:
    code = await parcel(bench)
    await bench.post("/kiosk/collect", code=code)
    bench.play()
    bench.clerk.clock.later(6_000)
    bench.clerk.read(bench.clerk.settings.layout[0], is_closed=True, is_occupied=True)
    page = await bench.get("/kiosk/door")
    assert "Is something still inside?" in page
    assert 'action="/kiosk/again"' in page
    assert await bench.post("/kiosk/again") == "/kiosk/door"
    assert "Opening door 01" in await bench.get("/kiosk/door")


async def test_more_time_keeps_a_visit_and_is_harmless_without_one(bench: KioskBench) -> None:
    answer = await bench.browser.post("/kiosk/more-time")
    assert answer.status_code == 204
    await bench.sign_in()
    before = bench.agent.view().visit.deadline
    bench.clerk.clock.later(30_000)
    assert (await bench.browser.post("/kiosk/more-time")).status_code == 204
    after = bench.agent.view().visit.deadline
    assert before is not None
    assert after == before + 30_000


async def test_languages_and_large_text_stay_for_the_visit(bench: KioskBench) -> None:
    page = await bench.get("/kiosk/collect?lang=pl&text=large&contrast=more")
    assert 'lang="pl"' in page
    page = await bench.get("/kiosk/collect")
    assert 'data-text="large"' in page
    assert 'data-contrast="more"' in page
    bench.clerk.clock.later(120_000)
    page = await bench.get("/kiosk/collect?lang=tlh")
    assert '<html lang="en"' in page
    assert 'data-text="large"' not in page


async def test_nothing_personal_is_on_the_first_screen(bench: KioskBench) -> None:
    code = await parcel(bench)
    page = await bench.get("/kiosk")
    for secret in (code, "Anna", "Lindgren", "4B", "1Z5R89390357567127", ANNA):
        assert secret not in page


async def test_pages_are_kept_nowhere_and_load_nothing_from_elsewhere(bench: KioskBench) -> None:
    answer = await bench.browser.get("/kiosk/collect")
    assert answer.headers["cache-control"] == "no-store"
    assert "camera=(self)" in answer.headers["permissions-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.text.replace("http://www.w3.org", "")
    start = answer.text.index("/static/")
    path = answer.text[start : answer.text.index('"', start)]
    asset = await bench.browser.get(path)
    assert asset.status_code == 200
    assert "immutable" in asset.headers["cache-control"]
    assert (await bench.browser.get("/static/x/../../secret")).status_code == 404
    assert (await bench.browser.get("/kiosk/nothing")).status_code == 404


async def test_identity_17_only_the_browser_that_was_let_in_may_ask(bench: KioskBench) -> None:
    stranger = bench.open_browser()
    answer = await stranger.post("/kiosk/collect", data={"code": "12345678"})
    assert (answer.status_code, answer.text) == (403, "kiosk.cookie")
    assert (await stranger.get("/kiosk")).status_code == 403
    elsewhere = {"origin": "http://evil.example"}
    answer = await bench.browser.post("/kiosk/collect", data={"code": "1"}, headers=elsewhere)
    assert (answer.status_code, answer.text) == (403, "kiosk.origin")
    answer = await bench.browser.get("/kiosk", headers={"host": "bank.example:8080"})
    assert (answer.status_code, answer.text) == (403, "kiosk.host")
    kinds = {event.type for event in bench.clerk.journal.events()}
    assert EventType.ACCESS_REFUSED not in kinds
    assert (await stranger.get("/kiosk/enter?key=wrong")).status_code == 403
    answer = await stranger.get("/kiosk/enter", params={"key": bench.guard.key})
    assert answer.headers["location"] == "/kiosk"
    assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    assert (await stranger.get("/kiosk")).status_code == 200


async def test_health_is_for_whoever_stands_there(bench: KioskBench) -> None:
    stranger = httpx.AsyncClient(transport=bench.browser._transport, base_url=ORIGIN)
    assert (await stranger.get("/kiosk/health")).json() == {"status": "ok"}
    assert (await stranger.post("/kiosk/health")).status_code == 403


async def test_nothing_is_said_without_a_voice(bench: KioskBench) -> None:
    bench.kiosk.speaker = None
    assert (await bench.browser.post("/kiosk/say", content="Door 1")).status_code == 404
