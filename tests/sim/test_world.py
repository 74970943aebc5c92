from __future__ import annotations

from collections.abc import Iterator

import pytest

from bayward.sim.world import START, DriftingClock, Violation, World


def test_things_happen_at_their_time_and_nothing_else_moves_it() -> None:
    world, seen = World(1), []
    for wait in (30, 10, 20):
        world.after(wait, "x", lambda: seen.append(world.now_ms))
    world.run(25)
    assert (seen, world.now_ms, world.steps) == ([10, 20], 25, 2)
    assert world.now() == START + 25
    world.run(100)
    assert seen == [10, 20, 30]


def test_what_was_cancelled_never_happens() -> None:
    world, seen = World(1), []
    world.after(5, "x", lambda: seen.append(1)).cancel()
    world.run(10)
    assert not seen


def test_a_leap_delays_whatever_is_due() -> None:
    world, seen = World(1), []
    for wait in (30, 10):
        world.after(wait, "x", lambda: seen.append(world.now_ms))
    world.leap(1_000)
    assert (world.now_ms, seen) == (1_000, [])
    world.run(2_000)
    assert seen == [1_010, 1_030]
    with pytest.raises(ValueError, match="run back"):
        world.leap(-1)


def test_ties_are_drawn_by_lot_and_alike_for_one_seed() -> None:
    def order(seed: int) -> list[int]:
        world, seen = World(seed), []
        for number in range(8):
            world.after(5, "x", lambda number=number: seen.append(number))  # type: ignore[misc]  # bound now
        world.run(5)
        return seen

    assert order(1) == order(1)
    assert sorted(order(1)) == list(range(8))
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_one_more_draw_in_a_stream_leaves_the_others_alone() -> None:
    one, two = World(7), World(7)
    one.stream("people").random()
    assert one.stream("network").random() == two.stream("network").random()
    assert one.stream("network").random() != one.stream("people").random()


def test_a_script_goes_on_after_each_pause() -> None:
    world, seen = World(1), []

    def script() -> Iterator[int]:
        seen.append(world.now_ms)
        yield 100
        seen.append(world.now_ms)
        yield 50
        seen.append(world.now_ms)

    world.spawn("somebody", script())
    world.run(1_000)
    assert seen == [0, 100, 150]


def test_what_the_programs_call_impossible_ends_the_world() -> None:
    world = World(1)
    world.after(1, "x", lambda: world.contradictions.append("custody.contradiction"))
    with pytest.raises(Violation, match=r"custody\.contradiction"):
        world.run(2)


def test_a_clock_drifts_and_is_turned_but_its_counter_is_not() -> None:
    world = World(1)
    clock = DriftingClock(world, rate_ppm=200)
    world.run(1_000_000)
    assert clock.now() == START + 1_000_200
    clock.boot()
    clock.step(-3_600_000)
    assert clock.monotonic_ms() == 0
    world.run(2_000_000)
    assert clock.monotonic_ms() == 1_000_200
    assert clock.now() == START + 2_000_400 - 3_600_000
    clock.set_right()
    assert clock.now() == world.now()
