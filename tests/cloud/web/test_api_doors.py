from __future__ import annotations

import httpx
import pytest

from bayward.core.clock import DAY_MS, after
from cloud_house import ANNE, Browser, House
from door_room import Room, furnished


@pytest.fixture
async def room(house: House, anne: Browser) -> Room:
    return await furnished(house, anne)


async def test_the_api_asks_agrees_and_lists(room: Room) -> None:
    await room.block()

    async def send(name: str, verb: str, body: dict[str, str]) -> httpx.Response:
        code = room.house.browser().code(f"{name.lower()}@example.com", fresh=True)
        path = f"/api/v1/approvals/{verb}"
        headers = {"Bayward-Code": code}
        return await room.browsers[name].send("POST", path, json=body, headers=headers)

    asked = await send("Cora", "ask", room.door("restore") | {"reason": "it is empty"})
    assert asked.status_code == 202, asked.text
    [row] = (await room.browsers["Clem"].get("/api/v1/approvals")).json()["rows"]
    assert (row["asked_by"], row["kind"]) == (room.people["Cora"], "restore")
    given = await send("Clem", "agree", room.door("restore"))
    assert given.status_code == 201, given.text
    assert given.json()["given_by"] == room.people["Clem"]
    assert len(await room.orders()) == 1
    assert (await room.browsers["Clem"].get("/api/v1/approvals")).json()["rows"] == []
    gone = await room.browsers["Clem"].send(
        "POST", "/api/v1/approvals/decline", json=room.door("restore")
    )
    assert gone.status_code == 404


async def test_the_api_gives_such_a_code_too(room: Room) -> None:
    until = after(room.house.clock.at, 30 * DAY_MS)
    body = {"bank": str(room.bank.id), "modes": "medicine", "until": until}
    path = f"/api/v1/people/{room.people['Bo']}/doors"
    anne = room.browsers["Anne"]
    for wrong in ({"modes": "weapons"}, {"modes": "delivery"}, {"until": 0}):
        headers = {"Bayward-Code": room.house.browser().code(ANNE, fresh=True)}
        answer = await anne.send("POST", path, json=body | wrong, headers=headers)
        assert answer.status_code == 422, wrong
    headers = {"Bayward-Code": room.house.browser().code(ANNE, fresh=True)}
    answer = await anne.send("POST", path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["modes"], answer.json()["state"]) == ("medicine", "requested")
