"""The copper between the controller's adapter and the boards.

Bytes take the time they take at the baud rate, in both directions; replies come in pieces, late,
damaged, after noise, or not at all. Who talks while somebody else talks spoils both.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from functools import partial

from bayward.core.clock import Clock
from bayward.sim.hardware.board_cu16 import Cu16Board
from bayward.sim.hardware.settings import TwinPort, WireFaults

BITS_PER_BYTE = 10
NOISE_BYTES_MAX = 6


Tap = Callable[[float, float], None]


def _ignore(_begin: float, _end: float) -> None:
    return


class Wire:
    """One line; `send` hands bytes to the controller's side.

    `tap` is told from when to when the line was in use (in the loop's time): each frame of the
    controller, and each answer with the time the board took to think.
    """

    def __init__(
        self,
        port: TwinPort,
        boards: Mapping[str, tuple[Cu16Board, int]],
        rng: random.Random,
        clock: Clock,
        send: Callable[[bytes], None],
    ) -> None:
        self.faults = WireFaults()
        self.is_powered = True
        self.collisions = 0
        self.tap: Tap = _ignore
        self._port = port
        self._boards = boards  # with the latency of each, in milliseconds
        self._rng = rng
        self._clock = clock
        self._send = send
        self._byte_s = BITS_PER_BYTE / port.baud
        self._host_until = 0.0
        self._board_until = 0.0
        self._is_garbled = False
        self._timers: set[asyncio.TimerHandle] = set()

    def from_host(self, data: bytes) -> None:
        """The controller sends."""
        now = asyncio.get_running_loop().time()
        if now < self._board_until:
            self.collisions += 1
            self._is_garbled = True
            data = self._spoilt(data)
        begin = max(now, self._host_until)
        self._host_until = begin + len(data) * self._byte_s
        self.tap(begin, self._host_until)
        if self._port.has_echo:
            self._at(self._host_until, partial(self._send, data))
        if self._rng.random() >= self.faults.lose_request:
            self._at(self._host_until, partial(self._heard, data, None))

    def close(self) -> None:
        """Nothing that is under way arrives."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _heard(self, data: bytes, speaker: str | None) -> None:
        """Everybody on the pair but the speaker hears this."""
        if not self.is_powered:
            return
        now_ms = self._clock.monotonic_ms()
        for name, (board, latency_ms) in self._boards.items():
            if name == speaker or name in self.faults.deaf_boards:
                continue
            board.acks_unlock = self.faults.acks_unlock
            for answer in board.receive(data, now_ms):
                self._answer(name, answer, latency_ms + self.faults.extra_latency_ms)

    def _answer(self, speaker: str, answer: bytes, latency_ms: int) -> None:
        asked = asyncio.get_running_loop().time()
        begin = max(asked + latency_ms / 1000, self._board_until)
        self._board_until = end = begin + len(answer) * self._byte_s
        self.tap(asked, end)
        self._at(end, partial(self._heard, answer, speaker))
        if self._rng.random() < self.faults.lose_reply:
            return
        if self._rng.random() < self.faults.corrupt_reply:
            answer = self._flipped(answer)
        if self._rng.random() < self.faults.noise:
            answer = self._rng.randbytes(self._rng.randint(1, NOISE_BYTES_MAX)) + answer
        length = self.faults.fragment_bytes or len(answer)
        for start in range(0, len(answer), length):
            piece = answer[start : start + length]
            self._at(begin + (start + len(piece)) * self._byte_s, partial(self._arrive, piece))
        self._at(end, self._clear)

    def _arrive(self, piece: bytes) -> None:
        if self.is_powered:
            self._send(self._spoilt(piece) if self._is_garbled else piece)

    def _clear(self) -> None:
        self._is_garbled = False

    def _spoilt(self, data: bytes) -> bytes:
        return bytes(byte ^ self._rng.randint(1, 255) for byte in data)

    def _flipped(self, data: bytes) -> bytes:
        place, bit = self._rng.randrange(len(data)), 1 << self._rng.randrange(8)
        return data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]

    def _at(self, when: float, do: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_at(when, run)
        self._timers.add(timer)
