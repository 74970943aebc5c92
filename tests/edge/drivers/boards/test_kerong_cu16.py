"""The Kerong codec against byte strings from unrelated public implementations, and against noise.

The vectors are facts about the protocol (julio-alv/lkaas-kerong, jin0949/KR-CU16_locker,
Arviv123/CartWise, suryavirkapur/kerong-lib, vendor's manual); sums were computed again.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import Invalid
from bayward.edge.drivers.boards.codec import (
    BoardCodec,
    BoardState,
    Frame,
    Garbage,
    Heard,
    Integrity,
    PulseTime,
)
from bayward.edge.drivers.boards.families import Family, codec_of
from bayward.edge.drivers.boards.kerong_cu16 import Cu16Parser, KerongCu16

CODEC = KerongCu16()
ALL_ONES = bytes.fromhex("020035FFFF00000338")
KEPT_MAX = 8


def answer(board: int, command: int, data: bytes) -> bytes:
    body = bytes([0x02, board << 4, command, *data, 0x03])
    return body + bytes([sum(body) & 0xFF])


def state_bytes(board: int, latches: int, objects: int) -> bytes:
    return answer(board, 0x35, latches.to_bytes(2, "little") + objects.to_bytes(2, "little"))


STATES = st.builds(BoardState, st.integers(0, 9), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))


def wire(state: BoardState) -> bytes:
    return state_bytes(state.address, state.latches, state.objects or 0)


def answers(heard: list[Heard]) -> list[Heard]:
    return [it for it in heard if not isinstance(it, Garbage)]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (CODEC.read(0), "0200300335"),
        (CODEC.read(1), "0210300345"),
        (CODEC.unlock(0, 0, 500), "0200310336"),
        (CODEC.unlock(0, 15, 500), "020F310345"),
        (CODEC.unlock(1, 2, 500), "0212310348"),
        (CODEC.set_pulse(0, 500), "020037003203" + "6E"),
        (CODEC.ask_pulse(0), "020037033C"),
    ],
)
def test_requests_are_the_published_bytes(frame: Frame, expected: str) -> None:
    assert frame.data.hex().upper() == expected


def test_a_published_answer_is_read() -> None:
    assert Cu16Parser().feed(ALL_ONES) == [BoardState(0, 0xFFFF, 0)]


def test_an_answer_says_how_long_the_pulse_is() -> None:
    assert Cu16Parser().feed(answer(3, 0x38, b"\x00\x32")) == [PulseTime(3, 500)]


def test_hardware_03_low_channels_come_first() -> None:
    (state,) = Cu16Parser().feed(bytes.fromhex("02003501800280033D"))
    assert state == BoardState(0, latches=0x8001, objects=0x8002)


def test_hardware_04_locks_count_from_zero_on_the_wire() -> None:
    """What is lock 1 on the sticker is 0 here and there; the sixteenth is F, and no more exist."""
    assert [CODEC.unlock(0, lock, 500).data[1] for lock in range(16)] == list(range(16))
    assert [CODEC.unlock(9, lock, 500).data[1] for lock in range(16)] == list(range(0x90, 0xA0))
    with pytest.raises(Invalid, match=r"board\.lock"):
        CODEC.unlock(0, 16, 500)
    with pytest.raises(Invalid, match=r"board\.lock"):
        CODEC.unlock(0, -1, 500)


def test_hardware_05_an_unlock_expects_no_answer() -> None:
    frame = CODEC.unlock(2, 3, 500)
    assert frame.answer is None
    assert not CODEC.caps.answers_unlock
    assert not frame.is_answered_by(BoardState(2, 0, 0))


def test_hardware_17_nothing_here_can_open_more_than_one_lock() -> None:
    """No argument produces the commands for all boards (F0, 32) or all locks of a board (33)."""
    frames = [CODEC.read(board) for board in range(10)]
    frames += [CODEC.unlock(board, lock, 500) for board in range(10) for lock in range(16)]
    assert {frame.data[2] for frame in frames} == {0x30, 0x31}
    assert all(frame.data[1] >> 4 <= 9 for frame in frames)
    with pytest.raises(Invalid, match=r"board\.address"):
        CODEC.unlock(15, 0, 500)


@pytest.mark.parametrize("pulse_ms", [0, 5, 505, 24_010, -10])
def test_a_pulse_the_board_cannot_time_is_refused(pulse_ms: int) -> None:
    with pytest.raises(Invalid, match=r"board\.pulse"):
        CODEC.set_pulse(0, pulse_ms)
    with pytest.raises(Invalid, match=r"board\.pulse"):
        CODEC.unlock(0, 0, pulse_ms)


def test_the_cu12_has_twelve_locks() -> None:
    codec: BoardCodec = codec_of(Family.KERONG_CU12)
    assert codec.caps.locks == 12
    assert codec.caps.integrity is Integrity.SUM8
    assert codec.unlock(0, 11, 500).data == bytes.fromhex("020B310341")
    with pytest.raises(Invalid, match=r"board\.lock"):
        codec.unlock(0, 12, 500)


@pytest.mark.parametrize("closed_when", [0, 1])
def test_hardware_02_latch_polarity_is_a_setting(closed_when: int) -> None:
    """The same bytes mean opposite doors, depending on the fitted lock."""
    (state,) = Cu16Parser().feed(state_bytes(0, 0x0001, 0))
    assert isinstance(state, BoardState)
    first, second = state.closed(closed_when) & 1, state.closed(closed_when) >> 1 & 1
    assert (first, second) == ((1, 0) if closed_when == 1 else (0, 1))


@given(STATES, st.data())
def test_every_fragmentation_reads_the_same(state: BoardState, data: st.DataObject) -> None:
    raw = wire(state)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1))))
    parser = Cu16Parser()
    heard: list[Heard] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        heard += parser.feed(raw[start:end])
    assert heard == [state]


@given(st.binary(max_size=40), STATES)
def test_an_answer_after_garbage_is_found(garbage: bytes, state: BoardState) -> None:
    """Once whatever the garbage began can no longer be an answer; the next request sees to that."""
    parser = Cu16Parser()
    heard = parser.feed(garbage) + parser.feed(wire(state)) + parser.feed(bytes(KEPT_MAX))
    if state not in heard:
        # Only a valid frame that begins inside the garbage may have swallowed it.
        assert any(not isinstance(it, Garbage) for it in heard)


@given(st.binary(max_size=40), STATES)
def test_a_reset_makes_the_next_answer_safe(garbage: bytes, state: BoardState) -> None:
    parser = Cu16Parser()
    parser.feed(garbage)
    assert parser.reset() <= KEPT_MAX
    assert parser.feed(wire(state)) == [state]


@given(st.lists(st.binary(max_size=64), max_size=30))
def test_no_bytes_raise_and_none_are_lost_count_of(pieces: list[bytes]) -> None:
    parser = Cu16Parser()
    length = {BoardState: 9, PulseTime: 7}
    seen = 0
    for piece in pieces:
        for heard in parser.feed(piece):
            seen += heard.length if isinstance(heard, Garbage) else length[type(heard)]
    kept = parser.reset()
    assert kept <= KEPT_MAX
    assert seen + kept == sum(map(len, pieces))


@given(STATES, st.integers(0, 8), st.integers(0, 7))
def test_a_flipped_bit_is_never_believed(state: BoardState, place: int, bit: int) -> None:
    raw = bytearray(wire(state))
    raw[place] ^= 1 << bit
    assert state not in Cu16Parser().feed(bytes(raw))
    assert not [it for it in answers(Cu16Parser().feed(bytes(raw))) if isinstance(it, BoardState)]


def test_an_answer_is_for_who_asked() -> None:
    ask = CODEC.read(2)
    assert ask.is_answered_by(BoardState(2, 0, 0))
    assert not ask.is_answered_by(BoardState(3, 0, 0))
    assert not ask.is_answered_by(PulseTime(2, 500))


def test_an_echo_of_a_request_is_no_answer() -> None:
    assert answers(Cu16Parser().feed(CODEC.read(0).data + CODEC.unlock(0, 1, 500).data)) == []
