from __future__ import annotations

from bayward.cloud.privacy.erasures import WAIT_MS
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House
from step_up_form import administrator


def fresh(browser: Browser) -> dict[str, str]:
    return {"bayward-code": browser.code(ANNE, fresh=True)}


async def test_the_same_by_machine(house: House, anne: Browser) -> None:
    zoe = await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)
    lobby = await house.bench.bank(house.tenant, 7)
    path, body = f"/api/v1/people/{zoe}", {"basis": "unlawful"}
    told = (await anne.send("GET", f"{path}/report", headers=fresh(anne))).json()
    assert told["person"] == zoe

    hold = {"kind": "person", "subject": zoe, "authority": "Court"}
    placed = await anne.send("POST", "/api/v1/privacy/holds", json=hold)
    assert placed.status_code == 201
    held = await anne.send("POST", f"{path}/erase", json=body, headers=fresh(anne))
    assert (held.status_code, held.json()["code"]) == (409, "hold.active")
    lifting = f"/api/v1/privacy/holds/{placed.json()['hold']}"
    assert (await anne.send("DELETE", lifting, headers=fresh(anne))).status_code == 204

    stale = await anne.send("POST", f"{path}/erase", json=body)
    assert stale.json()["code"] == "step_up.missing"
    asked = await anne.send("POST", f"{path}/erase", json=body, headers=fresh(anne))
    assert (asked.json()["due"], asked.json()["problem"]) == (house.clock.at + WAIT_MS, None)
    assert (await anne.get("/api/v1/privacy")).json()["erasures"] == [asked.json()]
    assert (await anne.send("DELETE", f"{path}/erase")).status_code == 204
    bea = await administrator(house, "Bea", WAIT_MS)
    anne = await house.browser().be("Anne")
    asked = await anne.send("POST", f"{path}/erase", json=body, headers=fresh(anne))
    assert asked.json()["due"] is None
    code = {"bayward-code": bea.code("bea@example.com", fresh=True)}
    done = await bea.send("POST", f"{path}/erase/confirm", headers=code)
    assert done.json()["disclosures"] > 0
    [event] = await house.events(EventType.SUBJECT_ERASED)
    assert event.subject == done.json()["key"]
    state = (await anne.get("/api/v1/privacy")).json()
    assert (state["holds"], state["roll_due"]) == ([], done.json()["dead_by"])
    [bank] = state["untold"]
    assert (bank["bank"], bank["people"], done.json()["banks"]) == (lobby.id, 1, 1)
    answer = await anne.send("POST", "/api/v1/privacy/roll", headers=fresh(anne))
    assert answer.status_code == 201
    assert (await anne.get(path)).status_code == 404


async def test_what_is_no_hold_is_refused(house: House, anne: Browser) -> None:
    for wrong in (
        {"kind": "everything", "authority": "Court"},
        {"kind": "person", "authority": "Court"},
        {"kind": "period", "authority": "Court", "begins_at": 5, "ends_at": 4},
    ):
        answer = await anne.send("POST", "/api/v1/privacy/holds", json=wrong)
        assert answer.status_code == 422
    assert await house.events(EventType.HOLD_PLACED) == []


async def test_periods_by_machine(house: House, anne: Browser) -> None:
    url = "/api/v1/privacy/periods"
    told = {one["kind"]: one for one in (await anne.get(url)).json()}
    assert told["parcel"] == {
        "kind": "parcel", "days": 90, "default": 90, "least": 14, "most": 1095,
    }  # fmt: skip
    going = await anne.get(f"{url}/parcel/going?days=14")
    assert going.json() == {"kind": "parcel", "days": 14, "rows": 0}
    body = {"days": 30, "reason": "less is enough"}
    assert (await anne.send("PUT", f"{url}/parcel", json=body)).json()["code"] == "step_up.missing"
    done = await anne.send("PUT", f"{url}/parcel", json=body, headers=fresh(anne))
    assert (done.status_code, done.json()["days"]) == (200, 30)
    wrong = await anne.send(
        "PUT", f"{url}/parcel", json={"days": 3, "reason": "x"}, headers=fresh(anne)
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "period.bounds")
