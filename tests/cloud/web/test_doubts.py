from __future__ import annotations

from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import Wanted
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts
from bayward.core.clock import Instant
from bayward.core.custody import ParcelState
from bayward.core.events import EventType
from bayward.core.ids import ParcelId
from cloud_bench import named
from cloud_house import House, World


async def in_doubt(house: House, world: World) -> dict[ParcelId, Instant]:
    def read(work: Work) -> dict[ParcelId, Instant]:
        mine = custody.parcels(work, world.tenant, Wanted())
        return doubts.forced_at(work, world.tenant, mine)

    return dict(await house.do(read))


async def test_the_last_forcing_of_its_door_counts_whatever_came_after(
    house: House, world: World
) -> None:
    assert await in_doubt(house, world) == {}  # door 02 was forced, and nothing lay behind it
    world.bank.force(1, parcel=world.parcel)
    house.wait(60_000)
    world.bank.force(1, parcel=world.parcel)
    await world.bank.upload(house.cloud.ingest)
    assert await in_doubt(house, world) == {ParcelId(world.parcel): house.clock.at}
    again = house.clock.at
    house.wait(60_000)
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    assert await in_doubt(house, world) == {ParcelId(world.parcel): again}


async def test_a_parcel_that_never_went_in_is_in_no_doubt(house: House, world: World) -> None:
    parcel = named(ParcelId, 9)
    space = {"compartment": world.bank.door(3), "parcel": parcel}
    hands = {"actor": world.carl, "recipient": world.rosa, "size": "M"}
    world.bank.record(EventType.COMPARTMENT_RESERVED, **space, **hands)
    world.bank.force(3, parcel=parcel)
    await world.bank.upload(house.cloud.ingest)
    assert await in_doubt(house, world) == {}
    assert ParcelState.EXPECTED not in doubts.WAS_INSIDE
