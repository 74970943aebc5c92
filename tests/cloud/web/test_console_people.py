from __future__ import annotations

import re
from typing import Any

import pytest

from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import PersonState
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.roles import Node, Role, active
from cloud_house import ANNE, Browser, House
from step_up_form import confirmed

ROSA = {"name": "Rosa Luna", "email": "rosa@example.com", "unit": "4B", "role": "resident"}


async def someone(house: House, email: str) -> people_store.Person:
    [person] = await house.do(lambda work: people_store.with_email(work.tx, email))
    assert isinstance(person, people_store.Person)
    return person


async def roles(house: House, person: PersonId) -> set[Role]:
    held = await house.do(
        lambda work: active(people_store.bindings_of(work.tx, house.tenant, person), work.now)
    )
    return {one.role for one in held}


async def test_a_resident_is_invited_and_listed(house: House, anne: Browser) -> None:
    answer = await anne.post("/console/people/new", ROSA | {"is_low": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/people")
    page = await anne.get("/console/people")
    assert "Rosa Luna was invited." in page.text
    assert "Rosa Luna" in (await anne.get("/console/people?q=4b")).text
    assert "Rosa Luna was invited." not in (await anne.get("/console/people")).text
    rosa = await someone(house, "rosa@example.com")
    assert (rosa.unit, rosa.needs_low, rosa.state) == ("4B", True, PersonState.INVITED)
    assert await roles(house, rosa.person) == {Role.RESIDENT}
    assert "Person added" in (await anne.get(f"/console/people/{rosa.person}")).text


async def test_what_is_wrong_stands_beside_the_field(house: House, anne: Browser) -> None:
    answer = await anne.post("/console/people/new", ROSA | {"email": "rosa", "phone": "x"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Rosa Luna"' in answer.text
    await anne.post("/console/people/new", ROSA)
    taken = await anne.post("/console/people/new", ROSA | {"name": "Eve"})
    assert taken.status_code == 422
    assert "has this e-mail address already" in taken.text


async def test_somebody_is_corrected(house: House, anne: Browser) -> None:
    await anne.post("/console/people/new", ROSA)
    rosa = await someone(house, "rosa@example.com")
    url = f"/console/people/{rosa.person}"
    assert 'value="4B"' in (await anne.get(url)).text
    answer = await anne.post(url, ROSA | {"unit": "5C"})
    assert answer.headers["location"] == url
    assert (await someone(house, "rosa@example.com")).unit == "5C"


async def test_identity_63_what_a_form_may_not_decide_is_not_decided(
    house: House, anne: Browser
) -> None:
    other = await house.second_tenant()
    extra = {
        "tenant": other,
        "tenant_id": other,
        "person": "prs_" + "0" * 26,
        "state": "active",
        "seen_at": "1",
        "created_at": "1",
        "granted_by": "prs_" + "0" * 26,
        "scope": "platform",
        "site": "site_" + "0" * 26,
        "is_owner": "1",
    }
    await anne.post("/console/people/new", ROSA | extra)
    rosa = await someone(house, "rosa@example.com")
    assert (rosa.tenant, rosa.state, rosa.seen_at) == (house.tenant, PersonState.INVITED, None)
    assert rosa.person != extra["person"]
    assert await roles(house, rosa.person) == {Role.RESIDENT}


@pytest.mark.parametrize("role", ["super_admin", "courier", "owner", "ADMIN", "", "admin\x00"])
async def test_identity_63_no_other_role_can_be_named(
    house: House, anne: Browser, role: str
) -> None:
    answer = await anne.post("/console/people/new", ROSA | {"role": role})
    assert answer.status_code == 422
    assert await house.do(lambda work: people_store.with_email(work.tx, "rosa@example.com")) == []


async def test_identity_63_the_api_refuses_fields_it_does_not_know(
    house: House, anne: Browser
) -> None:
    more: list[dict[str, Any]] = [{"tenant": "x"}, {"state": "active"}, {"roles": []}, {"is": 1}]
    for extra in more:
        answer = await anne.send(
            "POST", "/api/v1/people", json={"name": "Rosa", "email": "rosa@example.com"} | extra
        )
        assert answer.status_code == 422, extra
    bodies: list[Any] = [{"name": 7}, {"name": None}, [], "x", {"name": "x" * 400}]
    for body in bodies:
        answer = await anne.send("POST", "/api/v1/people", json=body)
        assert answer.status_code == 422, body
    found = await house.do(lambda work: people_store.with_email(work.tx, "rosa@example.com"))
    assert found == []


async def test_inviting_an_administrator_needs_a_fresh_factor(house: House, anne: Browser) -> None:
    form = {"name": "Bert", "email": "bert@example.com", "role": "admin"}
    page = await anne.post("/console/people/new", form)
    assert page.status_code == 403
    assert "Bert becomes administrator." in page.text
    done = await confirmed(anne, page, ANNE)
    assert done.status_code == 303
    bert = await someone(house, "bert@example.com")
    assert await roles(house, bert.person) == {Role.ADMIN}


async def test_a_resident_becomes_an_administrator_with_a_fresh_factor(
    house: House, anne: Browser
) -> None:
    await anne.post("/console/people/new", ROSA)
    rosa = await someone(house, "rosa@example.com")
    page = await anne.post(f"/console/people/{rosa.person}", ROSA | {"role": "admin"})
    assert page.status_code == 403
    assert await roles(house, rosa.person) == {Role.RESIDENT}
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert await roles(house, rosa.person) == {Role.ADMIN}
    told = await house.events(EventType.ROLE_GRANTED)
    assert told[-1].subject == rosa.person


async def test_disabling_names_the_consequence_and_ends_everything(
    house: House, anne: Browser
) -> None:
    await house.person("Bert", Role.ADMIN)
    bert = await house.browser().be("Bert")
    person = (await someone(house, "bert@example.com")).person
    page = await anne.post(f"/console/people/{person}/disable")
    assert "Bert loses all access at once." in page.text
    assert (await bert.get("/console")).status_code == 200
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert (await bert.get("/console")).headers["location"] == "/sign-in"
    enabled = await confirmed(anne, await anne.post(f"/console/people/{person}/enable"), ANNE)
    assert enabled.status_code == 303
    assert (await bert.get("/console")).status_code == 303  # what was ended stays ended


async def test_identity_64_the_last_owner_stays(house: House, anne: Browser) -> None:
    me = (await someone(house, ANNE)).person
    page = await anne.post(f"/console/people/{me}/disable")
    assert page.status_code == 403
    assert "step_action" not in page.text  # it is refused, not asked for a code
    scope = {"role": "admin", "scope": house.tenant}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    answer = await anne.send("DELETE", f"/api/v1/people/{me}/roles", params=scope, headers=code)
    assert (answer.status_code, answer.json()["code"]) == (403, "owner.last")
    await house.person("Bert", Role.ADMIN)
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    answer = await anne.send("DELETE", f"/api/v1/people/{me}/roles", params=scope, headers=code)
    assert answer.status_code == 204
    assert (await anne.get("/console")).status_code == 403


async def test_identity_64_nobody_raises_himself_or_reaches_above(
    house: House, anne: Browser
) -> None:
    [site] = (await anne.get("/api/v1/sites")).json()
    node = Node.parse(f"{house.tenant}/{site['site']}")
    sam = await house.person("Sam", Role.ADMIN, node=node)
    owner = (await someone(house, ANNE)).person
    browser = await house.browser().be("Sam")
    await give_factor(house, anne, sam, "Sam")
    browser = await house.browser().be("Sam")

    async def ask(method: str, path: str, body: dict[str, str]) -> tuple[int, str]:
        house.wait(61_000)
        headers = {"bayward-code": browser.code("sam@example.com")}
        answer = await browser.send(method, f"/api/v1/people/{path}", json=body, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    whole = {"role": "admin", "scope": house.tenant}
    assert await ask("POST", f"{sam}/roles", whole) == (403, "role.self")
    assert await ask("POST", f"{sam}/roles", whole | {"role": "super_admin"}) == (422, "role.scope")
    platform = {"role": "super_admin", "scope": "platform"}
    rosa = await house.person("Rosa", Role.RESIDENT, node=node)
    assert (await ask("POST", f"{rosa}/roles", platform))[0] in {403, 404}
    assert (await ask("POST", f"{rosa}/roles", whole))[0] == 403
    assert (await ask("PUT", str(owner), {"name": "Gone"}))[0] == 403
    assert (await ask("DELETE", str(owner), {}))[0] == 403
    assert (await someone(house, ANNE)).state is PersonState.ACTIVE
    denied = await house.events(EventType.ACTION_DENIED)
    assert {event.actor for event in denied} == {sam}


async def give_factor(house: House, anne: Browser, person: PersonId, name: str) -> None:
    """An authenticator for somebody."""
    await house.browser().join(person, name)


async def test_identity_64_where_codes_go_is_changed_with_a_fresh_factor_only(
    house: House, anne: Browser
) -> None:
    await anne.post("/console/people/new", ROSA)
    rosa = await someone(house, "rosa@example.com")
    for moved in ({"email": "eve@example.com"}, {"phone": "+49 30 1234567"}):
        page = await anne.post(f"/console/people/{rosa.person}", ROSA | moved)
        assert page.status_code == 403
        assert "Links and codes for Rosa Luna go to another address." in page.text
        assert await someone(house, "rosa@example.com") == rosa
    told = ROSA | {"email": "eve@example.com"}
    page = await anne.post(f"/console/people/{rosa.person}", told)
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert (await someone(house, "eve@example.com")).person == rosa.person


async def test_identity_64_a_stolen_session_of_staff_cannot_be_made_to_last(
    house: House, anne: Browser
) -> None:
    me = await someone(house, ANNE)
    body = {"name": me.name, "email": "eve@example.com"}
    answer = await anne.send("PUT", f"/api/v1/people/{me.person}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up.missing")
    assert (await anne.post(f"/console/people/{me.person}/invite")).status_code == 403
    assert await house.deliveries("invitation") == []
    assert await someone(house, ANNE) == me


async def test_identity_64_disabled_staff_come_back_with_a_fresh_factor_only(
    house: House, anne: Browser
) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    await house.do(lambda work: people.disable(work, house.tenant, None, bert))
    page = await anne.post(f"/console/people/{bert}/enable")
    assert page.status_code == 403
    assert (await someone(house, "bert@example.com")).state is PersonState.DISABLED
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert (await someone(house, "bert@example.com")).state is not PersonState.DISABLED


async def test_a_new_way_in_for_somebody_who_has_one_says_so_first(
    house: House, anne: Browser
) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    await give_factor(house, anne, bert, "Bert")
    page = await anne.post(f"/console/people/{bert}/invite")
    assert "sets up password and authenticator anew" in page.text
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert len(await house.deliveries("invitation")) == 1


async def test_an_invitation_is_sent_again_to_staff_only(house: House, anne: Browser) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    bert = await house.person("Bert", Role.ADMIN)
    assert (await anne.post(f"/console/people/{bert}/invite")).status_code == 303
    assert (await anne.post(f"/console/people/{rosa}/invite")).status_code == 409
    page = await anne.get("/console/notifications")
    assert "Invitation" in page.text
    assert re.search(r"b…t@example\.com", page.text)


async def test_a_person_of_another_tenant_keeps_his_address(house: House, anne: Browser) -> None:
    other = await house.second_tenant()
    await house.person("Rosa", Role.RESIDENT, tenant=other)
    assert (await anne.post("/console/people/new", ROSA)).status_code == 303
    found = await house.do(lambda work: people_store.with_email(work.tx, "rosa@example.com"))
    assert len(found) == 2


async def test_roles_end_at_the_instant_they_were_given_for(house: House, anne: Browser) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    until = house.clock.at + 120_000
    body = {"role": "admin", "scope": house.tenant, "until": until}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    answer = await anne.send("POST", f"/api/v1/people/{rosa}/roles", json=body, headers=code)
    assert answer.status_code == 201, answer.text
    browser = await house.browser().be("Rosa")
    assert (await browser.get("/console")).status_code == 200
    house.clock.at = type(house.clock.at)(until)
    assert (await browser.get("/console")).status_code == 403


def test_the_platform_owns_no_people_of_tenants() -> None:
    assert people.PLATFORM_TENANT.endswith("0" * 26)
