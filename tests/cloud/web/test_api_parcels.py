from __future__ import annotations

from bayward.ledger.chain import verify_chained
from bayward.ledger.verdict import Trust, Unexamined
from cloud_house import Browser, House, World


async def test_parcels_one_and_many(anne: Browser, world: World) -> None:
    page = (await anne.get("/api/v1/parcels?state=waiting")).json()
    assert [one["parcel"] for one in page["rows"]] == [world.parcel]
    assert page["after"] is None
    one = (await anne.get(f"/api/v1/parcels/{world.parcel}")).json()
    assert (one["door"], one["recipient"]) == ("01", world.rosa)
    assert (await anne.get("/api/v1/parcels?state=strange")).status_code == 404
    assert (await anne.get("/api/v1/parcels?after=x")).status_code == 422


async def test_the_receipt_verifies(anne: Browser, world: World) -> None:
    answer = await anne.get(f"/api/v1/parcels/{world.parcel}/receipt")
    assert answer.headers["content-type"] == "application/json"
    verdict = verify_chained(answer.text, [world.bank.log.signer.key])
    assert (verdict.ok, verdict.unexamined) == (True, (Unexamined.CHAIN,))


async def test_the_receipt_is_a_chain_once_it_is_anchored(
    house: House, anne: Browser, world: World
) -> None:
    await house.cloud.anchoring.enter()
    answer = await anne.get(f"/api/v1/parcels/{world.parcel}/receipt")
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-disposition"].endswith('.jsonl"')
    anchor = house.cloud.unit.house.keys.log_signer("lockers.example.com/anchor").key
    verdict = verify_chained(answer.text, [anchor])
    assert (verdict.ok, verdict.trust, verdict.unexamined) == (True, Trust.TRUSTED, ())
    assert [one.origin for one in verdict.chain][-1] == anchor.name


async def test_a_new_code_is_ordered(anne: Browser, world: World) -> None:
    told = await anne.send("POST", f"/api/v1/parcels/{world.parcel}/resend")
    assert (told.status_code, told.json()["state"]) == (202, "waiting")


async def test_events_page_by_page(house: House, anne: Browser, world: World) -> None:
    for number in range(60):
        await house.person(f"P{number}", None)
        await house.person(f"Q{number}", None)
    seen: list[tuple[str, int]] = []
    after = ""
    while True:
        page = (await anne.get(f"/api/v1/events?after={after}")).json()
        seen += [(one["origin"], one["index"]) for one in page["rows"]]
        if page["after"] is None:
            break
        after = page["after"]
    assert len(seen) == len(set(seen)) > 120
    parcel = (await anne.get(f"/api/v1/events?parcel={world.parcel}")).json()
    proven = [one for one in parcel["rows"] if one["not_after"] is not None]
    assert proven
    assert not any(one["is_time_suspect"] for one in proven)
    kinds = {one["fields"]["type"] for one in parcel["rows"]}
    assert kinds == {"compartment.reserved", "parcel.deposited", "grant.issued"}


async def test_a_parcel_tells_when_its_door_was_forced(
    house: House, anne: Browser, world: World
) -> None:
    path = f"/api/v1/parcels/{world.parcel}"
    assert (await anne.get(path)).json()["door_forced_at"] is None
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    assert (await anne.get(path)).json()["door_forced_at"] == house.clock.at
