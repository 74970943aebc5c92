"""What the bus may conclude from a frame and an answer."""

from __future__ import annotations

from bayward.edge.drivers.boards.codec import BoardState, Frame, Garbage, PulseTime


def test_polarity_turns_levels_into_doors() -> None:
    state = BoardState(0, latches=0b0110, objects=None)
    assert state.closed(1) & 0b1111 == 0b0110
    assert state.closed(0) & 0b1111 == 0b1001


def test_only_the_asked_board_answers_what_was_asked() -> None:
    ask = Frame(b"?", 4, BoardState, 9)
    assert ask.is_answered_by(BoardState(4, 0, 0))
    assert not ask.is_answered_by(BoardState(5, 0, 0))
    assert not ask.is_answered_by(PulseTime(4, 500))
    assert not ask.is_answered_by(Garbage(3))


def test_a_frame_nobody_answers_is_answered_by_nothing() -> None:
    assert not Frame(b"!", 4).is_answered_by(BoardState(4, 0, 0))
