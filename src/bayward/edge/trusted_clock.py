"""The one clock of a running bank: trusted time, for everybody who compares with a deadline.

It wraps the machine's clock with `core.trusted_time` and is asked from two threads: the one
that decides and the one that drives the hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from bayward.core import trusted_time
from bayward.core.clock import HOUR_MS, Clock, Instant
from bayward.core.trusted_time import TrustedTime

CONFIRMED_FOR_MS = 24 * HOUR_MS  # a cheap crystal drifts a few seconds in a day


class TrustedClock:
    """A `Clock` whose `now` never goes back and never jumps unconfirmed.

    Until `restore` it believes the machine; nothing is decided before that.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._state = trusted_time.started(clock.now(), clock.monotonic_ms())
        self._is_restored = False
        self._confirmed_ms: int | None = None

    def restore(self, stored: Mapping[str, object] | None) -> None:
        """Go on from what the journal kept (`Head.time`); later calls change nothing."""
        with self._lock:
            if not self._is_restored:
                wall, now_ms = self._clock.now(), self._clock.monotonic_ms()
                self._state = trusted_time.started(wall, now_ms, stored)
                self._is_restored = True

    def now(self) -> Instant:
        """Trusted wall-clock time, UTC."""
        return self.read().watermark

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        return self._clock.monotonic_ms()

    def read(self) -> TrustedTime:
        """The trusted time with what it rests on."""
        with self._lock:
            self._state = trusted_time.observed(
                self._state, self._clock.now(), self._clock.monotonic_ms()
            )
            return self._state

    def confirm(self, cloud: Instant) -> None:
        """The control plane's time has arrived over the link."""
        with self._lock:
            now_ms = self._clock.monotonic_ms()
            self._state = trusted_time.confirmed(self._state, cloud, now_ms)
            self._confirmed_ms = now_ms

    @property
    def quality(self) -> str:
        """OCMF letter: S synchronised, I informative, U unknown (on hold)."""
        if self.read().is_on_hold:
            return "U"
        with self._lock:
            confirmed_ms = self._confirmed_ms
        is_fresh = (
            confirmed_ms is not None
            and self._clock.monotonic_ms() - confirmed_ms <= CONFIRMED_FOR_MS
        )
        return "S" if is_fresh else "I"
