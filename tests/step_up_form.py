"""The page that asks for a fresh code, as a browser goes through it."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from bayward.core.roles import Role
from cloud_house import Browser, House


def hidden(page: httpx.Response) -> dict[str, Any]:
    """The form of the page that asks for a code; what is there twice is a list."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    told: dict[str, list[str]] = {}
    for name, value in found:
        told.setdefault(name, []).append(html.unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in told.items()}


async def confirmed(browser: Browser, page: httpx.Response, email: str) -> httpx.Response:
    """Show a fresh code and go where the browser would be sent, with the same form."""
    assert page.status_code == 403, page.text
    form = hidden(page) | {"code": browser.code(email, fresh=True)}
    sent = await browser.post("/step-up", form)
    assert sent.status_code in {303, 307}, sent.text
    if sent.status_code == 303:
        return await browser.get(sent.headers["location"])
    return await browser.post(sent.headers["location"], form)


async def administrator(house: House, name: str, since_ms: int) -> Browser:
    """Somebody else who administers, with factors of his own, and has for so long."""
    person = await house.person(name, Role.ADMIN)
    await house.browser().join(person, name)
    house.wait(since_ms)
    return await house.browser().be(name)
