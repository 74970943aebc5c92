from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bayward.cloud.people import service as people
from bayward.cloud.people import sessions, set_up, totp
from bayward.cloud.people.service import PLATFORM_TENANT
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_house import PASSWORD, URL, Browser, House


class Counted:
    """Counts what a request costs."""

    def __init__(self, house: House) -> None:
        self._desk = house.cloud.desk
        self._told = {"hashes": 0, "writes": 0, "reads": 0}
        self._real = (self._desk.passwords, self._desk.unit)
        self._desk.passwords = self._spy(self._real[0], {"verify": "hashes"})
        self._desk.unit = self._spy(self._real[1], {"write": "writes", "read": "reads"})

    def undo(self) -> dict[str, int]:
        self._desk.passwords, self._desk.unit = self._real
        return self._told

    def _spy(self, real: Any, names: dict[str, str]) -> Any:
        told = self._told

        class Spy:
            def __getattr__(self, name: str) -> Any:
                if name in names:
                    told[names[name]] += 1
                return getattr(real, name)

        return Spy()


async def test_the_first_link_makes_the_owner_and_is_worth_nothing_afterwards(
    new_house: House,
) -> None:
    link = str(new_house.cloud.setup_link).partition("/setup/")[2]
    anne = new_house.browser()
    await anne.set_up(f"{URL}/setup/{link}", "Anne")
    page = await anne.get("/console")
    assert page.status_code == 200
    assert "Anne" in page.text
    assert (await anne.get(f"/setup/{link}")).status_code == 404
    again = await anne.post(f"/setup/{link}", {"name": "Eve", "password": PASSWORD})
    assert again.status_code == 404


async def test_a_link_that_was_never_made_is_not_found(house: House) -> None:
    for path in ("/setup/0000000000000000000000000", "/setup/x", "/l/..%2f", "/p/" + "0" * 26):
        assert (await house.browser().get(path)).status_code in {404, 410}


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "at least"), ("password1234567", "easy to guess"), ("x" * 129, "too long")],
)
async def test_identity_53_a_weak_password_comes_back_with_the_reason(
    new_house: House, password: str, code: str
) -> None:
    link = str(new_house.cloud.setup_link).partition("/setup/")[2]
    form = {"name": "Anne", "email": "anne@example.com", "password": password}
    answer = await new_house.browser().post(f"/setup/{link}", form)
    assert answer.status_code == 422
    assert code in answer.text
    assert password not in answer.text


async def test_identity_53_words_of_the_deployment_make_no_password(new_house: House) -> None:
    link = str(new_house.cloud.setup_link).partition("/setup/")[2]
    form = {
        "name": "Anne Example",
        "email": "anne@example.com",
        "password": "bayward lockers example anne",
    }
    answer = await new_house.browser().post(f"/setup/{link}", form)
    assert answer.status_code == 422


async def test_identity_53_sixty_four_characters_of_any_script_are_fine(new_house: House) -> None:
    link = str(new_house.cloud.setup_link).partition("/setup/")[2]
    password = "ж中é" * 7 + "quiet otters dancing at dusk — ünïcödé 春"
    form = {"name": "Anne", "email": "anne@example.com", "password": password[:64]}
    answer = await new_house.browser().post(f"/setup/{link}", form)
    assert answer.status_code == 200


async def test_password_and_code_sign_in(house: House, anne: Browser) -> None:
    again = house.browser()
    assert (await again.sign_in("Anne")).headers["location"] == "/console"
    assert (await again.get("/console")).status_code == 200
    told = await house.events(EventType.SIGN_IN_SUCCEEDED)
    assert [event.method for event in told] == ["totp", "totp"]  # the set-up is one


async def test_after_signing_in_one_is_where_one_wanted_to_be(house: House, anne: Browser) -> None:
    again = house.browser()
    refused = await again.get("/console/people")
    assert refused.headers["location"] == "/sign-in?next=/console/people"
    form = {"email": "anne@example.com", "password": PASSWORD, "next": "/console/people"}
    await again.post("/sign-in", form)
    code = {"code": again.code("anne@example.com", fresh=True)}
    answer = await again.post("/sign-in/totp", code)
    assert answer.headers["location"] == "/console/people"


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "/me", "javascript:1"]
)
async def test_nobody_is_sent_to_another_site_after_signing_in(
    house: House, anne: Browser, to: str
) -> None:
    again = house.browser()
    form = {"email": "anne@example.com", "password": PASSWORD, "next": to}
    await again.post("/sign-in", form)
    code = {"code": again.code("anne@example.com", fresh=True)}
    answer = await again.post("/sign-in/totp", code)
    assert answer.headers["location"] == "/console"


async def test_half_way_in_is_not_in(house: House, anne: Browser) -> None:
    again = house.browser()
    await again.post("/sign-in", {"email": "anne@example.com", "password": PASSWORD})
    for path in ("/console", "/console/people", "/console/settings"):
        answer = await again.get(path)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in/totp")


async def test_identity_49_each_step_brings_a_new_cookie_and_the_old_one_dies(
    house: House, anne: Browser
) -> None:
    again = house.browser()
    again.take_cookie("A" * 43)  # what an attacker planted
    await again.post("/sign-in", {"email": "anne@example.com", "password": PASSWORD})
    half = again.cookie
    await again.post("/sign-in/totp", {"code": again.code("anne@example.com", fresh=True)})
    whole = again.cookie
    assert len({"A" * 43, half, whole}) == 3
    for old in ("A" * 43, str(half)):
        other = house.browser()
        other.take_cookie(old)
        assert (await other.get("/console")).headers["location"] == "/sign-in"


