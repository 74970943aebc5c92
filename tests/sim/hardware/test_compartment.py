"""Bolts, doors, coils and parcels behave as steel does."""

from __future__ import annotations

import random

import pytest

from bayward.core.ids import CompartmentId
from bayward.sim.hardware.compartment import AMBIENT_C, TwinCompartment


@pytest.fixture
def space() -> TwinCompartment:
    return TwinCompartment(CompartmentId.of(bytes(16)), random.Random(1), bounce_ms=0)


def test_a_pulse_lets_the_spring_open_the_door(space: TwinCompartment) -> None:
    space.energise(1_000, 500)
    assert space.pop(1_060)
    assert space.is_open
    assert not space.contact_is_closed(1_061)


def test_a_spring_that_comes_after_the_pulse_opens_nothing(space: TwinCompartment) -> None:
    space.energise(1_000, 500)
    assert not space.pop(1_500)
    assert not space.is_open


def test_a_shut_door_does_not_open_by_pulling(space: TwinCompartment) -> None:
    assert not space.pull(0)
    space.energise(0, 500)
    assert space.pull(499)
    assert not space.pull(499)


def test_without_a_spring_somebody_has_to_pull(space: TwinCompartment) -> None:
    space.auto_pop = False
    space.energise(0, 500)
    assert not space.pop(100)
    assert space.pull(100)


def test_a_jam_holds_both_ways(space: TwinCompartment) -> None:
    space.is_jammed = True
    space.energise(0, 500)
    assert not space.pop(60)
    assert space.force(100)
    assert not space.push(200)
    space.is_jammed = False
    assert space.push(300)


def test_without_current_the_bolt_is_forward(space: TwinCompartment) -> None:
    space.energise(0, 500)
    space.cut()
    assert not space.pull(1)


def test_a_crowbar_opens_a_shut_door_once(space: TwinCompartment) -> None:
    assert space.force(0)
    assert not space.force(1)


def test_a_parcel_goes_through_an_open_door_only(space: TwinCompartment) -> None:
    assert not space.put()
    space.force(0)
    assert space.put()
    assert not space.put()
    space.push(1)
    assert not space.take()
    space.force(2)
    assert space.take()
    assert not space.take()


def test_a_coil_gets_hot_cools_down_and_burns_when_it_may_not_rest(
    space: TwinCompartment,
) -> None:
    space.energise(0, 500)
    assert AMBIENT_C + 9 < space.coil_c(500) < AMBIENT_C + 11
    assert space.coil_c(600_000) < AMBIENT_C + 1
    for second in range(600, 660):
        space.energise(second * 1_000, 500)
    assert space.is_burnt
    assert not space.bolt_is_back(659_100)


def test_a_contact_bounces_and_comes_to_rest() -> None:
    space = TwinCompartment(CompartmentId.of(bytes(16)), random.Random(4), bounce_ms=30)
    levels = set()
    for move in range(20):
        begin = move * 1_000
        (space.push if space.is_open else space.force)(begin)
        levels |= {(space.is_open, space.contact_is_closed(begin + ms)) for ms in range(30)}
        assert space.contact_is_closed(begin + 31) is not space.is_open
    assert levels == {(False, False), (False, True), (True, False), (True, True)}
