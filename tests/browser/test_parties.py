"""Who is outside is offered while typing, found by a part of the name, and asked to be erased."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 360, "height": 740}


class Served(Protocol):
    """What the gallery's server was sent (see conftest)."""

    posted: list[tuple[str, bytes]]


@pytest.fixture
def page(chromium: Browser, gallery: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=gallery, viewport=PHONE, service_workers="block")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("form", ["item-new", "item-release"])
def test_the_field_offers_who_was_named_before(page: Page, form: str) -> None:
    page.goto(f"/light/console/{form}.html")
    offered = page.evaluate(
        "[...document.querySelector('input[name=party]').list.options].map(one => one.value)"
    )
    assert "County Court" in offered


def test_the_list_is_searched_by_a_part_of_the_name(page: Page) -> None:
    page.goto("/light/console/parties.html")
    page.get_by_role("searchbox", name="Part of a name").fill("O'Hara & Söhne")
    page.get_by_role("searchbox", name="Part of a name").press("Enter")
    page.wait_for_url("**/console/parties?*")
    assert parse_qs(page.url.partition("?")[2]) == {"q": ["O'Hara & Söhne"]}


def test_asking_says_why_and_that_what_they_have_stays_with_them(
    page: Page, served: Served
) -> None:
    page.goto("/light/console/party-has-items.html")
    page.get_by_label("What they have stays with them").check()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Ask for it").click()
    [(path, body)] = served.posted
    assert (path.startswith("/console/parties/pty_"), path.endswith("/erase")) == (True, True)
    assert parse_qs(body.decode()) == {"basis": ["objection"], "leaves_items": ["1"]}


@pytest.mark.parametrize("name", ["parties", "parties-none", "party-has-items", "party"])
def test_nothing_is_wider_than_a_phone(page: Page, name: str) -> None:
    page.goto(f"/light/console/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
