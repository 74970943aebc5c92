"""axe-core over every page of the gallery, light and dark, with the policy pages ship with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from bayward.ui.gallery import Sample, samples

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "kiosk": (1080, 1920),
    "resident": (390, 844),
    "verify": (390, 844),
    "console": (1440, 900),
    "auth": (1440, 900),
    "demo": (1440, 900),
}
FACES = sorted(SCREENS)
CODE = "#c=48219037"
BLOCKED = "Service Worker registration blocked by Playwright"  # as we asked for


@cache
def axe() -> str:
    return AXE.read_text(encoding="utf-8")


def of_face(face: str) -> Iterator[Sample]:
    return (sample for sample in samples() if sample.face == face)


def violations(page: Page) -> list[str]:
    page.evaluate(axe())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("face", FACES)
def test_every_page_is_accessible(
    chromium: Browser, gallery: str, face: str, scheme: Literal["light", "dark"]
) -> None:
    width, height = SCREENS[face]
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        service_workers="block",
    )
    page = context.new_page()
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and BLOCKED not in message.text:
            heard.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    found: dict[str, list[str]] = {}
    for sample in of_face(face):
        page.goto(f"{gallery}/{scheme}/{sample.name}.html{CODE if face == 'resident' else ''}")
        wrong = violations(page)
        sideways = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if wrong or sideways or heard:
            found[sample.name] = [*wrong, *heard, *(["scrolls sideways"] if sideways else [])]
        heard.clear()
    context.close()
    assert not found


@pytest.mark.parametrize("name", ["console/home-alarm", "kiosk/door-open", "resident/pass"])
def test_forced_colours_keep_every_state_apart(chromium: Browser, gallery: str, name: str) -> None:
    context = chromium.new_context(forced_colors="active", service_workers="block")
    page = context.new_page()
    page.goto(f"{gallery}/light/{name}.html{CODE}")
    assert not violations(page)
    context.close()


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("console/home-alarm", 768),
        ("console/home-alarm", 390),
        ("console/parcels", 390),
        ("console/incident", 768),
        ("console/log", 390),
        ("auth/set-up-totp", 320),
        ("resident/pass", 320),
        ("kiosk/collect-code", 1024),
        ("demo/busy", 768),
    ],
)
def test_narrow_screens_do_not_scroll_sideways(
    chromium: Browser, gallery: str, name: str, width: int
) -> None:
    height = 600 if width == 1024 else 844
    context = chromium.new_context(
        viewport={"width": width, "height": height}, service_workers="block"
    )
    page = context.new_page()
    page.goto(f"{gallery}/light/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not violations(page)
    context.close()


@pytest.mark.parametrize("screen", [(1080, 1920), (1024, 600)])
def test_every_target_on_the_kiosk_is_72_pixels(
    chromium: Browser, gallery: str, screen: tuple[int, int]
) -> None:
    context = chromium.new_context(viewport={"width": screen[0], "height": screen[1]})
    page = context.new_page()
    small = {}
    for sample in of_face("kiosk"):
        page.goto(f"{gallery}/light/{sample.name}.html")
        sizes = page.evaluate(
            """() => [...document.querySelectorAll('a, button, summary, .check, .code-cells')]
              .filter(one => one.checkVisibility() && !one.closest('dialog:not([open])'))
              .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
              .map(([text, box]) => [text, Math.round(box.width), Math.round(box.height)])"""
        )
        bad = [size for size in sizes if min(size[1:]) < 72]
        if bad:
            small[sample.name] = bad
    context.close()
    assert not small


@pytest.mark.parametrize("screen", [(1080, 1920), (800, 1280), (1024, 600)])
def test_every_screen_of_the_kiosk_fits_without_scrolling(
    chromium: Browser, gallery: str, screen: tuple[int, int]
) -> None:
    context = chromium.new_context(viewport={"width": screen[0], "height": screen[1]})
    page = context.new_page()
    cut = {}
    for sample in of_face("kiosk"):
        page.goto(f"{gallery}/light/{sample.name}.html")
        found = page.evaluate(
            """() => [...document.querySelectorAll('main, header, .ways, .pill, .button')]
              .filter(one => one.checkVisibility() && !one.closest('dialog'))
              .filter(one => one.scrollHeight > one.clientHeight + 2
                          || one.scrollWidth > one.clientWidth + 2)
              .map(one => `${one.className || one.localName}: ${one.textContent.trim()}`)"""
        )
        if found:
            cut[sample.name] = found
    context.close()
    assert not cut
