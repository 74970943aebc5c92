from __future__ import annotations

import re

import pytest

from bayward.core.commands import RestoreCompartment
from cloud_house import ANNE, Browser, House
from door_room import URL, Room, T, furnished, me
from item_desk import KNIFE, do


@pytest.fixture
async def room(house: House, anne: Browser) -> Room:
    return await furnished(house, anne)


async def test_nobody_gives_such_a_door_back_alone(room: Room) -> None:
    await room.block()
    await room.block(3)
    anne = room.browsers["Anne"]
    url = f"/console/banks/{room.bank.id}/restore"
    alone = await do(anne, url, {"compartment": room.bank.door(1)}, ANNE)
    assert alone.status_code == 409
    plain = await do(anne, url, {"compartment": room.bank.door(3)}, ANNE)
    assert plain.status_code == 303
    assert await room.orders() == [RestoreCompartment(room.bank.door(3), await me(room))]
    asked = await room.by("Cora", f"{URL}/ask", **room.door("restore", 3), reason="x")
    assert asked.status_code == 409


async def test_the_key_is_agreed_on_and_the_line_of_custody_says_so(room: Room) -> None:
    answer = await room.by("Cora", "/console/items/new", **KNIFE)
    item = answer.headers["location"]
    label = re.search(r"ITM-[0-9A-Z]+", (await room.browsers["Cora"].get(item)).text)
    assert label is not None
    parcel = {"compartment": room.bank.door(1), "parcel": "prc_" + "0" * 26}
    hands = {"actor": room.people["Cora"], "recipient": room.people["Bo"], "size": "M"}
    room.bank.record(T.COMPARTMENT_RESERVED, **parcel, **hands, tracking=label[0])
    room.bank.record(T.PARCEL_DEPOSITED, **parcel, **hands, method="kiosk", tracking=label[0])
    await room.bank.upload(room.house.cloud.ingest)
    assert "A1</a>" in (await room.browsers["Cora"].get(URL)).text
    await room.by("Cora", f"{URL}/ask", **room.door("key"), reason="lock is stuck")
    assert (await room.by("Clem", f"{URL}/agree", **room.door("key"))).status_code == 303
    assert await room.orders() == []
    room.bank.force(door=1)
    await room.bank.upload(room.house.cloud.ingest)
    page = await room.browsers["Cora"].get(item)
    assert "opened with the key, as two people had agreed" in page.text
    assert "interrupted" in page.text


async def test_what_two_have_emptied_is_with_who_asked_and_not_interrupted(room: Room) -> None:
    answer = await room.by("Cora", "/console/items/new", **KNIFE)
    item = answer.headers["location"]
    label = re.search(r"ITM-[0-9A-Z]+", (await room.browsers["Cora"].get(item)).text)
    assert label is not None
    parcel = {"compartment": room.bank.door(1), "parcel": "prc_" + "0" * 26}
    hands = {"actor": room.people["Cora"], "recipient": room.people["Bo"], "size": "M"}
    room.bank.record(T.COMPARTMENT_RESERVED, **parcel, **hands, tracking=label[0])
    room.bank.record(T.PARCEL_DEPOSITED, **parcel, **hands, method="kiosk", tracking=label[0])
    await room.block()
    cora, clem = room.people["Cora"], room.people["Clem"]
    restored = {"compartment": room.bank.door(1), "actor": cora, "witness": clem}
    room.bank.record(T.COMPARTMENT_RESTORED, **restored)
    await room.bank.upload(room.house.cloud.ingest)
    page = await room.browsers["Cora"].get(item)
    assert ("interrupted" in page.text, "witness Clem" in page.text) == (False, True)
    [fetched] = await room.house.events(T.CUSTODY_FETCHED)
    assert (fetched.actor, fetched.witness) == (cora, clem)
