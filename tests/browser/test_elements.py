"""The custom elements do what they say, in a real browser, under the policy pages ship with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import pytest
import zxingcpp
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bayward.ui.gallery.console import ALARM_SHELL, HOME
from bayward.ui.gallery.world import ALARM_WALL, NOW
from bayward.ui.render import Renderer, sse

pytestmark = pytest.mark.browser


class Served(Protocol):
    """What the gallery's server was sent and is to answer (see conftest)."""

    posted: list[tuple[str, bytes]]
    streams: dict[str, bytes]
    replies: dict[str, bytes]


@pytest.fixture
def context(chromium: Browser, gallery: str) -> Iterator[BrowserContext]:
    made = chromium.new_context(
        base_url=gallery, viewport={"width": 1080, "height": 1920}, service_workers="block"
    )
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def forms(served: Served) -> list[tuple[str, bytes]]:
    """What was posted, without the camera's frames."""
    return [(path, body) for path, body in served.posted if not path.startswith("/kiosk/scan")]


# The code ----------------------------------------------------------------------------------------


def test_a_code_is_typed_on_the_screen_masked_and_sent_whole(page: Page, served: Served) -> None:
    page.goto("/light/kiosk/collect-code.html")
    go = page.get_by_role("button", name="Open my door")
    expect(go).to_be_disabled()
    for digit in "4821903":
        page.get_by_role("button", name=digit, exact=True).click()
    cells = page.locator(".code-cells i")
    assert cells.all_inner_texts() == ["•", "•", "•", "•", "•", "•", "3", ""]
    expect(page.get_by_role("status")).to_have_text("7 of 8 digits typed")
    expect(go).to_be_disabled()
    page.get_by_role("button", name="7", exact=True).click()
    go.click()
    page.wait_for_url("**/kiosk/collect-code.html")  # 204: the screen stays
    assert ("/kiosk/collect", b"code=48219037") in forms(served)


def test_the_last_digit_hides_too_and_the_code_is_forgotten(page: Page) -> None:
    page.clock.install()
    page.goto("/light/kiosk/collect-code.html")
    page.keyboard.type("12")
    cells = page.locator(".code-cells i")
    assert cells.all_inner_texts()[:3] == ["•", "2", ""]
    page.clock.fast_forward(2_000)
    assert cells.all_inner_texts()[:3] == ["•", "•", ""]
    page.clock.fast_forward(20_000)
    assert cells.all_inner_texts()[:3] == ["", "", ""]


def test_a_keyboard_types_erases_and_clears_and_letters_are_ignored(page: Page) -> None:
    page.goto("/light/kiosk/collect-code.html")
    field = page.get_by_role("textbox", name="Code, 8 digits")
    page.keyboard.type("4a8b2")
    expect(field).to_have_value("482")
    page.keyboard.press("Backspace")
    expect(field).to_have_value("48")
    page.get_by_role("button", name="Erase the last digit").click()
    expect(field).to_have_value("4")
    page.get_by_role("button", name="Clear").click()
    expect(field).to_have_value("")


# Camera, screen keys, time -----------------------------------------------------------------------


def test_the_camera_sends_grey_frames_and_goes_where_the_edge_says(
    page: Page, served: Served
) -> None:
    served.replies["/kiosk/scan?for=collect"] = b'{"go": "/moved-on"}'
    page.goto("/light/kiosk/collect-code.html")
    page.wait_for_url("**/moved-on")
    path, frame = served.posted[0]
    assert path == "/kiosk/scan?for=collect"
    assert len(frame) == 640 * 480
    assert len(set(frame)) > 10, "the fake camera shows a moving picture, not one colour"


def test_a_scanned_label_fills_the_field_and_is_sent(page: Page, served: Served) -> None:
    served.replies["/kiosk/scan?for=tracking"] = b'{"text": "1Z5R89390357567127"}'
    with page.expect_request(
        lambda asked: asked.method == "POST" and asked.url.endswith("/kiosk/deliver/parcel")
    ) as sent:
        page.goto("/light/kiosk/tracking-number.html")
    assert sent.value.post_data == "tracking=1Z5R89390357567127"


