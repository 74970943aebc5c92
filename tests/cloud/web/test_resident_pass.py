from __future__ import annotations

import pytest

from bayward.cloud import orders
from bayward.cloud.incidents import service as incidents
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.ids import IncidentId
from bayward.ledger.verify import verify_receipt
from cloud_house import House, World


async def test_the_pass_shows_the_door_and_no_code(house: House, world: World) -> None:
    page = await house.browser().get(f"/p/{world.link}")
    assert page.status_code == 200
    assert "Lobby 1" in page.text
    assert ">01" in page.text
    assert "48219037" not in page.text
    assert "1Z5R…0127" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_what_would_be_refused_is_said_before_somebody_taps(
    house: House, world: World
) -> None:
    phone = house.browser()
    assert "Nothing opens until a person" in (await phone.get(f"/p/{world.link}")).text
    await house.release(world)
    assert "works at the wall without it" in (await phone.get(f"/p/{world.link}")).text
    await house.connect(world)
    assert "data-stops" not in (await phone.get(f"/p/{world.link}")).text


async def test_a_tap_is_an_order_and_the_page_says_what_the_bank_said(
    house: House, world: World
) -> None:
    await house.release(world)
    phone = house.browser()
    answer = await phone.post(f"/p/{world.link}/open", {"presence": "4821"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/p/{world.link}")
    [tap] = await house.taps()
    assert tap.state is orders.State.WAITING
    page = await phone.get(f"/p/{world.link}")
    assert 'data-state="requested"' in page.text
    world.bank.record(EventType.COMMAND_DONE, command=tap.id, result="opened")
    await world.bank.upload(house.cloud.ingest)
    assert 'data-state="opened"' in (await phone.get(f"/p/{world.link}")).text


async def test_a_tap_the_bank_refuses_is_shown_as_refused(house: House, world: World) -> None:
    await house.release(world)
    phone = house.browser()
    await phone.post(f"/p/{world.link}/open", {"presence": "0000"})
    [tap] = await house.taps()
    world.bank.record(EventType.COMMAND_REFUSED, command=tap.id, reason="presence.wrong")
    await world.bank.upload(house.cloud.ingest)
    page = await phone.get(f"/p/{world.link}")
    assert 'data-state="refused"' in page.text
    assert "not the number on the screen" in page.text


async def test_a_tap_nobody_answered_is_too_late(house: House, world: World) -> None:
    await house.release(world)
    phone = house.browser()
    await phone.post(f"/p/{world.link}/open", {"presence": "4821"})
    [tap] = await house.taps()
    house.wait(60_000)
    await house.do(lambda work: orders.expire(work, house.tenant, tap.id))
    assert 'data-state="too_late"' in (await phone.get(f"/p/{world.link}")).text


@pytest.mark.parametrize("number", ["", " ", "12 34", "'; DROP", "\uff11\uff12\uff13"])
async def test_a_tap_without_a_number_orders_nothing(
    house: House, world: World, number: str
) -> None:
    await house.release(world)
    answer = await house.browser().post(f"/p/{world.link}/open", {"presence": number})
    assert answer.status_code == 422
    assert await house.taps() == []


async def test_identity_74_during_a_lockdown_a_tap_orders_nothing(
    house: House, world: World
) -> None:
    answer = await house.browser().post(f"/p/{world.link}/open", {"presence": "4821"})
    assert answer.status_code == 403
    assert "locked down" in answer.text
    assert await house.taps() == []
    [denied] = await house.events(EventType.ACTION_DENIED)
    assert (denied.actor, denied.detail, denied.reason) == (world.rosa, "grant.open", "lockdown")


async def test_tapping_without_end_is_slowed_down(house: House, world: World) -> None:
    await house.release(world)
    phone = house.browser()
    told = [
        (await phone.post(f"/p/{world.link}/open", {"presence": "0000"})).status_code
        for _ in range(limits.OPEN_FOR.burst + 1)
    ]
    assert told[-1] == 429


async def test_the_page_of_the_receipt_says_in_words_what_it_is_about(
    house: House, world: World
) -> None:
    page = await house.browser().get(f"/p/{world.link}/receipt/page")
    assert "Left at Lobby 1, door 01" in page.text
    assert "Whoever has the address of this page" not in page.text  # that is for a kiosk's word


async def test_the_receipt_can_be_checked_without_us(house: House, world: World) -> None:
    answer = await house.browser().get(f"/p/{world.link}/receipt")
    assert answer.headers["content-disposition"].startswith("attachment;")
    signer = world.bank.log.signer.key
    verdict = verify_receipt(answer.text, [signer])
    assert verdict.ok, verdict.findings


async def test_what_was_collected_is_history_on_the_same_link(house: House, world: World) -> None:
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    page = await house.browser().get(f"/p/{world.link}")
    assert "You have your parcel" in page.text
    assert "Parcel collected" in page.text
    assert "/open" not in page.text


async def test_a_parcel_whose_door_was_forced_is_never_called_safe(
    house: House, world: World
) -> None:
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    page = (await house.browser().get(f"/p/{world.link}")).text
    assert "The door of your parcel was forced open" in page
    assert "We do not know whether your parcel is still in it" in page
    assert "is looking into it." in page
    assert "Door 01 forced open" in page  # in the history, with its time and proof
    assert "A parcel is waiting" not in page
    assert "is safe" not in page


async def test_a_forced_door_that_her_code_opened_did_not_hand_over_her_parcel(
    house: House, world: World
) -> None:
    world.bank.force(1, parcel=world.parcel)
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    page = (await house.browser().get(f"/p/{world.link}")).text
    assert "You have your parcel" not in page
    assert "Your door was opened" in page
    assert "We do not know whether your parcel was still in it" in page


async def test_the_site_looks_into_it_until_its_incident_is_closed_and_keeps_its_reason(
    house: House, world: World
) -> None:
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    await house.release(world)
    await house.do(
        lambda work: incidents.close(
            work,
            world.tenant,
            IncidentId(world.incident),
            actor=world.carl,
            reason="seen on the camera",
        )
    )
    page = (await house.browser().get(f"/p/{world.link}")).text
    assert "The door of your parcel was forced open" in page
    assert "looking into it" not in page
    assert "camera" not in page


async def test_a_forced_door_beside_it_casts_no_doubt_on_a_parcel(
    house: House, world: World
) -> None:
    page = (await house.browser().get(f"/p/{world.link}")).text  # door 02 was forced, hers is 01
    assert "A parcel is waiting for you" in page
    assert "forced open" not in page


async def test_a_tap_is_no_news_any_more_once_the_parcel_has_gone(
    house: House, world: World
) -> None:
    await house.release(world)
    phone = house.browser()
    await phone.post(f"/p/{world.link}/open", {"presence": "4821"})
    [tap] = await house.taps()
    world.bank.record(EventType.COMMAND_DONE, command=tap.id, result="opened")
    await world.bank.upload(house.cloud.ingest)
    assert "The locker says" in (await phone.get(f"/p/{world.link}")).text
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    assert "The locker says" not in (await phone.get(f"/p/{world.link}")).text
