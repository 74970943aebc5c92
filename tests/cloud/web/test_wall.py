from __future__ import annotations

from bayward.cloud.unit import Work
from bayward.cloud.web.wall import Scene, scene
from bayward.cloud.web.words import Words
from bayward.core.clock import DAY_MS
from bayward.core.events import EventType
from bayward.ui.views.wall import CellState, Reach
from bayward.wire.messages import DoorReading, DoorState, Readings
from cloud_house import House, World


async def drawn(house: House, world: World) -> Scene:
    def read(work: Work) -> Scene:
        words = Words(work, house.tenant)
        return scene(words, words.banks[world.bank.id])

    found: Scene = await house.do(read)
    return found


async def read_doors(house: House, world: World, *states: DoorState) -> None:
    doors = [
        DoorReading(compartment=str(world.bank.door(number)), state=state, age_ms=1)
        for number, state in enumerate(states, start=1)
    ]
    readings = Readings(doors=doors, is_siren_on=False, lockdowns=[], pending=0)
    await house.cloud.ingest.readings(world.bank.device, readings)


def states(wall: Scene) -> list[CellState]:
    return [wall.cell(built).state for built in wall.layout]


async def test_the_most_urgent_wins(house: House, world: World) -> None:
    wall = await drawn(house, world)
    assert states(wall) == [
        CellState.OCCUPIED,
        CellState.FORCED,
        CellState.FREE,
        CellState.UNKNOWN,
    ]
    counts = wall.counts
    assert (counts.compartments, counts.free, counts.occupied, counts.needs_you) == (4, 1, 1, 1)


async def test_a_door_nobody_read_is_never_drawn_as_closed(house: House, world: World) -> None:
    await read_doors(house, world)
    wall = await drawn(house, world)
    assert states(wall)[2:] == [CellState.UNKNOWN] * 2
    assert wall.counts.unknown == 3


async def test_an_open_door_says_since_when(house: House, world: World) -> None:
    world.bank.record(EventType.DOOR_OPENED, compartment=world.bank.door(3))
    opened_at = house.clock.at
    await world.bank.upload(house.cloud.ingest)
    house.wait(5_000)
    closed, opened = DoorState.CLOSED, DoorState.OPEN
    await read_doors(house, world, closed, closed, opened, closed)
    wall = await drawn(house, world)
    cell = wall.cell(wall.layout[2])
    assert (cell.state, cell.since) == (CellState.OPEN, opened_at)


async def test_what_waited_too_long_is_overdue(house: House, world: World) -> None:
    house.wait(7 * DAY_MS)
    wall = await drawn(house, world)
    cell = wall.cell(wall.layout[0])
    assert (cell.state, cell.is_occupied) == (CellState.OVERDUE, True)
    assert cell.href == f"/console/parcels/{world.parcel}"
    assert wall.counts.overdue == 1


async def test_what_was_released_is_red_no_more(house: House, world: World) -> None:
    world.bank.record(
        EventType.LOCKDOWN_RELEASED, scope="bank", actor=str(world.rosa), reason="looked"
    )
    await world.bank.upload(house.cloud.ingest)
    await read_doors(house, world, *([DoorState.CLOSED] * 4))
    assert CellState.FORCED not in states(await drawn(house, world))


async def test_a_door_has_a_place_in_words(house: House, world: World) -> None:
    wall = await drawn(house, world)
    found = wall.position(world.bank.door(2))
    assert found is not None
    assert (found.row, found.rows, found.reach) == (2, 4, Reach.WAIST)
    assert wall.position(world.bank.door(9)) is None


async def test_freshness_is_as_old_as_the_last_reading(house: House, world: World) -> None:
    read_at = house.clock.at
    house.wait(60_000)
    fresh = (await drawn(house, world)).freshness
    assert fresh.read_at == read_at
    assert fresh.is_cable_up is False
    assert fresh.log_verified_at == read_at


async def test_a_forced_door_is_red_until_somebody_says_that_it_is_sound(
    house: House, world: World
) -> None:
    bank = world.bank
    bank.record(EventType.COMPARTMENT_BLOCKED, compartment=bank.door(2), reason="door_forced_open")
    bank.force(1, parcel=world.parcel)
    forced_at = house.clock.at
    bank.record(EventType.LOCKDOWN_RELEASED, scope="bank", actor=str(world.rosa), reason="looked")
    await bank.upload(house.cloud.ingest)
    closed, opened = DoorState.CLOSED, DoorState.OPEN
    await read_doors(house, world, closed, opened, closed, closed)
    wall = await drawn(house, world)
    assert states(wall) == [CellState.FORCED, CellState.FORCED, CellState.FREE, CellState.FREE]
    assert wall.cell(wall.layout[0]).href == f"/console/parcels/{world.parcel}"
    assert wall.cell(wall.layout[0]).since == forced_at
    assert wall.cell(wall.layout[1]).href == f"/console/banks/{bank.id}#out"
    assert (wall.counts.forced, wall.counts.needs_you, wall.counts.incidents) == (2, 2, 1)
    bank.collect(1)
    bank.record(EventType.COMPARTMENT_BLOCKED, compartment=bank.door(1), reason="door_forced_open")
    for door in (1, 2):
        bank.record(
            EventType.COMPARTMENT_RESTORED, compartment=bank.door(door), actor=str(world.rosa)
        )
    await bank.upload(house.cloud.ingest)
    await read_doors(house, world, closed, closed, closed, closed)
    assert states(await drawn(house, world)) == [CellState.FREE] * 4
