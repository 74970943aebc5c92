from __future__ import annotations

import pytest

from bayward.cloud.people import sessions
from bayward.core.events import EventType
from cloud_house import ANNE, Browser, House
from step_up_form import hidden

FORM = {"language": "de", "zone": "Europe/Berlin"}


async def asked(browser: Browser, path: str, form: dict[str, str]) -> dict[str, str]:
    page = await browser.post(path, form)
    assert page.status_code == 403, page.text
    return hidden(page)


async def test_a_dangerous_form_is_answered_with_its_consequence(anne: Browser) -> None:
    page = await anne.post("/console/settings", FORM)
    assert page.status_code == 403
    assert "New rules for every wall" in page.text
    fields = hidden(page)
    assert fields["next"] == "/console/settings"
    assert {name: fields[name] for name in FORM} == FORM


async def test_a_fresh_code_brings_the_form_back_to_where_it_was_going(
    house: House, anne: Browser
) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    before = anne.cookie
    code = anne.code(ANNE, fresh=True)
    sent = await anne.post("/step-up", fields | {"code": code})
    assert (sent.status_code, sent.headers["location"]) == (307, "/console/settings")
    assert anne.cookie != before
    done = await anne.post("/console/settings", fields | {"code": code})
    assert (done.status_code, done.headers["location"]) == (303, "/console/settings")
    assert "Europe/Berlin" in (await anne.get("/console/settings")).text
    told = await house.events(EventType.SETTING_CHANGED)
    assert [(event.subject, event.detail) for event in told] == [
        ("language", "de"),
        ("zone", "Europe/Berlin"),
    ]
    [passed] = await house.events(EventType.STEP_UP_PASSED)
    assert passed.detail == "settings.change"


async def test_identity_52_a_factor_shown_for_one_form_does_nothing_for_another(
    anne: Browser,
) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    await anne.post("/step-up", fields | {"code": anne.code(ANNE, fresh=True)})
    for changed in ({"zone": "Europe/Paris"}, {"language": "en"}, {"extra": "1"}):
        refused = await anne.post("/console/settings", FORM | changed)
        assert refused.status_code == 403, changed
    other = await anne.post("/console/webhooks/new", {"url": "https://a.example"})
    assert other.status_code == 403
    assert (await anne.post("/console/settings", FORM)).status_code == 303


async def test_identity_52_it_is_spent_by_the_first_use(anne: Browser) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    await anne.post("/step-up", fields | {"code": anne.code(ANNE, fresh=True)})
    assert (await anne.post("/console/settings", FORM)).status_code == 303
    assert (await anne.post("/console/settings", FORM)).status_code == 403


async def test_identity_52_it_is_stale_after_five_minutes(house: House, anne: Browser) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    await anne.post("/step-up", fields | {"code": anne.code(ANNE, fresh=True)})
    house.wait(sessions.STEP_UP_MS)
    assert (await anne.post("/console/settings", FORM)).status_code == 403


async def test_identity_52_it_is_of_no_use_in_another_session(house: House, anne: Browser) -> None:
    other = await house.browser().be("Anne")
    fields = await asked(anne, "/console/settings", FORM)
    await anne.post("/step-up", fields | {"code": anne.code(ANNE, fresh=True)})
    assert (await other.post("/console/settings", FORM)).status_code == 403


async def test_a_wrong_code_asks_again_with_the_same_consequence(anne: Browser) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    again = await anne.post("/step-up", fields | {"code": "000000"})
    assert again.status_code == 422
    assert "New rules for every wall" in again.text
    assert hidden(again) == fields
    assert (await anne.get("/console")).status_code == 200


async def test_identity_47_a_code_of_the_sign_in_does_not_count_again(
    house: House, anne: Browser
) -> None:
    browser = house.browser()
    await browser.sign_in("Anne")
    used = browser.code(ANNE)
    fields = await asked(browser, "/console/settings", FORM)
    assert (await browser.post("/step-up", fields | {"code": used})).status_code == 422


@pytest.mark.parametrize(
    "to", ["https://evil.example/console", "//evil.example", "/me", "/\\evil", ""]
)
async def test_nobody_is_sent_elsewhere_with_a_form(anne: Browser, to: str) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    code = anne.code(ANNE, fresh=True)
    sent = await anne.post("/step-up", fields | {"next": to, "code": code})
    assert sent.status_code == 422


async def test_what_was_tampered_with_says_nothing_strange(anne: Browser) -> None:
    fields = await asked(anne, "/console/settings", FORM)
    for says in ("", "[]", '{"key": "../x", "facts": {}}', '{"facts": 1}', "<script>"):
        again = await anne.post("/step-up", fields | {"step_says": says, "code": "000000"})
        assert again.status_code == 422
        assert "<script>" not in again.text
        assert "This needs a fresh code." in again.text
    wrong = await anne.post("/step-up", fields | {"step_action": "no.such", "code": "000000"})
    assert wrong.status_code == 422


async def test_an_export_is_asked_for_by_link_and_comes_after_the_code(
    house: House, anne: Browser
) -> None:
    page = await anne.get("/console/log/export?origin=")
    assert page.status_code == 403
    fields = hidden(page)
    sent = await anne.post("/step-up", fields | {"code": anne.code(ANNE, fresh=True)})
    assert sent.status_code == 303
    file = await anne.get(sent.headers["location"])
    assert file.status_code == 200
    assert file.headers["content-disposition"] == 'attachment; filename="log.jsonl"'
    assert file.text.count("\n") > 1
    [told] = await house.events(EventType.LOG_EXPORTED)
    assert told.actor is not None
    assert (await anne.get(sent.headers["location"])).status_code == 403


async def test_a_program_sends_the_code_along_and_keeps_the_new_token(
    house: House, anne: Browser
) -> None:
    [site] = (await anne.get("/api/v1/sites")).json()
    body = {"site": site["site"], "name": "Lobby"}
    bearer = {"authorization": f"Bearer {anne.cookie}"}
    client = house.browser()
    refused = await client.send("POST", "/api/v1/banks", json=body, headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up.missing")
    code = {"bayward-code": client.code(ANNE, fresh=True)}
    made = await client.send("POST", "/api/v1/banks", json=body, headers=bearer | code)
    assert made.status_code == 201, made.text
    token = made.headers["bayward-session"]
    assert "set-cookie" not in made.headers
    old = await client.send("GET", "/api/v1/banks", headers=bearer)
    assert old.status_code == 401
    new = {"authorization": f"Bearer {token}"}
    assert len((await client.send("GET", "/api/v1/banks", headers=new)).json()) == 1
