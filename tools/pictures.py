"""Take the pictures in docs/pictures: the real product, a few minutes into a day.

Starts the demo's world, lets a courier leave parcels, lets somebody use a crowbar, and looks at
the wall, the kiosk, the phone and the console with Debian's Chromium.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

import structlog
import uvicorn
from playwright.async_api import Browser, async_playwright

from bayward.core.compartment import Size
from bayward.sim.demo import people
from bayward.sim.demo.faces import make_app
from bayward.sim.demo.stage import HOST, Stage, code_of, free_port
from bayward.sim.visitors import AtKiosk

OUT = Path(__file__).parent.parent / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run")  # fmt: skip
SIZES = (Size.S, Size.M, Size.S, Size.L, Size.S, Size.M)
SEEN_S = 1.0
REST_MS = 11 * 60_000


async def main() -> None:
    """Take them all."""
    OUT.mkdir(parents=True, exist_ok=True)
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), page_port=free_port())
        await stage.start()
        server = uvicorn.Server(
            uvicorn.Config(make_app(stage), host=HOST, port=stage.page_port, log_config=None)
        )
        serving = asyncio.create_task(server.serve())
        while not stage.courier_code:  # noqa: ASYNC110 - a mail that comes when it comes
            await asyncio.sleep(SEEN_S)
        for place, size in enumerate(SIZES):
            await leave(stage, people.RESIDENTS[place % len(people.RESIDENTS)].unit, size, place)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            await look_at_phone(browser, stage)
            await look(browser, f"http://{HOST}:{stage.page_port}/", "wall-light", (1440, 900))
            await look(browser, stage.kiosk_url, "kiosk-light", (1080, 1500))
            stage.use_on_door("crowbar", 31)
            await asyncio.sleep(4 * SEEN_S)
            for scheme in ("light", "dark"):
                url = f"http://{HOST}:{stage.page_port}/enter/console"
                await look(browser, url, f"console-{scheme}", (1440, 900))
            await browser.close()
        stage.is_running = False
        server.should_exit = True
        await serving
        await stage.stop()


async def leave(stage: Stage, unit: str, size: Size, place: int) -> None:
    """One parcel."""
    stage.clock.skip(REST_MS)
    async with AtKiosk(stage.kiosk_url) as courier:
        await courier.sign_in(stage.courier_code)
        await courier.deposit(f"1Z5R8939035756{place:04d}", unit, size)
        doors = stage.twin.compartments()
        while not any(one.is_open for one in doors.values()):  # noqa: ASYNC110 - steel has no events here
            await asyncio.sleep(SEEN_S / 10)
        await asyncio.sleep(SEEN_S)
        number = next(one.number for one in stage.steel.compartments if doors[one.id].is_open)
        stage.use_on_door("put", number)
        stage.use_on_door("push", number)
        await courier.wait_for("/kiosk/deliver/confirm", on="/kiosk/deliver/door")
        await courier.press("/kiosk/deliver/confirm", answer="finish")
    await asyncio.sleep(SEEN_S)


async def look_at_phone(browser: Browser, stage: Stage) -> None:
    """Maya's pass."""
    message = next(one for one in stage.mailbox.to(people.MAYA.email) if code_of(one))
    link = re.search(r"http://\S+/p/\S+", message.text)
    assert link is not None
    for scheme in ("light", "dark"):
        await look(browser, link.group(0), f"phone-{scheme}", (390, 844))


async def look(browser: Browser, url: str, name: str, size: tuple[int, int]) -> None:
    """One picture."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if name.endswith("dark") else "light",
    )
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_timeout(2_000)
    await page.screenshot(path=OUT / f"{name}.png")
    await context.close()


if __name__ == "__main__":
    asyncio.run(main())
