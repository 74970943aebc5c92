"""What two readings, three silences and a lost port make of a door."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import Instant
from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.drivers.watch import BoardWatch

TIMING = BusTiming(tries_max=3, lost_after_ms=1)
ALL_CLOSED = 0xFFFF


def fresh() -> BoardWatch:
    return BoardWatch(16, TIMING, Instant(0))


def known(ms: int = 0) -> BoardWatch:
    watch = fresh()
    watch.heard(ALL_CLOSED, 0, Instant(ms), ms)
    watch.heard(ALL_CLOSED, 0, Instant(ms + 1), ms + 1)
    return watch


def is_closed(watch: BoardWatch, lock: int) -> bool | None:
    reading = watch.reading(lock)
    return reading.is_closed if isinstance(reading, KnownDoor) else None


def test_a_door_nobody_has_read_is_unknown() -> None:
    assert fresh().reading(3) == UnknownDoor(Instant(0), UnknownWhy.NEVER_READ)


def test_one_reading_is_not_enough() -> None:
    watch = fresh()
    assert watch.heard(ALL_CLOSED, 0, Instant(5), 5) == ()
    assert is_closed(watch, 0) is None
    assert watch.is_urgent
    assert watch.heard(ALL_CLOSED, 0, Instant(9), 9) == tuple(range(16))
    assert watch.reading(0) == KnownDoor(is_closed=True, is_occupied=False, at=Instant(9))


def test_a_change_needs_two_equal_readings() -> None:
    watch = known()
    assert watch.heard(ALL_CLOSED ^ 0b100, 0, Instant(10), 10) == ()
    assert is_closed(watch, 2) is True
    assert watch.due_ms == 10 + TIMING.doubt_ms
    assert watch.heard(ALL_CLOSED ^ 0b100, 0, Instant(50), 50) == (2,)
    assert is_closed(watch, 2) is False
    assert watch.confirmed_ms(2) == 50


def test_a_contact_that_bounces_holds_back_its_own_door_only() -> None:
    watch = known()
    for ms in range(10, 100, 10):
        watch.heard(ALL_CLOSED ^ (ms // 10 % 2), 0, Instant(ms), ms)
    assert is_closed(watch, 0) is True
    assert watch.confirmed_ms(0) == 1
    assert watch.confirmed_ms(1) == 90


def test_the_infrared_bit_needs_two_equal_readings_and_holds_back_no_door() -> None:
    watch = known()
    assert watch.heard(ALL_CLOSED, 1, Instant(10), 10) == ()
    assert watch.heard(ALL_CLOSED ^ 1, 0, Instant(20), 20) == ()
    assert watch.heard(ALL_CLOSED ^ 1, 1, Instant(30), 30) == (0,)
    assert watch.reading(0) == KnownDoor(is_closed=False, is_occupied=False, at=Instant(30))
    assert watch.heard(ALL_CLOSED ^ 1, 1, Instant(40), 40) == (0,)
    assert watch.reading(0) == KnownDoor(is_closed=False, is_occupied=True, at=Instant(40))


def test_a_board_without_infrared_says_nothing_about_parcels() -> None:
    watch = fresh()
    for ms in (1, 2):
        watch.heard(ALL_CLOSED, None, Instant(ms), ms)
    assert watch.reading(0) == KnownDoor(is_closed=True, is_occupied=None, at=Instant(2))


def test_three_silences_make_every_door_unknown() -> None:
    watch = known()
    assert watch.missed(Instant(10), 10) == ()
    assert watch.is_urgent
    assert watch.due_ms == 10
    assert watch.missed(Instant(20), 20) == ()
    assert watch.missed(Instant(30), 30) == tuple(range(16))
    assert watch.reading(7) == UnknownDoor(Instant(30), UnknownWhy.BUS_SILENT)
    assert watch.read_ms is None


def test_a_reading_in_between_starts_the_count_again() -> None:
    watch = known()
    for ms in (10, 20):
        watch.missed(Instant(ms), ms)
    watch.heard(ALL_CLOSED, 0, Instant(30), 30)
    for ms in (40, 50):
        assert watch.missed(Instant(ms), ms) == ()
    assert is_closed(watch, 0) is True


def test_a_dead_board_is_tried_less_and_less_often() -> None:
    watch = known()
    now_ms, pauses = 10, []
    for _ in range(8):
        watch.missed(Instant(now_ms), now_ms)
        pauses.append(watch.due_ms - now_ms)
        now_ms = watch.due_ms
    assert pauses == [0, 0, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
    assert not watch.is_urgent


def test_after_silence_one_reading_is_not_enough_either() -> None:
    watch = known()
    for ms in (10, 20, 30):
        watch.missed(Instant(ms), ms)
    assert watch.heard(ALL_CLOSED, 0, Instant(40), 40) == ()
    assert is_closed(watch, 0) is None
    assert watch.heard(ALL_CLOSED, 0, Instant(80), 80) == tuple(range(16))


def test_a_lost_port_is_told_once_and_keeps_the_moment_it_began() -> None:
    watch = known()
    assert watch.port_gone(Instant(10)) == tuple(range(16))
    assert watch.port_gone(Instant(20)) == ()
    assert watch.reading(0) == UnknownDoor(Instant(10), UnknownWhy.PORT_GONE)
    watch.port_back(30)
    assert watch.due_ms == 30


def test_a_watched_board_is_read_often_for_a_while() -> None:
    watch = known()
    watch.watch(100)
    assert watch.due_ms <= 100
    watch.heard(ALL_CLOSED, 0, Instant(110), 110)
    assert watch.due_ms == 110 + TIMING.confirm_every_ms
    late_ms = 100 + TIMING.confirm_for_ms
    watch.heard(ALL_CLOSED, 0, Instant(late_ms), late_ms)
    assert watch.due_ms == late_ms + TIMING.scan_every_ms


def test_watching_a_silent_board_does_not_wake_it_early() -> None:
    watch = known()
    for ms in (10, 20, 30):
        watch.missed(Instant(ms), ms)
    due_ms = watch.due_ms
    watch.watch(40)
    assert watch.due_ms == due_ms


STEPS = st.lists(st.one_of(st.none(), st.integers(0, 0xF)), max_size=40)


@given(STEPS)
def test_what_is_known_was_read_twice_in_a_row(steps: list[int | None]) -> None:
    """Against the plainest possible reading of the rule, door by door."""
    watch = BoardWatch(4, TIMING, Instant(0))
    truth: list[bool | None] = [None] * 4
    last: int | None = None
    misses = 0
    for ms, step in enumerate(steps):
        if step is None:
            misses += 1
            watch.missed(Instant(ms), ms)
            if misses >= 3:
                truth, last = [None] * 4, None
        else:
            misses = 0
            watch.heard(step, None, Instant(ms), ms)
            for lock in range(4):
                if last is not None and (last ^ step) >> lock & 1 == 0:
                    truth[lock] = bool(step >> lock & 1)
            last = step
        assert [is_closed(watch, lock) for lock in range(4)] == truth


def test_a_host_that_stalls_for_a_moment_has_not_lost_its_doors() -> None:
    watch = BoardWatch(16, BusTiming(tries_max=3, lost_after_ms=2_000), Instant(0))
    for ms in (0, 10):
        watch.heard(0xFFFF, None, Instant(ms), ms)
    for ms in (500, 600, 700):
        assert watch.missed(Instant(ms), ms) == ()
    assert is_closed(watch, 0) is True
    assert watch.due_ms == 1_700
    assert watch.missed(Instant(1_750), 1_750) == ()
    assert watch.due_ms == 2_010
    assert watch.missed(Instant(2_010), 2_010) == tuple(range(16))


def test_an_unlock_does_not_wait_for_a_board_that_was_there_a_moment_ago() -> None:
    watch = BoardWatch(16, BusTiming(tries_max=3, lost_after_ms=2_000), Instant(0))
    for ms in (0, 10, 20):
        watch.heard(0xFFFF, None, Instant(ms), ms)
    for ms in (500, 600, 700):
        watch.missed(Instant(ms), ms)
    watch.watch(800)
    assert watch.due_ms == 800
