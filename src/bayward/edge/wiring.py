"""How a bank is wired: ports, boards, supplies, and which lock belongs to which compartment.

This is what commissioning finds out and writes down. It is checked once, here, and the program
refuses to start on anything that could open a wrong door.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bayward.core.errors import Misconfigured
from bayward.core.ids import CompartmentId
from bayward.edge.drivers.boards.families import Family, codec_of
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.governor import GovernorLimits

_SOCKET = re.compile(r"socket://[^/:\s]+:[1-9][0-9]{0,4}")
BAUD_RATES = (9600, 19200, 57600, 115200)
CONFIRM_MS = 3_000  # a door that is not open by then is stuck, or nobody pulled
FRESH_MS = 500  # a reading older than this does not say how an unlock ended
CHECK_MS = 1_000  # longest wait for a reading before a pulse


@dataclass(frozen=True, slots=True)
class PortSettings:
    """One RS-485 line.

    `url` is a stable name (`/dev/serial/by-id/…`, never `ttyUSB0`) or `socket://host:port`.
    `has_echo`: the adapter returns what we send. `gap_ms`: silence between two exchanges.
    """

    name: str
    url: str
    baud: int = 19200
    has_echo: bool = False
    gap_ms: int = 5  # ten characters; Modbus asks for three and a half


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """One lock board.

    `closed_when` is the contact level (0 or 1) that means closed; it depends on the fitted locks
    and is found by opening one known door, so it has no default. `pulse_ms`: 500 for solenoids,
    1000 for motors.
    """

    name: str
    port: str
    family: Family
    address: int
    closed_when: int
    supply: str
    pulse_ms: int = 500


@dataclass(frozen=True, slots=True)
class LockSettings:
    """Which lock of which board (counted from 0) opens a compartment."""

    compartment: CompartmentId
    board: str
    lock: int


@dataclass(frozen=True, slots=True)
class HardwareSettings:
    """One bank; raises `Misconfigured` when it does not hold together."""

    ports: tuple[PortSettings, ...]
    boards: tuple[BoardSettings, ...]
    supplies: tuple[str, ...]
    locks: tuple[LockSettings, ...]
    timing: BusTiming = field(default_factory=BusTiming)
    limits: GovernorLimits = field(default_factory=GovernorLimits)
    confirm_ms: int = CONFIRM_MS
    fresh_ms: int = FRESH_MS
    check_ms: int = CHECK_MS

    def __post_init__(self) -> None:
        _once("wiring.port_twice", (port.name for port in self.ports))
        _once("wiring.port_twice", (port.url for port in self.ports))
        _once("wiring.board_twice", (board.name for board in self.boards))
        _once("wiring.address_twice", ((board.port, board.address) for board in self.boards))
        _once("wiring.compartment_twice", (lock.compartment for lock in self.locks))
        _once("wiring.lock_twice", ((lock.board, lock.lock) for lock in self.locks))
        for port in self.ports:
            _check_port(port)
        for board in self.boards:
            self._check_board(board)
        for lock in self.locks:
            self._check_lock(lock)

    def board(self, name: str) -> BoardSettings:
        """The board of that name; raises `Misconfigured`."""
        for board in self.boards:
            if board.name == name:
                return board
        raise Misconfigured("wiring.board_unknown", name=name)

    def boards_on(self, port: str) -> tuple[BoardSettings, ...]:
        """The boards of one line."""
        return tuple(board for board in self.boards if board.port == port)

    def _check_board(self, board: BoardSettings) -> None:
        caps = codec_of(board.family).caps
        if all(port.name != board.port for port in self.ports):
            raise Misconfigured("wiring.port_unknown", name=board.port)
        if board.supply not in self.supplies:
            raise Misconfigured("wiring.supply_unknown", name=board.supply)
        if not 0 <= board.address < caps.addresses:
            raise Misconfigured("wiring.address", board=board.name, address=board.address)
        if board.closed_when not in (0, 1):
            raise Misconfigured("wiring.closed_when", board=board.name)
        if not 0 < board.pulse_ms <= caps.pulse_ms_max or board.pulse_ms % caps.pulse_step_ms:
            raise Misconfigured("wiring.pulse", board=board.name, pulse_ms=board.pulse_ms)
        neighbours = {other.family for other in self.boards_on(board.port)}
        if len({codec_of(family).__class__ for family in neighbours}) > 1:
            raise Misconfigured("wiring.families_mixed", port=board.port)

    def _check_lock(self, lock: LockSettings) -> None:
        caps = codec_of(self.board(lock.board).family).caps
        if not 0 <= lock.lock < caps.locks:
            raise Misconfigured("wiring.lock", board=lock.board, lock=lock.lock)


def _check_port(port: PortSettings) -> None:
    if port.baud not in BAUD_RATES or port.gap_ms < 0 or not port.url:
        raise Misconfigured("wiring.port", port=port.name)
    is_device = port.url.startswith("/")
    if not is_device and _SOCKET.fullmatch(port.url) is None:
        raise Misconfigured("wiring.port_url", port=port.name, url=port.url)


def _once(code: str, things: Iterable[object]) -> None:
    thing, times = next(iter(Counter(things).most_common(1)), (None, 0))
    if times > 1:
        raise Misconfigured(code, thing=str(thing))
