from __future__ import annotations

import re

from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.events import EventType
from bayward.wire.enrolment import Ticket
from cloud_house import ANNE, Browser, House, World
from step_up_form import confirmed


async def site_of(anne: Browser) -> str:
    found = re.search(r'value="(site_[^"]+)"', (await anne.get("/console/banks/new")).text)
    assert found is not None
    return found[1]


async def orders_of(house: House) -> list[str]:
    def read(work: Work) -> list[str]:
        return [row.kind for row in work.tx.execute(s.command.select())]

    found: list[str] = await house.do(read)
    return found


async def test_the_list_and_one_bank(anne: Browser, world: World) -> None:
    page = await anne.get("/console/banks")
    assert f'href="/console/banks/{world.bank.id}"' in page.text
    one = await anne.get(f"/console/banks/{world.bank.id}")
    assert "Log origin" in one.text
    assert world.bank.log.signer.key.vkey in one.text.replace("&#43;", "+")


async def test_a_ticket_is_shown_once_and_again_only_as_a_new_one(
    house: House, anne: Browser
) -> None:
    form = {"name": "Lobby", "site": await site_of(anne), "layout": "reported"}
    asked = await anne.post("/console/banks/new", form)
    assert "A new box may become Lobby." in asked.text
    shown = await confirmed(anne, asked, ANNE)
    text = re.search(r"(BW1[0-9A-Z]+)", shown.text)
    assert text is not None
    ticket = Ticket.parse(text[1])
    assert ticket.url == house.cloud.enrol_url
    assert all(pin in shown.text.replace("&#43;", "+") for pin in ticket.pins)
    page = await anne.get(f"/console/banks/{ticket.bank}")
    assert text[1] not in page.text
    renewed = await confirmed(anne, await anne.post(f"/console/banks/{ticket.bank}/token"), ANNE)
    again = re.search(r"(BW1[0-9A-Z]+)", renewed.text)
    assert again is not None
    assert Ticket.parse(again[1]).token != ticket.token


async def test_a_bank_needs_a_name(anne: Browser) -> None:
    form = {"name": " ", "site": await site_of(anne)}
    asked = await anne.post("/console/banks/new", form)
    again = await confirmed(anne, asked, ANNE)
    assert again.status_code == 422
    assert "Please fill this in." in again.text


async def test_a_site_that_is_none_is_not_found(anne: Browser) -> None:
    asked = await anne.post("/console/banks/new", {"name": "Lobby", "site": "site_x"})
    assert (await confirmed(anne, asked, ANNE)).status_code == 404


async def test_locking_down_names_the_consequence(house: House, anne: Browser) -> None:
    bank = await house.bench.bank(house.tenant, 5)
    asked = await anne.post(f"/console/banks/{bank.id}/lock-down")
    assert "Nothing in Lobby 5 will open." in asked.text
    assert "all 4 doors" in asked.text
    assert await orders_of(house) == []
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert await orders_of(house) == ["engage_lockdown"]
    assert "Asked the locker." in (await anne.get(f"/console/banks/{bank.id}")).text


async def test_what_is_locked_down_is_not_locked_down_again(anne: Browser, world: World) -> None:
    page = await anne.get(f"/console/banks/{world.bank.id}")
    assert "/lock-down" not in page.text
    asked = await anne.post(f"/console/banks/{world.bank.id}/lock-down")
    assert (await confirmed(anne, asked, ANNE)).status_code == 409


async def test_a_door_is_taken_out_of_service_and_put_back(
    house: House, anne: Browser, world: World
) -> None:
    url, door = f"/console/banks/{world.bank.id}", world.bank.door(3)
    assert (await anne.post(f"{url}/restore", {"compartment": door})).status_code == 409
    answer = await anne.post(f"{url}/block", {"compartment": door, "reason": "hinge"})
    assert answer.status_code == 303
    world.bank.record(EventType.COMPARTMENT_BLOCKED, compartment=door, reason="hinge")
    await world.bank.upload(house.cloud.ingest)
    assert 'data-state="out"' in (await anne.get("/console")).text
    page = (await anne.get(url)).text
    assert "Doors out of service" in page
    assert f'action="{url}/restore"' in page
    assert f'value="{door}"' in page
    assert (await anne.post(f"{url}/restore", {"compartment": door})).status_code == 303
    assert await orders_of(house) == ["block_compartment", "restore_compartment"]
    for wrong in ("", "cmp_x", "cmp_" + "0" * 26):
        gone = await anne.post(f"{url}/block", {"compartment": wrong, "reason": "x"})
        assert gone.status_code == 404


async def test_a_bank_that_never_came_has_no_cut_cable(house: House, anne: Browser) -> None:
    form = {"name": "Lobby", "site": await site_of(anne), "layout": "reported"}
    shown = await confirmed(anne, await anne.post("/console/banks/new", form), ANNE)
    text = re.search(r"(BW1[0-9A-Z]+)", shown.text)
    assert text is not None
    bank = Ticket.parse(text[1]).bank
    page = (await anne.get(f"/console/banks/{bank}")).text
    assert "not connected yet" in page
    assert "cable cut" not in page
    home = (await anne.get("/console")).text
    assert "Start Lobby" in home
    assert f'href="/console/banks/{bank}"' in home
    assert 'href="/console/banks/new"' not in home
