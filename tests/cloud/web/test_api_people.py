from __future__ import annotations

from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House


async def test_somebody_comes_is_corrected_and_goes(house: House, anne: Browser) -> None:
    body = {"name": "Rosa", "email": "rosa@example.com", "unit": "4B"}
    made = await anne.send("POST", "/api/v1/people", json=body)
    assert made.status_code == 201
    path = f"/api/v1/people/{made.json()['person']}"
    assert [one["role"] for one in made.json()["roles"]] == ["resident"]
    changed = await anne.send("PUT", path, json=body | {"unit": "5C"})
    assert changed.json()["unit"] == "5C"
    assert (await anne.get(path)).json() == changed.json()
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    assert (await anne.send("DELETE", path, headers=code)).status_code == 204
    assert (await anne.get(path)).json()["state"] == "disabled"


async def test_people_are_listed_page_by_page(house: House, anne: Browser) -> None:
    for number in range(60):
        await house.person(f"P{number}", Role.RESIDENT)
    first = (await anne.get("/api/v1/people")).json()
    second = (await anne.get(f"/api/v1/people?after={first['after']}")).json()
    ids = [one["person"] for one in [*first["rows"], *second["rows"]]]
    assert len(ids) == len(set(ids)) == 61
    assert second["after"] is None
    found = (await anne.get("/api/v1/people?q=p59")).json()
    assert [one["name"] for one in found["rows"]] == ["P59"]


async def test_a_role_is_given_and_taken_back(house: House, anne: Browser) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    path = f"/api/v1/people/{rosa}/roles"
    body = {"role": "admin", "scope": house.tenant}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    given = await anne.send("POST", path, json=body, headers=code)
    assert {one["role"] for one in given.json()["roles"]} == {"resident", "admin"}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    taken = await anne.send("DELETE", path, params=body, headers=code)
    assert taken.status_code == 204
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    again = await anne.send("DELETE", path, params=body, headers=code)
    assert again.status_code == 404
