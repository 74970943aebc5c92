"""What a careful technician would write down about a twin."""

from __future__ import annotations

from bayward.edge.drivers.boards.families import Family
from bayward.edge.wiring import BoardSettings, HardwareSettings, LockSettings, PortSettings
from bayward.sim.hardware.settings import TwinSettings
from bayward.sim.hardware.twin import BankTwin


def commissioned(twin: BankTwin) -> HardwareSettings:
    """The settings that fit a twin that has started."""
    steel: TwinSettings = twin.settings
    return HardwareSettings(
        ports=tuple(
            PortSettings(port.name, twin.port_url(port.name), port.baud, port.has_echo)
            for port in steel.ports
        ),
        boards=tuple(
            BoardSettings(
                name=board.name,
                port=board.port,
                family=Family.KERONG_CU16,
                address=board.address,
                closed_when=board.closed_level,
                supply=board.supply,
                pulse_ms=board.pulse_ms,
            )
            for board in steel.boards
        ),
        supplies=tuple(sorted({board.supply for board in steel.boards})),
        locks=tuple(
            LockSettings(name, board.name, lock)
            for board in steel.boards
            for lock, name in enumerate(board.compartments)
        ),
    )
