"""The steel that fits a `bank.toml`: what a technician has described, built backwards.

So `bayward edge run` drives it with the very file it would drive real boards with. A wall stands
where the file says its lines are: a loopback port, or a path of its own. Never below `/dev`, where
real adapters are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bayward.core.errors import Misconfigured
from bayward.core.ids import CompartmentId
from bayward.edge.settings import BankSettings
from bayward.edge.wiring import BoardSettings, HardwareSettings, PortSettings
from bayward.sim.hardware.settings import Cable, TwinBoard, TwinPort, TwinSettings

_PATH = re.compile(r"/(?!dev/(?!shm/))")  # `/dev/shm` is memory and no device
_LOOPBACK = re.compile(r"socket://(?:127\.0\.0\.1|localhost):(\d+)")


def doors_of(settings: BankSettings) -> Mapping[int, CompartmentId]:
    """Compartments by the number painted on the door."""
    return {one.number: one.id for one in settings.layout}


def twin_of(settings: BankSettings) -> TwinSettings:
    """What hangs on the wires; raises `Misconfigured("wall.place")` for a line of real copper."""
    hardware = settings.hardware
    return TwinSettings(
        ports=tuple(map(_port, hardware.ports)),
        boards=tuple(_board(hardware, board) for board in hardware.boards),
    )


def _port(port: PortSettings) -> TwinPort:
    is_tcp = _LOOPBACK.fullmatch(port.url)
    if is_tcp is None and not _PATH.match(port.url):
        raise Misconfigured("wall.place", port=port.name, url=port.url)
    return TwinPort(
        name=port.name,
        baud=port.baud,
        has_echo=port.has_echo,
        cable=Cable.PTY if is_tcp is None else Cable.TCP,
        at=port.url if is_tcp is None else is_tcp[1],
    )


def _board(hardware: HardwareSettings, board: BoardSettings) -> TwinBoard:
    """A board with a door on each lock up to the last that is used."""
    used = {one.lock: one.compartment for one in hardware.locks if one.board == board.name}
    return TwinBoard(
        name=board.name,
        port=board.port,
        address=board.address,
        closed_level=board.closed_when,
        supply=board.supply,
        compartments=tuple(
            used.get(lock, _nobodys(board, lock)) for lock in range(max(used, default=-1) + 1)
        ),
        pulse_ms=board.pulse_ms,
    )


def _nobodys(board: BoardSettings, lock: int) -> CompartmentId:
    """A lock that is wired and that no compartment of the file names."""
    return CompartmentId(f"{board.name}/{lock}")
