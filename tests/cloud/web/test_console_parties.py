"""Who may erase finds who is outside, sees what it has, and has it forgotten."""

from __future__ import annotations

import html
import re

import pytest

from bayward.cloud.custody import parties
from bayward.cloud.privacy.erasures import WAIT_MS
from bayward.cloud.web import console_parties
from bayward.core.clock import DAY_MS
from bayward.core.events import EventType
from bayward.core.ids import PartyId
from bayward.core.roles import Role
from cloud_bench import named
from cloud_house import ANNE, Browser, House
from item_desk import INTACT, KNIFE, Desk, do, furnished
from step_up_form import administrator, confirmed

URL = "/console/parties"
COURT = "County Court"
LINK = re.compile(r'href="(/console/parties/pty_[a-z0-9]+)">([^<]+)<')


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


async def known(browser: Browser, query: str = "") -> dict[str, str]:
    """The parties of the list, by name."""
    page = await browser.get(f"{URL}{query}")
    assert page.status_code == 200, page.text
    return {html.unescape(name): url for url, name in LINK.findall(page.text)}


async def test_nobody_then_whoever_was_named_last_named_first(house: House, anne: Browser) -> None:
    assert "Nobody outside is named yet" in (await anne.get(URL)).text
    desk = await furnished(house, anne)
    house.wait(1_000)
    await desk.by_anne("release", party="<b>O'Hara & Sons</b>", authority="o 7")
    assert list(await known(anne)) == ["<b>O'Hara & Sons</b>", KNIFE["party"]]
    assert list(await known(anne, "?q=PATROL")) == [KNIFE["party"]]
    assert await known(anne, "?q=nobody") == {}
    assert "Nobody fits" in (await anne.get(f"{URL}?q=nobody")).text
    assert f'href="{URL}"' in (await anne.get("/console/privacy")).text


async def test_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_parties, "ROWS", 2)
    for number in range(4):
        desk.house.wait(1_000)
        await desk.house.do(
            lambda work, number=number: parties.named(work, desk.house.tenant, f"court {number}")
        )
    first = await desk.anne.get(f"{URL}?q=court")
    older = re.search(r'href="([^"]*after=[^"]+)"', first.text)
    assert older is not None
    assert list(await known(desk.anne, "?q=court")) == ["court 3", "court 2"]
    second = html.unescape(older[1]).removeprefix(URL)
    assert list(await known(desk.anne, second)) == ["court 1", "court 0"]
    assert (await desk.anne.get(f"{URL}?after=x")).status_code == 422


async def test_a_party_is_erased_when_another_administrator_confirms(desk: Desk) -> None:
    house = desk.house
    await desk.by_anne("release", party=COURT, authority="o 7")
    await desk.by_bert("witness", **INTACT)
    bea = await administrator(house, "Bea", WAIT_MS)
    anne = await house.browser().be("Anne")
    url = (await known(anne))[COURT]
    page = (await anne.get(url)).text
    assert f'href="{desk.url}"' in page
    assert "What they have stays with them" in page
    refused = await do(anne, f"{url}/erase", {"basis": "objection"}, ANNE)
    assert (refused.status_code, "They have items" in refused.text) == (409, True)
    form = {"basis": "objection", "leaves_items": "1"}
    asked = await anne.post(f"{url}/erase", form)
    assert f"{COURT} is forgotten for good once another administrator confirms it" in asked.text
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert "to be erased" in (await anne.get(URL)).text
    assert "It was asked for" in (await anne.get(url)).text
    waiting = (await bea.get("/console/privacy")).text
    assert (COURT in waiting, "What they have stays with them" in waiting) == (True, True)
    own = await do(anne, f"{url}/erase/confirm", {}, ANNE)
    assert own.status_code == 403
    assert await house.events(EventType.SUBJECT_ERASED) == []
    done = await do(bea, f"{url}/erase/confirm", {}, "bea@example.com")
    assert done.status_code == 303
    [event] = await house.events(EventType.SUBJECT_ERASED)
    assert event.actor != event.witness
    assert event.detail == "leaves_items"
    for path in (URL, "/console/privacy", "/console/log", "/console/items", desk.url):
        shown = await anne.get(path)
        assert (shown.status_code, COURT in shown.text) == (200, False), path
    page = (await anne.get(desk.url)).text
    assert "(erased)" in page
    assert KNIFE["party"] in page
    assert "o 7" in page  # the authority is the clerk's
    assert (await anne.get(f"{desk.url}/form")).text.count("(erased)") > 0
    assert COURT not in (await anne.get(f"{desk.url}/custody.csv")).text
    assert (await anne.get(url)).status_code == 404


