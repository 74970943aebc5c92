from __future__ import annotations

import pytest

from bayward.core.commands import DismissCourier
from cloud_house import ANNE, Browser, House
from door_room import Room, furnished
from item_desk import do


@pytest.fixture
async def room(house: House, anne: Browser) -> Room:
    return await furnished(house, anne)


async def test_who_loses_the_role_loses_the_code(room: Room) -> None:
    url = f"/console/people/{room.people['Cora']}"
    form = {"bank": str(room.bank.id), "evidence": "1"}
    await do(room.browsers["Anne"], f"{url}/doors", form, ANNE)
    person = {"name": "Cora", "email": "cora@example.com", "role": "resident", "language": "en"}
    assert (await do(room.browsers["Anne"], url, person, ANNE)).status_code == 303
    assert isinstance((await room.orders())[-1], DismissCourier)
    await do(room.browsers["Anne"], f"/console/people/{room.people['Clem']}/doors", form, ANNE)
    await do(room.browsers["Anne"], f"/console/people/{room.people['Clem']}/disable", {}, ANNE)
    assert (await room.orders())[-1] == DismissCourier(room.people["Clem"])
