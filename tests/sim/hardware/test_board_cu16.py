"""The simulated board against the published bytes, written from the board's side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.sim.hardware import board_cu16
from bayward.sim.hardware.board_cu16 import PAUSE_MS, Cu16Board


@dataclass
class Door:
    is_closed: bool = True
    is_occupied: bool = False

    def contact_is_closed(self, now_ms: int) -> bool:
        return self.is_closed


class Bench:
    """One board with 16 doors and a note of what it fired."""

    def __init__(self, address: int = 0, closed_level: int = 1) -> None:
        self.doors = [Door() for _ in range(16)]
        self.fired: list[tuple[int, int]] = []
        self.board = Cu16Board(address, closed_level, self.doors, 500, self._fire)

    def _fire(self, lock: int, pulse_ms: int) -> None:
        self.fired.append((lock, pulse_ms))

    def say(self, text: str, now_ms: int = 0) -> list[str]:
        return [it.hex() for it in self.board.receive(bytes.fromhex(text), now_ms)]


def test_all_shut_and_empty_is_the_published_answer() -> None:
    assert Bench().say("0200300335") == ["020035ffff00000338"]


def test_levels_and_things_are_low_channel_first() -> None:
    bench = Bench(closed_level=0)
    bench.doors[0].is_closed = False
    bench.doors[15].is_occupied = True
    assert bench.say("0200300335") == ["0200350100008003bb"]


def test_an_unlock_fires_one_lock_and_is_not_answered() -> None:
    bench = Bench(address=1)
    assert bench.say("0212310348") == []
    assert bench.fired == [(2, 500)]


def test_some_boards_answer_an_unlock_with_their_state() -> None:
    bench = Bench()
    bench.board.acks_unlock = True
    assert bench.say("0200310336") == ["020035ffff00000338"]


def test_the_command_for_all_locks_fires_all() -> None:
    """Nobody of ours sends it; a twin that did not know it could not tell."""
    bench = Bench()
    bench.say("0200330338")
    assert [lock for lock, _ in bench.fired] == list(range(16))


def test_the_pulse_time_is_set_and_told() -> None:
    bench = Bench()
    assert bench.say("0200370032036e") == []
    assert bench.say("020037033c") == ["0200380032036f"]
    bench.say("0200370019" + "0355")
    bench.say("0200310336")
    assert bench.fired == [(0, 250)]


@pytest.mark.parametrize(
    "frame",
    [
        "0210300345",  # for its neighbour
        "0200300336",  # wrong sum
        "0200300435",  # wrong end
        "02f0320327",  # for all boards: not known here
        "020035ffff00000338",  # an answer of its neighbour's twin
    ],
)
def test_what_is_not_for_it_is_not_answered(frame: str) -> None:
    bench = Bench()
    assert bench.say(frame) == []
    assert bench.fired == []


def test_a_lock_that_is_not_fitted_fires_nothing() -> None:
    bench = Bench()
    bench.board = Cu16Board(0, 1, bench.doors[:12], 500, bench._fire)
    bench.say("020f310345")
    assert bench.fired == []
    assert bench.say("0200300335") == ["020035ff0f00000348"]


def test_half_a_frame_before_a_pause_is_forgotten() -> None:
    bench = Bench()
    assert bench.say("0200", now_ms=0) == []
    assert bench.say("0200300335", now_ms=PAUSE_MS + 1) == ["020035ffff00000338"]
    bench.say("0200", now_ms=200)
    bench.board.power_up()
    assert bench.say("0200300335", now_ms=201) == ["020035ffff00000338"]


@given(st.binary(max_size=6), st.integers(1, 4))
def test_a_request_after_noise_and_in_pieces_is_heard(noise: bytes, cut: int) -> None:
    bench = Bench()
    request = bytes.fromhex("0200300335")
    bench.board.receive(noise, 0)
    bench.board.receive(request[:cut], PAUSE_MS + 1)
    answers = bench.board.receive(request[cut:], PAUSE_MS + 2)
    assert [it.hex() for it in answers] == ["020035ffff00000338"]


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_no_bytes_stop_it(pieces: list[bytes]) -> None:
    bench = Bench()
    for piece in pieces:
        bench.board.receive(piece, 0)
    assert bench.say("0200300335", now_ms=PAUSE_MS * 10)[-1:] == ["020035ffff00000338"]


def test_the_twin_shares_no_line_with_our_driver() -> None:
    """Only what commissions a twin may know both sides."""
    folder = Path(board_cu16.__file__).parent
    knowing = {path.stem for path in folder.glob("*.py") if "bayward.edge" in path.read_text()}
    assert knowing == {"commissioning"}
