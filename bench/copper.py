"""What a line allows: times of frames that follow from the baud rate and the boards."""

from __future__ import annotations

from bayward.edge.drivers.boards.families import Family, codec_of
from bayward.edge.drivers.timing import BITS_PER_BYTE, BusTiming
from bayward.edge.wiring import PortSettings
from bayward.sim.hardware.settings import TwinSettings

CODEC = codec_of(Family.KERONG_CU16)
GAP_MS = PortSettings("any", "any").gap_ms


def exchange_ms(steel: TwinSettings) -> float:
    """Asking one board for its contacts, with its answer and the silence before the next frame."""
    read = CODEC.read(0)
    latency_ms = max(board.latency_ms for board in steel.boards)
    return _wire_ms(steel, len(read.data) + read.answer_bytes) + latency_ms + GAP_MS


def unlock_ms(steel: TwinSettings) -> float:
    """At most: the exchange that is under way, the door's reading, and the frame."""
    frame = CODEC.unlock(0, 0, steel.boards[0].pulse_ms)
    return 2 * exchange_ms(steel) + _wire_ms(steel, len(frame.data))


def change_ms(steel: TwinSettings) -> float:
    """At most: one scan of the line until a contact is read anew, and the second equal reading."""
    timing = BusTiming()
    scan_ms = max(timing.scan_every_ms, len(steel.boards) * exchange_ms(steel))
    return scan_ms + timing.doubt_ms + 2 * exchange_ms(steel)


def _wire_ms(steel: TwinSettings, count: int) -> float:
    return count * BITS_PER_BYTE * 1_000 / steel.ports[0].baud
