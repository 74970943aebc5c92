"""How long the bus waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from bayward.core.errors import Misconfigured

BITS_PER_BYTE = 10  # 8N1: a start bit, eight data bits, a stop bit


@dataclass(frozen=True, slots=True)
class BusTiming:
    """The times of one bus, with their reasons."""

    board_latency_ms: int = 20  # boards answer within 10 ms; a reply may take three times this
    adapter_ms: int = 16  # USB adapters hold bytes back for up to this (FTDI's default)
    hush_ms: int = 30  # after an unlock: some boards answer it, and must not be interrupted
    tries_max: int = 4  # reads only, three retries: at 10 % loss one in ten thousand stays lost
    scan_every_ms: int = 150  # a small bank need not be read faster
    scan_slack_ms: int = 200  # how much longer a reading of the scan may wait than an urgent one
    doubt_ms: int = 40  # a contact that changed is read again after this; contacts bounce for 30
    confirm_every_ms: int = 75  # how often a door that was just unlocked is read
    confirm_for_ms: int = 10_000  # and for how long: people open and shut within this
    lost_after_ms: int = 2_000  # a reading stays good this long: hosts stall, steel does not
    rest_first_ms: int = 1_000  # a silent board costs at most one try per second
    rest_max_ms: int = 8_000  # and is still found within this after it was repaired
    reopen_first_ms: int = 250
    reopen_max_ms: int = 4_000  # an adapter that was plugged back in is found within this
    diagnostic_wait_ms: int = 1_000  # after this a diagnostic goes before readings

    def __post_init__(self) -> None:
        times = (getattr(self, name) for name in self.__slots__)
        if min(times) < 1 or self.rest_max_ms < self.rest_first_ms:
            raise Misconfigured("bus.timing")

    def reply_ms(self, request_bytes: int, reply_bytes: int, baud: int) -> float:
        """How long to wait for a reply, from the first byte of the request on."""
        wire_ms = (request_bytes + reply_bytes) * BITS_PER_BYTE * 1000 / baud
        return wire_ms + 3 * self.board_latency_ms + self.adapter_ms
