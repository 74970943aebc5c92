from __future__ import annotations

from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS
from bayward.ledger.verify import verify_receipt
from cloud_house import ANNE, Browser, House, World
from step_up_form import confirmed


async def orders_of(house: House) -> list[str]:
    def read(work: Work) -> list[str]:
        return [row.kind for row in work.tx.execute(s.command.select())]

    found: list[str] = await house.do(read)
    return found


async def test_the_list_by_state_and_by_number(house: House, anne: Browser, world: World) -> None:
    href = f'href="/console/parcels/{world.parcel}"'
    for query in ("", "?state=waiting", "?state=occupied", "?q=1Z5R80000127"):
        assert href in (await anne.get(f"/console/parcels{query}")).text, query
    for query in ("?state=collected", "?state=overdue", "?q=nothing"):
        assert href not in (await anne.get(f"/console/parcels{query}")).text, query
    house.wait(8 * DAY_MS)
    late = await house.browser().be("Anne")
    assert href in (await late.get("/console/parcels?state=overdue")).text


async def test_one_parcel_from_hand_to_hand(anne: Browser, world: World) -> None:
    page = await anne.get(f"/console/parcels/{world.parcel}")
    assert "1Z5R80000127" in page.text
    assert "Rosa1" in page.text
    assert "unit 4B" in page.text
    assert "Parcel deposited, door 01" in page.text
    assert "Carl1" in page.text
    assert "48219037" not in page.text


async def test_the_receipt_verifies(anne: Browser, world: World) -> None:
    answer = await anne.get(f"/console/parcels/{world.parcel}/receipt")
    assert verify_receipt(answer.text, [world.bank.log.signer.key]).ok


async def test_the_receipt_of_any_entry_verifies(anne: Browser, world: World) -> None:
    page = await anne.get(f"/console/parcels/{world.parcel}")
    href = page.text.partition('href="/console/log/receipt?')[2].partition('"')[0]
    answer = await anne.get("/console/log/receipt?" + href.replace("&amp;", "&"))
    assert verify_receipt(answer.text, [world.bank.log.signer.key]).ok
    for query in ("", "?index=0", "?origin=x&index=0", "?index=-1", f"?index={'9' * 30}"):
        assert (await anne.get(f"/console/log/receipt{query}")).status_code == 404


async def test_a_code_is_sent_again_by_order(house: House, anne: Browser, world: World) -> None:
    answer = await anne.post(f"/console/parcels/{world.parcel}/resend")
    assert answer.status_code == 303
    assert await orders_of(house) == ["rotate_code"]
    page = await anne.get(answer.headers["location"])
    assert "A new code is on its way" in page.text


async def test_withdrawing_names_the_consequence(house: House, anne: Browser, world: World) -> None:
    page = await anne.post(f"/console/parcels/{world.parcel}/withdraw")
    assert "Rosa1 cannot open door 01 any more." in page.text
    assert await orders_of(house) == []
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert await orders_of(house) == ["revoke_grant"]


async def test_a_cursor_that_is_none_is_refused(anne: Browser) -> None:
    assert (await anne.get("/console/parcels?after=x")).status_code == 422
    assert (await anne.get("/console/parcels?after=1-prc_x")).status_code == 200


async def test_without_a_bank_the_empty_list_suggests_one(house: House, anne: Browser) -> None:
    page = (await anne.get("/console/parcels")).text
    assert 'href="/console/banks/new"' in page
    assert 'href="/console/couriers/new"' not in page
    await house.bench.bank(house.tenant, 7)
    page = (await anne.get("/console/parcels")).text
    assert 'href="/console/couriers/new"' in page
    assert 'href="/console/banks/new"' not in page


async def test_a_parcel_whose_door_was_forced_is_marked_even_when_it_was_collected(
    house: House, anne: Browser, world: World
) -> None:
    url = f"/console/parcels/{world.parcel}"
    assert "door forced" not in (await anne.get(url)).text
    world.bank.force(1, parcel=world.parcel)
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    assert "door forced" in (await anne.get("/console/parcels")).text
    page = (await anne.get(url)).text
    assert "door forced" in page
    assert "Nobody knows whether it was still in it" in page
