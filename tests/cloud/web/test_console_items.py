from __future__ import annotations

import csv
import html
import io
import re

import pytest

from bayward.cloud.audit import service as audit
from bayward.core.events import EventType
from bayward.core.ids import ItemId, ParcelId
from bayward.core.roles import Role
from bayward.ledger.keys import parse_vkey
from bayward.ledger.verify import verify_receipt
from cloud_bench import named
from cloud_house import ANNE, Browser, House
from item_desk import INTACT, KNIFE, Desk, do, furnished

TAG = re.compile(r"<[^>]*>")


def plain(page: str) -> str:
    """The words of a page, one blank between them."""
    return " ".join(TAG.sub(" ", page).split())


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


async def test_registering_needs_a_fresh_code_and_makes_one_the_holder(
    house: House, anne: Browser
) -> None:
    asked = await anne.post("/console/items/new", KNIFE)
    assert asked.status_code == 403
    assert "You take it into custody." in asked.text
    answer = await do(anne, "/console/items/new", KNIFE, ANNE)
    page = await anne.get(answer.headers["location"])
    for words in ("Exhibit A1", "26-1187", "Kitchen knife, 21 cm", "patrol 14", "S1", "Anne"):
        assert words in page.text
    assert len(await house.events(EventType.ITEM_REGISTERED)) == 1


async def test_a_form_that_is_wrong_comes_back_with_what_was_typed(anne: Browser) -> None:
    wrong = KNIFE | {"photo": "abc", "exhibit": "A77"}
    answer = await do(anne, "/console/items/new", wrong, ANNE)
    assert answer.status_code == 422
    assert "64 characters" in answer.text
    assert "A77" in answer.text
    answer = await anne.post("/console/items/new", KNIFE | {"kind": "car"})
    assert answer.status_code == 422


async def test_the_list_by_state_text_and_holder(desk: Desk) -> None:
    href = f'href="{desk.url}"'
    for query in ("", "?state=mine", "?state=in_hand", "?q=1187", "?q=A1", "?state=strange"):
        assert href in (await desk.anne.get(f"/console/items{query}")).text, query
    for query in ("?state=stored", "?state=disposed", "?q=nothing"):
        assert href not in (await desk.anne.get(f"/console/items{query}")).text, query
    assert href not in (await desk.bert.get("/console/items?state=mine")).text


async def test_each_line_has_a_receipt_that_verifies(desk: Desk) -> None:
    page = await desk.anne.get(desk.url)
    receipt = await desk.anne.get(f"{desk.url}/receipt/1")
    assert f'href="{desk.url}/receipt/1"' in page.text
    assert (await desk.anne.get(f"{desk.url}/receipt/2")).status_code == 404
    verdict = verify_receipt(receipt.text, [parse_vkey(receipt.json()["vkey"])])
    assert verdict.ok


async def test_the_form_for_the_court_names_holders_seals_entries_and_the_root(
    desk: Desk,
) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    await desk.by_bert("accept", **INTACT)
    await desk.by_anne("take", reason="Bert is ill")
    page = await desk.anne.get(f"{desk.url}/form")
    assert page.status_code == 200
    for words in ("Chain of custody", "26-1187", "Released by", "S1, intact", "Bert is ill"):
        assert words in page.text
    assert page.text.count("Interrupted:") == 1
    assert "of log A" in page.text
    assert "Signed checkpoint" in page.text


async def test_what_a_courier_put_in_names_him_and_not_the_holder_as_who_gave_it(
    desk: Desk,
) -> None:
    sam = await desk.house.person("Sam", Role.COURIER)
    bank = await desk.house.bench.bank(desk.house.tenant)
    space = {"compartment": bank.door(1), "parcel": named(ParcelId, 1)}
    hands = {"actor": sam, "recipient": desk.bert_id, "size": "M"}
    label = ItemId.parse(desk.item).label
    bank.record(EventType.COMPARTMENT_RESERVED, **space, **hands)
    bank.record(EventType.PARCEL_DEPOSITED, **space, **hands, tracking=label, method="kiosk")
    await bank.upload(desk.house.cloud.ingest)
    where = "door 01, Lobby 1"
    page = plain((await desk.anne.get(desk.url)).text)
    against = "put it in without being its holder · not released by Anne, who held it"
    assert f"Sam · {against} · {where}" in page
    assert f"{where} · Sam · {against}" in page
    assert "Anne → door" not in page
    paper = plain((await desk.anne.get(f"{desk.url}/form")).text)
    assert f"Sam at the bank Not released held by Anne {where}" in paper
    assert paper.count("Interrupted:") == 2
    by, stored = list(csv.DictReader(io.StringIO(
        (await desk.anne.get(f"{desk.url}/custody.csv")).text
    )))[1:]  # fmt: skip
    assert (by["by_id"], stored["by_id"]) == (sam, sam)
    assert (stored["released_by"], stored["not_released_by"]) == ("", "Anne")


async def test_the_form_says_which_lines_are_signed_and_by_which_key(desk: Desk) -> None:
    """A seal is checked by whoever is signed in; a hand-over takes a fresh code."""
    await desk.by_anne("check", **INTACT)
    await desk.by_anne("hand-over", to=desk.bert_id)
    page = (await desk.anne.get(f"{desk.url}/form")).text
    lines = [line for line in page.split("<tr") if "<small>Entry" in line]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL) for line in lines]
    entered = [" ".join(re.sub("<[^>]+>", " ", line[3]).split()) for line in cells]
    assert entered == ["Anne fresh code", "Anne signed in, no code", "Anne fresh code"]
    assert [line[5] for line in cells[1:]] == ["", ""], "nobody received it"
    assert "who showed two factors" not in page
    heads = await desk.house.cloud.unit.read(lambda work: audit.logs(work, desk.house.tenant))
    [vkey] = [head.vkey for head in heads if head.bank is None]
    assert html.escape(vkey) in page
    assert "vouches only for itself" in page


async def test_the_table_names_people_beside_their_ids(desk: Desk) -> None:
    await desk.by_anne("hand-over", to=desk.bert_id)
    answer = await desk.anne.get(f"{desk.url}/custody.csv")
    first, offered = csv.DictReader(io.StringIO(answer.text))
    assert (offered["by"], offered["offered_to"]) == ("Anne", "Bert")
    assert (offered["by_id"], offered["offered_to_id"]) == (first["by_id"], desk.bert_id)
    assert first["time_utc"].endswith(" UTC")
    assert (first["received_from"], first["case"], first["exhibit"]) == (
        KNIFE["party"],
        KNIFE["case"],
        KNIFE["exhibit"],
    )


async def test_the_table_has_a_row_for_each_line(desk: Desk) -> None:
    answer = await desk.anne.get(f"{desk.url}/custody.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    [line] = list(csv.DictReader(io.StringIO(answer.text)))
    assert (line["what"], line["received_by"], line["seal"]) == ("item.registered", "Anne", "S1")


async def test_who_may_not_see_items_learns_nothing(desk: Desk) -> None:
    await desk.house.person("Rosa", Role.RESIDENT)
    rosa = await desk.house.browser().be("Rosa")
    for path in ("/console/items", desk.url, f"{desk.url}/form", f"{desk.url}/custody.csv"):
        assert (await rosa.get(path)).status_code == 403, path
    assert (await desk.anne.get("/console/items/itm_x")).status_code == 404
