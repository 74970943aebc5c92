from __future__ import annotations

import re

import pytest

from bayward.cloud.people import authn, sign_in
from bayward.cloud.people import service as people
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.ids import ParcelId
from bayward.core.policy import Aal
from bayward.core.roles import Role
from cloud_bench import named
from cloud_house import Browser, House, World


@pytest.fixture
async def rosa(house: House, world: World) -> Browser:
    """Rosa, signed in by a link; the tamper alarm of the wall is over."""
    await house.release(world)
    return await house.browser().be("Rosa1", method=authn.LINK, aal=Aal.ONE)


async def test_identity_35_a_hundred_previews_change_nothing(house: House, world: World) -> None:
    def rows(work: Work) -> dict[str, int]:
        tables = ("command", "grant", "parcel_link", "job", "delivery", "session", "happening")
        count = "SELECT count(*) FROM "
        return {name: work.tx.exec_driver_sql(f'{count}"{name}"').scalar_one() for name in tables}

    token = await house.do(lambda work: sign_in.mint_link(work, house.tenant, world.rosa))
    before = await house.do(rows)
    preview = house.browser(**{"User-Agent": "LinkPreview/1.0"})
    for _ in range(100):
        assert (await preview.get(f"/p/{world.link}")).status_code == 200
        await preview.send("HEAD", f"/p/{world.link}")
    for _ in range(limits.LINK_FROM.burst):
        assert (await preview.get(f"/l/{token}")).status_code == 200
    assert await house.do(rows) == before
    house.wait(limits.LINK_FROM.refill_ms)
    assert (await house.browser().post(f"/l/{token}")).status_code == 303


async def test_my_parcels_are_listed_and_open_by_id(
    house: House, world: World, rosa: Browser
) -> None:
    page = await rosa.get("/me")
    assert "One parcel is waiting" in page.text
    url = f"/me/parcels/{world.parcel}"
    assert f'href="{url}"' in page.text
    assert (await rosa.get(url)).status_code == 200
    assert (await rosa.post(f"{url}/open", {"presence": "4821"})).headers["location"] == url
    assert (await rosa.get(f"{url}/receipt")).status_code == 200
    [tap] = await house.taps()
    assert tap.actor == world.rosa


async def test_the_kiosks_square_brings_its_number_along(
    house: House, world: World, rosa: Browser
) -> None:
    await house.connect(world)
    page = await rosa.get(f"/here/{world.bank.id}/4821")
    assert f'action="/me/parcels/{world.parcel}/open"' in page.text
    answer = await rosa.post(f"/me/parcels/{world.parcel}/open")
    assert answer.status_code == 303
    [tap] = await house.taps()
    assert getattr(tap.order, "presence", "") == "4821"


async def test_no_door_is_offered_that_would_not_open(
    house: House, world: World, rosa: Browser
) -> None:
    page = await rosa.get(f"/here/{world.bank.id}/4821")
    assert "Your code works at the wall without it" in page.text
    assert "/open" not in page.text


async def test_who_scans_the_square_unknown_is_asked_to_sign_in(house: House, world: World) -> None:
    page = await house.browser().get(f"/here/{world.bank.id}/4821")
    assert 'href="/me/sign-in"' in page.text
    assert "/open" not in page.text


async def test_a_link_is_mailed_to_residents_and_to_nobody_else(
    house: House, world: World, anne: Browser
) -> None:
    async def mails(email: str) -> int:
        answer = await house.browser().post("/me/sign-in", {"email": email})
        assert answer.status_code == 200
        assert email in answer.text
        for _ in range(50):
            await house.settle()
        return len(await house.deliveries("sign_in_link"))

    assert await mails("nobody@example.com") == 0
    assert await mails("anne@example.com") == 0
    assert await mails("ROSA1@example.com") == 1


