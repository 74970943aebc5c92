from __future__ import annotations

import pytest

from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Release
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.events import TEXT_CHARS_MAX, EventType
from bayward.core.ids import CommandId, PersonId
from bayward.ui.i18n import catalogues
from cloud_bench import named
from cloud_house import ANNE, Browser, House, World

CONTRADICTIONS = (EventType.BANK_LOG_REFUSED, EventType.TENANT_LOG_DOUBTED)


async def test_the_list_leads_to_the_incident_and_counts_it(anne: Browser, world: World) -> None:
    page = await anne.get("/console/incidents?state=open")
    assert f'href="/console/incidents/{world.incident}"' in page.text
    assert "Door 02 forced open" in page.text
    assert 'class="badge">1<' in page.text
    closed = await anne.get("/console/incidents?state=closed")
    assert f'href="/console/incidents/{world.incident}"' not in closed.text.partition("<table")[2]


async def test_every_page_carries_the_banner_until_it_is_over(anne: Browser, world: World) -> None:
    for path in ("/console", "/console/people", "/console/log"):
        page = await anne.get(path)
        assert 'role="alert" data-severity="critical"' in page.text
        assert f'href="/console/incidents/{world.incident}#release"' in page.text


async def test_one_incident_tells_its_story_with_proofs(anne: Browser, world: World) -> None:
    page = await anne.get(f"/console/incidents/{world.incident}")
    assert page.status_code == 200
    assert "Locked down" in page.text
    assert "Lobby 1 can be opened again." in page.text
    assert "/console/log/receipt?origin=" in page.text


async def test_somebody_takes_it_on(house: House, anne: Browser, world: World) -> None:
    url = f"/console/incidents/{world.incident}"
    answer = await anne.post(f"{url}/acknowledge", {"note": "on my way"})
    assert answer.headers["location"] == url
    page = await anne.get(url)
    assert "You are looking after it." in page.text
    assert "I am looking after it" not in page.text
    [told] = await house.events(EventType.INCIDENT_ACKNOWLEDGED)
    assert told.detail == "on my way"
    again = await anne.post(f"{url}/acknowledge", {"note": ""})
    assert again.status_code == 409


async def test_the_release_needs_a_reason_and_a_code_and_waits_for_the_bank(
    house: House, anne: Browser, world: World
) -> None:
    url = f"/console/incidents/{world.incident}"
    form = {"reason": "looked at every door", "code": anne.code(ANNE, fresh=True)}
    answer = await anne.post(f"{url}/release", form)
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    page = await anne.get(url)
    assert "release requested, waiting for the locker" in page.text
    assert "The locker was asked to release." in page.text
    [held] = await house.do(lambda work: incidents.lockdowns(work, house.tenant))
    assert held.release is Release.REQUESTED
    command = await house.do(release_command)
    world.bank.record(EventType.COMMAND_DONE, command=command, result="released")
    world.bank.record(
        EventType.LOCKDOWN_RELEASED,
        scope="bank",
        actor=str(named(PersonId, 9)),
        reason="looked at every door",
    )
    await world.bank.upload(house.cloud.ingest)
    page = await anne.get(url)
    assert "released, confirmed by the locker" in page.text
    assert 'role="alert" data-severity' not in (await anne.get("/console")).text


def release_command(work: Work) -> CommandId:
    kind = s.command.c.kind == "release_lockdown"
    [row] = work.tx.execute(s.command.select().where(kind)).all()
    return CommandId(row.command)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"reason": "looked"}, "Please fill this in."),
        ({"reason": "looked", "code": "000000"}, "This code does not fit"),
    ],
)
async def test_without_a_right_code_nothing_is_ordered(
    house: House, anne: Browser, world: World, form: dict[str, str], text: str
) -> None:
    answer = await anne.post(f"/console/incidents/{world.incident}/release", form)
    assert answer.status_code == 422
    assert text in answer.text
    assert 'value="looked"' in answer.text
    [held] = await house.do(lambda work: incidents.lockdowns(work, house.tenant))
    assert held.release is Release.NONE


