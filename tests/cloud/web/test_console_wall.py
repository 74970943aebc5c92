from __future__ import annotations

import pytest

from bayward.wire.messages import DoorReading, DoorState, Readings
from cloud_house import Browser, House, World


async def test_before_the_first_bank_the_page_teaches(anne: Browser) -> None:
    page = await anne.get("/console")
    assert "Enrol a bank" in page.text
    assert "hx-sse:connect" not in page.text


async def test_the_wall_shows_what_differs_from_plan(anne: Browser, world: World) -> None:
    page = await anne.get("/console")
    assert "Four compartments" in page.text or "4 compartments." in page.text
    for number, state in (("01", "occupied"), ("02", "forced"), ("03", "free"), ("04", "unknown")):
        cell = page.text.partition(f'id="door-{number}"')[2][:200]
        assert f'data-state="{state}"' in cell
    assert f'href="/console/parcels/{world.parcel}"' in page.text
    assert f'href="/console/incidents/{world.incident}"' in page.text
    assert f"/live?bank={world.bank.id}" in page.text


async def test_a_wall_that_is_not_heard_of_is_not_according_to_plan(
    house: House, anne: Browser, world: World
) -> None:
    assert "the bank is not connected." in (await anne.get("/console")).text
    await house.connect(world)
    assert "the bank is not connected." not in (await anne.get("/console")).text


async def test_two_banks_are_two_tabs(house: House, anne: Browser, world: World) -> None:
    other = await house.bench.bank(house.tenant, 7)
    page = await anne.get(f"/console?bank={other.id}")
    assert "Lobby 7" in page.text
    assert f'href="/console?bank={world.bank.id}"' in page.text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("1Z5R80000127", "1Z5R80000127"),
        ("rosa", "Rosa1"),
        ("door 2", "Door 02"),
        ("lobby", "Lobby 1"),
    ],
)
async def test_the_palette_finds_it(anne: Browser, world: World, text: str, title: str) -> None:
    found = (await anne.get("/console/search", params={"q": text})).json()
    assert title in [one["title"] for one in found]
    assert all(one["href"].startswith("/console") for one in found)


async def test_the_palette_takes_anything(anne: Browser, world: World) -> None:
    for text in ("", "%", "_", "' OR 1=1", "x" * 500, "\u202e", "<b>"):
        assert (await anne.get("/console/search", params={"q": text})).json() == []


async def test_forced_and_open_doors_and_open_incidents_are_not_according_to_plan(
    house: House, anne: Browser, world: World
) -> None:
    await house.connect(world)
    await house.release(world)
    opened = DoorReading(compartment=str(world.bank.door(3)), state=DoorState.OPEN, age_ms=1)
    shut = [
        DoorReading(compartment=str(world.bank.door(door)), state=DoorState.CLOSED, age_ms=1)
        for door in (1, 2, 4)
    ]
    told = Readings(doors=[opened, *shut], is_siren_on=False, lockdowns=[], pending=0)
    await house.cloud.ingest.readings(world.bank.device, told)
    sentence = (await anne.get("/console")).text.partition('id="sentence"')[2].partition("</p>")[0]
    assert "One incident is not closed, one door stands open." in sentence
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    await house.release(world)
    sentence = (await anne.get("/console")).text.partition('id="sentence"')[2].partition("</p>")[0]
    assert "one door was forced" in sentence
    assert "needs you" not in sentence