async def test_identity_47_a_code_counts_once(house: House, anne: Browser) -> None:
    first, second = house.browser(), house.browser()
    for browser in (first, second):
        await browser.post("/sign-in", {"email": "anne@example.com", "password": PASSWORD})
    code = {"code": first.code("anne@example.com", fresh=True)}
    assert (await first.post("/sign-in/totp", code)).status_code == 303
    assert (await second.post("/sign-in/totp", code)).status_code == 401


async def test_identity_47_a_code_two_steps_old_is_refused(house: House, anne: Browser) -> None:
    again = house.browser()
    await again.post("/sign-in", {"email": "anne@example.com", "password": PASSWORD})
    old = again.code("anne@example.com", fresh=True)
    house.wait(2 * totp.STEP_MS)
    assert (await again.post("/sign-in/totp", {"code": old})).status_code == 401


async def test_identity_47_guessing_codes_runs_dry(house: House, anne: Browser) -> None:
    again = house.browser()
    await again.post("/sign-in", {"email": "anne@example.com", "password": PASSWORD})
    told = [
        (await again.post("/sign-in/totp", {"code": f"{guess:06d}"})).status_code
        for guess in range(limits.CODE.burst + 3)
    ]
    assert told.count(401) == limits.CODE.burst
    assert told[-1] == 429
    house.wait(limits.CODE.refill_ms)
    right = {"code": again.code("anne@example.com", fresh=True)}
    assert (await again.post("/sign-in/totp", right)).status_code == 401  # the factor rests


async def test_identity_54_unknown_and_known_look_alike(house: House, anne: Browser) -> None:
    """The same words, and the same work: one hash, one write, whoever it is."""
    bodies, work = [], []
    for email in ("anne@example.com", "nobody@example.com"):
        counted = Counted(house)
        answer = await house.browser().post("/sign-in", {"email": email, "password": "wrong"})
        work.append(counted.undo())
        assert answer.status_code == 401
        told = answer.text.replace(email, "somebody").splitlines()
        bodies.append([line for line in told if "nonce" not in line])
    assert bodies[0] == bodies[1]
    assert work == [{"hashes": 1, "writes": 1, "reads": 1}] * 2


async def test_identity_54_a_refusal_is_written_down_either_way(
    house: House, anne: Browser
) -> None:
    for email in ("anne@example.com", "nobody@example.com"):
        await house.browser().post("/sign-in", {"email": email, "password": "wrong"})
    mine = await house.events(EventType.SIGN_IN_REFUSED)
    platform = await house.events(EventType.SIGN_IN_REFUSED, PLATFORM_TENANT)
    assert [(len(mine), len(platform))] == [(1, 1)]
    assert mine[0].subject is not None
    assert platform[0].subject is None


async def test_identity_55_many_logins_at_once_are_turned_away_and_not_queued(
    house: House, anne: Browser
) -> None:
    form = {"email": "anne@example.com", "password": "wrong"}
    browser = house.browser()
    answers = await asyncio.gather(*(browser.post("/sign-in", form) for _ in range(60)))
    told = [answer.status_code for answer in answers]
    assert set(told) == {401, 429}
    assert told.count(401) <= limits.SIGN_IN.burst
    late = next(answer for answer in answers if answer.status_code == 429)
    assert int(late.headers["retry-after"]) > 0


async def test_trying_one_account_too_often_does_not_lock_the_others(
    house: House, anne: Browser
) -> None:
    for _ in range(limits.SIGN_IN.burst):
        await house.browser().post("/sign-in", {"email": "x@example.com", "password": "wrong"})
    tired = await house.browser().post("/sign-in", {"email": "X@example.com", "password": "a"})
    assert tired.status_code == 429
    assert (await house.browser().sign_in("Anne")).status_code == 303


async def test_signing_out_ends_the_session_on_the_server(house: House, anne: Browser) -> None:
    cookie = str(anne.cookie)
    answer = await anne.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    other = house.browser()
    other.take_cookie(cookie)
    assert (await other.get("/console")).headers["location"] == "/sign-in"
    assert (await other.post("/sign-out")).status_code == 303


async def test_a_session_ends_idle(house: House, anne: Browser) -> None:
    house.wait(sessions.STAFF.idle_ms - 1)
    assert (await anne.get("/console")).status_code == 200
    house.wait(sessions.STAFF.idle_ms)
    assert (await anne.get("/console")).headers["location"] == "/sign-in"


async def test_identity_50_a_disabled_person_is_out_with_the_next_request(
    house: House, anne: Browser
) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    token = await house.do(lambda work: set_up.mint_link(work, house.tenant, bert))
    browser = house.browser()
    await browser.set_up(f"{URL}/setup/{token}", "Bert")
    assert (await browser.get("/console")).status_code == 200
    await house.do(lambda work: people.disable(work, house.tenant, None, bert))
    assert (await browser.get("/console")).headers["location"] == "/sign-in"
    api = await browser.get("/console", headers={"accept": "application/json"})
    assert api.status_code == 401