async def test_asking_for_links_is_the_same_for_every_address(house: House, world: World) -> None:
    bodies = []
    for email in ("rosa1@example.com", "nobody@example.com"):
        page = await house.browser().post("/me/sign-in", {"email": email})
        lines = page.text.replace(email, "somebody").splitlines()
        bodies.append([line for line in lines if "nonce" not in line])
    assert bodies[0] == bodies[1]
    wrong = await house.browser().post("/me/sign-in", {"email": "no address"})
    assert wrong.status_code == 422
    for _ in range(limits.LINK_FOR.burst - 1):
        await house.browser().post("/me/sign-in", {"email": "rosa1@example.com"})
    late = await house.browser().post("/me/sign-in", {"email": "Rosa1@Example.com "})
    assert late.status_code == 429


async def test_a_link_signs_in_with_one_press_and_once(house: House, world: World) -> None:
    token = await house.do(lambda work: sign_in.mint_link(work, house.tenant, world.rosa))
    phone = house.browser()
    page = await phone.get(f"/l/{token}")
    assert re.search(rf'<form method="post" action="/l/{token}"', page.text)
    answer = await phone.post(f"/l/{token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    assert "Rosa1" in (await phone.get("/me")).text
    assert (await house.browser().get(f"/l/{token}")).status_code == 410
    assert (await house.browser().post(f"/l/{token}")).status_code == 410


async def test_residents_see_no_console(house: House, rosa: Browser) -> None:
    for path in ("/console", "/console/people", "/api/v1/banks", "/live"):
        assert (await rosa.get(path)).status_code == 403


async def test_signing_out_leads_back_to_the_right_door(rosa: Browser) -> None:
    assert (await rosa.post("/sign-out")).headers["location"] == "/me/sign-in"
    assert (await rosa.get("/me")).headers["location"] == "/me/sign-in"


async def test_a_resident_who_has_moved_out_sees_nothing_more(
    house: House, world: World, rosa: Browser, anne: Browser
) -> None:
    await house.do(lambda work: people.disable(work, house.tenant, None, world.rosa))
    assert (await rosa.get("/me")).status_code == 303
    refused = await house.browser().get(f"/p/{world.link}")
    assert refused.status_code == 403


async def test_somebody_elses_tap_through_the_api_is_refused(
    house: House, world: World, rosa: Browser
) -> None:
    await house.person("Sam", Role.RESIDENT)
    sam = await house.browser().be("Sam", method=authn.LINK, aal=Aal.ONE)
    path = f"/api/v1/parcels/{world.parcel}/open"
    refused = await sam.send("POST", path, json={"presence": "4821"})
    assert (refused.status_code, refused.json()["code"]) == (403, "compartment.occupied")
    taken = await rosa.send("POST", path, json={"presence": "4821"})
    assert taken.status_code == 202
    command = taken.json()["command"]
    assert (await rosa.get(f"{path}/{command}")).json()["state"] == "waiting"
    assert (await sam.get(f"{path}/{command}")).status_code == 403


async def test_a_parcel_behind_a_forced_door_is_not_counted_as_waiting(
    house: House, world: World, rosa: Browser
) -> None:
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    page = (await rosa.get("/me")).text
    assert "door forced" in page
    assert "is waiting" not in page
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    assert "door forced" in (await rosa.get("/me")).text.partition("Earlier")[2]


async def test_a_delivery_that_was_called_off_never_was_a_parcel_of_hers(
    house: House, world: World, rosa: Browser
) -> None:
    space = {"compartment": world.bank.door(3), "parcel": named(ParcelId, 9)}
    hands = {"actor": world.carl, "recipient": world.rosa, "size": "M"}
    world.bank.record(EventType.COMPARTMENT_RESERVED, **space, **hands, tracking="1Z")
    await world.bank.upload(house.cloud.ingest)
    page = (await rosa.get("/me")).text
    assert "on its way" in page
    assert "One parcel is waiting" in page
    world.bank.record(EventType.COMPARTMENT_RELEASED, **space, reason="not_opened")
    await world.bank.upload(house.cloud.ingest)
    page = (await rosa.get("/me")).text
    assert space["parcel"] not in page
    assert "One parcel is waiting" in page
