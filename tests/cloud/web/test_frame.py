from __future__ import annotations

import base64
import json

import pytest

from cloud_house import Browser, House


async def test_the_shell_says_who_and_where(anne: Browser) -> None:
    page = await anne.get("/console")
    assert "Main building" in page.text
    assert "<span>Anne</span><span>administrator</span>" in page.text


async def test_what_was_done_is_said_once(anne: Browser) -> None:
    form = {"name": "Rosa <b>", "email": "rosa@example.com", "role": "resident"}
    await anne.post("/console/people/new", form)
    page = await anne.get("/console/people")
    assert "Rosa &lt;b&gt; was invited." in page.text
    assert "was invited." not in (await anne.get("/console/people")).text


@pytest.mark.parametrize(
    "left",
    [
        "not base64!",
        base64.urlsafe_b64encode(b"not json").decode(),
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b'{"key": "person.saved", "facts": 1}').decode(),
        base64.urlsafe_b64encode(json.dumps({"key": "x", "facts": {"a": "b" * 2000}}).encode()),
    ],
)
async def test_a_notice_that_is_none_of_ours_is_passed_over(
    anne: Browser, left: str | bytes
) -> None:
    text = left if isinstance(left, str) else left.decode()
    cookies = {"Cookie": f"sid={anne.cookie}; notice={text}"}
    page = await anne.get("/console", headers=cookies)
    assert page.status_code == 200
    assert 'data-tone="good" role="status"' not in page.text


async def test_a_notice_of_no_known_key_breaks_nothing(house: House, anne: Browser) -> None:
    left = base64.urlsafe_b64encode(b'{"key": "no.such", "facts": {}}').decode()
    cookies = {"Cookie": f"sid={anne.cookie}; notice={left}"}
    assert (await anne.get("/console", headers=cookies)).status_code == 200
