from __future__ import annotations

import random

import pytest

from bayward.core.door import DoorReading, KnownDoor, UnknownDoor
from bayward.core.ids import CommandId, CompartmentId
from bayward.sim.locks import Steel
from bayward.sim.world import Violation, World
from table_top import layout

FIRST = layout()[0].id
ONE, TWO = (CommandId.of(bytes([number]) * 16) for number in (1, 2))


@pytest.fixture
def steel() -> Steel:
    steel = Steel(World(1), "north", layout(), random.Random(1))
    steel.read_all()
    return steel


def told(steel: Steel) -> list[tuple[CompartmentId, DoorReading]]:
    readings: list[tuple[CompartmentId, DoorReading]] = []
    steel.on_reading = lambda compartment, reading: readings.append((compartment, reading))
    steel._world.run(steel._world.now_ms + 20_000)
    return readings


def test_a_pulse_opens_the_door_a_moment_later_and_it_is_read(steel: Steel) -> None:
    told(steel)
    steel.pulse(FIRST, ONE)
    assert not steel.doors[FIRST].is_open
    [(compartment, reading)] = told(steel)
    assert compartment == FIRST
    assert isinstance(reading, KnownDoor)
    assert not reading.is_closed
    steel.shut(FIRST)
    assert [reading.is_closed for _, reading in told(steel) if isinstance(reading, KnownDoor)] == [
        True
    ]


def test_the_second_pulse_of_a_command_is_a_violation(steel: Steel) -> None:
    steel.pulse(FIRST, ONE)
    with pytest.raises(Violation, match="a second pulse"):
        steel.pulse(FIRST, ONE)
    steel.pulse(FIRST, TWO)


def test_a_jammed_lock_stays_shut_and_a_crowbar_opens_it(steel: Steel) -> None:
    told(steel)
    steel.doors[FIRST].is_jammed = True
    steel.pulse(FIRST, ONE)
    assert told(steel) == []
    moved: list[str] = []
    steel.on_moved.append(lambda door, why: moved.append(f"{door.number} {why}"))
    steel.force(FIRST)
    assert moved == ["01 pried"]
    assert len(told(steel)) == 1


def test_silent_boards_make_every_door_unknown(steel: Steel) -> None:
    told(steel)
    steel.fall_silent(is_silent=True)
    readings = told(steel)
    assert len(readings) == len(steel.doors)
    assert all(isinstance(reading, UnknownDoor) for _, reading in readings)


def test_a_stuck_contact_says_what_it_said(steel: Steel) -> None:
    steel.doors[FIRST].contact_stuck_at = False
    steel.force(FIRST)
    reading = steel.read(FIRST)
    assert isinstance(reading, KnownDoor)
    assert reading.is_closed


def test_a_sensor_sees_what_is_inside_unless_it_lies(steel: Steel) -> None:
    door = steel.doors[FIRST]
    door.inside.append("a parcel")

    def seen() -> bool | None:
        reading = steel.read(FIRST)
        assert isinstance(reading, KnownDoor)
        return reading.is_occupied

    assert seen() is True
    door.is_sensor_lying = True
    assert {seen() for _ in range(20)} == {True, False}
