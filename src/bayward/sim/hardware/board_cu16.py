"""A Kerong CU16 as seen from its own microcontroller.

Written from the protocol's description and from nothing else: it shares no line with our driver,
so that a misunderstanding shows up as two parties that do not understand each other.

The firmware collects bytes, throws them away after a pause, and looks for a frame at the front.
It hears everything on the pair, its neighbours' answers too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol

PAUSE_MS = 50  # half a frame older than this was noise
PULSE_UNIT_MS = 10
BEGIN, END = 0x02, 0x03
AROUND_BYTES = 5  # begin, id, command before the arguments; end and sum after them


class Say(IntEnum):
    """The second byte after the begin mark."""

    STATE_PLEASE = 0x30
    UNLOCK_ONE = 0x31
    UNLOCK_ALL = 0x33
    STATE = 0x35
    PULSE_TIME = 0x37
    PULSE_TIME_IS = 0x38


# Bytes between the command and the end mark. The pulse time comes with two (set) or none (ask).
ARGUMENT_BYTES: dict[int, tuple[int, ...]] = {
    Say.STATE_PLEASE: (0,),
    Say.UNLOCK_ONE: (0,),
    Say.UNLOCK_ALL: (0,),
    Say.STATE: (4,),
    Say.PULSE_TIME: (0, 2),
    Say.PULSE_TIME_IS: (2,),
}


class Lock(Protocol):
    """What hangs on one output and its two inputs."""

    def contact_is_closed(self, now_ms: int) -> bool:
        """The latch contact."""
        ...

    @property
    def is_occupied(self) -> bool:
        """The infrared barrier."""
        ...


class Cu16Board:
    """One board; `fire` is called with the lock and the length of the pulse."""

    def __init__(
        self,
        address: int,
        closed_level: int,
        locks: Sequence[Lock],
        pulse_ms: int,
        fire: Callable[[int, int], None],
    ) -> None:
        self.pulse_ms = pulse_ms  # kept in EEPROM
        self.acks_unlock = False
        self._id = address * 16
        self._closed_level = closed_level
        self._locks = locks
        self._fire = fire
        self._collected = b""
        self._last_ms = 0

    def power_up(self) -> None:
        """Forget what was in RAM."""
        self._collected = b""

    def receive(self, data: bytes, now_ms: int) -> list[bytes]:
        """Hear some bytes; returns the answers they provoke."""
        if now_ms - self._last_ms > PAUSE_MS:
            self._collected = b""
        self._last_ms = now_ms
        self._collected += data
        answers = []
        while self._collected:
            length = self._frame_length()
            if length is None:
                break  # may still become a frame
            if length == 0:
                self._collected = self._collected[1:]
                continue
            frame, self._collected = self._collected[:length], self._collected[length:]
            answer = self._obey(frame[1], frame[2], frame[3:-2], now_ms)
            if answer:
                answers.append(answer)
        return answers

    def _frame_length(self) -> int | None:
        """Length of the frame at the front; 0: there is none; None: not enough bytes to say."""
        begin, *rest = self._collected
        if begin != BEGIN:
            return 0
        if rest[1:] == []:
            return None
        is_unfinished = False
        for arguments in ARGUMENT_BYTES.get(rest[1], ()):
            length = arguments + AROUND_BYTES
            if len(self._collected) < length:
                is_unfinished = True
                continue
            *body, end, checksum = self._collected[:length]
            if end == END and (sum(body) + end) % 256 == checksum:
                return length
        return None if is_unfinished else 0

    def _obey(self, target: int, command: int, arguments: bytes, now_ms: int) -> bytes | None:
        board, lock = target & 0xF0, target & 0x0F
        if board != self._id:
            return None
        match command, len(arguments):
            case Say.UNLOCK_ONE, 0:
                if lock < len(self._locks):
                    self._fire(lock, self.pulse_ms)
                return self._state(now_ms) if self.acks_unlock else None
            case Say.STATE_PLEASE, 0:
                return self._state(now_ms)
            case Say.UNLOCK_ALL, 0:
                for each in range(len(self._locks)):
                    self._fire(each, self.pulse_ms)
            case Say.PULSE_TIME, 0:
                units = self.pulse_ms // PULSE_UNIT_MS
                return self._framed(Say.PULSE_TIME_IS, bytes([units // 256, units % 256]))
            case Say.PULSE_TIME, _:
                self.pulse_ms = (arguments[0] * 256 + arguments[1]) * PULSE_UNIT_MS
            case _:
                pass  # a neighbour's answer
        return None

    def _state(self, now_ms: int) -> bytes:
        # An input with nothing on it reads like an open contact.
        bits = [1 - self._closed_level] * 16
        things = [0] * 16
        for index, lock in enumerate(self._locks):
            if lock.contact_is_closed(now_ms):
                bits[index] = self._closed_level
            things[index] = int(lock.is_occupied)
        groups = (bits[:8], bits[8:], things[:8], things[8:])
        return self._framed(Say.STATE, bytes(_octet(group) for group in groups))

    def _framed(self, command: int, arguments: bytes) -> bytes:
        frame = bytes([BEGIN, self._id, command, *arguments, END])
        return frame + bytes([sum(frame) % 256])


def _octet(bits: Sequence[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))
