from __future__ import annotations

from typing import Any

import httpx
import pytest

from cloud_house import ANNE, Browser, House
from item_desk import BERT, INTACT, Desk, furnished

API = "/api/v1/items"


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


async def post(browser: Browser, path: str, email: str, body: Any = None) -> httpx.Response:
    headers = {"Bayward-Code": browser.code(email, fresh=True)}
    return await browser.send("POST", f"{API}{path}", json=body, headers=headers)


async def test_a_program_takes_in_hands_over_and_reads_the_line(desk: Desk) -> None:
    told = {"kind": "medicine", "detail": "Morphine, 10 x 10 mg", "case": "ward 3"}
    assert (await desk.anne.send("POST", API, json=told)).status_code == 403
    made = await post(desk.anne, "", ANNE, told)
    assert made.status_code == 201, made.text
    item = made.json()["item"]
    offer = {"kind": "hand_over", "to": desk.bert_id}
    offered = await post(desk.anne, f"/{item}/offer", ANNE, offer)
    assert (offered.json()["state"], offered.json()["offered_to"]) == ("offered", desk.bert_id)
    taken = await post(desk.bert, f"/{item}/accept", BERT, {})
    assert taken.json()["holder"] == desk.bert_id
    rows = (await desk.anne.get(f"{API}/{item}/custody")).json()["rows"]
    assert [row["received_by"] for row in rows] == ["Anne", "", "Bert"]
    table = (await desk.anne.get(f"{API}/{item}/custody.csv")).text
    assert len(table.splitlines()) == 4
    listed = (await desk.bert.get(f"{API}?state=mine&case=ward 3")).json()["rows"]
    assert [one["item"] for one in listed] == [item]
    assert (await desk.bert.get(f"{API}?state=strange")).status_code == 404


async def test_every_verb_of_the_console_is_here(desk: Desk) -> None:
    item = desk.item
    reason = {"reason": "x"}
    give_out = {"kind": "release", "party": "court"}
    done = [
        await post(desk.anne, f"/{item}/check", ANNE, INTACT),
        await post(desk.anne, f"/{item}/seal", ANNE, {"seal": "S2"} | reason),
        await post(desk.anne, f"/{item}/offer", ANNE, give_out),
        await desk.anne.send("POST", f"{API}/{item}/withdraw"),
        await post(desk.anne, f"/{item}/offer", ANNE, give_out),
        await post(desk.bert, f"/{item}/refuse", BERT, reason),
        await post(desk.anne, f"/{item}/offer", ANNE, give_out),
        await post(desk.bert, f"/{item}/witness", BERT, INTACT | {"seal": "S2"}),
        await post(desk.bert, f"/{item}/return", BERT, INTACT | {"seal": "S2"}),
        await post(desk.anne, f"/{item}/take", ANNE, reason),
    ]
    assert [one.status_code for one in done] == [201] * len(done), [one.text for one in done]
    last = (await desk.anne.get(f"{API}/{item}")).json()
    assert (last["state"], last["is_broken"], last["seal"]) == ("held", True, "S2")


@pytest.mark.parametrize(
    "body",
    [{"kind": "gift"}, {"kind": "hand_over", "to": "prs_x"}, {"kind": "release"}, {"state": "x"}],
)
async def test_what_is_no_offer_is_refused(desk: Desk, body: dict[str, str]) -> None:
    assert (await post(desk.anne, f"/{desk.item}/offer", ANNE, body)).status_code in {400, 422}


async def test_a_kind_that_does_not_exist_is_refused(desk: Desk) -> None:
    assert (await post(desk.anne, "", ANNE, {"kind": "car", "detail": "x"})).status_code == 422
