from __future__ import annotations

from cloud_house import ANNE, PASSWORD, Browser, House

LOGIN = {"email": ANNE, "password": PASSWORD}


async def signed_in(house: House) -> tuple[Browser, dict[str, str]]:
    client = house.browser()
    half = (await client.send("POST", "/api/v1/sign-in", json=LOGIN)).json()
    assert half["needs"] == "code"
    bearer = {"authorization": f"Bearer {half['token']}"}
    refused = await client.send("GET", "/api/v1/banks", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor.needed")
    body = {"code": client.code(ANNE, fresh=True)}
    whole = await client.send("POST", "/api/v1/sign-in/code", json=body, headers=bearer)
    assert whole.json()["needs"] is None
    return client, {"authorization": f"Bearer {whole.json()['token']}"}


async def test_two_factors_give_a_token(house: House) -> None:
    client, bearer = await signed_in(house)
    assert (await client.send("GET", "/api/v1/banks", headers=bearer)).json() == []
    assert client.cookie is None


async def test_wrong_factors_are_401(house: House) -> None:
    client = house.browser()
    wrong = await client.send("POST", "/api/v1/sign-in", json=LOGIN | {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in.refused")
    half = (await client.send("POST", "/api/v1/sign-in", json=LOGIN)).json()
    bearer = {"authorization": f"Bearer {half['token']}"}
    body = {"code": "000000"}
    refused = await client.send("POST", "/api/v1/sign-in/code", json=body, headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "totp.wrong")
    without = await client.send("POST", "/api/v1/sign-in/code", json=body)
    assert without.status_code == 401


async def test_sessions_are_listed_and_ended(house: House, anne: Browser) -> None:
    client, bearer = await signed_in(house)
    told = (await client.send("GET", "/api/v1/sessions", headers=bearer)).json()
    assert [one["is_this"] for one in told] == [True, False] or len(told) == 3
    other = next(one for one in told if not one["is_this"])
    path = f"/api/v1/sessions/{other['ref']}"
    assert (await client.send("DELETE", path, headers=bearer)).status_code == 204
    assert (await client.send("DELETE", path, headers=bearer)).status_code == 404
    mine = next(one for one in told if one["is_this"])
    ended = await client.send("DELETE", f"/api/v1/sessions/{mine['ref']}", headers=bearer)
    assert ended.status_code == 204
    assert (await client.send("GET", "/api/v1/banks", headers=bearer)).status_code == 401


async def test_the_description_names_every_call(house: House) -> None:
    told = (await house.browser().get("/api/v1/openapi.json")).json()
    assert told["openapi"].startswith("3.1")
    paths = told["paths"]
    assert "/api/v1/parcels/{parcel}/open" in paths
    assert not [path for path in paths if not path.startswith("/api/")]
    assert len(paths) >= 25
