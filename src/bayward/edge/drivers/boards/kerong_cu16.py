"""Kerong KR-CU16 and CU12: sixteen or twelve locks, a latch and an infrared contact each.

    STX=02 | ADDR | CMD | data… | ETX=03 | SUM        19200 8N1, SUM = low byte of the sum before

ADDR holds the board (0 to 9) in the high nibble and, for an unlock, the lock (0 to 15) in the low
one. A board answers 30 (state) with 35 and 37 (pulse time) with 38; it does *not* answer 31
(unlock), at least not reliably: what an unlock did is known from the next state. The commands for
all boards (address F0) and for all locks of a board (33) exist and are left out on purpose.

Public implementations contradict each other about which latch level means closed, because it
depends on the fitted lock. That is why `closed_when` is found at commissioning.
"""

from __future__ import annotations

from bayward.core.errors import Invalid
from bayward.edge.drivers.boards.codec import (
    Answer,
    BoardState,
    Caps,
    Frame,
    Garbage,
    Heard,
    Integrity,
    PulseTime,
)

_STX, _ETX = 0x02, 0x03
_READ, _UNLOCK, _STATE, _PULSE, _PULSE_IS = 0x30, 0x31, 0x35, 0x37, 0x38
_STATE_BYTES, _PULSE_BYTES = 9, 7
_ANSWER_BYTES = {_STATE: _STATE_BYTES, _PULSE_IS: _PULSE_BYTES}
_HEAD_BYTES = 3  # STX, address and command tell how long an answer is
_STEP_MS = 10
_PULSE_MS_MAX = 24_000
_BOARDS = 10  # the vendor's limit for one daisy chain


class KerongCu16:
    """The codec of the family; `locks` is 16, or 12 for the CU12."""

    def __init__(self, locks: int = 16) -> None:
        self.caps = Caps(
            locks=locks,
            addresses=_BOARDS,
            integrity=Integrity.SUM8,
            has_occupancy=True,
            has_pulse_timer=True,
            answers_unlock=False,
            pulse_step_ms=_STEP_MS,
            pulse_ms_max=_PULSE_MS_MAX,
        )

    def read(self, address: int) -> Frame:
        """Command 30: the contacts of one board."""
        data = _frame(self._board(address), _READ)
        return Frame(data, address, BoardState, _STATE_BYTES)

    def unlock(self, address: int, lock: int, pulse_ms: int) -> Frame:
        """Command 31; the length of the pulse was set before, `pulse_ms` is only checked."""
        _steps(pulse_ms)
        if not 0 <= lock < self.caps.locks:
            raise Invalid("board.lock", lock=lock, locks=self.caps.locks)
        return Frame(_frame(self._board(address) | lock, _UNLOCK), address)

    def ask_pulse(self, address: int) -> Frame:
        """Command 37 without data."""
        data = _frame(self._board(address), _PULSE)
        return Frame(data, address, PulseTime, _PULSE_BYTES)

    def set_pulse(self, address: int, pulse_ms: int) -> Frame:
        """Command 37: the pulse in steps of 10 ms, high byte first; not answered."""
        return Frame(_frame(self._board(address), _PULSE, _steps(pulse_ms)), address)

    def parser(self) -> Cu16Parser:
        """A fresh reader."""
        return Cu16Parser()

    def _board(self, address: int) -> int:
        if not 0 <= address < self.caps.addresses:
            raise Invalid("board.address", address=address, boards=self.caps.addresses)
        return address << 4


class Cu16Parser:
    """Finds answers in a stream; keeps at most one unfinished answer (8 bytes)."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> list[Heard]:
        """Read more bytes; whatever cannot begin an answer is dropped byte by byte."""
        heard: list[Heard] = []
        self._kept += data
        start = skipped = 0
        while (length := _candidate(self._kept, start)) is not None:
            if length and len(self._kept) - start < length:
                break
            answer = _answer(self._kept[start : start + length]) if length else None
            if answer is None:
                start += 1
                skipped += 1
                continue
            if skipped:
                heard.append(Garbage(skipped))
                skipped = 0
            start += length
            heard.append(answer)
        del self._kept[:start]
        if skipped:
            heard.append(Garbage(skipped))
        return heard

    def reset(self) -> int:
        """Forget an unfinished answer."""
        dropped = len(self._kept)
        self._kept.clear()
        return dropped


def _candidate(kept: bytearray, start: int) -> int | None:
    """Length of the answer that may begin at `start`; 0: none can; None: too few bytes."""
    if start >= len(kept):
        return None
    if kept[start] != _STX:
        return 0
    if len(kept) - start < _HEAD_BYTES:
        return None
    return _ANSWER_BYTES.get(kept[start + 2], 0)


def _answer(raw: bytearray) -> Answer | None:
    if raw[-2] != _ETX or raw[-1] != _sum(raw[:-1]) or raw[1] & 0x0F:
        return None
    address = raw[1] >> 4
    if raw[2] == _STATE:
        latches, objects = raw[3] | raw[4] << 8, raw[5] | raw[6] << 8
        return BoardState(address, latches, objects)
    return PulseTime(address, (raw[3] << 8 | raw[4]) * _STEP_MS)


def _frame(address: int, command: int, data: bytes = b"") -> bytes:
    body = bytes((_STX, address, command)) + data + bytes((_ETX,))
    return body + bytes((_sum(body),))


def _sum(body: bytes | bytearray) -> int:
    return sum(body) & 0xFF


def _steps(pulse_ms: int) -> bytes:
    if not _STEP_MS <= pulse_ms <= _PULSE_MS_MAX or pulse_ms % _STEP_MS:
        raise Invalid("board.pulse", pulse_ms=pulse_ms, step_ms=_STEP_MS, max_ms=_PULSE_MS_MAX)
    return (pulse_ms // _STEP_MS).to_bytes(2, "big")
