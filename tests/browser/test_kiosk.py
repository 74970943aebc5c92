"""The kiosk as people meet it: Chromium in front of a whole edge with real doors on a wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from bayward.core.ids import CompartmentId
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
FAKE_CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
DOORS = layout(4)
PATIENCE_MS = 20_000


# The test had typed into a field before the browser came to focus it. No hand is that fast.
TOO_FAST = {"Autofocus processing was blocked because a document already has a focused element."}


@asynccontextmanager
async def kiosk(folder: Path) -> AsyncIterator[tuple[EdgeRig, Page, list[str]]]:
    """A bank, and a browser that was let in; the list is what the browser complained about."""
    enrolled(folder / "state")
    async with (
        running_twin(DOORS) as twin,
        running_edge(twin, DOORS, folder / "state") as rig,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET, *FAKE_CAMERA]
        )
        page = await browser.new_page(viewport={"width": 1080, "height": 1920})
        page.set_default_timeout(PATIENCE_MS)
        complaints: list[str] = []
        page.on("console", lambda told: complaints.extend({told.text} - TOO_FAST))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await rig.until_read()
        await page.goto(rig.edge.kiosk_url)
        yield rig, page, complaints
        await browser.close()


def told_in_a_thread(story: Coroutine[object, object, None]) -> None:
    """Run a story beside the other browser tests, whose browser holds this thread's loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, story).result()


async def type_code(page: Page, code: str) -> None:
    """Press the keys of the screen."""
    await page.wait_for_selector("code-field:defined")
    for digit in code:
        await page.click(f'[data-key="{digit}"]')
    await page.click("[data-go]")


def test_collect_through_a_jam_and_a_second_thought(tmp_path: Path) -> None:
    told_in_a_thread(collect(tmp_path))


async def collect(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as (rig, page, complaints):
        code, door = await rig.deposit()
        await page.goto(rig.edge.kiosk_url)
        await page.click('a[href="/kiosk/collect"]')
        rig.twin.jam(door, is_jammed=True)
        await type_code(page, code)
        await page.wait_for_selector('[data-state="jammed"]')
        rig.twin.jam(door, is_jammed=False)
        await page.click('form[action="/kiosk/again"] button')
        await page.wait_for_selector('[data-state="open"]')
        await page.wait_for_timeout(200)  # longer than the springs swing
        assert rig.twin.push(door)  # shut on the parcel
        await page.wait_for_selector('[data-state="inside"]')
        await page.click('form[action="/kiosk/again"] button')
        await page.wait_for_selector('[data-state="open"]')
        assert rig.twin.take_parcel(door)
        assert rig.twin.push(door)
        await page.wait_for_url("**/kiosk/thanks")
        assert complaints == []


def test_deliver_by_touch_and_be_locked_down(tmp_path: Path) -> None:
    told_in_a_thread(deliver(tmp_path))


async def deliver(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as (rig, page, complaints):
        code = await rig.admit()
        await page.click('a[href="/kiosk/deliver"]')
        await type_code(page, code)
        await page.fill("#tracking", "1Z5R89390357567127")
        await page.click('form[action="/kiosk/deliver/parcel"] button.primary')
        await page.fill("#query", "4b")
        await page.click('form[action="/kiosk/deliver/recipient"] button.primary')
        await page.click('button[name="recipient"]')
        await page.click('button[name="size"][value="S"]')
        await page.wait_for_selector('[data-state="open"]')
        door = rig.view().visit.compartment
        assert isinstance(door, CompartmentId)
        assert rig.twin.put_parcel(door)
        assert rig.twin.push(door)
        await page.wait_for_url("**/kiosk/deliver/confirm")
        await page.click('button[value="finish"]')
        await page.wait_for_url("**/kiosk/thanks")
        await page.goto(rig.edge.kiosk_url)
        assert rig.twin.force(DOORS[2].id)
        await page.wait_for_selector("text=This wall is locked")
        assert rig.twin.siren_is_on
        assert complaints == []
