"""What every family of lock boards looks like to the bus: frames out, answers in.

A codec is sans-I/O: it makes frames and reads bytes, and has no port, clock or retries. The bus
scheduler owns those, because a codec that retried an unlock by itself would pulse a coil twice.

Addresses and locks count from 0 in here, whatever the wire or the sticker on the board says.
There is no frame that opens more than one lock: families that have one do not get it from us.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Integrity(StrEnum):
    """How a frame proves that it arrived as it was sent."""

    NONE = "none"
    SUM8 = "sum8"
    XOR8 = "xor8"
    CRC16 = "crc16"


@dataclass(frozen=True, slots=True)
class Caps:
    """What a family can do; the scheduler and the settings obey it."""

    locks: int
    addresses: int  # boards on one bus, counted from 0
    integrity: Integrity
    has_occupancy: bool
    has_pulse_timer: bool  # the board ends the pulse, so that our crash cannot burn a coil
    answers_unlock: bool
    pulse_step_ms: int
    pulse_ms_max: int


@dataclass(frozen=True, slots=True)
class BoardState:
    """The contacts of one board as they are on the wire; bit 0 is lock 0.

    `latches` means nothing without the polarity of the fitted locks: use `closed`.
    """

    address: int
    latches: int
    objects: int | None  # infrared bits, 1 = something is there; None where the board has none

    def closed(self, closed_when: int) -> int:
        """The closed doors as bits, given which contact level (0 or 1) means closed."""
        return self.latches if closed_when == 1 else ~self.latches


@dataclass(frozen=True, slots=True)
class PulseTime:
    """How long a board says it holds a coil."""

    address: int
    pulse_ms: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that belong to no frame; counted, because a noisy bus needs a technician."""

    length: int


Answer = BoardState | PulseTime
Heard = Answer | Garbage


@dataclass(frozen=True, slots=True)
class Frame:
    """One request: its bytes, and what answers it (`answer` None: the board stays silent)."""

    data: bytes
    address: int
    answer: type[BoardState | PulseTime] | None = None
    answer_bytes: int = 0

    def is_answered_by(self, heard: Heard) -> bool:
        """Whether `heard` is the answer of this board to this kind of request."""
        if self.answer is None or not isinstance(heard, self.answer):
            return False
        return heard.address == self.address


class Parser(Protocol):
    """The incremental reader of one line: never raises, resynchronises, keeps few bytes."""

    def feed(self, data: bytes) -> list[Heard]:
        """Read some more bytes, in whatever pieces they come."""
        ...

    def reset(self) -> int:
        """Forget an unfinished frame; returns how many bytes that were."""
        ...


class BoardCodec(Protocol):
    """One family of boards."""

    @property
    def caps(self) -> Caps:
        """What the family can do."""
        ...

    def read(self, address: int) -> Frame:
        """Ask for the contacts of a board."""
        ...

    def unlock(self, address: int, lock: int, pulse_ms: int) -> Frame:
        """Energise one coil once; the board times the pulse."""
        ...

    def ask_pulse(self, address: int) -> Frame | None:
        """Ask how long the pulse is; None where each unlock carries its own length."""
        ...

    def set_pulse(self, address: int, pulse_ms: int) -> Frame | None:
        """Set the length of the pulse; None where each unlock carries its own length."""
        ...

    def parser(self) -> Parser:
        """A fresh reader for one line."""
        ...
