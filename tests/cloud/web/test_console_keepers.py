from __future__ import annotations

import re

import pytest

from bayward.cloud.access import couriers
from bayward.core.clock import DAY_MS, after
from bayward.core.commands import AdmitCourier
from bayward.core.compartment import Mode
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House
from door_room import Room, T, furnished
from item_desk import do


@pytest.fixture
async def room(house: House, anne: Browser) -> Room:
    return await furnished(house, anne)


async def test_a_code_for_doors_for_two_goes_to_who_has_a_role_there(room: Room) -> None:
    url = f"/console/people/{room.people['Cora']}"
    form = {"bank": str(room.bank.id), "evidence": "1"}
    page = await room.browsers["Anne"].get(url)
    assert "Doors for two" in page.text
    answer = await do(room.browsers["Anne"], f"{url}/doors", form, ANNE)
    assert answer.status_code == 303, answer.text
    [order] = await room.orders()
    assert isinstance(order, AdmitCourier)
    assert (order.person, order.modes) == (room.people["Cora"], "evidence")
    assert order.carrier == "custody"
    assert "waits for the bank" in (await room.browsers["Anne"].get(url)).text
    nothing = await do(room.browsers["Anne"], f"{url}/doors", {"bank": form["bank"]}, ANNE)
    assert nothing.status_code == 422
    rosa = await room.house.person("Rosa", Role.RESIDENT)
    refused = await do(room.browsers["Anne"], f"/console/people/{rosa}/doors", form, ANNE)
    assert "no role for items" in refused.text
    for name in ("Cora", "Bo"):
        assert (await room.by(name, f"{url}/doors", **form)).status_code == 403
    assert len(await room.orders()) == 1


async def test_the_code_is_mailed_in_words_of_its_own(room: Room) -> None:
    url = f"/console/people/{room.people['Cora']}"
    form = {"bank": str(room.bank.id), "evidence": "1", "medicine": "1"}
    await do(room.browsers["Anne"], f"{url}/doors", form, ANNE)
    until = after(room.house.clock.at, DAY_MS)
    room.bank.record(
        T.COURIER_ADMITTED,
        actor=room.people["Cora"],
        carrier="custody",
        not_after=until,
        modes="evidence,medicine",
    )
    await room.bank.upload(room.house.cloud.ingest)
    [admitted] = await room.house.do(
        lambda work: couriers.admissions(work, room.house.tenant, room.people["Cora"])
    )
    assert admitted.modes == {Mode.EVIDENCE, Mode.MEDICINE}
    page = await room.browsers["Anne"].get(url)
    assert "evidence, medicine" in re.sub(r"\s+", " ", page.text)
