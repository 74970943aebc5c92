"""The custody form on paper: A4, every page with its case, nothing cut off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

A4_POINTS = (595, 842)


@pytest.mark.parametrize(("name", "pages"), [("item-form", 3), ("item-form-broken", 3)])
def test_the_form_prints_on_as_many_sheets_as_it_needs(
    chromium: Browser, gallery: str, name: str, pages: int
) -> None:
    page = chromium.new_page(base_url=gallery)
    page.goto(f"/dark/console/{name}.html")
    pdf = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type ?/Page\b", pdf)) == pages
    for box in re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf):
        assert [round(float(side)) for side in box] == list(A4_POINTS)


def test_nothing_is_wider_than_the_sheet_and_it_is_black_on_white_in_the_dark(
    chromium: Browser, gallery: str
) -> None:
    context = chromium.new_context(
        base_url=gallery, color_scheme="dark", viewport={"width": 688, "height": 900}
    )
    page = context.new_page()
    page.emulate_media(media="print", color_scheme="dark")
    page.goto("/dark/console/item-form-broken.html")
    wide = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    tools = page.locator(".tools").is_visible()
    context.close()
    assert (wide, tools) == (False, False)
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_what_repeats_on_every_sheet_names_the_case(chromium: Browser, gallery: str) -> None:
    page = chromium.new_page(base_url=gallery)
    page.goto("/light/console/item-form-broken.html")
    heads = page.locator("thead .running").all_inner_texts()
    page.close()
    assert len(heads) == 2
    assert all("26-1187" in one and "A1" in one for one in heads)


def test_on_a_phone_in_the_dark_the_lines_scroll_in_their_frame_black_on_white(
    chromium: Browser, gallery: str
) -> None:
    context = chromium.new_context(
        base_url=gallery, color_scheme="dark", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto("/dark/console/item-form-broken.html")
    wide, frame, ground, scheme = page.evaluate(
        """() => {
            const root = document.documentElement, frame = document.querySelector(".frame");
            const style = getComputedStyle(root);
            return [root.scrollWidth - root.clientWidth, frame.scrollWidth - frame.clientWidth,
                style.backgroundColor, style.colorScheme];
        }"""
    )
    context.close()
    assert wide == 0
    assert frame > 0, "the whole line is there"
    assert (ground, scheme) == ("rgb(255, 255, 255)", "light"), "beside the sheet, too"


def test_the_last_box_is_on_the_sheet_of_what_precedes_it(chromium: Browser, gallery: str) -> None:
    page = chromium.new_page(base_url=gallery)
    page.emulate_media(media="print")
    page.goto("/light/console/item-form-broken.html")
    kept = page.evaluate(
        """() => {
            const kept = document.querySelector(".final").closest(".end");
            return [kept !== null && kept.querySelectorAll(".anchor").length,
                kept !== null && getComputedStyle(kept).breakInside];
        }"""
    )
    page.close()
    assert kept == [1, "avoid"]


def test_a_date_fits_its_column(chromium: Browser, gallery: str) -> None:
    page = chromium.new_page(base_url=gallery)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 900})
    page.goto("/light/console/item-form-broken.html")
    over = page.evaluate(
        """() => [...document.querySelectorAll(".transfers td.num")]
            .filter((cell) => cell.scrollWidth > cell.clientWidth).length"""
    )
    page.close()
    assert over == 0


def test_the_number_of_a_tenth_line_stays_whole(chromium: Browser, gallery: str) -> None:
    page = chromium.new_page(base_url=gallery)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 900})
    page.goto("/light/console/item-form-against.html")
    number = page.locator(".transfers tbody td:first-child", has_text="10")
    rows, over = number.evaluate(
        """(cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return [range.getClientRects().length, cell.scrollWidth > cell.clientWidth];
        }"""
    )
    page.close()
    assert (rows, over) == (1, False)