async def test_without_a_reason_the_code_is_not_enough(anne: Browser, world: World) -> None:
    form = {"reason": " ", "code": anne.code(ANNE, fresh=True)}
    answer = await anne.post(f"/console/incidents/{world.incident}/release", form)
    assert answer.status_code == 422
    assert "Please say why" in answer.text
    assert (await anne.get("/console")).status_code == 200  # the new cookie came along


async def unlocked(house: House, world: World) -> None:
    """Somebody with a key of the service ends the lockdown at the wall."""
    world.bank.record(
        EventType.LOCKDOWN_RELEASED, scope="bank", actor=str(named(PersonId, 9)), reason="a drill"
    )
    await world.bank.upload(house.cloud.ingest)


async def test_it_is_closed_with_a_reason_once_nothing_is_locked(
    house: House, anne: Browser, world: World
) -> None:
    url = f"/console/incidents/{world.incident}"
    assert f'action="{url}/close"' not in (await anne.get(url)).text
    assert (await anne.post(f"{url}/close", {"reason": "a drill"})).status_code == 409
    await unlocked(house, world)
    page = (await anne.get(url)).text
    assert f'action="{url}/close"' in page
    assert f'action="{url}/release"' not in page
    closed = await anne.post(f"{url}/close", {"reason": "a drill"})
    assert closed.headers["location"] == url
    page = (await anne.get(url)).text
    assert "Closed. If it happens again" in page
    assert f'action="{url}/close"' not in page
    assert "I am looking after it" not in page
    [told] = await house.events(EventType.INCIDENT_CLOSED)
    assert told.reason == "a drill"
    assert 'role="alert" data-severity' not in (await anne.get("/console")).text


async def test_a_closed_one_says_who_closed_it_and_why(
    house: House, anne: Browser, world: World
) -> None:
    url = f"/console/incidents/{world.incident}"
    await unlocked(house, world)
    await anne.post(f"{url}/close", {"reason": "a drill <b>of ours</b>"})
    page = (await anne.get(url)).text
    card = page.partition('id="closed-title"')[2].partition("</section>")[0]
    assert "Anne" in card
    assert "a drill &lt;b&gt;of ours&lt;/b&gt;" in card
    assert (await anne.post(f"{url}/close", {"reason": "again"})).status_code == 409


@pytest.mark.parametrize("reason", ["", "  ", "x" * (TEXT_CHARS_MAX + 1)])
async def test_without_a_reason_it_stays_and_what_was_typed_comes_back(
    house: House, anne: Browser, world: World, reason: str
) -> None:
    url = f"/console/incidents/{world.incident}/close"
    await unlocked(house, world)
    answer = await anne.post(url, {"reason": reason})
    assert answer.status_code == 422
    assert "Please say why" in answer.text
    assert f'value="{reason}"' in answer.text
    assert not await house.events(EventType.INCIDENT_CLOSED)


async def test_a_cursor_that_is_none_is_refused(anne: Browser) -> None:
    assert (await anne.get("/console/incidents?after=x")).status_code == 422
    assert (await anne.get("/console/incidents?after=1")).status_code == 200


def test_what_to_do_is_said_of_everything_that_opens_an_incident() -> None:
    english = catalogues()["en"]
    said = {
        kind.value for kind in incidents.SEVERITY if english.find(f"console.advice.{kind.value}")
    }
    contradictions = {kind.value for kind in CONTRADICTIONS}  # their own part of the page says it
    assert said | contradictions == {kind.value for kind in incidents.SEVERITY}


async def test_an_incident_names_the_parcels_behind_the_forced_doors(
    house: House, anne: Browser, world: World
) -> None:
    url = f"/console/incidents/{world.incident}"
    assert "Parcels behind a forced door" not in (await anne.get(url)).text  # 02 was empty
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    page = (await anne.get(url)).text
    behind = page.partition("Parcels behind a forced door")[2].partition("</section>")[0]
    assert f'href="/console/parcels/{world.parcel}"' in behind
    assert "Rosa1" in behind
    assert "Door 01" in behind
