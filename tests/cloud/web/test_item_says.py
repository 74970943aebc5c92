"""Who is asked for a fresh code is told what he signs, and is not asked for what cannot be done."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from bayward.core.events import EventType
from bayward.core.ids import ItemId
from cloud_house import ANNE, Browser, House
from item_desk import KNIFE, Desk, furnished

PAIR = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>")
SHORT = "ab" * 31


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


def signed(page: httpx.Response) -> dict[str, str]:
    """What stands on the page that asks for a code."""
    assert page.status_code == 403, page.text
    return {head: html.unescape(text) for head, text in PAIR.findall(page.text)}


async def test_the_page_says_which_item_is_signed_for_and_what_is_said_of_it(desk: Desk) -> None:
    form = {"to": desk.bert_id, "reason": 'to "weigh" it, żółć'}
    assert signed(await desk.anne.post(f"{desk.url}/hand-over", form)) == {
        "Item": "Kitchen knife, 21 cm",
        "Case": "26-1187",
        "Exhibit": "A1",
        "Label": ItemId.parse(desk.item).label,
        "Seal in the record": "S1",
        "Reason": 'to "weigh" it, żółć',
    }
    await desk.by_anne("hand-over", to=desk.bert_id)
    told = signed(await desk.bert.post(f"{desk.url}/accept", {"seal": "S1", "result": "broken"}))
    assert told["Item"] == "Kitchen knife, 21 cm"
    assert (told["Seal number you give"], told["The seal is"]) == ("S1", "broken")


async def test_what_is_taken_in_is_named_before_it_is_signed_for(anne: Browser) -> None:
    assert signed(await anne.post("/console/items/new", KNIFE)) == {
        "Item": "Kitchen knife, 21 cm",
        "Case": "26-1187",
        "Exhibit": "A1",
        "Seal": "S1",
        "From or to": "patrol 14",
    }


async def test_the_longest_form_there_is_can_be_signed_for(desk: Desk) -> None:
    long: dict[str, Any] = {"party": "ż" * 500, "authority": '"' * 500, "reason": "ż" * 500}
    assert (await desk.by_anne("release", **long)).status_code == 303


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("hand-over", {"photo": SHORT}),
        ("hand-over", {"to": "nobody"}),
        ("release", {"party": "", "authority": "order 7"}),
        ("release", {"party": "County Court", "photo": SHORT}),
        ("dispose", {"authority": ""}),
    ],
)
async def test_a_form_that_is_wrong_spends_no_code(
    desk: Desk, act: str, form: dict[str, str]
) -> None:
    before = len(await desk.house.events(EventType.STEP_UP_PASSED))
    to = {"to": desk.bert_id} if act == "hand-over" else {}
    answer = await desk.anne.post(f"{desk.url}/{act}", to | form)
    assert answer.status_code == 422, answer.text
    assert 'name="code"' not in answer.text
    assert len(await desk.house.events(EventType.STEP_UP_PASSED)) == before
    assert await desk.house.events(EventType.CUSTODY_OFFERED) == []


async def test_a_new_item_that_is_wrong_spends_no_code(house: House, anne: Browser) -> None:
    answer = await anne.post("/console/items/new", KNIFE | {"photo": SHORT})
    assert (answer.status_code, "64 characters" in answer.text) == (422, True)
    assert (await anne.post("/console/items/new", KNIFE)).status_code == 403
    assert await house.events(EventType.STEP_UP_PASSED) == []
    assert await house.events(EventType.ITEM_REGISTERED) == []  # tried, and undone


async def test_a_program_spends_no_code_on_what_is_wrong(desk: Desk) -> None:
    before = len(await desk.house.events(EventType.STEP_UP_PASSED))
    code = {"Bayward-Code": desk.anne.code(ANNE, fresh=True)}
    body = {"kind": "hand_over", "to": desk.bert_id, "photo": SHORT}
    url = f"/api/v1/items/{desk.item}/offer"
    assert (await desk.anne.send("POST", url, json=body, headers=code)).status_code == 422
    assert len(await desk.house.events(EventType.STEP_UP_PASSED)) == before
    body["photo"] = ""
    done = await desk.anne.send("POST", url, json=body, headers=code)
    assert done.status_code == 201, done.text