def test_without_a_camera_the_screen_says_so(chromium: Browser, gallery: str) -> None:
    context = chromium.new_context(base_url=gallery, service_workers="block")
    context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none'))"
    )
    page = context.new_page()
    page.goto("/light/kiosk/collect-code.html")
    expect(page.get_by_text("The camera is not available. Please type instead.")).to_be_visible()
    context.close()


def test_letters_can_be_typed_on_a_screen_without_a_keyboard(page: Page) -> None:
    page.goto("/light/kiosk/find-recipient.html")
    for key in ("O", "K", "X", "erase", "A", "space"):
        page.get_by_role("button", name=key, exact=True).click()
    expect(page.get_by_role("textbox")).to_have_value("OKA ")


def test_the_throttle_counts_down_and_then_lets_you_try(page: Page) -> None:
    page.clock.install()
    page.goto("/light/kiosk/refused-wait.html")
    again = page.get_by_role("link", name="Try again")
    expect(page.locator("count-down[enables]")).to_have_text("4:32")
    again.click(force=True)  # Playwright knows it is disabled; a finger does not
    expect(page).to_have_url(re.compile("refused-wait"))
    page.clock.run_for(60_000)
    expect(page.locator("count-down[enables]")).to_have_text("3:32")
    page.clock.run_for(213_000)
    expect(again).not_to_have_attribute("aria-disabled", "true")
    again.click()
    page.wait_for_url("**/kiosk/collect")


def test_an_idle_visit_is_asked_kept_alive_or_ended(page: Page, served: Served) -> None:
    page.clock.install()
    page.goto("/light/kiosk/help.html")
    page.clock.run_for(601_000)
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="I need more time").click()
    expect(dialog).to_be_hidden()
    page.clock.run_for(100)
    assert ("/kiosk/more-time", b"") in forms(served)
    page.clock.run_for(601_000)
    expect(dialog).to_be_visible()
    page.clock.run_for(21_000)
    page.wait_for_url("**/kiosk")


# The phone ---------------------------------------------------------------------------------------