async def test_an_erasure_is_withdrawn_without_a_code(desk: Desk) -> None:
    url = (await known(desk.anne))[KNIFE["party"]]
    asked = await do(desk.anne, f"{url}/erase", {"basis": "objection"}, ANNE)
    assert asked.status_code == 303
    twice = await do(desk.anne, f"{url}/erase", {"basis": "objection"}, ANNE)
    assert (twice.status_code, "asked for already" in twice.text) == (409, True)
    assert (await desk.bert.post(f"{url}/erase/withdraw")).status_code == 303
    assert "to be erased" not in (await desk.anne.get(URL)).text
    assert len(await desk.house.events(EventType.ERASURE_WITHDRAWN)) == 1


async def test_what_is_held_of_a_party_is_a_file_and_an_entry(desk: Desk) -> None:
    url = (await known(desk.anne))[KNIFE["party"]]
    asked = await desk.anne.get(f"{url}/report")
    answer = await confirmed(desk.anne, asked, ANNE)
    told = answer.json()
    assert told["party"] == url.rpartition("/")[2]
    assert [one["value"] for one in told["log"] if one["field"] == "party"] == [KNIFE["party"]]
    assert {one["table"] for one in told["tables"]} == {"party", "happening"}
    assert "anne" not in answer.text.casefold()
    [event] = await desk.house.events(EventType.SUBJECT_REPORTED)
    assert event.subject == told["party"]


async def test_identity_61_only_who_administers_everything_sees_them(desk: Desk) -> None:
    house = desk.house
    url = (await known(desk.anne))[KNIFE["party"]]
    cora = await house.person("Cora", Role.CUSTODIAN)
    await house.browser().join(cora, "Cora")
    browser = await house.browser().be("Cora")
    for path in (URL, url, f"{url}/report"):
        assert (await browser.get(path)).status_code == 403
    for act in ("erase", "erase/confirm", "erase/withdraw"):
        assert (await browser.post(f"{url}/{act}", {"basis": "objection"})).status_code == 403
    assert (await desk.anne.get(f"{URL}/{named(PartyId, 7)}")).status_code == 404
    assert (await desk.anne.get(f"{URL}/prs_x")).status_code == 404


async def test_a_hold_on_a_party_is_placed_by_its_id(desk: Desk) -> None:
    url = (await known(desk.anne))[KNIFE["party"]]
    hold = {"kind": "party", "subject": url.rpartition("/")[2], "authority": "a court"}
    assert (await desk.anne.post("/console/privacy/holds", hold)).status_code == 303
    assert f"Party outside {KNIFE['party']}" in (await desk.anne.get("/console/privacy")).text
    desk.house.wait(DAY_MS)
    anne = await desk.house.browser().be("Anne")
    refused = await do(anne, f"{url}/erase", {"basis": "objection"}, ANNE)
    assert (refused.status_code, "legal hold" in refused.text) == (409, True)


async def test_names_are_offered_while_typing(desk: Desk) -> None:
    for path in ("/console/items/new", f"{desk.url}/release"):
        page = (await desk.anne.get(path)).text
        assert f'<option value="{KNIFE["party"]}">' in page
        assert 'list="parties"' in page
