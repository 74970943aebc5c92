from __future__ import annotations

import pytest

from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House


async def test_a_refusal_is_in_the_log_though_nothing_else_was_done(
    house: House, anne: Browser
) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    browser = await house.browser().be("Rosa")
    assert (await browser.post("/console/people/new", {"name": "x"})).status_code == 403
    [told] = await house.events(EventType.ACTION_DENIED)
    assert (told.actor, told.detail, told.reason) == (rosa, "person.invite", "role.not_allowed")


async def test_knocking_without_end_does_not_fill_the_log(house: House) -> None:
    await house.person("Rosa", Role.RESIDENT)
    browser = await house.browser().be("Rosa")
    told = [(await browser.get("/console")).status_code for _ in range(40)]
    assert told.count(403) == limits.DENIED_FOR.burst
    assert told[-1] == 429
    assert len(await house.events(EventType.ACTION_DENIED)) == limits.DENIED_FOR.burst


async def test_being_used_keeps_a_session_alive_and_being_refused_does_not(
    house: House, anne: Browser
) -> None:
    for _ in range(4):
        house.wait(10 * 60_000)
        assert (await anne.get("/console")).status_code == 200
    for _ in range(2):
        house.wait(10 * 60_000)
        await anne.get("/console/parcels/prc_x")
    assert (await anne.get("/console")).status_code == 303


async def test_too_many_fields_are_refused(anne: Browser) -> None:
    form = {f"field{number}": "x" for number in range(limits.FIELDS_MAX + 1)}
    assert (await anne.post("/console/settings", form)).status_code == 422


async def test_a_role_given_a_moment_ago_counts_at_once(house: House, anne: Browser) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    browser = await house.browser().be("Rosa")
    assert (await browser.get("/console")).status_code == 403
    body = {"role": "admin", "scope": house.tenant}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    await anne.send("POST", f"/api/v1/people/{rosa}/roles", json=body, headers=code)
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("cookie", ["", "sid=", "sid=x", "sid=; sid=y", "other=1"])
async def test_what_is_no_session_is_none(house: House, cookie: str) -> None:
    answer = await house.browser().get("/console", headers={"Cookie": cookie})
    assert answer.headers["location"] == "/sign-in"
