from __future__ import annotations

import pytest

from bayward.core.events import EventType
from bayward.core.items import OFFER_LIFE_MS
from cloud_house import Browser, House
from item_desk import INTACT, Desk, furnished


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


async def test_a_hand_over_asks_both_sides_for_a_code_of_their_own(desk: Desk) -> None:
    form = await desk.anne.get(f"{desk.url}/hand-over")
    assert ">Bert</option>" in form.text
    assert ">Anne</option>" not in form.text
    asked = await desk.anne.post(f"{desk.url}/hand-over", {"to": desk.bert_id})
    assert (asked.status_code, "A1 is offered to Bert." in asked.text) == (403, True)
    assert (await desk.by_anne("hand-over", to=desk.bert_id)).status_code == 303
    waiting = await desk.bert.get("/console/items")
    assert "for you" in waiting.text
    asked = await desk.bert.post(f"{desk.url}/accept", INTACT)
    assert (asked.status_code, "You take over A1." in asked.text) == (403, True)
    assert (await desk.by_bert("accept", **INTACT)).status_code == 303
    assert "Anne → <b>Bert</b>" in (await desk.anne.get(desk.url)).text
    steps = [event.actor for event in await desk.house.events(EventType.STEP_UP_PASSED)]
    assert len(set(steps)) == 2


async def test_a_photo_is_a_line_with_its_hash_and_only_the_holder_adds_one(desk: Desk) -> None:
    digest = "ab" * 32
    for wrong in ("", "xyz", "ab" * 33):
        assert (await desk.by_anne("photo", photo=wrong)).status_code == 422, wrong
    assert (await desk.by_bert("photo", photo=digest)).status_code == 403
    answer = await desk.by_anne("photo", photo=digest.upper(), detail="blade, with a scale")
    assert answer.status_code == 303
    page = (await desk.anne.get(desk.url)).text
    assert f'data-photo="{digest}" data-line="2"' in page
    assert "blade, with a scale" in page
    assert "<photo-check" in page
    rows = (await desk.anne.get(f"/api/v1/items/{desk.item}/custody")).json()["rows"]
    assert (rows[1]["what"], rows[1]["photo_sha256"]) == ("item.photographed", digest)
    assert rows[1]["comments"] == "blade, with a scale"


async def test_nobody_answers_for_another(desk: Desk) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    for act in ("accept", "refuse", "hand-over", "seal"):
        by = desk.by_bert if act in ("hand-over", "seal") else desk.by_anne
        answer = await by(act, to=desk.bert_id, reason="x", **INTACT)
        assert answer.status_code == 403, act
    assert await desk.house.events(EventType.CUSTODY_ACCEPTED) == []


async def test_a_wrong_seal_number_is_said_beside_the_field(desk: Desk) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    answer = await desk.by_bert("accept", seal="S7", result="intact")
    assert answer.status_code == 422
    assert "This is not the number in the record." in answer.text
    assert "S7" in answer.text
    assert (await desk.by_bert("refuse", reason="seal is another one")).status_code == 303
    assert "seal is another one" in (await desk.anne.get(desk.url)).text


async def test_an_offer_that_ran_out_is_said_and_lapses(desk: Desk) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    desk.house.wait(OFFER_LIFE_MS)
    desk.bert = await desk.house.browser().be("Bert")
    answer = await desk.by_bert("accept", **INTACT)
    assert answer.status_code == 409
    assert "cannot be done now" in answer.text or "The offer ran out." in answer.text
    assert await desk.house.events(EventType.CUSTODY_ACCEPTED) == []


async def test_an_offer_is_taken_back(desk: Desk) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    assert (await desk.by_anne("withdraw")).status_code == 303
    assert "The offer is taken back." in (await desk.anne.get(desk.url)).text


async def test_only_somebody_with_two_factors_can_be_offered_it(desk: Desk) -> None:
    rosa = await desk.house.person("Rosa", None)
    for to in (rosa, "nobody", ""):
        assert (await desk.by_anne("hand-over", to=to)).status_code == 422, to


async def test_out_of_the_house_with_a_witness_and_back(desk: Desk) -> None:
    court = "County Court, Dr. Lund"
    assert (await desk.by_anne("release", party=court, authority="o 7")).status_code == 303
    assert (await desk.by_anne("witness", **INTACT)).status_code == 409
    assert (await desk.by_bert("witness", **INTACT)).status_code == 303
    page = await desk.anne.get(desk.url)
    assert f"Anne → <b>{court}</b> · witness Bert" in page.text
    assert (await desk.by_bert("return", seal="S1", result="broken")).status_code == 303
    assert (await desk.by_bert("seal", seal="S2")).status_code == 422
    assert (await desk.by_bert("seal", seal="S2", reason="was broken")).status_code == 303
    assert (await desk.by_bert("check", seal="S2", result="intact")).status_code == 303
    assert "was broken" in (await desk.bert.get(desk.url)).text


async def test_disposal_has_an_authority_a_witness_and_no_way_back(desk: Desk) -> None:
    assert (await desk.by_anne("dispose")).status_code == 422
    assert (await desk.by_anne("dispose", authority="rule 4")).status_code == 303
    assert (await desk.by_bert("witness", **INTACT)).status_code == 303
    assert (await desk.by_bert("take", reason="x")).status_code == 409
    [event] = await desk.house.events(EventType.ITEM_DISPOSED)
    assert (event.witness, event.authority) == (desk.bert_id, "rule 4")


async def test_taking_it_alone_is_said_before_and_shown_after(desk: Desk) -> None:
    asked = await desk.bert.post(f"{desk.url}/take", {"reason": "Anne is ill"})
    assert "The custody of A1 will be interrupted." in asked.text
    assert (await desk.by_bert("take", reason="Anne is ill")).status_code == 303
    page = await desk.bert.get(desk.url)
    assert "was interrupted" in page.text


async def test_only_acts_that_exist_have_a_form(desk: Desk) -> None:
    for act in ("accept", "witness", "refuse", "return", "take", "seal", "check", "dispose"):
        assert (await desk.anne.get(f"{desk.url}/{act}")).status_code == 200, act
    assert (await desk.anne.get(f"{desk.url}/eat")).status_code == 404
