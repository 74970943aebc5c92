from __future__ import annotations

import pytest

from cloud_house import Browser, House, World


async def test_strangers_are_told_of_no_log(house: House, world: World) -> None:
    page = await house.browser().get("/verify")
    assert page.status_code == 200
    assert "data-vkey" not in page.text
    assert world.bank.id not in page.text


async def test_who_has_a_receipt_knows_the_origin_and_is_told_the_key(
    house: House, world: World
) -> None:
    key = world.bank.log.signer.key
    page = await house.browser().get(f"/verify/{key.name}")
    assert key.vkey in page.text.replace("&#43;", "+")
    assert "Lobby 1" in page.text
    tenant = await house.browser().get(f"/verify/lockers.example.com/tenant/{world.tenant}")
    assert "data-vkey" in tenant.text


@pytest.mark.parametrize(
    "origin",
    [
        "nowhere",
        "lockers.example.com/tenant/ten_" + "0" * 26 + "x",
        "lockers.example.com/bank/bank_" + "0" * 26 + "/1",
        "other.example.com/tenant/x",
        "lockers.example.com/bank/x",
    ],
)
async def test_an_origin_that_is_none_names_nothing(house: House, origin: str) -> None:
    page = await house.browser().get(f"/verify/{origin}")
    assert page.status_code == 200
    assert "data-vkey" not in page.text


async def test_staff_see_the_logs_of_their_own_tenant(
    house: House, anne: Browser, world: World
) -> None:
    other = await house.second_tenant()
    theirs = await house.furnish(other, 2)
    page = await anne.get("/verify")
    assert world.bank.log.signer.key.name in page.text.replace("&#43;", "+")
    assert theirs.bank.id not in page.text
