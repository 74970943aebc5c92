from __future__ import annotations

import asyncio
import json

import pytest

from bayward.cloud.custody import service as custody
from bayward.cloud.people import store as people_store
from bayward.cloud.privacy import retention
from bayward.cloud.unit import JOBS, Work
from bayward.core.clock import DAY_MS
from bayward.core.events import EventType
from bayward.core.ids import ParcelId, PersonId
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House, World
from step_up_form import administrator, confirmed


@pytest.fixture
async def zoe(house: House) -> PersonId:
    return await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)


async def second(house: House) -> Browser:
    """Another administrator, who has been one for a week."""
    return await administrator(house, "Bea", 7 * DAY_MS)


async def erased(house: House, person: PersonId) -> None:
    """Anne asks, Bea confirms."""
    bea = await second(house)
    anne = await house.browser().be("Anne")
    asked = await anne.post(f"/console/people/{person}/erase", {"basis": "objection"})
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    asked = await bea.post(f"/console/people/{person}/erase/confirm")
    assert (await confirmed(bea, asked, "bea@example.com")).status_code == 303


async def test_somebody_is_erased_when_another_administrator_confirms(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    bea = await second(house)
    anne = await house.browser().be("Anne")
    page = await anne.get(f"/console/people/{zoe}")
    assert f"/console/privacy?person={zoe}" in page.text
    page = await anne.get(f"/console/privacy?person={zoe}")
    assert "Erase Zoe" in page.text
    asked = await anne.post(f"/console/people/{zoe}/erase", {"basis": "objection"})
    assert "Zoe is forgotten for good once another administrator confirms it" in asked.text
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert await house.events(EventType.SUBJECT_ERASED) == []
    url = f"/console/people/{zoe}/erase/confirm"
    assert url not in (await anne.get("/console/privacy")).text
    own = await anne.post(url)
    assert (await confirmed(anne, own, ANNE)).status_code == 403
    assert url in (await bea.get("/console/privacy")).text
    asked = await bea.post(url)
    assert "Zoe is forgotten for good" in asked.text
    answer = await confirmed(bea, asked, "bea@example.com")
    assert answer.status_code == 303
    [event] = await house.events(EventType.SUBJECT_ERASED)
    assert event.reason == "objection"
    assert event.actor != event.witness
    for path in ("/console/people", "/console/log?kind=administrators", "/console/privacy"):
        page = await anne.get(path)
        assert page.status_code == 200
        assert "Zoe" not in page.text
    log = await anne.get("/console/log")
    assert "somebody who was erased" in log.text
    assert (await anne.get(f"/console/people/{zoe}")).status_code == 404


async def test_the_page_names_banks_that_have_not_forgotten_yet(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    lobby = await house.bench.bank(house.tenant, 7)
    assert "have not forgotten yet" not in (await anne.get("/console/privacy")).text
    await erased(house, zoe)
    anne = await house.browser().be("Anne")
    page = (await anne.get("/console/privacy")).text
    assert "Banks that have not forgotten yet" in page
    assert "1 still to confirm" in page
    [sent] = [
        one for one in await house.events(EventType.COMMAND_SENT) if one.detail == "forget_person"
    ]
    lobby.record(EventType.COMMAND_DONE, command=sent.command, result="forgotten")
    await lobby.upload(house.bench.ingest)
    page = (await anne.get("/console/privacy")).text
    assert "have not forgotten yet" not in page
    assert "name nobody who was erased" in page


async def test_alone_it_waits_and_can_be_withdrawn(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    assert "after 72 hours" in (await anne.get(f"/console/privacy?person={zoe}")).text
    asked = await anne.post(f"/console/people/{zoe}/erase", {"basis": "objection"})
    assert "in 72 hours" in asked.text
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    page = await anne.get("/console/privacy")
    assert "Erasures that wait" in page.text
    assert (await anne.post(f"/console/people/{zoe}/erase/withdraw")).status_code == 303
    assert "Erasures that wait" not in (await anne.get("/console/privacy")).text
    [event] = await house.events(EventType.ERASURE_WITHDRAWN)
    assert event.subject == zoe


async def test_a_ground_has_to_be_one_of_the_laws(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    asked = await anne.post(f"/console/people/{zoe}/erase", {"basis": "because"})
    assert (await confirmed(anne, asked, ANNE)).status_code == 422
    assert await house.events(EventType.SUBJECT_ERASED) == []


async def test_nobody_erases_himself_or_the_last_owner(house: House, anne: Browser) -> None:
    me = await house.cloud.unit.read(lambda work: people_store.with_email(work.tx, ANNE)[0].person)
    answer = await anne.post(f"/console/people/{me}/erase", {"basis": "objection"})
    assert answer.status_code == 403
    assert await house.events(EventType.SUBJECT_ERASED) == []


async def test_what_we_hold_is_a_file(house: House, anne: Browser, zoe: PersonId) -> None:
    answer = await confirmed(anne, await anne.get(f"/console/people/{zoe}/report"), ANNE)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{zoe}.json"'
    told = json.loads(answer.text)
    tables = {one["table"]: one["rows"] for one in told["tables"]}
    assert tables["person"][0]["email"] == "zoe@example.com"
    assert {"person", "role_binding", "happening"} <= set(tables)
    assert {one["field"] for one in told["log"]} >= {"subject", "role"}
    assert ANNE not in answer.text
    [event] = await house.events(EventType.SUBJECT_REPORTED)
    assert (event.subject, event.reason) == (zoe, None)
    assert event.count == sum(map(len, tables.values())) + len(told["log"])
    log = await anne.get("/console/log")
    assert "What we hold about somebody handed out" in log.text


async def test_a_hold_is_placed_stands_in_the_way_and_is_lifted(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    form = {
        "kind": "person",
        "subject": zoe,
        "authority": "Court, 12 O 34/27",
        "until": "2030-01-01",
    }
    assert (await anne.post("/console/privacy/holds", form)).status_code == 303
    page = await anne.get("/console/privacy")
    assert "Court, 12 O 34/27" in page.text
    assert "Zoe" in page.text
    refused = await anne.post(f"/console/people/{zoe}/erase", {"basis": "objection"})
    assert refused.status_code == 409
    assert "A legal hold is on this person" in refused.text
    [placed] = await house.events(EventType.HOLD_PLACED)
    asked = await anne.post(f"/console/privacy/holds/{placed.detail}/lift")
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert "12 O 34/27" not in (await anne.get("/console/privacy")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"kind": "everything"},
        {"authority": " "},
        {"begins": "tomorrow"},
        {"begins": "2027-02-01", "ends": "2027-01-01"},
        {"kind": "period", "subject": ""},
    ],
)
async def test_what_is_wrong_with_a_hold_is_said_beside_it(
    house: House, anne: Browser, zoe: PersonId, wrong: dict[str, str]
) -> None:
    form = {"kind": "person", "subject": zoe, "authority": "Court"} | wrong
    assert (await anne.post("/console/privacy/holds", form)).status_code == 422
    assert await house.events(EventType.HOLD_PLACED) == []


async def test_an_epoch_is_ended_by_hand(house: House, anne: Browser, zoe: PersonId) -> None:
    answer = await confirmed(anne, await anne.post("/console/privacy/roll"), ANNE)
    assert answer.status_code == 303

    def epoch(work: Work) -> int:
        present = work.house.keyring.epoch(house.tenant)
        return 0 if present is None else present.number

    while await house.cloud.unit.read(epoch) < 2:
        await house.settle()
    page = await anne.get("/console/people")
    assert "Zoe" in page.text


async def test_periods_are_shown_and_when_they_were_carried_out(
    house: House, anne: Browser
) -> None:
    page = await anne.get("/console/privacy")
    assert "Sign-ins that have ended" in page.text
    assert "Not done yet." in page.text
    house.wait(retention.FIRST_AFTER_MS)
    await house.do(lambda work: work.wake(JOBS))
    anne = await house.browser().be("Anne")  # an hour has passed
    async with asyncio.timeout(10):
        while "Last done" not in (await anne.get("/console/privacy")).text:
            await house.settle()


async def test_the_register_of_processing_is_a_file_for_who_may_see_it(
    house: House, anne: Browser
) -> None:
    await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)
    answer = await anne.get("/console/privacy/register.csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('"register-of-processing.csv"')
    assert "parcel,delivery,tracking," in answer.text
    resident = await house.browser().be("Zoe")
    assert (await resident.get("/console/privacy/register.csv")).status_code in {403, 404}


async def test_a_period_is_changed_after_seeing_what_goes(
    house: House, anne: Browser, zoe: PersonId
) -> None:
    assert "?period=parcel" in (await anne.get("/console/privacy")).text
    assert "From 14 to 1,095" in (await anne.get("/console/privacy?period=parcel")).text
    assert (await anne.get("/console/privacy?period=log")).status_code == 404
    url = "/console/privacy/periods/parcel"
    asked = await anne.post(url, {"days": "30", "reason": "less is enough"})
    assert "0 rows would go today" in asked.text
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    page = await anne.get("/console/privacy")
    assert "by default 90" in page.text
    [event] = await house.events(EventType.SETTING_CHANGED)
    assert (event.detail, event.reason) == ("90 → 30", "less is enough")
    register = (await anne.get("/console/privacy/register.csv")).text
    assert "30 days from ended_at" in register


@pytest.mark.parametrize("wrong", ["13", "1096", "-5", "many", ""])
async def test_a_period_out_of_bounds_is_said_beside_it(
    house: House, anne: Browser, wrong: str
) -> None:
    url = "/console/privacy/periods/parcel"
    answer = await anne.post(url, {"days": wrong, "reason": "x"})
    assert answer.status_code == 422
    assert "days-wrong" in answer.text
    assert await house.events(EventType.SETTING_CHANGED) == []


async def test_what_stands_in_the_way_is_said_before_a_code_is_asked_for(
    house: House, anne: Browser, world: World
) -> None:
    """A parcel of hers is in the wall; a code spent on a refusal is a minute's wait for another."""
    parcel = await house.do(
        lambda work: custody.get_parcel(work, world.tenant, ParcelId(world.parcel))
    )
    rosa = parcel.recipient
    answer = await anne.post(f"/console/people/{rosa}/erase", {"basis": "objection"})
    assert answer.status_code == 409
    assert "still has parcels in a locker" in answer.text
    assert "Ask for it" in answer.text
    assert 'name="code"' not in answer.text
