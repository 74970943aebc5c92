from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from bayward.ledger import standalone
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


async def test_the_page_asks_for_the_key_of_a_log_by_its_origin(house: House, world: World) -> None:
    """As JSON: a receipt names the log, and stays in the browser."""
    key = world.bank.log.signer.key
    told = await house.browser().get(f"/verify/{key.name}", headers={"Accept": "application/json"})
    [log] = told.json()["logs"]
    assert (log["origin"], log["vkey"]) == (key.name, key.vkey)
    assert set(log) == {"origin", "vkey", "name"}, "not how many entries it has"
    for origin in (key.name + "x", "lockers.example.com/bank/x"):
        none = await house.browser().get(
            f"/verify/{origin}", headers={"Accept": "application/json"}
        )
        assert none.json() == {"logs": []}


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


async def test_both_verifiers_can_be_taken_along_with_their_fingerprints(house: House) -> None:
    page = await house.browser().get("/verify")
    for name in ("verify.py", "verify.html"):
        [url] = re.findall(rf'href="([^"]+)" download="{re.escape(name)}"', page.text)
        served = await house.browser().get(url)
        assert served.content == (Path(standalone.__file__).parent / name).read_bytes()
        assert hashlib.sha256(served.content).hexdigest() in page.text


async def test_the_page_says_what_is_proven_and_what_is_not_before_anything_is_checked(
    house: House,
) -> None:
    page = (await house.browser().get("/verify")).text
    proven, _, unproven = page.partition("What it does not prove")
    assert "Nobody changed it since it was signed" in proven
    assert "Whose the key is" in unproven
    assert "What was never recorded is in no log" in unproven
