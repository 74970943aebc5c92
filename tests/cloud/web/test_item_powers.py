"""Who sees and does what with items: custodians of two sites, a bearer, an administrator."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bayward.cloud.fleet import enrolment
from bayward.cloud.people import store as people_store
from bayward.core.clock import Instant
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.roles import Node, Role
from cloud_house import ANNE, PASSWORD, Browser, House, Template, open_house
from item_desk import INTACT, KNIFE, do

ACTS = re.compile(r'href="/console/items/itm_[a-z0-9]+/([a-z-]+)"')
OPTION = re.compile(r"<option[^>]*>([^<]*)</option>")
RAIL = re.compile(r'<li><a href="(/console[a-z/]*)"')


@dataclass
class Station:
    """A police station with two sites: Cora and Omar keep items, Bo carries them."""

    house: House
    north: Node
    south: Node
    people: dict[str, PersonId]
    browsers: dict[str, Browser]

    async def by(self, name: str, url: str, **form: str) -> httpx.Response:
        return await do(self.browsers[name], url, form, f"{name.lower()}@example.com")

    async def register(self, name: str, **more: str) -> str:
        answer = await self.by(name, "/console/items/new", **KNIFE | more)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def acts(self, name: str, url: str) -> list[str]:
        page = await self.browsers[name].get(url)
        assert page.status_code == 200, page.text
        return [one for one in ACTS.findall(page.text) if one != "form"]


Staff = dict[str, PersonId]


async def staffed(house: House) -> tuple[Node, Node, Staff]:
    """Both sites, and everybody with an account."""
    north = await house.do(lambda work: enrolment.create_site(work, house.tenant, "North"))
    south = await house.do(lambda work: enrolment.create_site(work, house.tenant, "South"))
    nodes, people = {"North": Node(house.tenant, north), "South": Node(house.tenant, south)}, {}
    for name, role, where in (
        ("Cora", Role.CUSTODIAN, "North"),
        ("Clem", Role.CUSTODIAN, "North"),
        ("Omar", Role.CUSTODIAN, "South"),
        ("Bo", Role.BEARER, "North"),
    ):
        person = await house.person(name, role, node=nodes[where])
        await house.browser().join(person, name)
        people[name] = person
    return nodes["North"], nodes["South"], people


@dataclass(frozen=True)
class Staffed:
    """A state directory to copy, with what the authenticators of everybody hold."""

    template: Template
    secrets: dict[str, bytes]
    at: Instant
    north: Node
    south: Node
    people: Staff


@pytest.fixture(scope="module")
def ready(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Staffed:
    """Made once, copied for each test."""
    state = tmp_path_factory.mktemp("station") / "state"

    async def make() -> Staffed:
        async with open_house(state, template) as house:
            north, south, people = await staffed(house)
            while await house.is_busy():
                await house.settle()
            copied = Template(state, template.secret)
            return Staffed(copied, house.secrets, house.clock.at, north, south, people)

    return asyncio.run(make())


@pytest.fixture
async def station(ready: Staffed, tmp_path: Path) -> AsyncIterator[Station]:
    async with open_house(tmp_path / "state", ready.template) as house:
        house.clock.at = ready.at
        house.secrets.update(ready.secrets)
        made = Station(house, ready.north, ready.south, dict(ready.people), {})
        for name in ("Anne", *made.people):
            made.browsers[name] = await house.browser().be(name)
        yield made


async def test_a_custodian_finds_items_behind_every_entry_of_his_rail(station: Station) -> None:
    for name in ("Cora", "Bo"):
        page = await station.browsers[name].get("/console/items")
        assert page.status_code == 200
        assert RAIL.findall(page.text) == ["/console/items"]
        assert "/console/search" not in page.text
        for path in ("", "/people", "/log", "/couriers", "/banks", "/settings", "/incidents"):
            refused = await station.browsers[name].get(f"/console{path}")
            assert refused.status_code == 403, path
    page = await station.browsers["Anne"].get("/console/items")
    assert len(RAIL.findall(page.text)) == 12


async def test_signing_in_needs_two_factors_and_leads_to_the_items(station: Station) -> None:
    browser = station.house.browser()
    answer = await browser.sign_in("Cora")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/items")
    half = station.house.browser()
    await half.post("/sign-in", {"email": "cora@example.com", "password": PASSWORD})
    assert (await half.get("/console/items")).status_code != 200


async def test_each_sees_what_is_kept_at_his_place_and_what_concerns_him(station: Station) -> None:
    north = await station.register("Cora", exhibit="N1")
    south = await station.register("Omar", exhibit="S7")
    whole = await station.register("Anne", exhibit="W3")
    told = await station.browsers["Anne"].get("/console/items")
    assert all(f'href="{url}"' in told.text for url in (north, south, whole))
    for name, own, others in (("Cora", north, (south, whole)), ("Omar", south, (north, whole))):
        page = await station.browsers[name].get("/console/items")
        assert f'href="{own}"' in page.text
        assert (await station.browsers[name].get(own)).status_code == 200
        for url in others:
            assert f'href="{url}"' not in page.text
            for tail in ("", "/form", "/custody.csv", "/receipt/1"):
                assert (await station.browsers[name].get(url + tail)).status_code == 403
    assert f'href="{north}"' not in (await station.browsers["Bo"].get("/console/items")).text
    assert (await station.browsers["Bo"].get(north)).status_code == 403


async def test_a_place_that_is_not_ones_own_is_no_place_to_keep_it(station: Station) -> None:
    answer = await station.by(
        "Cora", "/console/items/new", **KNIFE | {"kept_at": station.south.path}
    )
    assert answer.status_code == 403
    url = await station.register("Anne", kept_at=station.south.path)
    assert (await station.browsers["Omar"].get(url)).status_code == 200
    assert (await station.browsers["Cora"].get(url)).status_code == 403
    [event] = await station.house.events(EventType.ITEM_REGISTERED)
    assert event.scope == station.south.path


async def test_a_site_that_is_called_as_the_organisation_is_told_from_it(station: Station) -> None:
    house = station.house
    name = await house.do(lambda work: people_store.tenant_name(work.tx, house.tenant))
    await house.do(lambda work: enrolment.create_site(work, house.tenant, name))
    for path in ("/console/items/new", "/console/people/new"):
        page = await station.browsers["Anne"].get(path)
        places = [one for one in OPTION.findall(page.text) if one.startswith(name)]
        assert f"{name}, all sites" in places, path
        assert len(places) == len(set(places)) > 1, path


async def test_the_page_of_an_item_says_where_it_is_kept_and_why(station: Station) -> None:
    why = "Search of 4 Mill Lane, warrant 26/88"
    url = await station.register("Cora", kept_at=station.north.path, reason=why)
    page = (await station.browsers["Cora"].get(url)).text
    assert f"<dt>Where and why</dt><dd>{why}</dd>" in page
    assert "<dt>Kept at</dt><dd>North</dd>" in page


async def test_a_bearer_hands_over_to_a_custodian_with_a_code_of_his_own(station: Station) -> None:
    url = await station.register("Bo")
    assert await station.acts("Bo", url) == ["hand-over", "seal", "check", "photo", "transfer"]
    form = await station.browsers["Bo"].get(f"{url}/hand-over")
    assert {"Cora", "Clem", "Anne"} <= set(re.findall(r">(\w+)</option>", form.text))
    assert "Omar" not in form.text
    refused = await station.by("Bo", f"{url}/hand-over", to=station.people["Omar"])
    assert refused.status_code == 422
    for act in ("release", "dispose"):
        assert (await station.by("Bo", f"{url}/{act}", party="x", authority="y")).status_code == 403
    await station.by("Bo", f"{url}/hand-over", to=station.people["Cora"])
    assert await station.acts("Cora", url) == ["accept", "refuse"]
    assert await station.acts("Clem", url) == []
    asked = await station.browsers["Cora"].post(f"{url}/accept", INTACT)
    assert asked.status_code == 403
    assert 'name="code"' in asked.text
    assert (await station.by("Cora", f"{url}/accept", **INTACT)).status_code == 303
    assert (await station.browsers["Bo"].get(url)).status_code == 403
    [accepted] = await station.house.events(EventType.CUSTODY_ACCEPTED)
    assert (accepted.subject, accepted.actor) == (station.people["Bo"], station.people["Cora"])


async def test_a_bearer_sees_what_he_is_offered_and_takes_it(station: Station) -> None:
    url = await station.register("Cora")
    assert (await station.browsers["Bo"].get(url)).status_code == 403
    await station.by("Cora", f"{url}/hand-over", to=station.people["Bo"])
    assert f'href="{url}"' in (await station.browsers["Bo"].get("/console/items")).text
    assert await station.acts("Bo", url) == ["accept", "refuse"]
    assert (await station.by("Bo", f"{url}/accept", **INTACT)).status_code == 303


async def test_a_bearer_is_no_witness_and_answers_no_offer_that_is_not_his(
    station: Station,
) -> None:
    url = await station.register("Cora")
    await station.by("Cora", f"{url}/release", party="State laboratory")
    for act in ("witness", "refuse", "accept"):
        answer = await station.by("Bo", f"{url}/{act}", reason="no", **INTACT)
        assert answer.status_code == 403, act
    assert await station.acts("Clem", url) == ["witness", "refuse"]
    assert (await station.by("Clem", f"{url}/witness", **INTACT)).status_code == 303
    assert await station.acts("Clem", url) == ["return"]
    assert await station.acts("Anne", url) == ["return", "take"]
    assert (await station.by("Clem", f"{url}/take", reason="x")).status_code == 403
    assert (await station.by("Clem", f"{url}/return", **INTACT)).status_code == 303


async def test_a_custodian_has_the_proof_of_each_line_and_no_other(station: Station) -> None:
    url = await station.register("Cora")
    receipt = await station.browsers["Cora"].get(f"{url}/receipt/1")
    assert receipt.status_code == 200
    origin, index = receipt.json()["vkey"].partition("+")[0], 0
    whole = f"/console/log/receipt?origin={origin}&index={index}"
    assert (await station.browsers["Cora"].get(whole)).status_code == 403
    assert (await station.browsers["Anne"].get(whole)).status_code == 200


async def test_lists_by_kind_holder_and_seal(station: Station) -> None:
    knife = await station.register("Cora", seal="S-1")
    pills = await station.register("Clem", kind="medicine", seal="S-2")
    cora = station.browsers["Cora"]
    for query, shown, hidden in (
        ("kind=evidence", knife, pills),
        ("kind=medicine", pills, knife),
        (f"holder={station.people['Clem']}", pills, knife),
        ("q=S-2", pills, knife),
        ("state=mine", knife, pills),
    ):
        page = await cora.get(f"/console/items?{query}")
        assert f'href="{shown}"' in page.text, query
        assert f'href="{hidden}"' not in page.text, query
    empty = await cora.get("/console/items?state=out")
    assert "Everything is back" in empty.text
    answer = await cora.get("/api/v1/items?seal=S-2")
    assert [one["kind"] for one in answer.json()["rows"]] == ["medicine"]
    assert (await cora.get("/api/v1/items?kind=car")).status_code == 422


async def test_the_role_of_a_person_and_its_place_are_set_in_console_and_api(
    station: Station,
) -> None:
    anne = station.browsers["Anne"]
    form = {"name": "Nina", "email": "nina@example.com", "role": "custodian", "language": "en"}
    answer = await do(anne, "/console/people/new", form | {"scope": station.south.path}, ANNE)
    assert answer.status_code == 303, answer.text
    listed = await anne.get("/console/people?role=custodian")
    assert "Nina" in listed.text
    found = (await anne.get("/api/v1/people?q=nina")).json()["rows"][0]
    assert [(one["role"], one["scope"]) for one in found["roles"]] == [
        ("custodian", station.south.path)
    ]
    edit = f"/console/people/{found['person']}"
    moved = await do(anne, edit, form | {"scope": station.north.path}, ANNE)
    assert moved.status_code == 303, moved.text
    found = (await anne.get("/api/v1/people?q=nina")).json()["rows"][0]
    assert [one["scope"] for one in found["roles"]] == [station.north.path]
    code = {"X-Code": station.house.browser().code(ANNE, fresh=True)}
    body = {"name": "Bea", "email": "bea@example.com", "role": "bearer", "scope": "ten_x"}
    answer = await anne.send("POST", "/api/v1/people", json=body, headers=code)
    assert answer.status_code == 422


PILLS = {
    "kind": "medicine", "detail": "morphine 10 mg", "count": "28", "unit": "tablets",
    "lot": "L-7", "expires_on": "2099-12-31", "control": "1", "seal": "",
}  # fmt: skip


async def test_controlled_medicine_is_counted_at_the_hand_over(station: Station) -> None:
    url = await station.register("Cora", **PILLS)
    page = (await station.browsers["Cora"].get(url)).text
    assert all(words in page for words in ("28</span> tablets", "controlled", "2099-12-31"))
    assert (await station.acts("Cora", url))[:5] == [
        "hand-over", "count", "dispense", "waste", "correct",
    ]  # fmt: skip
    await station.by("Cora", f"{url}/hand-over", to=station.people["Bo"])
    assert "How many you count" in (await station.browsers["Bo"].get(f"{url}/accept")).text
    for wrong in ("", "many", "-1", "9" * 9):
        answer = await station.by("Bo", f"{url}/accept", count=wrong)
        assert answer.status_code in {409, 422}, wrong
    answer = await station.by("Bo", f"{url}/accept", count="27")
    assert answer.status_code == 303
    page = (await station.browsers["Cora"].get(url)).text
    assert "counted 27 tablets, the record says 28" in page
    assert "count differs" in page
    assert await station.acts("Cora", url) != []
    assert (await station.by("Cora", f"{url}/count", count="28")).status_code == 303
    await station.by("Cora", f"{url}/hand-over", to=station.people["Bo"])
    assert (await station.by("Bo", f"{url}/accept", count="28")).status_code == 303
    assert await station.house.events(EventType.CUSTODY_ACCEPTED)


async def test_what_a_nurse_dispenses_counts_once_a_custodian_has_seen_it(
    station: Station,
) -> None:
    url = await station.register("Bo", **PILLS)
    right = {"count": "2", "authority": "R 12"}
    assert (await station.by("Bo", f"{url}/dispense", **right)).status_code == 303
    assert await station.house.events(EventType.ITEM_DRAWN) == []
    assert await station.acts("Clem", url) == ["witness", "refuse"]
    assert (await station.by("Clem", f"{url}/witness")).status_code == 303
    [drawn] = await station.house.events(EventType.ITEM_DRAWN)
    assert (drawn.count, drawn.authority, drawn.witness) == (26, "R 12", station.people["Clem"])
    page = (await station.browsers["Bo"].get(url)).text
    assert "dispensed, left: 26" in page
    form = (await station.browsers["Bo"].get(f"{url}/form")).text
    assert "26 tablets, lot L-7, until 2099-12-31" in form
    found = (await station.browsers["Bo"].get(f"/api/v1/items/{url.rpartition('/')[2]}")).json()
    assert (found["count"], found["is_controlled"], found["is_doubted"]) == (26, True, False)
    wrong = {"count": "27", "reason": "more than there is"}
    assert (await station.by("Bo", f"{url}/waste", **wrong)).status_code == 422


async def test_no_custodian_makes_a_custodian(station: Station) -> None:
    cora = station.browsers["Cora"]
    form = {"name": "Kay", "email": "kay@example.com", "role": "custodian", "language": "en"}
    for url in ("/console/people/new", f"/console/people/{station.people['Bo']}"):
        assert (await do(cora, url, form, "cora@example.com")).status_code == 403


def there(station: Station, name: str, node: Node | None = None) -> str:
    return f"{station.people[name]}|{(node or station.south).path}"


async def test_an_item_moves_to_another_site_in_the_moment_it_changes_hands(
    station: Station,
) -> None:
    url = await station.register("Cora", kept_at=station.north.path)
    form = await station.browsers["Cora"].get(f"{url}/transfer")
    assert "South: Omar" in form.text
    assert "Clem" not in form.text
    assert (
        await station.by("Cora", f"{url}/transfer", to=there(station, "Omar"))
    ).status_code == 303
    assert "South" in (await station.browsers["Cora"].get(url)).text
    assert (await station.browsers["Clem"].get(url)).status_code == 200  # it is kept here still
    assert f'href="{url}"' in (await station.browsers["Omar"].get("/console/items")).text
    assert await station.acts("Omar", url) == ["accept", "refuse"]
    asked = await station.browsers["Omar"].post(f"{url}/accept", INTACT)
    assert 'name="code"' in asked.text
    assert (await station.by("Omar", f"{url}/accept", **INTACT)).status_code == 303
    for name in ("Cora", "Clem"):
        assert (await station.browsers[name].get(url)).status_code == 403
    assert "transfer" in await station.acts("Omar", url)
    [accepted] = await station.house.events(EventType.CUSTODY_ACCEPTED)
    cora, omar = station.people["Cora"], station.people["Omar"]
    assert (accepted.subject, accepted.actor) == (cora, omar)
    assert accepted.scope == station.south.path
    back = await station.by("Omar", f"{url}/transfer", to=there(station, "Clem", station.north))
    assert back.status_code == 303


async def test_a_refused_or_withdrawn_transfer_leaves_it_where_it_is(station: Station) -> None:
    url = await station.register("Cora", kept_at=station.north.path)
    await station.by("Cora", f"{url}/transfer", to=there(station, "Omar"))
    assert (await station.by("Omar", f"{url}/refuse", reason="no room")).status_code == 303
    assert (await station.browsers["Omar"].get(url)).status_code == 403
    await station.by("Cora", f"{url}/transfer", to=there(station, "Omar"))
    assert (await station.browsers["Cora"].post(f"{url}/withdraw")).status_code == 303
    assert (await station.by("Omar", f"{url}/accept", **INTACT)).status_code == 403
    assert "transfer" in await station.acts("Cora", url)


async def test_nobody_transfers_to_who_has_no_say_there(station: Station) -> None:
    url = await station.register("Cora", kept_at=station.north.path)
    for to in (
        there(station, "Clem"),  # keeps items here only
        there(station, "Omar", station.north),
        there(station, "Omar", Node(station.house.tenant)),
        station.people["Omar"],
        "",
    ):
        assert (await station.by("Cora", f"{url}/transfer", to=to)).status_code == 422, to
    assert (
        await station.by("Clem", f"{url}/transfer", to=there(station, "Omar"))
    ).status_code == 403
    assert await station.house.events(EventType.CUSTODY_OFFERED) == []


async def test_a_transfer_by_machine(station: Station) -> None:
    url = await station.register("Cora", kept_at=station.north.path)
    api = url.replace("/console/", "/api/v1/")
    cora, omar = station.browsers["Cora"], station.browsers["Omar"]
    body = {
        "kind": "hand_over", "to": station.people["Omar"], "kept_at": station.south.path,
    }  # fmt: skip

    def fresh(browser: Browser, name: str) -> dict[str, str]:
        return {"bayward-code": browser.code(f"{name}@example.com", fresh=True)}

    wrong = body | {"to": station.people["Clem"]}
    refused = await cora.send("POST", f"{api}/offer", json=wrong, headers=fresh(cora, "cora"))
    assert (refused.status_code, refused.json()["code"]) == (422, "custody.to_whom")
    offered = await cora.send("POST", f"{api}/offer", json=body, headers=fresh(cora, "cora"))
    assert (offered.status_code, offered.json()["kept_at"]) == (201, station.north.path)
    done = await omar.send("POST", f"{api}/accept", json=INTACT, headers=fresh(omar, "omar"))
    assert (done.json()["kept_at"], done.json()["holder"]) == (
        station.south.path, station.people["Omar"],
    )  # fmt: skip
