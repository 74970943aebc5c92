from __future__ import annotations

import asyncio
import re

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import State
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.cloud.web import console_log
from bayward.core.events import EventType
from bayward.ledger.chain import verify_chained
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.verdict import Trust
from bayward.ledger.verify import verify_log
from cloud_house import ANNE, Browser, House, World
from step_up_form import confirmed


async def test_the_logs_their_roots_and_what_happened(anne: Browser, world: World) -> None:
    page = await anne.get("/console/log")
    assert world.bank.log.signer.key.name in page.text
    assert f"lockers.example.com/tenant/{world.tenant}" in page.text
    doors = await anne.get("/console/log?kind=doors")
    assert "forced open" in doors.text
    assert "Person added" not in doors.text
    people = await anne.get("/console/log?kind=administrators")
    assert "Person added" in people.text


async def test_older_entries_are_on_the_next_page(house: House, anne: Browser) -> None:
    for number in range(30):
        await house.person(f"P{number}", None)
        await house.person(f"Q{number}", None)
    first = await anne.get("/console/log")
    href = first.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await anne.get(href)
    assert "Tenant created" in second.text
    assert (await anne.get("/console/log?after=x")).status_code == 422


async def test_everything_is_verified_on_demand(house: House, anne: Browser, world: World) -> None:
    answer = await anne.post("/console/log/verify")
    page = await anne.get(answer.headers["location"])
    assert "Everything fits." in page.text
    assert re.search(r"[\d,]+ entries</span>", page.text)


async def test_a_log_that_was_tampered_with_is_found(
    house: House, anne: Browser, world: World
) -> None:
    def tamper(work: Work) -> None:
        for trigger in work.tx.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).scalars():
            work.tx.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
        mine = s.log_segment.c.origin == world.bank.log.signer.key.name
        changed = s.log_segment.update().where(mine & (s.log_segment.c.first == 0))
        work.tx.execute(changed.values(entries=b"\x00\x07changed"))

    await house.do(tamper)
    await anne.post("/console/log/verify")
    page = await anne.get("/console/log")
    assert 'data-proof="failed"' in page.text
    assert "One log does not verify." in page.text
    assert "Everything fits." not in page.text


async def test_a_long_check_goes_on_alone_and_the_page_shows_how_far_it_is(
    house: House, anne: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_log, "PATIENCE_S", 0)
    checks = house.cloud.desk.checks
    answer = await anne.post("/console/log/verify")
    running = list(checks._running.values())
    page = await anne.get(answer.headers["location"])
    assert "Every log is read from its first entry to its last." in page.text
    await asyncio.gather(*running)
    page = await anne.get("/console/log")
    assert re.search(r"[\d,]+ entries</span>", page.text)
    assert "<progress" not in page.text


async def test_a_fault_in_the_own_log_has_an_incident_about_no_bank(
    house: House, anne: Browser, world: World
) -> None:
    def tamper(work: Work) -> None:
        work.tx.exec_driver_sql("DROP TRIGGER log_segment_no_update")
        mine = s.log_segment.c.origin == audit.origin_of(work, world.tenant)
        changed = s.log_segment.update().where(mine & (s.log_segment.c.first == 0))
        work.tx.execute(changed.values(entries=b"\x00\x07changed"))

    await house.do(tamper)
    await anne.post("/console/log/verify")
    found = await house.do(lambda work: incidents.incidents(work, world.tenant))
    [incident] = [one for one in found if one.kind == EventType.LOG_FAULT_FOUND.value]
    assert incident.bank == ""
    page = await anne.get(f"/console/incidents/{incident.id}")
    assert page.status_code == 200
    assert "A log does not verify" in page.text
    assert "body/leaf mismatch at 0" in page.text
    for path in ("/console", "/console/incidents"):
        assert "A log does not verify" in (await anne.get(path)).text
    taken = await anne.post(f"/console/incidents/{incident.id}/acknowledge")
    assert taken.status_code == 303
    url = f"/console/incidents/{incident.id}/close"
    assert (await anne.post(url, {"reason": "restored"})).status_code == 303
    ended = await house.do(
        lambda work: incidents.get_incident(work, world.tenant, incident.id).state
    )
    assert ended is State.CLOSED
    steps = (EventType.INCIDENT_OPENED, EventType.INCIDENT_ACKNOWLEDGED, EventType.INCIDENT_CLOSED)
    for step in steps:
        [told] = [one for one in await house.events(step) if one.incident == incident.id]
        assert told.bank is None


async def test_an_export_verifies_without_us_and_is_itself_an_entry(
    house: House, anne: Browser, world: World
) -> None:
    origin = world.bank.log.signer.key.name
    assert f'<option value="{origin}">' in (await anne.get("/console/log")).text
    asked = await anne.get(f"/console/log/export?origin={origin}")
    assert "The log leaves this system." in asked.text
    file = await confirmed(anne, asked, ANNE)
    lines = iter(file.content.splitlines(keepends=True))
    verdict = verify_log(lines, [world.bank.log.signer.key])
    assert verdict.ok, verdict.findings
    [told] = await house.events(EventType.LOG_EXPORTED)
    assert told.origin == origin


async def test_a_log_that_is_none_is_not_found(anne: Browser, world: World) -> None:
    asked = await anne.get("/console/log/export?origin=nowhere")
    assert (await confirmed(anne, asked, ANNE)).status_code == 404


async def test_the_anchor_is_shown_and_a_bank_is_proven_up_to_it(
    house: House, anne: Browser, world: World
) -> None:
    bank = world.bank
    href = f"/console/log/chain/{bank.id}"
    assert (await anne.get(href)).status_code == 404  # not anchored yet
    assert await house.cloud.anchoring.enter() > 0
    page = await anne.get("/console/log")
    assert "lockers.example.com/anchor" in page.text
    assert "Nobody outside has cosigned it." in page.text
    assert f'href="{href}"' in page.text
    answer = await anne.get(href)
    key = house.cloud.unit.house.keys.log_signer("lockers.example.com/anchor").key
    accepted = open_checkpoint(bank.log.note(bank.log.size), bank.log.signer.key).checkpoint
    found = verify_chained(answer.text, [key])
    assert found.ok, found.findings
    assert found.trust is Trust.TRUSTED
    assert (found.fields["origin"], found.fields["log_size"]) == (accepted.origin, accepted.size)
    assert [one.origin for one in found.chain] == ["lockers.example.com/anchor"]


async def test_the_anchor_is_for_everybody(house: House) -> None:
    await house.cloud.anchoring.enter()
    answer = await house.browser().get("/log/lockers.example.com/anchor/checkpoint")
    assert answer.status_code == 200
    key = house.cloud.unit.house.keys.log_signer("lockers.example.com/anchor").key
    assert open_checkpoint(answer.text, key).checkpoint.size > 0
