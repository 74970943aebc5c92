from __future__ import annotations

import pytest

from bayward.cloud.privacy.erasures import WAIT_MS
from bayward.cloud.web import api_parties
from bayward.core.events import EventType
from cloud_house import ANNE, Browser, House
from item_desk import BERT, INTACT, KNIFE, Desk, furnished
from step_up_form import administrator

API = "/api/v1"
URL = f"{API}/parties"


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


def fresh(browser: Browser, email: str = ANNE) -> dict[str, str]:
    return {"bayward-code": browser.code(email, fresh=True)}


async def test_the_same_by_machine(desk: Desk) -> None:
    house, anne = desk.house, desk.anne
    [patrol] = (await anne.get(URL)).json()["rows"]
    assert (patrol["name"], patrol["items"]) == (KNIFE["party"], 1)
    item = f"{API}/items/{desk.item}"
    offer = {"kind": "release", "party": patrol["party"]}  # by his id
    offered = await anne.send("POST", f"{item}/offer", json=offer, headers=fresh(anne))
    assert offered.json()["offered_to"] == patrol["party"]
    assert offered.json()["offered_name"] == KNIFE["party"]
    code = fresh(desk.bert, BERT)
    given = await desk.bert.send("POST", f"{item}/witness", json=INTACT, headers=code)
    assert (given.json()["holder"], given.json()["holder_name"]) == (
        patrol["party"], KNIFE["party"],
    )  # fmt: skip
    url = f"{URL}/{patrol['party']}"
    assert (await anne.get(url)).json()["has"] == [desk.item]
    listed = (await anne.get(f"{API}/items?holder={patrol['party']}")).json()["rows"]
    assert [one["item"] for one in listed] == [desk.item]

    told = (await anne.send("GET", f"{url}/report", headers=fresh(anne))).json()
    assert told["party"] == patrol["party"]
    body: dict[str, object] = {"basis": "objection"}
    stale = await anne.send("POST", f"{url}/erase", json=body)
    assert stale.json()["code"] == "step_up.missing"
    has = await anne.send("POST", f"{url}/erase", json=body, headers=fresh(anne))
    assert (has.status_code, has.json()["code"]) == (409, "erase.party_items")
    body |= {"leaves_items": True}
    asked = await anne.send("POST", f"{url}/erase", json=body, headers=fresh(anne))
    assert (asked.json()["subject"], asked.json()["leaves_items"]) == (patrol["party"], True)
    assert (await anne.get(f"{API}/privacy")).json()["erasures"] == [asked.json()]
    assert (await anne.send("DELETE", f"{url}/erase")).status_code == 204
    bea = await administrator(house, "Bea", WAIT_MS)
    anne = await house.browser().be("Anne")
    await anne.send("POST", f"{url}/erase", json=body, headers=fresh(anne))
    done = await bea.send("POST", f"{url}/erase/confirm", headers=fresh(bea, "bea@example.com"))
    assert (done.status_code, done.json()["banks"]) == (201, 0)
    assert (
        done.json()["disclosures"] == 7
    )  # of three lines, the report, and asked, withdrawn, asked
    [event] = await house.events(EventType.SUBJECT_ERASED)
    assert event.subject == done.json()["key"]
    assert (await anne.get(URL)).json() == {"rows": [], "after": None}
    assert (await anne.get(url)).status_code == 404
    held = (await anne.get(item)).json()
    assert (held["state"], held["holder"], held["holder_name"]) == ("outside", "erased", None)


async def test_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_parties, "ROWS", 1)
    offer = {"kind": "release", "party": "County Court"}
    await desk.anne.send(
        "POST", f"{API}/items/{desk.item}/offer", json=offer, headers=fresh(desk.anne)
    )
    first = (await desk.anne.get(URL)).json()
    assert [one["name"] for one in first["rows"]] == ["County Court"]
    second = (await desk.anne.get(f"{URL}?after={first['after']}")).json()
    assert ([one["name"] for one in second["rows"]], second["after"]) == ([KNIFE["party"]], None)
    found = (await desk.anne.get(f"{URL}?q=county")).json()
    assert [one["name"] for one in found["rows"]] == ["County Court"]


async def test_an_unknown_ground_or_party_is_refused(desk: Desk) -> None:
    [patrol] = (await desk.anne.get(URL)).json()["rows"]
    for body in ({"basis": "spite"}, {}, {"basis": "objection", "other": 1}):
        answer = await desk.anne.send(
            "POST", f"{URL}/{patrol['party']}/erase", json=body, headers=fresh(desk.anne)
        )
        assert answer.status_code in {400, 422}
    offer = {"kind": "release", "party": "pty_" + "0" * 26}
    answer = await desk.anne.send(
        "POST", f"{API}/items/{desk.item}/offer", json=offer, headers=fresh(desk.anne)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "party.unknown")