def test_digits_come_from_the_fragment_stay_on_the_phone_and_leave_the_address(
    page: Page,
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    page.goto("/light/resident/pass.html#c=48219037")
    expect(page.locator(".digits")).to_have_text("4821 9037")
    assert page.url.endswith("/pass.html")
    assert not [one for one in asked if "48219037" in one], "no server sees the digits"
    grey = page.evaluate(
        """() => {
          const canvas = document.querySelector('canvas'), big = document.createElement('canvas');
          big.width = big.height = canvas.width * 8;
          const context = big.getContext('2d');
          context.imageSmoothingEnabled = false;
          context.drawImage(canvas, 0, 0, big.width, big.height);
          const { data } = context.getImageData(0, 0, big.width, big.height);
          return [...data].filter((_, place) => place % 4 === 0);
        }"""
    )
    side = int(len(grey) ** 0.5)
    (code,) = zxingcpp.read_barcodes(memoryview(bytes(grey)).cast("B", (side, side)))
    assert code.text == "48219037"
    page.goto("/light/resident/pass.html")
    expect(page.locator(".digits")).to_have_text("4821 9037")


def test_another_phone_is_told_where_the_code_is(page: Page) -> None:
    page.goto("/light/resident/pass.html")
    expect(page.locator(".missing")).to_contain_text("only on the phone that opened the message")
    expect(page.locator("canvas")).to_be_hidden()


def test_digits_are_forgotten_when_the_parcel_is_gone(page: Page) -> None:
    page.goto("/light/resident/pass.html#c=48219037")
    page.goto("/light/resident/pass-collected.html")
    assert page.evaluate("localStorage.length") == 0


def test_the_pass_opens_without_signal(chromium: Browser, gallery: str) -> None:
    context = chromium.new_context(base_url=gallery)
    page = context.new_page()
    page.goto("/p/7k2m9qxr04td#c=48219037")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.goto("/p/7k2m9qxr04td")  # now through the worker, which keeps it
    context.set_offline(offline=True)
    page.goto("/p/7k2m9qxr04td")
    expect(page.locator(".digits")).to_have_text("4821 9037")
    expect(page.get_by_role("heading", level=1)).to_have_css("font-weight", "680")
    page.goto("/p/never-opened-here")
    expect(page.get_by_role("heading", level=1)).to_have_text("No signal")
    context.close()


# The console -------------------------------------------------------------------------------------


def test_the_palette_opens_with_a_key_and_goes_where_you_type(page: Page) -> None:
    page.goto("/light/console/home.html")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search or jump to")
    expect(field).to_be_focused()
    pages = page.get_by_role("navigation", name="Console").get_by_role("link").count()
    assert page.get_by_role("option").count() == pages
    field.fill("14")
    expect(page.get_by_role("option").first).to_contain_text("Door 14")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/found")


def test_an_old_picture_grows_old_before_your_eyes(page: Page) -> None:
    page.clock.install()
    page.goto("/light/console/home.html")
    expect(page.locator("#freshness")).to_contain_text("read 0.3 s ago")
    expect(page.locator("#door-14")).to_contain_text("open 0:41")
    page.clock.run_for(65_000)
    expect(page.locator("#freshness")).to_contain_text("read 1 min ago")
    expect(page.locator("#door-14")).to_contain_text("open 1:46")


def test_the_wall_changes_by_itself_and_nothing_is_lost(page: Page, served: Served) -> None:
    alarm = replace(HOME, shell=ALARM_SHELL, wall=ALARM_WALL)
    served.streams["/live"] = sse(Renderer().live(alarm, now=NOW))
    page.goto("/light/console/home.html")
    page.locator("#door-07").focus()
    expect(page.get_by_role("alert")).to_contain_text("Door 31 forced open")
    expect(page.locator("#door-31")).to_have_attribute("data-state", "forced")
    expect(page.locator("#door-07")).to_be_focused()
    page.context.set_offline(offline=True)
    expect(page.get_by_text("This picture is old")).to_be_visible()


def test_the_edge_moves_the_kiosk_on_but_only_within_itself(page: Page, served: Served) -> None:
    orders = sse("//evil.example/x", event="go") + sse("/kiosk/thanks", event="go")
    served.streams["/kiosk/live"] = orders
    page.goto("/light/kiosk/door-open.html")
    page.wait_for_url("**/kiosk/thanks")


def test_identity_36_an_injected_element_gets_no_hands(page: Page, served: Served) -> None:
    evil = '<b hx-post="/stolen" hx-trigger="load">x</b>'
    served.streams["/live"] = sse(f'<hx-partial hx-target="#sentence">{evil}</hx-partial>')
    page.goto("/light/console/home.html")
    expect(page.locator("#sentence b")).to_have_text("x")
    expect(page.locator("#sentence b")).not_to_have_attribute("hx-post", "/stolen")
    assert not [path for path, _ in forms(served) if path == "/stolen"]


# The demo ----------------------------------------------------------------------------------------


def test_the_hand_pulls_pushes_and_takes_tools(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/light/demo/busy.html")
    page.get_by_role("button", name="Door 07, closed").click()
    page.get_by_role("button", name="Door 14, open, parcel inside").click()
    page.get_by_text("Crowbar").click()
    page.get_by_role("button", name="Door 31, closed").click()
    page.get_by_role("button", name="Cut the cable").click()
    page.wait_for_function("performance.getEntriesByName(location.origin + '/do/cable').length")
    assert forms(served) == [
        ("/do/pull", b"door=07"),
        ("/do/push", b"door=14"),
        ("/do/crowbar", b"door=31"),
        ("/do/cable", b"door="),
    ]


def test_modules_light_up_as_data_passes(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    served.streams["/live"] = sse("kiosk controller journal", event="lit")
    page.goto("/light/demo/first.html")
    expect(page.locator("[data-module=journal]")).to_have_attribute("data-lit", "")
    expect(page.locator("[data-module=notify]")).not_to_have_attribute("data-lit", "")


def test_the_kiosk_is_fitted_into_the_steel(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/light/demo/first.html")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="What would you like to do?")).to_be_visible()
    inner = page.locator("iframe").bounding_box()
    outer = page.locator(".screen").bounding_box()
    assert inner is not None
    assert outer is not None
    assert abs(inner["width"] - (outer["width"] - 14)) < 2  # the bezel is 7 px
