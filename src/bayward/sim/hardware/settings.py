"""The steel as it really is, which is not always what somebody wrote into the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bayward.core.ids import CompartmentId

LOCKS_PER_BOARD = 16


class Cable(StrEnum):
    """How the controller reaches a line."""

    PTY = "pty"  # a serial port
    TCP = "tcp"  # a transparent TCP gateway


@dataclass(frozen=True, slots=True)
class TwinPort:
    """One RS-485 line; `at` is where the controller's end appears: a path, or a port of TCP."""

    name: str
    baud: int = 19200
    has_echo: bool = False
    cable: Cable = Cable.PTY
    at: str = ""  # anywhere


@dataclass(frozen=True, slots=True)
class TwinBoard:
    """One Kerong board; `compartments` are its locks in order, starting with lock 0.

    `closed_level` is the contact level of the fitted locks when the door is shut.
    """

    name: str
    port: str
    address: int
    closed_level: int
    supply: str
    compartments: tuple[CompartmentId, ...]
    pulse_ms: int = 500
    latency_ms: int = 10


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """One bank."""

    ports: tuple[TwinPort, ...]
    boards: tuple[TwinBoard, ...]
    pop_ms: int = 60  # from coil on to door open
    bounce_ms: int = 25  # how long contacts chatter
    test_step_ms: int = 600  # between two locks when somebody presses TEST


@dataclass(slots=True)
class WireFaults:
    """What goes wrong on a line; may be changed at any time. Chances are from 0 to 1."""

    lose_request: float = 0.0
    lose_reply: float = 0.0
    corrupt_reply: float = 0.0
    noise: float = 0.0  # random bytes before a reply
    fragment_bytes: int = 0  # replies arrive in pieces of this length; 0: whole
    extra_latency_ms: int = 0
    acks_unlock: bool = False  # some boards answer an unlock with their state, most do not
    deaf_boards: set[str] = field(default_factory=set)


def one_line(
    compartments: Sequence[CompartmentId],
    *,
    closed_level: int = 1,
    port: TwinPort | None = None,
    pulse_ms: int = 500,
) -> TwinSettings:
    """A bank on one line: as many boards as it takes, all on one supply."""
    port = TwinPort("main") if port is None else port
    boards = tuple(
        TwinBoard(
            name=f"board{number}",
            port=port.name,
            address=number,
            closed_level=closed_level,
            supply="psu",
            compartments=tuple(compartments[first : first + LOCKS_PER_BOARD]),
            pulse_ms=pulse_ms,
        )
        for number, first in enumerate(range(0, len(compartments), LOCKS_PER_BOARD))
    )
    return TwinSettings((port,), boards)
