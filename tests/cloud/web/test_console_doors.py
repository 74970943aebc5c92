from __future__ import annotations

import pytest

from bayward.core.commands import RestoreCompartment
from bayward.core.ids import SiteId
from bayward.core.roles import Node, Role
from cloud_house import Browser, House
from door_room import URL, Room, T, furnished


@pytest.fixture
async def room(house: House, anne: Browser) -> Room:
    return await furnished(house, anne)


async def test_a_blocked_door_for_two_is_given_back_when_another_agrees(room: Room) -> None:
    await room.block()
    page = await room.browsers["Cora"].get(URL)
    assert "seal broken" in page.text
    assert page.text.count(">Release…</a>") == 1
    answer = await room.by("Cora", f"{URL}/ask", **room.door("restore"), reason="it is empty")
    assert answer.status_code == 303, answer.text
    assert await room.orders() == []
    own = await room.browsers["Cora"].get(URL)
    assert ("Take it back" in own.text, "Agree…" in own.text) == (True, False)
    assert (await room.by("Cora", f"{URL}/agree", **room.door("restore"))).status_code == 403
    theirs = await room.browsers["Clem"].get(URL)
    assert "it is empty" in theirs.text
    asked = await room.browsers["Clem"].post(f"{URL}/agree", room.door("restore"))
    assert "Cora has asked" in asked.text
    assert (await room.by("Clem", f"{URL}/agree", **room.door("restore"))).status_code == 303
    [order] = await room.orders()
    door, cora, clem = room.bank.door(1), room.people["Cora"], room.people["Clem"]
    assert order == RestoreCompartment(door, cora, clem)
    [given] = await room.house.events(T.APPROVAL_GIVEN)
    assert (given.actor, given.subject) == (clem, cora)


async def test_a_bearer_and_a_stranger_have_no_say_at_the_doors(room: Room) -> None:
    await room.block()
    for verb in ("ask", "agree", "refuse"):
        answer = await room.by("Bo", f"{URL}/{verb}", **room.door("restore"), reason="x")
        assert answer.status_code == 403, verb
    assert (await room.browsers["Bo"].get(URL)).status_code == 403
    await room.house.person("Omar", Role.CUSTODIAN, node=Node(room.house.tenant, other_site(room)))
    omar = await room.house.browser().be("Omar")
    assert "Door 01" not in (await omar.get(URL)).text
    assert "No door needs two people" in (await omar.get(URL)).text
    assert (await omar.post(f"{URL}/ask", room.door("restore"))).status_code == 403


def other_site(room: Room) -> SiteId:
    other = SiteId.of(b"another site....")
    assert room.node.site != other
    return other


async def test_words_that_are_none_are_refused(room: Room) -> None:
    for wrong in ({"kind": "open"}, {"bank": "bnk_x"}, {"compartment": str(room.bank.door(9))}):
        form = room.door("key") | {"reason": "x"} | wrong
        answer = await room.by("Cora", f"{URL}/ask", **form)
        assert answer.status_code in {404, 422}, wrong
